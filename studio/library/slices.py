"""Where to cut a recording into examples: whole, at onsets, or in windows. reader.py cuts there, the Sounds page draws it."""

from __future__ import annotations

from pathlib import Path

from studio.audio.onsets import SHORTEST, Outline, Slice, outline_of
from studio.audio.sound import Sound
from studio.models.controls import Material


def pieces(sound: Sound | Path | str, material: Material) -> list[Slice]:
    """The examples a model of this material is given of `sound`; none of a silent one. Raises UnreadableAudio for a path."""
    outline = outline_of(sound)
    span = outline.heard() if material.trim else (0, outline.frames)
    if outline.silent or span[1] <= span[0]:
        return []
    longest = max(1, round(material.seconds * outline.rate))
    if material.slices == "whole":
        return [(span[0], min(span[1], span[0] + longest))]
    if material.slices == "window":
        return _windows(outline, span, longest)
    starts = [at for at in outline.onsets() if span[0] <= at < span[1]] or [span[0]]
    if starts[0] - span[0] > SHORTEST * outline.rate:
        starts.insert(0, span[0])  # what sounds before the first onset
    ends = [*starts[1:], span[1]]
    cuts = [(a, outline.over(a, min(b, a + longest))) for a, b in zip(starts, ends)]
    return [(a, b) for a, b in cuts if b - a >= SHORTEST * outline.rate and outline.loud(a, b)]


def _windows(outline: Outline, span: Slice, length: int) -> list[Slice]:
    cuts = [(a, min(a + length, span[1])) for a in range(span[0], span[1], length)]
    if len(cuts) > 1 and cuts[-1][1] - cuts[-1][0] < length // 4:
        cuts.pop()
    return [(a, b) for a, b in cuts if outline.loud(a, b)]
