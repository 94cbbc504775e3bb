"""Folders of sounds become training material: import, index, findings, slices, splits, the reader."""
