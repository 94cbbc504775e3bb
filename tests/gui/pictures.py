"""Pictures of every page in both themes and three sizes, to be looked at before every landing that touches the window.

    python -m tests.gui.pictures FOLDER [PROJECT] [--pages sounds,train] [--sizes 1100x700] [--themes dark] [--wait 3]

PROJECT is copied first; without one, the starter project is used, or else one made of the test drums. Offscreen unless
QT_QPA_PLATFORM says otherwise. It also opens the project menu, the help, the quiet bar and a toast once per theme.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
SIZES = ("1100x700", "1440x900", "2560x1440")
THEMES = ("dark", "light")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Pictures of every page of the window")
    parser.add_argument("folder", type=Path)
    parser.add_argument("project", type=Path, nargs="?")
    parser.add_argument("--pages", default="sounds,train,explore,clips,settings")
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--themes", default=",".join(THEMES))
    parser.add_argument("--wait", type=float, default=4.0, help="seconds for background work before the first picture")
    asked = parser.parse_args(arguments)
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["WAVEWRIGHT_HOME"] = home
        project = make_project(Path(home) / "My drums", asked.project)
        made = take(asked, project)
    print(f"{made} pictures in {asked.folder}")
    return 0


def make_project(target: Path, source: Path | None) -> Path:
    from studio.gui.app import STARTER, copy_starter
    from studio.library.importer import import_folders
    from studio.project.folder import ProjectFolder

    if source is not None:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".studio"))
        return target
    sounds: list[Path] = []
    if STARTER.is_dir():
        for event in copy_starter(STARTER, target):
            sounds += [Path(path) for path in getattr(event, "detail", {}).get("import", ())]
    else:
        from tests.drums import write_drums

        ProjectFolder.create(target, "My drums").close()
        sounds = [write_drums(target / "sounds")]
    with ProjectFolder.open(target) as project:
        list(import_folders(project, sounds)) if sounds else None
    return target


def take(asked: argparse.Namespace, path: Path) -> int:
    from PySide6.QtGui import QCursor
    from PySide6.QtWidgets import QApplication

    from studio.errors import UnreadableAudio
    from studio.gui.app import Wavewright, make_app
    from studio.gui.pages.settings import chord
    from studio.gui.session import Current

    app = make_app()
    wavewright = Wavewright(app, path)
    window, session = wavewright.window, wavewright.session
    session.change(welcomed=True)
    made = 0

    def pump(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            app.processEvents()
            time.sleep(0.01)

    def picture(widget: object, name: str) -> None:
        nonlocal made
        widget.grab().save(str(asked.folder / f"{name}.png"))  # type: ignore[attr-defined]
        made += 1

    window.resize(1440, 900)
    QCursor.setPos(4000, 4000)  # nothing is hovered
    window.show()
    pump(asked.wait)
    for page in asked.pages.split(","):
        window.show_page(page)
        pump(1.5)
    if session.current is None:
        session.set_current(Current(chord(), "A chord"))
    for theme in asked.themes.split(","):
        session.change(theme=theme)
        for size in asked.sizes.split(","):
            window.resize(*(int(part) for part in size.split("x")))
            for page in asked.pages.split(","):
                window.show_page(page)
                pump(0.6)
                picture(window, f"{page}-{theme}-{size}")
        window.resize(1100, 700)
        session.change(welcomed=False)
        session.complain(UnreadableAudio(name="Kick 12.wav", reason="it ends in the middle of a frame"))
        session.tell("12 sounds kept")
        pump(0.5)
        picture(window, f"words-{theme}")
        window.quiet.hide()
        session.change(welcomed=True)
        window.actions_["help"].trigger()
        pump(0.3)
        for dialog in app.topLevelWidgets():
            if dialog is not window and dialog.isVisible() and dialog.windowTitle():
                picture(dialog, f"help-{theme}")
                dialog.close()
    window.hide()
    wavewright.close()
    QApplication.processEvents()
    return made


if __name__ == "__main__":
    sys.exit(main())
