"""Wavewright: learn from a folder of sounds, play the space between them, hand the result to a DAW."""

__version__ = "0.1.0"
