"""Latent space as numpy: axes, map, paths, neighbours. No torch, no Qt."""
