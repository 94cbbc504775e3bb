"""The cover of a sample pack: its name over the spectrograms of its sounds, drawn without a window."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from studio.audio import picture
from studio.audio.canvas import Canvas
from studio.audio.picture import DIM, TEXT, Image
from studio.audio.sound import Audio, Sound, whole

SIZE, MARGIN, BAND = 1000, 40, 150
"""Pixels: of the square, around everything, and of the words at the foot."""
MOST = 36
"""Sounds in the picture."""
LONG = 60.0
"""Seconds from which a picture is made of moments."""
_MOMENT = 2048
"""Frames of one."""
_GAP = 6


def chosen(count: int) -> list[int]:
    """Which of `count` sounds are shown: a square number of them, evenly chosen, in order."""
    side = max(1, min(math.isqrt(count), math.isqrt(MOST)))
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, side * side))}) if count else []


def tile(audio: Audio, count: int) -> Image:
    """The picture of one of `count` shown sounds, (height, width, 3)."""
    width, height = _tile_size(count)
    sound = whole(audio) if audio.seconds <= LONG else _sketch(audio, width)
    return picture.spectrogram(sound, max(sound.seconds, 0.05), width, height)


def _sketch(audio: Audio, columns: int) -> Sound:
    """A moment for each column of the picture, one after the other."""
    places = np.linspace(0, audio.frames - _MOMENT, columns).astype(int)
    return Sound(np.concatenate([audio.read(int(place), _MOMENT) for place in places], axis=1), audio.rate)


def draw(title: str, lines: Sequence[str], tiles: Sequence[Image]) -> Image:
    """The cover, (SIZE, SIZE, 3): tiles in rows above, the title and further lines below."""
    canvas = Canvas(SIZE, SIZE)
    width, height = _tile_size(len(tiles))
    columns = _columns(len(tiles))
    for number, one in enumerate(tiles):
        row, column = divmod(number, columns)
        canvas.paste(MARGIN + column * (width + _GAP), MARGIN + row * (height + _GAP), one)
    foot = SIZE - MARGIN - BAND + 34
    canvas.text(MARGIN, foot, title, "title", TEXT, most=SIZE - 2 * MARGIN)
    for number, line in enumerate(lines):
        canvas.text(MARGIN, foot + 44 + 26 * number, line, "body", DIM, most=SIZE - 2 * MARGIN)
    return canvas.image


def _columns(count: int) -> int:
    return max(1, math.ceil(math.sqrt(count)))


def _tile_size(count: int) -> tuple[int, int]:
    """Width and height of a tile where `count` are shown."""
    columns = _columns(count)
    rows = max(1, math.ceil(count / columns))
    wide, high = SIZE - 2 * MARGIN, SIZE - 2 * MARGIN - BAND
    return (wide - _GAP * (columns - 1)) // columns, (high - _GAP * (rows - 1)) // rows
