"""The folder on disk: its files, their formats, and how they are written."""
