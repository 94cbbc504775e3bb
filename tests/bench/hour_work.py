"""What takes its time with an hour: an effect over all of it, an export in each format. Memory and processor time of each, in a
process of its own. The window over such a clip is measured by tests/bench/hour.py."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.hour import Memory, made_project
from tests.bench.results import ROOT, Table

EFFECTS: dict[str, dict[str, Any]] = {
    "equaliser": {"low_db": 3.0, "bell2_db": -2.0},
    "compressor": {},
    "limiter": {},
    "reverb": {},
    "delay": {},
    "distortion": {},
    "transients": {},
    "noise": {"noise_from": 1.0, "noise_to": 2.0},
    "remove-drift": {},
    "loudness": {},
    "varispeed": {"speed": 1.1},
    "stretch": {"ratio": 1.1},
    "pitch": {"semitones": 1.0},
    "hum": {},
    "swap": {},
}
EXPORTS: dict[str, tuple[str, dict[str, Any]]] = {
    "WAV 24": ("wav", {}),
    "WAV 16, dithered, 48 kHz, −16 LUFS": ("wav", {"bits": "16", "rate": "48000", "level": "loudness"}),
    "FLAC": ("flac", {}),
    "AIFF": ("aiff", {}),
    "OGG": ("ogg", {}),
    "MP3": ("mp3", {}),
    "wavetable": ("wavetable", {}),
    "SFZ": ("sfz", {}),
    "sample pack": ("pack", {}),
}


def run(args: argparse.Namespace) -> Table:
    root, hours = made_project(args), args.hours
    made = Table("An hour, block by block", ("what", "most memory, MB", "processor, s", "times real time", "progress told"))
    for kind, names in (("effect", EFFECTS), ("export", EXPORTS)):
        for name in names:
            found = _apart(root, kind, name)
            speed = 3600 * hours / found["seconds"]
            made.add(f"{kind}: {name}", found["memory"], found["seconds"], speed, found["told"])
    made.notes = [
        f"{hours:g} h of stereo at 44.1 kHz, in a process each; memory is resident, over what it was before the work.",
        "An effect: from the clip to its samples and their picture in the cache. An export: from the clip to finished files.",
    ]
    return made


def _apart(root: Path, kind: str, name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", __name__, str(root), kind, name]
    env = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}  # as the program has it
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def inside(root: Path, kind: str, name: str) -> dict[str, Any]:
    import scipy.fft
    import scipy.signal  # noqa: F401  the window has them once it is warm

    from studio import events, fields
    from studio.export import base
    from studio.project.folder import ProjectFolder
    from studio.project.renders import Renders

    path = next((root / "clips").glob("*.wav"))
    folder = root.parent / "made"
    shutil.rmtree(folder, ignore_errors=True)
    renders = Renders(folder / "cache", ProjectFolder.open(root, lock=False).material)
    clip = renders.whole(path, ())
    memory, start = Memory(), time.process_time()
    if kind == "effect":
        work = renders.opened(path, [{"do": name, **EFFECTS[name]}])
    else:
        id, options = EXPORTS[name]
        exporter = base.exporters()[id]
        asked = fields.configure(exporter.Options(), options)
        work = exporter.write([base.Item(clip, "Take")], folder / "out", asked)
    told = sum(isinstance(event, events.Progress) for event in work)
    found = {"seconds": time.process_time() - start, "memory": memory.megabytes(), "told": told}
    shutil.rmtree(folder)
    return found


if __name__ == "__main__":
    print(json.dumps(inside(Path(sys.argv[1]), *sys.argv[2:])), flush=True)
