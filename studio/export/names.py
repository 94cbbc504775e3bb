"""Names of exported files from a template: “{name}_{note}” gives “Soft kick_C3”. The window shows it as it is typed.

Names are ASCII, at most 64 characters, without what any file system or sampler stumbles over.
"""

from __future__ import annotations

import re
import time
import unicodedata
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
    "note": "its root note",
    "n": "its number in this export",
    "date": "today",
}
"""What a template may hold, and what each stands for."""
DEFAULT = "{name}"

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


def fill(template: str, values: Mapping[str, Any]) -> str:
    """The file name, without suffix, that `template` gives; what has no value leaves no gap. Raises UsageError."""
    text = _TOKEN.sub(lambda match: str(values.get(match[1], "")), check(template))
    return safe(text)


def safe(text: str) -> str:
    """ASCII, at most LONGEST characters, no separators at its ends, never empty, never a reserved name."""
    plain = unicodedata.normalize("NFKD", text.translate(_PLAIN)).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9 ._+()-]+", "_", plain)
    plain = re.sub(r"([ _-])\1+", r"\1", plain)
    plain = plain[:LONGEST].strip(" ._-")
    if plain.partition(".")[0].lower() in _RESERVED:
        plain = f"_{plain}"[:LONGEST]
    return plain or "sound"


def values(item: Any, number: int, *, count: int = 1, middle_c: int = 3) -> dict[str, str]:
    """The token values of an export item (export/base.py), the `number`-th (from 1) of `count`."""
    recipe = item.recipe
    found = {"name": item.name, "n": str(number).zfill(max(2, len(str(count)))), "date": time.strftime("%Y-%m-%d")}
    if item.root is not None:
        found["note"] = note_name(item.root, middle_c)
    if recipe is not None:
        found |= {"model": recipe.run or recipe.family, "step": str(recipe.step), "seed": str(recipe.request.seed)}
        if recipe.request.classes:
            found["label"] = max(recipe.request.classes, key=lambda label: recipe.request.classes[label])
    return found


def preview(template: str, items: Iterable[Any], *, middle_c: int = 3) -> list[str]:
    """The names that an export of `items` would begin with, unique among each other. Raises UsageError."""
    items = list(items)
    taken: set[str] = set()
    names: list[str] = []
    for number, item in enumerate(items, 1):
        name = first = fill(template, values(item, number, count=len(items), middle_c=middle_c))
        again = 2
        while name.lower() in taken:  # many disks do not tell upper from lower case
            name, again = f"{first[: LONGEST - 5]} {again}", again + 1
        taken.add(name.lower())
        names.append(name)
    return names
