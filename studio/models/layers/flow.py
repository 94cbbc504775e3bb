"""A small flow-matching prior: it turns Gaussian numbers into latents as the encoder spreads them, class by class.

Rectified flow (Liu et al. 2209.03003): on the straight path x_t = (1 − t) noise + t data, a network learns the velocity
data − noise; drawing integrates it with a few Euler steps. B batch, D latent size, K classes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STEPS = 16


class Flow(nn.Module):
    """`mean` and `std` (D,) bring latents to unit scale; the owner keeps them up to date."""

    mean: Tensor
    std: Tensor

    def __init__(self, size: int, classes: int, hidden: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("std", torch.ones(size))
        self.enter = nn.Linear(size + classes + 16, hidden)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, hidden))
            for _ in range(3)
        )
        self.leave = nn.Linear(hidden, size)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def velocity(self, x: Tensor, t: Tensor, classes: Tensor) -> Tensor:
        """x (B, D) at times t (B,), class weights (B, K) → (B, D)."""
        turns = t[:, None] * 2 ** torch.arange(8, device=t.device) * (math.pi / 2)
        h = self.enter(torch.cat([x, classes, turns.sin(), turns.cos()], 1))
        for layer in self.layers:
            h = h + layer(h)
        return self.leave(F.silu(h))

    def loss(self, latents: Tensor, classes: Tensor) -> Tensor:
        """Mean squared error of the velocity at random times."""
        data = (latents - self.mean) / self.std
        noise, t = torch.randn_like(data), torch.rand(len(data), device=data.device)
        x = torch.lerp(noise, data, t[:, None])
        return (self.velocity(x, t, classes) - (data - noise)).square().mean()

    @torch.no_grad()
    def draw(self, noise: Tensor, classes: Tensor, guidance: float = 1.0) -> Tensor:
        """Standard normal (B, D) → latents (B, D). Guidance over 1 goes further where the classes lead than where no class does
        (2207.12598), but no faster (2305.08891), so that latents become more their class's own and spread no wider."""
        x, nothing = noise, torch.zeros_like(classes)
        for step in range(STEPS):
            t = torch.full((len(x),), step / STEPS, device=x.device)
            velocity = self.velocity(x, t, classes)
            if guidance != 1:
                guided = torch.lerp(self.velocity(x, t, nothing), velocity, guidance)
                velocity = guided * (velocity.norm(dim=1, keepdim=True) / guided.norm(dim=1, keepdim=True).clamp_min(1e-9))
            x = x + velocity / STEPS
        return x * self.std + self.mean
