"""What the model will hear: the state of a project's sounds in a musician's sentences, each with a fix where there is one.

The Sounds page and `wavewright check` show it. A fix changes flags in the index, never a file, and can be undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from studio.library.importer import flag_vanished
from studio.library.index import Index, SoundRow
from studio.project.folder import ProjectFolder

Severity = Literal["bad", "warn", "info"]
FixKind = Literal["exclude", "trim", "forget"]

FEW, FEW_OF_LABEL = 20, 5
"""Sounds below which a model has little to vary; sounds of a label below which none can be held out to judge it."""

LOUDNESS_SPREAD = 24.0
"""LU between the quietest and loudest tenth from which on levels are worth a word."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One fact about the included sounds. `key` and `values` let a window translate `sentence`; ids are the sounds meant."""

    key: str
    sentence: str
    severity: Severity
    ids: tuple[int, ...] = ()
    fix: FixKind | None = None
    fix_label: str = ""
    values: dict[str, str] = {}


class Rule(msgspec.Struct, frozen=True):
    """A problem of single sounds in words: for one, for several (with {n}), and what to do about it."""

    severity: Severity
    one: str
    many: str
    fix: FixKind | None = None
    fix_label: str = ""


RULES: dict[str, Rule] = {
    "vanished": Rule(
        "bad",
        "One sound is no longer where it was",
        "{n} sounds are no longer where they were",
        "forget",
        "Forget them",
    ),
    "nan": Rule(
        "bad",
        "One sound holds broken samples that would be heard as gaps",
        "{n} sounds hold broken samples that would be heard as gaps",
        "exclude",
        "Leave out",
    ),
    "silent": Rule("bad", "One sound is silent", "{n} sounds are silent", "exclude", "Leave out"),
    "duplicate": Rule(
        "warn",
        "One sound is the same as another, perhaps at another level or in another format",
        "{n} sounds are the same as another, perhaps at another level or in another format",
        "exclude",
        "Keep one of each",
    ),
    "head": Rule("warn", "One sound starts with silence", "{n} sounds start with silence", "trim", "Trim when learning"),
    "clipped": Rule(
        "warn",
        "One sound is clipped: its loudest moments are cut flat",
        "{n} sounds are clipped: their loudest moments are cut flat",
        "exclude",
        "Leave out",
    ),
    "dc": Rule(
        "warn",
        "One sound sits off the zero line (DC offset), which costs headroom and clicks at its ends",
        "{n} sounds sit off the zero line (DC offset), which costs headroom and clicks at their ends",
        "exclude",
        "Leave out",
    ),
    "truncated": Rule(
        "warn",
        "One file ends before its header says; what is there is used",
        "{n} files end before their headers say; what is there is used",
        "exclude",
        "Leave out",
    ),
    "short": Rule(
        "warn",
        "One sound is too short to learn from (under 30 ms)",
        "{n} sounds are too short to learn from (under 30 ms)",
        "exclude",
        "Leave out",
    ),
    "quiet": Rule(
        "info",
        "One sound is very quiet; it is turned up for learning, and its noise with it",
        "{n} sounds are very quiet; they are turned up for learning, and their noise with them",
        "exclude",
        "Leave out",
    ),
    "long": Rule(
        "info",
        "One recording is longer than a minute; cut it at onsets or in windows",
        "{n} recordings are longer than a minute; cut them at onsets or in windows",
    ),
}
"""By the keys that measure.py, importer.py and duplicates.py put into a row's problems."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What is included, in numbers. seconds without the silence around; loudness in LUFS; rates in Hz with their counts."""

    count: int = 0
    total: int = 0
    seconds: float = 0.0
    shortest: float = 0.0
    median: float = 0.0
    longest: float = 0.0
    quietest: float = 0.0
    loudest: float = 0.0
    labels: int = 0
    rates: tuple[tuple[int, int], ...] = ()
    mono: int = 0


def heard(index: Index) -> Heard:
    """Numbers of what a model will hear; quietest and loudest are the tenth and ninetieth percentile."""
    columns = index.columns("seconds", "head", "tail", "rate", "channels", "loudness", "label", include=True)
    if not len(columns["id"]):
        return Heard(total=index.count())
    seconds = np.maximum(columns["seconds"] - columns["head"] - columns["tail"], 0.0)
    loudness = columns["loudness"][np.isfinite(columns["loudness"])]
    low, high = np.percentile(loudness, [10, 90]) if len(loudness) else (0.0, 0.0)
    rates, counts = np.unique(columns["rate"], return_counts=True)
    return Heard(
        count=len(seconds),
        total=index.count(),
        seconds=float(seconds.sum()),
        shortest=float(seconds.min()),
        median=float(np.median(seconds)),
        longest=float(seconds.max()),
        quietest=float(low),
        loudest=float(high),
        labels=len({label for label in columns["label"] if label}),
        rates=tuple(sorted(zip(map(int, rates), map(int, counts)), key=lambda pair: -pair[1])),
        mono=int((columns["channels"] == 1).sum()),
    )


def findings(project: ProjectFolder, look: bool = True) -> list[Finding]:
    """Everything worth a word about the included sounds, the worst first. look: see whether the files are still there."""
    with Index(project) as index:
        if not index.count() and not index.unreadable():
            return []
        if look:
            flag_vanished(index)
        found = [*_about_files(index), *_about_sounds(index), *_about_all(index)]
    order = {"bad": 0, "warn": 1, "info": 2}
    return sorted(found, key=lambda finding: order[finding.severity])


def _about_files(index: Index) -> list[Finding]:
    unreadable = index.unreadable()
    if not unreadable:
        return []
    sentence = _counted(len(unreadable), "One file can't be read", "{n} files can't be read")
    values = {"n": str(len(unreadable))} | dict(unreadable[:1000])
    return [Finding(key="unreadable", sentence=sentence, severity="bad", values=values)]


def _about_sounds(index: Index) -> list[Finding]:
    columns = index.columns("problems", "trim", "same", include=True)
    meant: dict[str, list[int]] = {key: [] for key in RULES}
    kept: set[int] = set()
    for id, problems, trim, same in zip(*(columns[name].tolist() for name in ("id", "problems", "trim", "same"))):
        for key in problems.split():
            if key in meant and key != "duplicate" and not (key == "head" and trim):
                meant[key].append(id)
        if same and same in kept:  # the first that is included is the one to keep, whichever that is
            meant["duplicate"].append(id)
        kept.add(same)
    return [
        Finding(
            key=key,
            sentence=_counted(len(ids), RULES[key].one, RULES[key].many),
            severity=RULES[key].severity,
            ids=tuple(ids),
            fix=RULES[key].fix,
            fix_label=RULES[key].fix_label,
            values={"n": str(len(ids))},
        )
        for key, ids in meant.items()
        if ids
    ]


def _about_all(index: Index) -> list[Finding]:
    found = []
    facts, included = heard(index), index.included()
    if facts.count < FEW:
        sentence = _counted(
            facts.count,
            "Only one sound is included; a model needs more to vary",
            "Only {n} sounds are included; {few} or more vary better",
        )
        sentence = sentence.replace("{few}", str(FEW)) if facts.count else "No sound is included"
        found.append(Finding(key="few", sentence=sentence, severity="warn", values={"n": str(facts.count), "few": str(FEW)}))
    few = sorted(label for label, count in included.items() if label and count < FEW_OF_LABEL)
    if few and facts.count >= FEW:
        names = ", ".join(few[:6]) + (" …" if len(few) > 6 else "")
        sentence = _counted(len(few), "One label has fewer than 5 sounds: ", "{n} labels have fewer than 5 sounds: ") + names
        found.append(
            Finding(key="few-of-label", sentence=sentence, severity="info", values={"n": str(len(few)), "names": names})
        )
    if len(facts.rates) > 1:
        names = ", ".join(f"{rate / 1000:g} kHz ({count})" for rate, count in facts.rates[:5])
        sentence = f"The sounds have {len(facts.rates)} sample rates, {names}; all are brought to one"
        found.append(Finding(key="rates", sentence=sentence, severity="info", values={"names": names}))
    if facts.count >= FEW and facts.loudest - facts.quietest > LOUDNESS_SPREAD:
        spread = f"{facts.loudest - facts.quietest:.0f}"
        sentence = f"Loudness differs by {spread} dB between the quietest and the loudest tenth; all are levelled for learning"
        found.append(Finding(key="spread", sentence=sentence, severity="info", values={"n": spread}))
    return found


def _counted(n: int, one: str, many: str) -> str:
    return one if n == 1 else many.replace("{n}", f"{n:,}")


class Undo(msgspec.Struct, frozen=True, kw_only=True):
    """What `undo_fix` needs: the sounds whose flag was changed, or those that were forgotten."""

    fix: FixKind
    ids: tuple[int, ...] = ()
    rows: tuple[SoundRow, ...] = ()


def apply_fix(project: ProjectFolder, finding: Finding) -> Undo:
    """Do what the finding's button says. Raises NotSaved, DiskFull."""
    with Index(project) as index:
        if finding.fix == "forget":
            return Undo(fix="forget", rows=tuple(index.remove(finding.ids)))
        if finding.fix == "trim":
            ids = _having(index, "trim", finding.ids, 0)
            index.set_trim(ids, True)
            return Undo(fix="trim", ids=ids)
        ids = _having(index, "include", finding.ids, 1)
        index.set_include(ids, False)
        return Undo(fix="exclude", ids=ids)


def undo_fix(project: ProjectFolder, undo: Undo) -> None:
    """Put back exactly what `apply_fix` changed."""
    with Index(project) as index:
        if undo.fix == "forget":
            index.restore(undo.rows)
        elif undo.fix == "trim":
            index.set_trim(undo.ids, False)
        else:
            index.set_include(undo.ids, True)


def _having(index: Index, column: str, ids: Sequence[int], value: int) -> tuple[int, ...]:
    now = index.values(column, ids)
    return tuple(i for i in ids if now.get(i) == value)
