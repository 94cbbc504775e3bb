"""Measurements: how fast, how good, how steady. Nothing here asserts a time; each writes a table into RESULTS.md."""
