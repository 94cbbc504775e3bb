"""The composition root: makes every part, introduces them to each other, and catches what nobody else caught.

`main` paints the window first. What takes time comes after the first paint: the project, the sound output (on the desk), torch
(in the engine's thread), the starter project on the first start.
"""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from PySide6.QtCore import QObject, QThreadPool, QtMsgType, Signal, Slot, qInstallMessageHandler
from PySide6.QtWidgets import QApplication, QWidget

import studio
from studio import settings as preferences
from studio.audio.plugins import hosts as plugins
from studio.engine.engine import Engine
from studio.engine.jobs import JobRunner, Told
from studio.engine.training import Training
from studio.events import Failed, Finished, Produced, Progress, Started, Work, failed
from studio.gui import theme
from studio.gui.main_window import Factory, MainWindow
from studio.gui.notices import Notices
from studio.gui.session import Problem, Session
from studio.gui.widgets import welcome

log = logging.getLogger(__name__)
STARTER = theme.RESOURCES / "starter"
NOTES = theme.RESOURCES / "starter_notes"


def _sounds(session: Session) -> QWidget:
    from studio.gui.pages.sounds import SoundsPage

    return SoundsPage(session)


def _train(session: Session) -> QWidget:
    from studio.gui.pages.train import TrainPage

    return TrainPage(session)


def _explore(session: Session) -> QWidget:
    from studio.gui.pages.explore import ExplorePage

    return ExplorePage(session)


def _clips(session: Session) -> QWidget:
    from studio.gui.pages.clips import ClipsPage

    return ClipsPage(session)


def _settings(session: Session) -> QWidget:
    from studio.gui.pages.settings import SettingsPage

    return SettingsPage(session)


PAGES: dict[str, Factory] = {
    "sounds": _sounds,
    "train": _train,
    "explore": _explore,
    "clips": _clips,
    "settings": _settings,
}


class Wavewright(QObject):
    """All parts of the running window. `path` is a project to open instead of the last one."""

    def __init__(self, app: QApplication, path: Path | None = None, settings_path: Path | None = None) -> None:
        super().__init__()
        self._app, self._path = app, path
        self.settings_path = settings_path or preferences.default_path()
        self.first_start = not self.settings_path.exists()
        settings = preferences.load(self.settings_path)
        theme.apply(app, settings.theme)
        self.desk = JobRunner("desk", self)
        self.engine = Engine(self)
        self.training = Training(self)
        self.session = Session(
            settings, desk=self.desk, engine=self.engine, training=self.training, settings_path=self.settings_path, parent=self
        )
        self.window = MainWindow(self.session, PAGES)
        self.notices = Notices(self.session, self.window)
        self.window.firstPainted.connect(self._begin)
        self.desk.event.connect(self._on_desk)
        self.engine.ready.connect(self._on_ready)
        self.session.settingsChanged.connect(self._on_settings)
        self.session.opened.connect(self._describe)
        self.session.soundsChanged.connect(self._describe)
        self._compute = settings.compute
        self.training.gentle = settings.gentle

    # ---- after the first paint
    @Slot()
    def _begin(self) -> None:
        starting = False
        self.engine.warm_up(self.session.settings.compute)
        self.session.output.open()
        if self._path is not None:
            self.session.open(self._path)
        elif self.first_start and STARTER.is_dir():
            starting = True
            self.desk.submit(lambda: copy_starter(STARTER, preferences.projects_folder() / "Starter"), "starter")
        else:
            last = next((p for p in self.session.settings.recent if Path(p, "project.json").is_file()), None)
            if last is not None:
                self.session.open(last)
        if not starting:
            self.window.settle()

    @Slot(object)
    def _on_desk(self, told: Told) -> None:
        event = told.event
        if told.tag not in ("starter", "notes"):
            return
        if isinstance(event, Failed):
            self.session.complain(event)
        elif isinstance(event, Produced) and told.tag == "notes":
            self.session.change(recent=(*self.session.settings.recent, str(Path(event.path).resolve())))
        elif isinstance(event, Produced):
            self._open_starter(Path(event.path), tuple(map(Path, event.detail.get("import", ()))))
        if told.last and told.tag == "starter":
            self.window.settle()
            if NOTES.is_dir():
                folder = preferences.projects_folder()
                self.desk.submit(lambda: copy_notes(NOTES, folder / welcome.NOTES), "notes", urgent=-1)

    def _open_starter(self, path: Path, sounds: tuple[Path, ...]) -> None:
        trained = any((path / "runs").glob("*/checkpoints/*/config.json"))
        self.session.change(page="explore" if trained else "sounds")
        if self.session.open(path) and sounds:
            self.session.go("sounds", sounds)
            if trained:
                self.session.go("explore")

    @Slot(object)
    def _on_ready(self, facts: object) -> None:
        if not self.engine.described:
            self._describe()

    @Slot()
    def _describe(self) -> None:
        """The families' cards depend on the sounds; before torch is there nobody asks."""
        if self.engine.facts is not None:
            self.engine.describe_families(self.session.project)

    @Slot(object)
    def _on_settings(self, settings: preferences.Settings) -> None:
        self.training.gentle = settings.gentle
        if settings.compute != self._compute:
            self._compute = settings.compute
            self.engine.warm_up(settings.compute)
            if self.engine.model is not None:
                self.engine.open_model(self.engine.model.folder)

    def close(self) -> None:
        """Let everything go, in the order in which it depends on each other. Trainers go on."""
        self.session.close()
        pool = QThreadPool.globalInstance()
        pool.clear()
        pool.waitForDone(3000)
        plugins.close()  # the desk may wait for a plug-in
        self.desk.close()
        self.engine.close()
        self.session.output.close()


def copy_starter(source: Path, target: Path) -> Work:
    """The starter project as a folder of the user's, once; what is already there is left alone and opened.

    Produced(path=the project, detail={"import": folders whose sounds are not in the library yet}).
    """
    from studio.project.folder import ProjectFolder

    yield Started(what="starter")
    if (target / "project.json").is_file():
        yield Produced(kind="starter", path=str(target))
        yield Finished()
        return
    while target.exists():
        target = target.with_name(f"{target.name} 2")
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        shutil.copytree(source, beside, ignore=shutil.ignore_patterns("*.partial", "__pycache__"))
        yield Started(what="starter")
        if not (beside / "project.json").is_file():
            for made in [path for path in beside.iterdir() if path.name not in ("sounds", "runs", "clips")]:
                shutil.rmtree(made) if made.is_dir() else made.unlink()
            fresh = target.with_name(f".{target.name}.{os.getpid()}.new.partial")
            ProjectFolder.create(fresh, target.name).close()
            for part in beside.iterdir():
                shutil.copytree(part, fresh / part.name, dirs_exist_ok=True)
            shutil.rmtree(beside)
            beside = fresh
        beside.rename(target)
    finally:
        if beside.exists():
            shutil.rmtree(beside, ignore_errors=True)
    ready = (target / "library.sqlite").is_file()
    yield Produced(kind="starter", path=str(target), detail={"import": [] if ready else [str(target / "sounds")]})
    yield Finished()


def copy_notes(source: Path, target: Path) -> Work:
    """A second starter, to play on keys; in nobody's way, so its sounds are in its library before it is shown.

    Produced(path=the project), nothing where it has been before.
    """
    from studio.library.importer import import_folders
    from studio.project.folder import ProjectFolder

    yield Started(what="notes")
    if not target.exists():
        made = next(event for event in copy_starter(source, target) if isinstance(event, Produced))
        with ProjectFolder.open(made.path) as project:
            for event in import_folders(project, made.detail["import"]):
                if isinstance(event, Progress):
                    yield event
        yield made
    yield Finished()


class _Crash(QObject):
    """Unexpected errors of every thread, told in the window's thread."""

    happened = Signal(object)


class CrashHandler:
    """From now on an error nobody caught goes to the log and to the quiet bar; the window lives on."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._bridge = _Crash()
        self._bridge.happened.connect(session.complain)
        self._before = sys.excepthook, threading.excepthook
        sys.excepthook = self._on_error
        threading.excepthook = self._on_thread

    def _on_error(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        log.critical("not caught", exc_info=(kind, error, trace))
        event = failed(error, details)
        self._bridge.happened.emit(Problem(event.sentence, event.hint, details, state="bad"))

    def _on_thread(self, args: Any) -> None:
        if args.exc_value is not None:
            self._on_error(args.exc_type, args.exc_value, args.exc_traceback)

    def close(self) -> None:
        sys.excepthook, threading.excepthook = self._before


def start_log(folder: Path | None = None) -> Path:
    """Log to a file that never grows past 2 MB, and Python's own crashes beside it. Where it can't be written, to stderr."""
    folder = folder or preferences.log_folder()
    file = folder / "wavewright.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(file, maxBytes=1_000_000, backupCount=1)
        faulthandler.enable((folder / "crash.log").open("a", encoding="utf-8"))
    except OSError:
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    root = logging.getLogger("studio")
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    qInstallMessageHandler(_on_qt)
    log.info("Wavewright %s, Python %s, %s", studio.__version__, sys.version.split()[0], sys.platform)
    return file


_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def _on_qt(kind: QtMsgType, context: Any, message: str) -> None:
    logging.getLogger("studio.qt").log(_LEVELS.get(kind, logging.WARNING), "%s", message)


def make_app(arguments: Sequence[str] = ("wavewright",)) -> QApplication:
    app = QApplication(list(arguments))
    app.setApplicationName("Wavewright")
    app.setApplicationDisplayName("Wavewright")
    app.setDesktopFileName("wavewright")
    app.setWindowIcon(theme.icon("explore", "accent"))
    return app


def main(path: Path | str | None = None) -> int:
    """Open the window, on the project at `path` if one is given. Returns the exit status."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    start_log()
    app = make_app()
    wavewright = Wavewright(app, Path(path) if path else None)
    crash = CrashHandler(wavewright.session)
    app.lastWindowClosed.connect(app.exit)  # Qt's own quitting is at times refused while pages are still being made
    wavewright.window.show()
    try:
        return app.exec()
    finally:
        wavewright.close()
        crash.close()
