"""Draw the letters of Inter into resources/fonts/letters.npz, for pictures that are made without a window.

    .venv/bin/python packaging/letters.py

The file is in the repository; this is how it was made. `studio/audio/lettering.py` reads it: for each style its line height and
the pixels of each letter, one byte of ink each, at integer places.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from PySide6.QtCore import QPointF, Qt  # noqa: E402
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QGuiApplication, QImage, QPainter  # noqa: E402

from studio.gui import theme  # noqa: E402

LETTERS = [chr(i) for i in (*range(32, 127), *range(160, 256))] + list("–—…‘’“”·×−≤≥±♯♭→←•")
STYLES = {"body": (14, False), "strong": (14, True), "small": (12, False), "title": (21, True)}


def main() -> None:
    app = QGuiApplication([])
    assert theme.load_fonts(), "the fonts are not there"
    held: dict[str, np.ndarray] = {"letters": np.array([ord(letter) for letter in LETTERS], np.int32)}
    for style, (size, strong) in STYLES.items():
        font = QFont("Inter")
        font.setPixelSize(size)
        font.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
        font.setFeature(QFont.Tag("tnum"), 1)
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        metrics = QFontMetricsF(font)
        height, width = int(np.ceil(metrics.height())), size * 2
        ink = np.zeros((len(LETTERS), height, width), np.uint8)
        for place, letter in enumerate(LETTERS):
            image = QImage(width, height, QImage.Format.Format_Grayscale8)
            image.fill(Qt.GlobalColor.black)
            painter = QPainter(image)
            painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
            painter.setFont(font)
            painter.setPen(QColor("white"))
            painter.drawText(QPointF(2, metrics.ascent()), letter)
            painter.end()
            rows = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine())
            ink[place] = rows[:, :width]
        used = int(np.flatnonzero(ink.any(axis=(0, 1))).max()) + 1
        held[f"{style}_ink"] = ink[:, :, :used]
        held[f"{style}_advance"] = np.array([metrics.horizontalAdvance(letter) for letter in LETTERS], np.float32)
    np.savez_compressed(ROOT / "resources" / "fonts" / "letters.npz", **held)
    app.quit()


if __name__ == "__main__":
    main()
