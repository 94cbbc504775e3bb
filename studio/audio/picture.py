"""A picture of many sounds without a window: their spectrograms side by side, as PNG. `evaluate` and `demo` write one.

Levels are drawn over 80 dB under each sound's own peak, on a mel axis, all sounds on one time scale.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio.audio.analysis import log_mel
from studio.audio.sound import Sound

Image = NDArray[np.uint8]

GROUND, TEXT, DIM = (20, 22, 27), (232, 234, 240), (155, 163, 181)
_INFERNO = (
    (0, 0, 4), (31, 12, 72), (85, 15, 109), (136, 34, 106), (186, 54, 85), (227, 89, 51), (249, 140, 10), (249, 201, 50),
    (252, 255, 164),
)  # fmt: skip
_MELS, _RANGE = 96, 80.0

# Five columns a letter, lowest bit on top.
_FONT = {
    " ": "0000000000", "A": "7e1111117e", "B": "7f49494936", "C": "3e41414122", "D": "7f4141221c", "E": "7f49494941",
    "F": "7f09090901", "G": "3e4149497a", "H": "7f0808087f", "I": "00417f4100", "J": "2040413f01", "K": "7f08142241",
    "L": "7f40404040", "M": "7f020c027f", "N": "7f0408107f", "O": "3e4141413e", "P": "7f09090906", "Q": "3e4151215e",
    "R": "7f09192946", "S": "4649494931", "T": "01017f0101", "U": "3f4040403f", "V": "1f2040201f", "W": "3f4038403f",
    "X": "6314081463", "Y": "0708700807", "Z": "6151494543", "0": "3e5149453e", "1": "00427f4000", "2": "4261514946",
    "3": "2141454b31", "4": "1814127f10", "5": "2745454539", "6": "3c4a494930", "7": "0171090503", "8": "3649494936",
    "9": "064949291e", ".": "0060600000", ",": "0050300000", "-": "0808080808", "_": "4040404040", ":": "0036360000",
    "+": "08083e0808", "/": "2010080402", "(": "001c224100", ")": "0041221c00", "%": "2313086462", "=": "1414141414",
}  # fmt: skip


def grid(cells: Sequence[tuple[str, Sound]], columns: int, heading: str = "", width: int = 176, height: int = 96) -> Image:
    """Captioned spectrograms in rows of `columns`, (H, W, 3)."""
    longest = max((sound.seconds for _, sound in cells), default=1.0)
    rows = -(-len(cells) // columns)
    gap, caption, top = 8, 14, 28 if heading else 8
    image = np.full((top + rows * (height + caption + gap), gap + columns * (width + gap), 3), GROUND, np.uint8)
    write(image, gap, 9, heading, TEXT)
    for i, (name, sound) in enumerate(cells):
        row, column = divmod(i, columns)
        x, y = gap + column * (width + gap), top + row * (height + caption + gap)
        write(image, x, y, name[: width // 6], DIM)
        image[y + 11 : y + 11 + height, x : x + width] = spectrogram(sound, longest, width, height)
    return image


def spectrogram(sound: Sound, seconds: float, width: int, height: int) -> Image:
    """One sound on a time axis of `seconds`, low notes at the bottom, (height, width, 3)."""
    level = np.zeros((height, width))
    mono = sound.mono()
    if np.abs(mono).max(initial=0) > 0:
        hop = max(1, round(sound.rate * seconds / width))
        mel = log_mel(np.pad(mono, (0, 2048)), sound.rate, hop=min(hop, 512), n_mels=_MELS, fmin=30.0) * 8.686  # (F, mels) dB
        times = np.minimum(np.arange(width) * sound.rate * seconds / width / min(hop, 512), len(mel) - 1).astype(int)
        bands = np.arange(height)[::-1] * _MELS // height
        level = np.clip((mel[times][:, bands].T - mel.max() + _RANGE) / _RANGE, 0, 1)
        level[:, np.arange(width) * seconds / width > sound.seconds] = 0
    return colours(level)


def colours(level: NDArray[np.floating]) -> Image:
    """Values 0–1 of any shape → the same shape with RGB, on a perceptually even scale."""
    anchors = np.array(_INFERNO, float)
    at = np.linspace(0, 1, len(anchors))
    return np.stack([np.interp(level, at, anchors[:, c]) for c in range(3)], axis=-1).round().astype(np.uint8)


def write(image: Image, x: int, y: int, text: str, colour: tuple[int, int, int]) -> None:
    """Small capitals, 6 × 7 pixels each, put into `image`; what does not fit is cut, what has no letter is a space."""
    for i, letter in enumerate(text.upper()):
        columns = bytes.fromhex(_FONT.get(letter, _FONT[" "]))
        for j, bits in enumerate(columns):
            for k in range(7):
                if bits >> k & 1 and y + k < image.shape[0] and x + 6 * i + j < image.shape[1]:
                    image[y + k, x + 6 * i + j] = colour


def png(image: Image) -> bytes:
    """(H, W, 3) as a PNG file (ISO/IEC 15948)."""
    height, width, _ = image.shape
    rows = np.pad(image.reshape(height, width * 3), ((0, 0), (1, 0)))  # filter type 0 before each row

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)) + chunk(b"IEND", b"")
