"""Descriptors in a musician's words and units: what a fader is called, what it measures, how two sounds differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QCoreApplication

from studio.audio.analysis import note_name
from studio.explore.axes import unheard


def tr(text: str) -> str:
    return QCoreApplication.translate("Words", text)


def title(descriptor: str) -> str:
    """“Brightness” for "brightness"."""
    names = {
        "loudness": tr("Loudness"),
        "brightness": tr("Brightness"),
        "attack": tr("Attack"),
        "length": tr("Decay"),  # a model may have a control of its own called length, which only cuts
        "noisiness": tr("Noisiness"),
        "pitch": tr("Pitch"),
        "tonality": tr("Tonality"),
    }
    return names[descriptor]


def said(descriptor: str, heard: float) -> str:
    """A value as it is heard (axes.heard) with its unit: “4.2 kHz”, “12 ms”, “C♯3”, “35 %”, “−14 dB”; “–” where none is."""
    if not np.isfinite(heard):
        return "–"
    value = float(unheard(descriptor, heard))
    if descriptor == "brightness":
        return f"{value / 1000:.1f} kHz" if value >= 1000 else f"{value:.0f} Hz"
    if descriptor == "attack":
        return f"{value * 1000:.0f} ms" if value >= 0.01 else f"{value * 1000:.1f} ms"
    if descriptor == "length":
        return f"{value:.2f} s"
    if descriptor == "pitch":
        return note_name(round(value))
    if descriptor == "loudness":
        return f"{value:.0f} dB".replace("-", "−")
    return f"{value:.0%}".replace("%", " %").replace("-", "−")


def percent(share: float) -> str:
    """A signed share: “+13 %”, “−4 %”."""
    return f"{share:+.0%}".replace("%", " %").replace("-", "−")


def difference(words: Sequence[str]) -> str:
    """The words of similar.why in one line."""
    known = {
        "softer": tr("softer"), "louder": tr("louder"), "darker": tr("darker"), "brighter": tr("brighter"),
        "sharper": tr("sharper"), "gentler": tr("gentler"), "shorter": tr("shorter"), "longer": tr("longer"),
        "clearer": tr("clearer"), "noisier": tr("noisier"), "lower": tr("lower"), "higher": tr("higher"),
        "less tonal": tr("less tonal"), "more tonal": tr("more tonal"),
    }  # fmt: skip
    return ", ".join(known.get(word, word) for word in words)


def nearness(ratio: float) -> str:
    """A distance in words; 1 is what neighbours among the project's sounds usually have."""
    words = ((0.25, tr("the same")), (0.8, tr("very near")), (1.5, tr("near")), (2.5, tr("akin")))
    return next((word for most, word in words if ratio < most), tr("far"))
