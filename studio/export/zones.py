"""Which key and which velocity plays which sound: the plan of a multi-sample instrument. The sampler formats write it down.

A pitched instrument gives every key to the nearest root: edges lie midway between neighbouring roots, the first zone reaches
down to 0 and the last up to 127. Sounds of one root become velocity layers, edges again midway, or take turns (round-robin).
A drum kit gives each sound a key of its own, at its own pitch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal

import msgspec

LAST = 127
"""The highest key, and the highest velocity."""
Together = Literal["auto", "loudness", "turns"]


class Source(msgspec.Struct, frozen=True):
    """What is known of one sound. root: MIDI note with fraction; velocity: 0–127; loudness: LUFS; None: unknown."""

    root: float | None = None
    velocity: float | None = None
    loudness: float | None = None


class Zone(msgspec.Struct, frozen=True):
    """Where sound number `source` plays: keys `low` to `high` and velocities `soft` to `hard`, both inclusive.

    root: the key at which it plays untransposed; tune: cents to add so that it is in tune there
    turn: its turn, from 1, of `turns` that share the place; follows: whether pitch follows the key
    """

    source: int
    root: int
    tune: float = 0.0
    low: int = 0
    high: int = LAST
    soft: int = 0
    hard: int = LAST
    turn: int = 1
    turns: int = 1
    follows: bool = True


def pitched(sources: Sequence[Source], together: Together = "auto") -> tuple[Zone, ...]:
    """Zones of sounds whose roots are known, in the order of their keys. Together they give every key at every velocity exactly
    one sound, or the turns of one place.

    together: how sounds of one root share it: auto: by velocity where all of them have one, else in turns; loudness: in layers
    from the softest to the loudest; turns: round-robin
    """
    roots: dict[int, list[int]] = {}
    for number, source in enumerate(sources):
        if source.root is None:
            raise ValueError(f"sound {number} has no root")
        roots.setdefault(min(max(round(source.root), 0), LAST), []).append(number)
    zones: list[Zone] = []
    for root, (low, high) in spans(sorted(roots)).items():
        for numbers, (soft, hard) in _layers(roots[root], sources, together):
            for turn, number in enumerate(numbers, 1):
                tune = round(100 * (root - (sources[number].root or root)), 2)
                zones.append(Zone(number, root, tune, low, high, soft, hard, turn, len(numbers)))
    return tuple(zones)


def drums(sources: Sequence[Source], first: int = 36) -> tuple[Zone, ...]:
    """A key for each sound from `first` up, and when those are used up from `first` down. ValueError beyond 128 sounds."""
    keys = [*range(first, LAST + 1), *range(first - 1, -1, -1)]
    if len(sources) > len(keys):
        raise ValueError(f"{len(sources)} sounds for {len(keys)} keys")
    return tuple(Zone(number, key, low=key, high=key, follows=False) for number, key in zip(range(len(sources)), keys))


def spans(places: Sequence[int]) -> Mapping[int, tuple[int, int]]:
    """For each of these places in order what it reaches to: midway to its neighbours, and at the ends to 0 and LAST."""
    edges = [-1, *((a + b) // 2 for a, b in pairwise(places)), LAST]
    return {place: (edge + 1, last) for place, edge, last in zip(places, edges, edges[1:])}


def _layers(numbers: Sequence[int], sources: Sequence[Source], together: Together) -> list[tuple[list[int], tuple[int, int]]]:
    """Sounds of one root, from the softest layer up, with the velocities of each."""
    if together == "loudness":
        order = sorted(numbers, key=lambda number: (sources[number].loudness or 0.0, number))
        count = min(len(order), LAST)
        edges = [LAST * layer // count for layer in range(count + 1)]
        shares = [order[len(order) * layer // count : len(order) * (layer + 1) // count] for layer in range(count)]
        return [(share, (low + bool(low), high)) for share, low, high in zip(shares, edges, edges[1:])]
    struck = [sources[number].velocity for number in numbers]
    if together == "turns" or any(velocity is None for velocity in struck):
        return [(list(numbers), (0, LAST))]
    layers: dict[int, list[int]] = {}
    for number, velocity in zip(numbers, struck):
        layers.setdefault(min(max(round(velocity or 0), 0), LAST), []).append(number)
    return [(layers[velocity], span) for velocity, span in spans(sorted(layers)).items()]
