"""Sounds, Train, Explore, Clips and Settings."""
