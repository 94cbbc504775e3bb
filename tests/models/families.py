"""Small versions of every family, and made-up sounds to train them on. Used by contract and trainer tests."""

from __future__ import annotations

import math

import msgspec
import torch

from studio.models.base import Batch, Model, family
from studio.models.controls import DataFacts
from studio.models.gansynth import GanSynthConfig
from studio.models.oneshot import OneShotConfig
from studio.models.wavegan import WaveGAN, WaveGANConfig

LABELS = ("high", "low")

NOTE = GanSynthConfig(seconds=0.3, rate=16000, latent=4, width=4, critic_width=4, step=4e-4)

TINY: dict[str, tuple[str, msgspec.Struct]] = {
    "oneshot": ("oneshot", OneShotConfig(seconds=0.3, latent=8, width=32, window=4, critic_width=4, critics=0.3)),
    "oneshot-stereo": (
        "oneshot",
        OneShotConfig(seconds=0.3, channels=2, partials=8, latent=8, width=32, window=4, critic_width=4),
    ),
    "oneshot-istft": ("oneshot", OneShotConfig(seconds=0.3, decoder="istft", latent=8, width=32, window=4, critic_width=4)),
    "wavegan": ("wavegan", WaveGANConfig(seconds=0.3, latent=8, width=32, critic_width=4)),
    "wavegan-stereo": (
        "wavegan",
        WaveGANConfig(
            seconds=0.3,
            channels=2,
            latent=8,
            width=32,
            critic_width=4,
            loss="hinge",
            penalty="r1",
            conditioning="concat",
            matching=0,
            anchor=0,
            critics=0,
        ),
    ),
    "wavegan-mixed": (
        "wavegan",
        WaveGANConfig(
            seconds=0.3,
            latent=8,
            width=32,
            critic="classic",
            dim=2,
            loss="nonsaturating",
            lazy=1,
            critic_steps=2,
            matching=0,
            anchor=0,
            critics=0,
        ),
    ),
    "wavegan-classic": (
        "wavegan",
        WaveGANConfig(**{**WaveGAN.presets["WaveGAN as published"], "seconds": 1.0, "rate": 16000, "latent": 8, "dim": 2}),
    ),
    "gansynth": ("gansynth", NOTE),
    "gansynth-complex": (
        "gansynth",
        msgspec.structs.replace(NOTE, representation="complex", pitch_condition="classifier", loss="hinge"),
    ),
}
"""Every family has at least one line here; test_contract.py sees to it."""

TAUGHT = ("wavegan-stereo", "wavegan-mixed", "wavegan-classic")
"""Those that hear of sounds from critics alone, which takes more than a few steps; that critics learn is tested beside them."""


def tiny(name: str, labels: tuple[str, ...] = LABELS, seed: int = 0) -> Model:
    kind, config = TINY[name]
    torch.manual_seed(seed)
    return family(kind)(config, DataFacts(count=4, labels=labels, seconds=0.3))


def batch(model: Model, size: int = 4, seed: int = 0) -> Batch:
    """Decaying sines, low and high by turns, of different lengths."""
    material = type(model).material(model.config, model.data)
    generator = torch.Generator().manual_seed(seed)
    time = torch.arange(material.frames) / material.rate
    label = torch.arange(size) % 2
    pitch = 40 + 30 * (1 - label) + 5 * torch.rand(size, generator=generator)
    seconds = material.seconds * (0.4 + 0.6 * torch.rand(size, generator=generator))
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    sound = (2 * math.pi * hertz[:, None] * time).sin() * (-6 * time / seconds[:, None]).exp() * (time < seconds[:, None])
    audio = 0.8 * sound[:, None].repeat(1, material.channels, 1)
    audio[:, -1] *= 0.7
    if not model.data.labels:
        label = torch.full_like(label, -1)
    velocity = torch.tensor([50.0, 100.0, float("nan")])[torch.arange(size) % 3]
    return Batch(audio, seconds, label, pitch, torch.arange(size), velocity)


def step(model: Model, examples: Batch, progress: float, rates: float = 1.0) -> dict[str, float]:
    """One step of every group of the first phase, as a trainer does it; what the groups said."""
    said: dict[str, float] = {}
    model.train()
    for group in model.phases()[0].groups:
        losses = model.losses(examples, group.name, progress)
        said |= {name: float(value.detach()) for name, value in losses.items()}
        weights = model.weights(progress)
        wanted = [weights[name] * value for name, value in losses.items() if name in weights]
        if not wanted:
            continue
        gradients = torch.autograd.grad(sum(wanted), group.parameters, allow_unused=True)  # type: ignore[arg-type]
        with torch.no_grad():
            for parameter, gradient in zip(group.parameters, gradients):
                if gradient is not None:
                    parameter -= rates * group.lr * gradient.sign()
    return said
