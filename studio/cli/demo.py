"""The whole way once, by itself: starter sounds into a new project, a short training, new WAVs, a picture, the window.

`python3 packaging/dev.py demo` ends here on a machine that has just been set up; without a screen it says where the files are.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np

import studio
from studio.audio import files, picture
from studio.audio.sound import Sound
from studio.cli.folders import cache, device_of
from studio.errors import NothingToLearn
from studio.events import Finished, Produced, Progress, Started, Work
from studio.library.importer import import_folders
from studio.project import atomic
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request

SOUNDS = Path(studio.__file__).resolve().parents[1] / "resources" / "starter" / "sounds"
COLUMNS = 8


def demo(out: Path, minutes: float = 2.0, count: int = 16, device: str = "auto", *, window: bool = True) -> Work:
    """Make the project `out` (or “out 2” …, nothing is overwritten) and do the main job in it.

    Finished: {"project", "run", "files", "folder", "picture", "steps", "minutes"}; afterwards the window opens on the project
    where there is a screen. Raises NothingToLearn without starter sounds, and what training raises.
    """
    from studio.cli.training import train_here
    from studio.fields import configure
    from studio.generate import Instrument, best_checkpoint
    from studio.library.reader import facts
    from studio.metrics import proportional
    from studio.models import base
    from studio.training.plan import TrainerConfig
    from studio.training.run import RunFolder

    if not SOUNDS.is_dir():
        raise NothingToLearn
    root = _free(out.absolute())
    yield Started(what="demo")
    with ProjectFolder.create(root, "Demo") as project:
        yield Produced(kind="project", path=str(root))
        yield from _quiet(import_folders(project, [SOUNDS], copy=True))
        family = base.family("oneshot")
        data = facts(project)

        plan = configure(TrainerConfig(), {"minutes": minutes, "device": device})
        run = RunFolder.create(project, "oneshot", msgspec.to_builtins(family.recommended(data)), plan, "Demo")
        yield from _quiet(train_here(run))

        yield Started(what="generate", total=count)
        instrument = Instrument.open(best_checkpoint(run.path), device=device_of(device), cache=cache(), compile=False)
        labels = instrument.controls.classes or ("",)
        made: list[tuple[str, Sound]] = []
        paths: list[str] = []
        for label, share in zip(labels, proportional([1] * len(labels), count)):
            request = Request(classes={label: 1.0} if label else {}, seed=len(made), count=max(1, share))
            for one in instrument.resolve(request)[:share]:
                sound = next(iter(instrument.render(one)))
                recipe = instrument.recipe(one)
                path = files.unused(project.exports / f"{label or 'sound'} {one.seed}.wav")
                files.write(path, sound, recipe=recipe.to_json(), info={"ICMT": recipe.short(), "ISFT": "Wavewright"})
                made.append((label, sound))
                paths.append(str(path))
                yield Progress(done=len(made), total=count, note=path.name)
        image = root / "picture.png"
        atomic.write_bytes(image, picture.png(_gallery(project, made, minutes)))
        status = run.status()
        yield Finished(
            result={
                "project": str(root),
                "run": str(run.path),
                "files": paths,
                "folder": str(project.exports),
                "picture": str(image),
                "steps": status.step,
                "minutes": status.minutes,
            }
        )
    if window and has_screen():  # a process of its own: the window paints before torch is there
        subprocess.run([sys.executable, "-m", "studio", str(root)], check=False)


def has_screen() -> bool:
    """Whether a window could be seen."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _gallery(project: ProjectFolder, made: list[tuple[str, Sound]], minutes: float) -> picture.Image:
    """Real sounds above, new ones below, label under label."""
    from studio.library.index import Index

    empty = Sound(np.zeros((1, 1), np.float32), 44100)
    with Index(project) as index:
        rows = index.rows(order="path", include=True)
    waiting = {label: [row for row in rows if not label or row.label == label] for label, _ in made}
    real: list[tuple[str, Sound]] = []
    for label, _ in made:
        row = waiting[label].pop(0) if waiting[label] else None
        real.append((f"{label} real", files.read(row.path) if row else empty))
    new = [(f"{label} new", sound) for label, sound in made]
    cells: list[tuple[str, Sound]] = []
    for start in range(0, len(made), COLUMNS):
        for part in (real[start : start + COLUMNS], new[start : start + COLUMNS]):
            cells += part + [("", empty)] * (COLUMNS - len(part))
    return picture.grid(cells, COLUMNS, f"Real and new sounds after {minutes:g} minutes of training", width=132)


def _quiet(work: Work) -> Work:
    """The events of a part: its end is not ours."""
    return (event for event in work if not isinstance(event, Finished))


def _free(path: Path) -> Path:
    if not path.exists():
        return path
    return next(p for n in range(2, 10_000) if not (p := path.with_name(f"{path.name} {n}")).exists())
