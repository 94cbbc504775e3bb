"""What benches need around them: a project with a trained model, a training beside, a sound card made of software, a window."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.events import Finished, Work
from studio.library.importer import import_folders
from studio.project.folder import ProjectFolder
from studio.training.run import RunFolder
from tests.bench.results import ROOT
from tests.drums import drum, write_drums
from tests.sound import Sink, missing


def finish(work: Work) -> dict[str, Any]:
    """The result of a work."""
    result: dict[str, Any] = {}
    for event in work:
        if isinstance(event, Finished):
            result = event.result
    return result


def sounds(args: argparse.Namespace) -> Path:
    """The folder of drums to measure with: the one given, or made ones."""
    if args.drums:
        return Path(args.drums).absolute()
    return write_drums(args.temp / "drums", each=16)


def many(folder: Path, count: int) -> Path:
    """`count` short sounds of which no two are alike, in three labelled folders."""
    import soundfile

    for label in ("hat", "kick", "snare"):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for i in range(-(-count // 3)):
            path = folder / label / f"{label} {i:05}.wav"
            if not path.exists():
                soundfile.write(path, drum(label, i), 44_100, subtype="PCM_16")
    return folder


def project(args: argparse.Namespace) -> Path:
    """A project with a trained run, in the temporary folder: a copy of --project, or one trained for --minutes."""
    root = args.temp / "Project"
    if root.exists():
        return root
    if args.project:
        return Path(shutil.copytree(args.project, root, ignore=shutil.ignore_patterns("lock", "*.partial")))
    with ProjectFolder.create(root) as made:
        finish(import_folders(made, [sounds(args)]))
    studio("train", root, "--minutes", args.minutes)
    return root


def studio(*words: object, quiet: bool = True) -> dict[str, Any]:
    """One command line, to its end; its result."""
    command = [sys.executable, "-m", "studio", *map(str, words), "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, check=False)
    last = json.loads((done.stdout.splitlines() or ["{}"])[-1])
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {last.get('sentence', '')}")
    return last["result"]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "PASSIVE"}


@contextlib.contextmanager
def training(root: Path, wanted: bool = True) -> Iterator[RunFolder | None]:
    """A training of this project in a process of its own, past its start, until the block ends."""
    if not wanted:
        yield None
        return
    run = RunFolder(studio("train", root, "--minutes", 600, "--prepare")["run"])
    with (run.path / "trainer.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "studio", "train", str(run.path)], cwd=ROOT, env=environment(), stdout=log, stderr=log
        )
    try:
        wait(lambda: run.status().state == "training" and run.status().step > 3, 300, process)
        yield run
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        process.kill()
        process.wait()
        shutil.rmtree(run.path, ignore_errors=True)


@contextlib.contextmanager
def sink(args: argparse.Namespace) -> Iterator[Sink | None]:
    """A sound card made of software where this machine can have one."""
    if reason := missing():
        print(f"no sound sink: {reason}", file=sys.stderr)
        yield None
        return
    card = Sink(args.temp / "sink")
    card.plug()
    try:
        with card:
            yield card
    finally:
        card.unplug()


def window(mode: str, root: Path, *words: object, home: Path, **more: str) -> subprocess.Popen[str]:
    """A real window on a project, in a process of its own (inside.py), offscreen unless there is a display."""
    extra = {} if os.environ.get("DISPLAY") else {"QT_QPA_PLATFORM": "offscreen"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.inside", mode, str(root), *map(str, words)],
        cwd=ROOT,
        env={**environment(), **extra, "WAVEWRIGHT_HOME": str(home), "BENCH_BORN": repr(time.time()), **more},
        stdout=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen[str], seconds: float) -> dict[str, Any]:
    """The last JSON line a window prints before it ends."""
    try:
        out, _ = process.communicate(timeout=seconds)
    finally:
        process.kill()
        process.wait()
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if not lines:
        raise SystemExit(f"the window said nothing and ended with {process.returncode}")
    return json.loads(lines[-1])


def wait(ready: Any, seconds: float, process: subprocess.Popen[Any] | None = None) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end or (process is not None and process.poll() is not None):
            raise SystemExit("what was waited for did not come")
        time.sleep(0.05)


def readable(root: Path) -> str:
    """Why a project does not open; empty when it does and all its clips can be read."""
    try:
        with ProjectFolder.open(root) as opened:
            for clip in opened.clips():
                opened.clip_sound(clip.id)
            return "; ".join(error.message for error in opened.broken)
    except StudioError as error:
        return error.message
