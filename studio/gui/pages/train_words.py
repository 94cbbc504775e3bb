"""How Train says states, times and sizes. One place, so that the list, the verdict and the toasts say the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QCoreApplication

from studio.engine.training import RunView

STATES = {
    "training": "accent",
    "preparing": "accent",
    "finished": "good",
    "failed": "bad",
    "interrupted": "warn",
    "paused": "warn",
}
"""State → token of its chip; others are dim."""


def tr(text: str) -> str:
    return QCoreApplication.translate("Train", text)


def state_words(view: RunView) -> str:
    words = {
        "queued": tr("Waiting"),
        "preparing": tr("Preparing the sounds"),
        "training": tr("Training"),
        "paused": tr("Paused"),
        "stopped": tr("Stopped"),
        "finished": tr("Finished"),
        "failed": tr("Failed"),
        "interrupted": tr("Interrupted"),
    }
    if view.state == "queued" and view.place is None:
        return tr("Starting") if view.alive else tr("Not in the queue")
    if view.state in ("stopped", "paused", "failed", "interrupted") and view.place is not None:
        return tr("Waiting")
    return words.get(view.state, view.state)


def minutes(value: float) -> str:
    """A length of training: "40 s", "12 min", "3 h 20 min"."""
    if value < 1:
        return tr("{0} s").format(f"{max(0.0, value) * 60:.0f}")
    if value < 120:
        return tr("{0} min").format(f"{value:.0f}")
    hours, rest = divmod(round(value), 60)
    return tr("{0} h {1} min").format(hours, rest) if rest else tr("{0} h").format(hours)


def seconds(value: float) -> str:
    return minutes(value / 60)


def left(low: float | None, high: float | None) -> str:
    """The rest of the plan as a range."""
    if low is None or high is None:
        return ""
    if round(low) == round(high) or high < 1:
        return tr("about {0} left").format(minutes(high))
    if low >= 1 and high < 120:
        return tr("{0}–{1} min left").format(f"{low:.0f}", f"{high:.0f}")
    return tr("{0} to {1} left").format(minutes(low), minutes(high))


def ends(plan: Mapping[str, Any]) -> list[str]:
    """What may end a plan before its time."""
    found = []
    if plan.get("flat"):
        found.append(tr("or flat for {0}").format(minutes(plan["flat"])))
    if plan.get("quality"):
        found.append(tr("or held-out {0}").format(f"{plan['quality']:.3g}"))
    return found


def size(count: int) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
        count = count / 1000  # type: ignore[assignment]
    raise AssertionError


def metric_words(name: str) -> str:
    """A curve's name for a musician; what has none keeps its own."""
    known = {
        "mel": tr("Distance"),
        "energy": tr("Overall distance"),
        "level_db": tr("Level error (dB)"),
        "length": tr("Length error"),
        "pitch": tr("Pitch error"),
        "likelihood": tr("Bits per sample"),
    }
    return known.get(name, name.replace("_", " "))
