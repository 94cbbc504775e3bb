"""A run folder goes in; checkpoints, previews and events come out."""
