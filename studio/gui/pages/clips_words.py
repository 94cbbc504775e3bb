"""What steps are called on the Clips page: their names, values, groups and icons. All from the table of audio/steps.py."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

from PySide6.QtCore import QCoreApplication

from studio.audio.plugins import table
from studio.audio.plugins.step import DO as PLUGIN
from studio.audio.step import Group, Parameter, Step
from studio.audio.steps import STEPS, kind_of
from studio.errors import UsageError
from studio.gui import theme
from studio.gui.widgets.canvas import clock, lasting
from studio.gui.widgets.config_form import pretty

FEW = 3
"""Values that are said of a step; of one that has more, only those that are not as usual."""
GROUPS: tuple[Group, ...] = get_args(Group)
_ICONS: dict[Group, str] = {
    "cut": "cut",
    "level": "volume",
    "shape": "wave",
    "join": "merge",
    "channels": "split",
    "time": "clock",
    "tone": "curve",
    "dynamics": "normalise",
    "space": "speaker",
    "movement": "loop",
    "dirt": "spectrum",
    "repair": "fit",
    "plugins": "plugin",
}


def _tr(text: str) -> str:
    return QCoreApplication.translate("Steps", text)


def group_words(group: Group) -> str:
    """The heading of a group in the menu."""
    return {
        "cut": _tr("Cut"),
        "level": _tr("Level"),
        "shape": _tr("Shape"),
        "join": _tr("Join"),
        "channels": _tr("Channels"),
        "time": _tr("Time and pitch"),
        "tone": _tr("Tone"),
        "dynamics": _tr("Dynamics"),
        "space": _tr("Space"),
        "movement": _tr("Movement"),
        "dirt": _tr("Dirt"),
        "repair": _tr("Repair"),
        "plugins": _tr("Plug-ins"),
    }[group]


def name_of(do: str) -> str:
    """“fade-in” → “Fade in”; capitals stay: “EQ”."""
    return pretty(do.replace("-", " "))


def called(step: Mapping[str, Any]) -> str:
    """What a step is called: of a plug-in its own name, as this user's list has it, or else as the step says."""
    if step.get("do") != PLUGIN:
        return name_of(str(step.get("do", "")))
    found = table.find(str(step.get("plugin", "")))
    return found.name if found is not None else str(step.get("name", "")) or name_of(PLUGIN)


def icon_of(do: str) -> str:
    """The icon of the step itself where there is one, else that of its group."""
    if (theme.RESOURCES / "icons" / f"{do}.svg").is_file():
        return do
    return _ICONS[STEPS[do].group] if do in STEPS else "warn"


def labels_of(kind: Step) -> dict[str, str]:
    """The names of a step's parameters, without their units where that tells them apart: “peak_db” → “Peak”."""
    parameters = kind.parameters
    bare = {p.name: p.label or _bare(p) for p in parameters}
    twice = {text for text in bare.values() if list(bare.values()).count(text) > 1}
    return {p.name: f"{bare[p.name]} {p.unit}".strip() if bare[p.name] in twice else bare[p.name] for p in parameters}


def _bare(parameter: Parameter) -> str:
    unit = parameter.unit.lower()
    name = parameter.name.removesuffix(f"_{unit}") if unit else parameter.name
    return _tr("Amount") if name == unit else re.sub(r"\bq$", "Q", pretty(re.sub(r"(?<=[a-z])(?=\d)", " ", name)))


def value_words(value: Any, unit: str = "") -> str:
    """A value as it is said: “−6 dB”, “20 ms”, “1.2 kHz”, “smooth”."""
    if value is None:
        return _tr("auto")
    if isinstance(value, str):
        return f"{value} {unit}".rstrip()
    if unit == "s":
        return f"{value * 1000:.4g} ms" if abs(value) < 1 else lasting(value)
    if unit == "Hz" and abs(value) >= 1000:
        return f"{value / 1000:.4g} kHz"
    return f"{value:.4g} {unit}".rstrip().replace("-", "−")


def step_words(step: Mapping[str, Any]) -> str:
    """A step in a few words: “Trim 0.1–0.4 s”, “Gain −6 dB”."""
    try:
        kind = kind_of(step)
    except UsageError:  # of a newer version
        return called(step)
    values = {p.name: (step.get(p.name, p.default), p.unit) for p in kind.parameters}
    said: list[str] = []
    if "start" in values:
        start, end = values.pop("start")[0], values.pop("end", (None, ""))[0]
        said.append(span_words(start, end))
    usual = {p.name: p.begins or p.default for p in kind.parameters} if len(values) > FEW else {}
    given = {name: found for name, found in values.items() if found[0] is not None and found[0] != usual.get(name)}
    said += [value_words(*found) for at, found in enumerate(given.values()) if found[0] != 0 or not at][:FEW]
    if step.get("from") is not None or step.get("to") is not None:
        said.append(_tr("on {0}").format(span_words(step.get("from"), step.get("to"))))
    return f"{called(step)} {', '.join(said)}".strip()


def span_words(start: float | None, end: float | None) -> str:
    """“0.1–0.4 s”, open ends left out."""
    return f"{lasting(start or 0)} –" if end is None else f"{clock(start or 0)}–{lasting(end)}"
