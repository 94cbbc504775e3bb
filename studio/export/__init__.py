"""Sounds written for others: one format per file, found by scanning this folder."""
