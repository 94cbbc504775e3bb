"""A picture drawn without a window: letters, boxes, dots, other pictures. Evaluation draws its page here.

The letters are those of the bundled Inter, drawn once by packaging/letters.py. Places are in pixels from the upper left corner.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from studio.audio.picture import GROUND, TEXT, Image

LETTERS = Path(__file__).resolve().parents[2] / "resources" / "fonts" / "letters.npz"
LEFT = 2
"""Pixels before a letter's origin in its picture."""

Colour = tuple[int, int, int]
Style = Literal["small", "body", "strong", "title"]
Align = Literal["left", "right", "centre"]


@dataclass(frozen=True, eq=False)
class Face:
    """ink (N, height, width) 0–255 of each letter, advance (N,) pixels, place: letter → row."""

    ink: NDArray[np.uint8]
    advance: NDArray[np.float32]
    place: dict[str, int]

    @property
    def height(self) -> int:
        return int(self.ink.shape[1])

    def rows(self, text: str) -> list[int]:
        """A letter that is not there is a question mark."""
        return [self.place.get(letter, self.place["?"]) for letter in text]

    def width(self, text: str) -> float:
        return float(self.advance[self.rows(text)].sum()) if text else 0.0

    def fitted(self, text: str, most: float) -> str:
        """`text`, or as much of its beginning as fits with an ellipsis."""
        if self.width(text) <= most:
            return text
        while text and self.width(text + "…") > most:
            text = text[:-1]
        return text.rstrip() + "…" if text else ""


@functools.cache
def face(style: Style) -> Face:
    with np.load(LETTERS, allow_pickle=False) as held:
        place = {chr(number): row for row, number in enumerate(held["letters"].tolist())}
        return Face(held[f"{style}_ink"], held[f"{style}_advance"], place)


class Canvas:
    """Drawn on from above; `image` is (height, width, 3)."""

    def __init__(self, width: int, height: int, ground: Colour = GROUND) -> None:
        self.image: Image = np.full((height, width, 3), ground, np.uint8)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        style: Style = "body",
        colour: Colour = TEXT,
        align: Align = "left",
        most: float | None = None,
    ) -> float:
        """Write with the upper edge of the line at `y`, at most `most` pixels wide. Returns the width that was taken."""
        letters = face(style)
        text = text if most is None else letters.fitted(text, most)
        width = letters.width(text)
        at = x - {"left": 0.0, "right": width, "centre": width / 2}[align]
        for row in letters.rows(text):
            self._blend(round(at) - LEFT, round(y), letters.ink[row] / 255, colour)
            at += float(letters.advance[row])
        return width

    def box(self, x: float, y: float, width: float, height: float, colour: Colour, alpha: float = 1.0) -> None:
        self._blend(round(x), round(y), np.full((round(height), round(width)), alpha), colour)

    def dot(self, x: float, y: float, radius: float, colour: Colour, alpha: float = 1.0, hollow: float = 0.0) -> None:
        """A disc with soft edges; with `hollow` a ring of that many pixels."""
        size = int(np.ceil(radius)) + 1
        left, top = int(np.floor(x)) - size, int(np.floor(y)) - size
        rows, columns = np.mgrid[top : top + 2 * size + 2, left : left + 2 * size + 2]
        away = np.hypot(columns - x, rows - y)
        ink = np.clip(radius - away + 0.5, 0, 1)
        if hollow:
            ink *= np.clip(away - (radius - hollow) + 0.5, 0, 1)
        self._blend(left, top, ink * alpha, colour)

    def paste(self, x: int, y: int, image: Image) -> None:
        part = self.image[y : y + image.shape[0], x : x + image.shape[1]]
        part[:] = image[: part.shape[0], : part.shape[1]]

    def cut(self, height: float) -> Image:
        """What is above `height`."""
        return self.image[: round(height)]

    def _blend(self, x: int, y: int, ink: NDArray[np.floating], colour: Colour) -> None:
        height, width = self.image.shape[:2]
        ink = ink[max(0, -y) : max(0, height - y), max(0, -x) : max(0, width - x)]
        if ink.size:
            part = self.image[max(0, y) : max(0, y) + ink.shape[0], max(0, x) : max(0, x) + ink.shape[1]]
            part[:] = np.rint(part + (np.array(colour) - part.astype(float)) * ink[..., None]).astype(np.uint8)
