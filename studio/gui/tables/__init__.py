"""Qt's item models over the project's index and clips."""
