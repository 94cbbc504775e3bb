"""Sounds for the audio tests, made of mathematics."""

from __future__ import annotations

import numpy as np

from studio.audio.sound import Sound

RATE = 44_100


def sine(hz: float, seconds: float = 1.0, *, amplitude: float = 0.5, rate: int = RATE, channels: int = 1) -> Sound:
    wave = amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    return Sound(np.tile(wave.astype(np.float32), (channels, 1)), rate)


def noise(seconds: float = 1.0, *, amplitude: float = 0.1, rate: int = RATE, channels: int = 1, seed: int = 0) -> Sound:
    wave = np.random.default_rng(seed).standard_normal((channels, round(seconds * rate)))
    return Sound((amplitude * wave).astype(np.float32), rate)


def hit(hz: float = 180.0, seconds: float = 0.5, *, decay: float = 0.1, rate: int = RATE, before: float = 0.0) -> Sound:
    """A struck tone: instant attack, exponential decay, `before` seconds of silence in front."""
    t = np.arange(round(seconds * rate)) / rate
    wave = 0.8 * np.sin(2 * np.pi * hz * t) * np.exp(-t / decay)
    return Sound(np.concatenate([np.zeros(round(before * rate)), wave]).astype(np.float32)[None], rate)


def ramp(frames: int = 100, rate: int = 1000, channels: int = 2) -> Sound:
    """Every frame another value, from 1/frames up to 1."""
    return Sound(np.tile(np.arange(1, frames + 1, dtype=np.float32) / frames, (channels, 1)), rate)
