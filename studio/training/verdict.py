"""How a run goes, in words a musician can use, with the evidence. Advice, computed from the curves alone; pure.

The held-out distance is noisy, so its trend is a robust line (Theil–Sen) through the last stretch of training, and a change
counts only where it is larger than the points scatter around that line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Word = Literal["starting", "improving", "slow", "flat", "overfitting", "unstable", "silent"]

TOO_SHORT = "Too short to judge. The previews tell more; a longer training makes them clearer."
"""The last sentence of a run that ended before there was a trend."""

FEWEST = 4
"""Measurements before anything is said about a trend."""

IMPROVING, SLOW = 0.03, 0.008
"""Fall of the distance over a stretch, as a share, from which it counts as improving, or as slowly improving."""

OVERFIT = 0.04
"""Rise of the held-out distance above its best, while the training distance falls, that counts as overfitting."""


@dataclass(frozen=True)
class Verdict:
    """`word` for colours and chips, `sentence` for people, `change` of the held-out distance over `stretch` minutes."""

    word: Word
    sentence: str
    change: float = 0.0
    stretch: float = 0.0


def judge(
    minutes: Sequence[float] | NDArray,
    held: Sequence[float] | NDArray,
    train: Sequence[float] | NDArray = (),
    *,
    files: int = 0,
    silent: float = 0.0,
    impossible: float = 0.0,
    rollbacks: int = 0,
) -> Verdict:
    """`held` and `train` distances (lower is better) measured at the same `minutes`, on `files` held-out sounds.

    silent: share of the newest new sounds that are silent; impossible: share of recent steps with impossible numbers;
    rollbacks: times the training had to go back lately
    """
    t, y = np.asarray(minutes, np.float64), np.asarray(held, np.float64)
    sane = np.isfinite(y)
    t, y = t[sane], y[sane]
    where = f"{files} held-out sounds" if files != 1 else "1 held-out sound"
    if rollbacks or impossible > 0.1:
        went = (
            "It had to go back to an earlier moment"
            if rollbacks
            else f"{impossible:.0%} of the last steps gave impossible numbers"
        )
        return Verdict("unstable", f"Unstable — {went[0].lower()}{went[1:]} and goes on at a lower rate.")
    if silent >= 0.5 and len(t) and t[-1] > 1:
        return Verdict("silent", f"Silent — {silent:.0%} of the newest sounds can't be heard. Check the previews.")
    if len(t) < FEWEST:
        return Verdict("starting", "Starting — the first comparisons with held-out sounds are still to come.")

    stretch = _stretch(t)
    recent = t >= t[-1] - stretch
    if recent.sum() < FEWEST:
        recent[-FEWEST:] = True
    span = float(t[-1] - t[recent][0])
    slope, scatter = _line(t[recent], y[recent])
    level = float(np.median(y[recent]))
    change = slope * span / level if level else 0.0
    sure = abs(slope * span) > scatter
    last = f"in the last {_time(span)} ({where})"
    best = int(np.argmin(y))
    since = float(t[-1] - t[best])

    x = np.asarray(train, np.float64)[sane] if len(train) == len(sane) else np.zeros(0)
    newest = float(np.median(y[-3:]))
    if len(x) and since > 0.25 * t[-1] and newest > y[best] * (1 + OVERFIT) and np.median(x[-3:]) < x[best]:
        rise = newest / y[best] - 1
        return Verdict(
            "overfitting",
            f"Overfitting — held-out distance rose {rise:.0%} since its best {_time(since)} ago ({where}) while training "
            "distance still falls. The best moment is kept.",
            change,
            span,
        )
    if change <= -IMPROVING and sure:
        return Verdict("improving", f"Improving — held-out distance fell {-change:.0%} {last}.", change, span)
    if change <= -SLOW and sure:
        return Verdict("slow", f"Slow — held-out distance fell only {-change:.1%} {last}.", change, span)
    quiet = f"the best was {_time(since)} ago: stopping is safe" if since > 0.2 * t[-1] else "the best is recent"
    return Verdict("flat", f"Flat — held-out distance changed by {change:+.1%} {last}; {quiet}.", change, span)


def _stretch(t: NDArray[np.float64]) -> float:
    """How far to look back: 10 minutes, less in a short run, more in a long one."""
    return float(min(max(t[-1] / 3, min(10.0, t[-1] / 2)), 30.0))


def _line(t: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Theil–Sen slope, and 2.5 standard errors of what it makes over the stretch (σ √(12/n) for even times)."""
    i, j = np.triu_indices(len(t), 1)
    apart = t[j] - t[i]
    slopes = (y[j] - y[i])[apart > 0] / apart[apart > 0]
    slope = float(np.median(slopes)) if len(slopes) else 0.0
    rest = y - slope * t
    spread = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
    return slope, 2.5 * spread * float(np.sqrt(12 / len(t)))


def _time(minutes: float) -> str:
    if minutes < 1.5:
        return f"{max(1, round(minutes * 60))} s"
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h"
