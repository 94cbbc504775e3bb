"""How a run goes, in words a musician can use, with the evidence and what can be done. Advice, from what was measured; pure.

The held-out distance is noisy, so its trend is a robust line (Theil–Sen) through the last stretch of training, and a change
counts only where it is larger than the points scatter around that line. What is wrong is said before what is slow: a model
that is silent, or makes one sound only, may have a distance that falls.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from studio.training.curves import Curves

Word = Literal["starting", "improving", "slow", "flat", "overfitting", "copying", "collapsing", "unstable", "silent"]

Offer = Literal["continue", "slower", "best", "stop"]
"""What can be done: train longer than planned, halve the rate, go back to the best moment at half the rate, stop here."""

TOO_SHORT = "Too short to judge. The previews tell more; a longer training makes them clearer."
"""The last sentence of a run that ended before there was a trend."""

FEWEST, SURE = 4, 3
"""Measurements before anything is said about a trend, and since the best one before stopping is called safe."""

IMPROVING, SLOW = 0.03, 0.008
"""Fall of the distance over a stretch, as a share, from which it counts as improving, or as slowly improving."""

OVERFIT = 0.04
"""Rise of the held-out distance above its best, while the training distance falls, that counts as overfitting."""

ALONE, GAP = 0.04, 0.8
"""Overfitting too: the training distance falls by that share over a stretch in which the held-out one does not, and is at most
that share of it."""

JUMPED = 0.25
"""Rise of both distances above where they were at their best that counts as unstable."""

SHAKES, STEADY, JOINT = 0.035, 0.25, 0.8
"""Unstable too: both distances change by this share from one measurement to the next, all that leads nowhere (the line through
them makes less than STEADY of the way they go up and down), and they do it together (correlation)."""

BURST, HARMED, RECOVERED = 8.0, 1.02, 0.95
"""Unstable too: the gradients once grew to this many times their median, and the distance is above HARMED of its best before;
or, where it was not measured before, has not come down to RECOVERED of what it was just after."""

FLAWED = 0.5
"""Share of the new sounds that are silent, clipped or impossible, in two previews running, from which a run is silent."""

COPIED = 0.15
"""Share of the new sounds that are nearly training sounds from which a run is copying, beyond that of real sounds."""

ALIKE, LEARNED = 0.35, 0.9
"""Diversity of the new sounds, as a share of that among training sounds, under which a run is collapsing, if its distance has
come down to LEARNED of where it was at first: sounds of an untrained model are alike too."""

UNUSED = 0.05
"""Share of the latent numbers in use under which a run is collapsing."""


@dataclass(frozen=True)
class Verdict:
    """`word` for colours and chips, `sentence` for people, `change` of the held-out distance over `stretch` minutes; flat:
    minutes since it last changed; safe: nothing is lost by stopping; offers: the most helpful first."""

    word: Word
    sentence: str
    change: float = 0.0
    stretch: float = 0.0
    flat: float = 0.0
    safe: bool = False
    offers: tuple[Offer, ...] = ()


def _none() -> NDArray[np.float64]:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of a run.

    held, train: distances (lower is better) at `minutes`, of `files` held-out sounds; train empty where not measured
    apart: the sounds of `held` are held out; else there are none, and they are some of those it learns from
    silent, clipped, offset, broken, copies, diversity: of the `sounds` new sounds of each preview, at the minutes `heard`;
        shares, diversity as a share of that among training sounds; NaN where not measured
    twins: share of held-out sounds that are nearly training sounds, as in folders of velocity layers
    active: latent numbers in use, of `latents`; None where the family does not say
    impossible: share of recent steps with impossible numbers; rollbacks: times it had to go back lately
    burst: the largest gradient as a multiple of the median, at `burst_at` minutes
    """

    minutes: NDArray[np.float64] = field(default_factory=_none)
    held: NDArray[np.float64] = field(default_factory=_none)
    train: NDArray[np.float64] = field(default_factory=_none)
    files: int = 0
    apart: bool = True
    heard: NDArray[np.float64] = field(default_factory=_none)
    silent: NDArray[np.float64] = field(default_factory=_none)
    clipped: NDArray[np.float64] = field(default_factory=_none)
    offset: NDArray[np.float64] = field(default_factory=_none)
    broken: NDArray[np.float64] = field(default_factory=_none)
    copies: NDArray[np.float64] = field(default_factory=_none)
    diversity: NDArray[np.float64] = field(default_factory=_none)
    sounds: int = 0
    twins: float = 0.0
    active: float | None = None
    latents: int = 0
    impossible: float = 0.0
    rollbacks: int = 0
    burst: float = 0.0
    burst_at: float = 0.0

    @classmethod
    def of(
        cls,
        curves: Curves,
        judged: str,
        *,
        files: int = 0,
        sounds: int = 0,
        latents: int = 0,
        impossible: float = 0.0,
        rollbacks: int = 0,
    ) -> Evidence:
        """Out of a run's curves; `judged` is the name of the held-out distance."""
        steps, held = curves.values(judged)
        beside, train = curves.values(judged.replace("held-out/", "training/"))
        heard, silent = curves.values("new/silent")
        burst, burst_at = _burst(curves)
        apart = judged.startswith("held-out/")
        return cls(
            minutes=curves.minutes(steps),
            held=held,
            train=train if apart and np.array_equal(steps, beside) else _none(),
            files=files,
            apart=apart,
            heard=curves.minutes(heard),
            silent=silent,
            **{name: curves.at(f"new/{name}", heard) for name in ("clipped", "offset", "broken", "copies", "diversity")},
            sounds=sounds,
            twins=curves.last("real/copies") or 0.0,
            active=curves.last("latent/active"),
            latents=latents,
            impossible=impossible,
            rollbacks=rollbacks,
            burst=burst,
            burst_at=burst_at,
        )


def _burst(curves: Curves) -> tuple[float, float]:
    """The largest gradient of the first group of weights as a multiple of the median, and the minute it came."""
    name = next((name for name in curves.by_name if name.startswith("gradient/")), "")
    steps, norms = curves.values(name)
    steps, norms = steps[np.isfinite(norms)], norms[np.isfinite(norms)]
    if len(norms) < 2 * FEWEST or not np.median(norms) > 0:
        return 0.0, 0.0
    largest = int(np.argmax(norms))
    return float(norms[largest] / np.median(norms)), float(curves.minutes(steps[largest : largest + 1])[0])


def judge(known: Evidence) -> Verdict:
    """The first thing that has to be said."""
    return _unstable(known) or _silent(known) or _collapsing(known) or _copying(known) or _trend(known)


def _unstable(known: Evidence) -> Verdict | None:
    if known.rollbacks:
        return Verdict(
            "unstable",
            "Unstable — it had to go back to an earlier moment and goes on at a lower rate.",
            offers=("slower", "stop"),
        )
    if known.impossible > 0.1:
        why = f"{known.impossible:.0%} of the last steps gave impossible numbers"
        return Verdict("unstable", f"Unstable — {why}.", offers=("slower", "best", "stop"))
    t, held, train = _sane(known)
    if len(t) < FEWEST or not len(train):
        return None
    shake = _shake(t, held, train)
    if shake:
        why = f"the distance jumps up and down by {shake:.0%} from one measurement to the next. A lower rate calms it"
        return Verdict("unstable", f"Unstable — {why}.", offers=("slower", "best", "stop"))
    before, after = held[t < known.burst_at], held[t >= known.burst_at]
    if known.burst >= BURST and len(after) >= FEWEST and _harmed(before, after):
        why = f"its steps were {known.burst:.0f} times larger than usual once, and the distance has not come down since"
        return Verdict("unstable", f"Unstable — {why}. Begin again at a lower rate.", offers=("stop", "slower"))
    best = int(np.argmin(held))
    if not min(held[best], train[best]) > 0:
        return None
    rise = min(float(np.median(held[-2:])) / held[best], float(np.median(train[-2:])) / train[best]) - 1
    if best >= len(t) - 2 or rise < JUMPED:
        return None
    why = f"the distance to known and unknown sounds rose {rise:.0%} since its best {_time(t[-1] - t[best])} ago"
    return Verdict("unstable", f"Unstable — {why}. The best moment is kept.", offers=("best", "slower", "stop"))


def _shake(t: NDArray[np.float64], held: NDArray[np.float64], train: NDArray[np.float64]) -> float:
    """How far both distances jump from measurement to measurement, as a share; 0 where they go somewhere."""
    recent = t >= t[-1] - _stretch(t)
    t, held, train = t[recent], held[recent], train[recent]
    if len(t) < 1.5 * FEWEST or not min(held.min(), train.min()) > 0:
        return 0.0
    jumps, ways, rests = [], [], []
    for y in (held, train):
        slope, _ = _line(t, y)
        steps = np.abs(np.diff(y))
        jumps.append(float(np.median(steps) / np.median(y)))
        ways.append(abs(slope) * (t[-1] - t[0]) / max(float(steps.sum()), 1e-12))
        rests.append(y - slope * t)
    if min(jumps) < SHAKES or max(ways) > STEADY or np.corrcoef(rests[0], rests[1])[0, 1] < JOINT:
        return 0.0
    return min(jumps)


_WAY_BACK: tuple[Offer, ...] = ("best", "slower", "stop")


def _silent(known: Evidence) -> Verdict | None:
    kinds = (
        (known.silent, "can't be heard"),
        (known.broken, "have impossible samples"),
        (known.clipped, "are clipped: their loudest moments are cut flat"),
        (known.offset, "sit off the zero line"),
    )
    for shares, what in kinds:
        last = shares[-2:]
        if len(last) == 2 and bool(((last >= FLAWED) & (last <= 1)).all()):  # false for NaN and what is no share
            why = f"{_of(shares[-1], known)} {what}"
            return Verdict("silent", f"Silent — {why}." if shares is known.silent else f"Faulty — {why}.", offers=_WAY_BACK)
    return None


def _collapsing(known: Evidence) -> Verdict | None:
    unused = known.active is not None and known.latents > 0 and known.active < max(1.0, UNUSED * known.latents)
    if unused and len(known.minutes) >= FEWEST:
        why = f"only {known.active:.0f} of {known.latents} latent numbers are in use: different sounds come out alike"
        return Verdict("collapsing", f"Collapsing — {why}.", offers=_WAY_BACK)
    spread = known.diversity
    _, held, _ = _sane(known)
    learned = len(held) > 0 and _fell(held, float(held.min()), 1 - LEARNED)  # else it is not a collapse but a beginning
    fell = len(spread) > 0 and spread[-1] < 0.5 * max(spread)
    if len(spread) >= 3 and max(spread[-2:]) < ALIKE and spread[-1] <= 1.1 * spread[-2] and (learned or fell):
        why = f"new sounds differ {spread[-1]:.0%} as much as yours do ({known.sounds} sounds)"
        return Verdict("collapsing", f"Collapsing — {why}.", offers=_WAY_BACK)
    return None


def _harmed(before: NDArray[np.float64], after: NDArray[np.float64]) -> bool:
    newest = float(np.median(after[-3:]))
    return newest > HARMED * before.min() if len(before) else not _fell(after, newest, 1 - RECOVERED)


def _fell(y: NDArray[np.float64], to: float, share: float) -> bool:
    return bool(y[0] - to >= share * abs(y[0]))


def _copying(known: Evidence) -> Verdict | None:
    if not len(known.copies) or not COPIED + known.twins <= known.copies[-1] <= 1:
        return None
    why = f"{_of(known.copies[-1], known)} are nearly training sounds. More sounds help, longer training does not"
    return Verdict("copying", f"Copying — {why}.", safe=True, offers=("stop", "best"))


def _trend(known: Evidence) -> Verdict:
    t, y, x = _sane(known)
    if len(t) < FEWEST:
        return Verdict("starting", "Starting — the first comparisons with held-out sounds are still to come.")
    which, kind = ("held-out distance", "held-out ") if known.apart else ("distance to sounds it learns from", "")
    where = f"{known.files} {kind}sounds" if known.files != 1 else f"1 {kind}sound"
    stretch = _stretch(t)
    recent = t >= t[-1] - stretch
    if recent.sum() < FEWEST:
        recent[-FEWEST:] = True
    span = float(t[-1] - t[recent][0])
    slope, scatter = _line(t[recent], y[recent])
    level = float(np.median(y[recent]))
    change = _change(t[recent], y[recent])
    sure = abs(slope * span) > scatter
    last = f"in the last {_time(span)} ({where})"
    best = int(np.argmin(y))
    since = float(t[-1] - t[best])

    newest = float(np.median(y[-3:]))
    if len(x) and since > 0.25 * t[-1] and newest > y[best] + OVERFIT * abs(y[best]) and np.median(x[-3:]) <= x[best]:
        why = f"held-out distance rose {newest / y[best] - 1:.0%} since its best {_time(since)} ago ({where})"
        sentence = f"Overfitting — {why} while training distance still falls. The best moment is kept: stopping is safe."
        return Verdict("overfitting", sentence, change, span, since, True, ("stop", "best"))
    learns = _change(t[recent], x[recent]) if len(x) else 0.0
    if learns <= -ALONE and change > -SLOW and 0 < np.median(x[-3:]) < GAP * newest:
        why = f"only known sounds still get better, by {-learns:.0%} in the last {_time(span)} ({where}: {change:+.1%})"
        return Verdict("overfitting", f"Overfitting — {why}. Stopping is safe.", change, span, since, True, ("stop", "best"))
    if change <= -IMPROVING and sure:
        sentence = f"Improving — {which} fell {-change:.0%} {last}."
        return Verdict("improving", sentence, change, span, offers=("continue",))
    if change <= -SLOW and sure:
        sentence = f"Slow — {which} fell only {-change:.1%} {last}."
        return Verdict("slow", sentence, change, span, offers=("continue", "slower", "stop"))
    flat = _flat(t, y, level)
    safe = since > 0.2 * t[-1] and len(t) - best > SURE
    quiet = f"the best was {_time(since)} ago: stopping is safe" if safe else "the best is recent"
    sentence = f"Flat for {_time(flat)} — {which} changed by {round(change, 3) + 0.0:+.1%} {last}; {quiet}."
    return Verdict("flat", sentence, change, span, flat, safe, ("stop", "slower", "best"))


def _sane(known: Evidence) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Minutes and both distances without impossible numbers."""
    t, y, x = (np.asarray(a, np.float64) for a in (known.minutes, known.held, known.train))
    good = np.isfinite(y)
    if len(x) != len(y):
        return t[good], y[good], _none()
    good &= np.isfinite(x)
    return t[good], y[good], x[good]


def _change(t: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """What the line through the points makes from first to last, as a share of their median."""
    level = abs(float(np.median(y)))
    return _line(t, y)[0] * float(t[-1] - t[0]) / level if level else 0.0


def _flat(t: NDArray[np.float64], y: NDArray[np.float64], level: float) -> float:
    """Minutes since which the distance stays around `level`."""
    smooth = np.array([np.median(y[max(0, i - 1) : i + 2]) for i in range(len(y))])
    away = np.flatnonzero(np.abs(smooth - level) > IMPROVING / 2 * abs(level))
    return float(t[-1] - t[min(len(t) - 1, away[-1] + 1 if len(away) else 0)])


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


def _of(share: float, known: Evidence) -> str:
    return f"{round(share * known.sounds)} of {known.sounds} new sounds" if known.sounds else f"{share:.0%} of the new sounds"


def _time(minutes: float) -> str:
    if minutes < 1.5:
        return f"{max(1, round(minutes * 60))} s"
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h"
