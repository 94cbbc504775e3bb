"""From older formats to the present one: pure steps on plain JSON data, applied in memory by `atomic.read_json`.

A step takes the content of format n and returns that of n + 1; a kind with k steps is at format k + 1. What each format
holds is told in formats.py. A file is rewritten only when its owner saves it, after a copy went to `.studio/backup`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Step = Callable[[dict[str, Any]], dict[str, Any]]

STEPS: dict[str, tuple[Step, ...]] = {
    "project": (),
    "clip": (),
    "run": (),
    "status": (),
    "checkpoint": (),
    "preview": (),
    "pointer": (),
    "note": (),
    "training": (),
    "search": (),
    "search-status": (),
    "presets": (),
    "history": (),
    "pins": (),
    "axes": (),
    "evaluation": (),
}
