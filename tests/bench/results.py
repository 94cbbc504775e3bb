"""Tables of measurements, and RESULTS.md where they are kept: each bench owns one section and replaces only that."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = "# Measured\n\nEach section says when, where and from which commit; `python -m tests.bench NAME` writes it anew.\n"


@dataclass
class Table:
    """What one bench found. `rows` hold numbers or text; `notes` say what the columns mean and what was held still."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *values: Any) -> None:
        self.rows.append(values)

    def markdown(self) -> str:
        lines = [f"## {self.title}", "", machine(), ""]
        lines += ["| " + " | ".join(self.columns) + " |", "|" + " --- |" * len(self.columns)]
        lines += ["| " + " | ".join(map(shown, row)) + " |" for row in self.rows]
        return "\n".join([*lines, "", *(f"- {note}" for note in self.notes)]).rstrip() + "\n"


def record(name: str, table: Table, path: Path = RESULTS) -> None:
    """Put the table in place of the section `name`, or at the end."""
    text = path.read_text(encoding="utf-8") if path.exists() else HEAD
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    section = f"{begin}{table.markdown()}{end}"
    if begin in text:
        text = re.sub(re.escape(begin) + ".*?" + re.escape(end), lambda _: section, text, flags=re.S)
    else:
        text = text.rstrip("\n") + "\n\n" + section
    path.write_text(text, encoding="utf-8")


def machine() -> str:
    """One line: when, from which commit, on what, and how busy it was."""
    parts = [time.strftime("%d %b %Y"), f"commit {commit()}", processor(), f"{psutil.virtual_memory().total / 2**30:.0f} GiB"]
    parts += [gpu() or "no GPU", platform.system(), f"Python {platform.python_version()}"]
    parts += [f"{name} {metadata.version(name)}" for name in ("torch", "numpy", "onnxruntime")]
    if hasattr(os, "getloadavg"):
        parts.append(f"load average at the end {os.getloadavg()[0]:.1f}")
    return "_" + " · ".join(parts) + "_"


def commit() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def processor() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists() and (found := re.search(r"model name\s*: (.+)", cpuinfo.read_text())):
        name = found[1]
    return f"{cores} cores of {name}"


def gpu() -> str:
    try:
        import pynvml

        pynvml.nvmlInit()
        name = pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(0))
    except Exception:  # no driver, no library, no card: there is none
        return ""
    return name.decode() if isinstance(name, bytes) else str(name)


def shown(value: Any) -> str:
    if isinstance(value, float):
        return "–" if not np.isfinite(value) else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def spread(milliseconds: Iterable[float]) -> tuple[float, float, float, float]:
    """Median, 95th and 99th percentile, and the largest."""
    values = np.fromiter(milliseconds, float)
    if not len(values):
        return (float("nan"),) * 4
    return float(np.median(values)), float(np.percentile(values, 95)), float(np.percentile(values, 99)), float(values.max())


def timed(work: Sequence[Any] | Any, times: int = 5) -> float:
    """Median seconds of a call."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return float(np.median(found))
