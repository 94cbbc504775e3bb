"""Names of exported files from a template: “{label}/{name}_{note}” gives “kick/Soft kick_C3”. The window shows it as typed.

Names are ASCII, at most 64 characters, without what any file system or sampler stumbles over; a slash in the template makes
folders. Folders that sounds came in keep the names they had.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from studio.audio.analysis import note_name
from studio.errors import UsageError

LONGEST = 64
TOKENS = {
    "name": "the sound's own name",
    "model": "the model that made it",
    "step": "the moment of training",
    "seed": "the seed it was drawn with",
    "label": "its strongest label",
    "tag": "its first tag",
    "note": "its root note, as in C3",
    "key": "its root note without the octave",
    "bpm": "its tempo, as in 120bpm",
    "velocity": "how hard it was struck, as in v100",
    "rate": "its sample rate, as in 48k",
    "pack": "the pack or instrument it belongs to",
    "take": "its number among sounds of the same name",
    "n": "its number in this export",
    "date": "today",
}
"""What a template may hold, and what each stands for."""
DEFAULT = "{name}"
OCTAVE = "C3"
"""What key 60 is called, as Live, Bitwig and Yamaha do; “C4” in science and SFZ."""

_TOKEN = re.compile(r"\{([^{}]*)\}")
_PLAIN = str.maketrans({"#": "s", "♯": "s", "♭": "b", "ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "–": "-", "—": "-"})
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{port}{i}" for port in ("com", "lpt") for i in range(1, 10)}


def check(template: str) -> str:
    """The template itself. Raises UsageError where it holds an unknown token or none of the braces' other half."""
    for token in _TOKEN.findall(template):
        if token not in TOKENS:
            raise UsageError(reason=f"A name can't hold {{{token}}}; it can hold {', '.join(f'{{{t}}}' for t in TOKENS)}")
    if "{" in (rest := _TOKEN.sub("", template)) or "}" in rest:
        raise UsageError(reason="A brace in the name has no other half")
    return template


def fill(template: str, values: Mapping[str, Any], folder: str = "") -> str:
    """The file name, without suffix, that `template` gives, under `folder`; no gap for what has no value. Raises UsageError."""
    check(template)
    parts = [_TOKEN.sub(lambda match: str(values.get(match[1], "")), part) for part in template.split("/")]
    named = [safe(part) for part in parts[:-1] if _inked(part)] + [safe(parts[-1])]
    return "/".join([*_kept(folder), *named])


def _inked(part: str) -> bool:
    return bool(part.strip(" ._-"))


def _kept(folder: str) -> list[str]:
    """The parts of a folder's name that lead nowhere else."""
    return [part for part in re.split(r"[/\\]", folder) if part.strip(" .") and ":" not in part]


def safe(text: str) -> str:
    """ASCII, at most LONGEST characters, no separators at its ends, never empty, never a reserved name."""
    plain = unicodedata.normalize("NFKD", text.translate(_PLAIN)).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9 ._+()-]+", "_", plain)
    plain = re.sub(r"([ _-])\1+", r"\1", plain)
    plain = plain[:LONGEST].strip(" ._-")
    if plain.partition(".")[0].lower() in _RESERVED:
        plain = f"_{plain}"[:LONGEST]
    return plain or "sound"


def values(
    item: Any, number: int, *, count: int = 1, take: int = 1, octave: str = OCTAVE, rate: int | None = None, pack: str = ""
) -> dict[str, str]:
    """The token values of an export item (export/base.py), the `number`-th (from 1) of `count`, at `rate` (None: its own)."""
    recipe, middle_c = item.recipe, int(octave[1:])
    found = {"name": item.name, "n": str(number).zfill(max(2, len(str(count)))), "take": str(take).zfill(2), "pack": pack}
    found |= {"date": time.strftime("%Y-%m-%d"), "label": item.label, "tag": item.tags[0] if item.tags else ""}
    if item.root is not None:
        found["note"] = note_name(item.root, middle_c)
        found["key"] = found["note"].rstrip("-0123456789")
    if item.tempo:
        found["bpm"] = f"{item.tempo:.6g}bpm"
    if item.velocity is not None:
        found["velocity"] = f"v{round(item.velocity)}"
    if rate is not None or item.extent is not None:
        found["rate"] = f"{(rate or item.extent.rate) / 1000:g}k"
    if recipe is not None:
        found |= {"model": recipe.run or recipe.family, "step": str(recipe.step), "seed": str(recipe.request.seed)}
        if recipe.request.classes and not item.label:
            found["label"] = max(recipe.request.classes, key=lambda label: recipe.request.classes[label])
    return found


def preview(template: str, items: Iterable[Any], *, octave: str = OCTAVE, rate: int | None = None, pack: str = "") -> list[str]:
    """The names that an export of `items` would begin with, unique among each other. Raises UsageError."""
    items = list(items)
    taken: set[str] = set()
    takes: Counter[str] = Counter()
    names: list[str] = []
    for number, item in enumerate(items, 1):
        takes[item.name] += 1
        known = values(item, number, count=len(items), take=takes[item.name], octave=octave, rate=rate, pack=pack)
        name = first = fill(template, known, item.folder)
        again = 2
        while name.lower() in taken:  # many disks do not tell upper from lower case
            folder, slash, last = first.rpartition("/")
            name, again = f"{folder}{slash}{last[: LONGEST - 5]} {again}", again + 1
        taken.add(name.lower())
        names.append(name)
    return names
