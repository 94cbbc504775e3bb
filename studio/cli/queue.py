"""The verb queue: which runs wait, and training them one after another, also while no window is open."""

from __future__ import annotations

import contextlib
import time
from argparse import Namespace
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from studio.cli.folders import find_run, open_project
from studio.cli.training import train_here
from studio.errors import StudioError, UsageError
from studio.events import Event, Finished, Produced, Progress, Started, Work
from studio.training import queue as waiting
from studio.training import searches
from studio.training.power import Power

if TYPE_CHECKING:
    from studio.project.folder import ProjectFolder
    from studio.training.run import RunFolder

LOOK = 1.0
"""Seconds between two looks whether the run at work has ended."""


CLOSING = 15.0
"""Seconds in which a window may be closing that handed the queue over."""


def queue(args: Namespace) -> Work:
    yield Started(what="queue")
    power = _able(args.then) if args.then else None
    with contextlib.closing(open_project(args.project)) as project:
        added: list[str] = []
        for name in args.add:
            run = _mine(project, name)
            if run.alive():
                raise UsageError(reason=f"“{run.name}” is at work")
            run.write_status(msgspec.structs.replace(run.status(), state="queued", message="Waiting its turn"))
            added.append(run.name)
        gone = {_mine(project, name).name for name in args.remove}
        first = [_mine(project, name).name for name in args.first]
        if added or gone or first:
            waiting.change(project, lambda names: (*first, *(name for name in (*names, *added) if name not in gone)))
        done: list[RunFolder] = []
        last = (yield from _work(project, done)) if args.run else None
        left = [project.run_path(name) for name in waiting.read(project)]
    if power is not None and last is not None and not left and last.status().state in ("finished", "failed"):
        power.leave(args.then)
    yield Finished(result={"waiting": [_said(find_run(path)) for path in left], "trained": [_said(run) for run in done]})


def say_queue(result: dict[str, Any]) -> Iterator[str]:
    for one in result["trained"]:
        yield f"{one['state']:10} {one['run']}"
    for place, one in enumerate(result["waiting"], 1):
        yield f"{place:3}. {one['run']}"
    if not result["waiting"] and not result["trained"]:
        yield "Nothing waits"


def _work(project: ProjectFolder, done: list[RunFolder]) -> Generator[Event, None, RunFolder | None]:
    """Train who waits, one after another and after whoever is at work. A window that opens the project goes on with it.

    Gives the last one that was at work, if nobody broke off.
    """
    from studio.training.signals import listening

    stopped: set[str] = set()
    last: RunFolder | None = None
    with listening(stopped):
        end = time.monotonic() + CLOSING
        while project.held() and not stopped and time.monotonic() < end:
            time.sleep(0.2)
        while not stopped and not project.held():
            working = next((run for run in _runs(project) if run.alive() and not run.config.trial_of), None)
            if working is not None:
                last = working
                yield Progress(done=len(done), note=f"Waiting for {working.name}")
                time.sleep(LOOK)
                continue
            if (search := searches.going(project)) is not None:
                yield Progress(done=len(done), note=f"Waiting for {search.name}")
                time.sleep(LOOK)
                continue
            name = waiting.take(project)
            if name is None:
                return last
            last = run = find_run(project.run_path(name))
            try:
                yield from (event for event in train_here(run) if not isinstance(event, Finished))
            except StudioError as error:  # the next one may do better; the reason stands in the run
                yield Produced(kind="problem", detail={"run": str(run.path), "sentence": error.message})
            done.append(run)
    return None


def _able(rest: Any) -> Power:
    """Raises UsageError where this computer can't be sent to rest by a program."""
    power = Power()
    power.ask()
    end = time.monotonic() + 5
    while rest not in power.able and power.asking and time.monotonic() < end:
        time.sleep(0.05)
        power.look()
    power.close()
    if rest not in power.able:
        raise UsageError(reason="This computer does not let programs send it to sleep or switch it off")
    return power


def _mine(project: ProjectFolder, name: str) -> RunFolder:
    run = find_run(project.runs_dir / name if (project.runs_dir / name).is_dir() else Path(name))
    if run.project != project.root:
        raise UsageError(reason=f"“{run.name}” is not a run of this project")
    return run


def _runs(project: ProjectFolder) -> Iterator[RunFolder]:
    for path in project.runs():
        with contextlib.suppress(StudioError):
            yield find_run(path)


def _said(run: RunFolder) -> dict[str, str]:
    return {"run": str(run.path), "state": run.status().state}
