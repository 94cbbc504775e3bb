"""The house all tests live in: no screen, no sound, no settings of the user's, and nothing left behind.

Before anything else is imported, this process gets a home of its own, an offscreen Qt, one thread per calculation and a
machine without sound devices. After each test: no thread, child process, window or running timer more than before, no
unexpected message from Qt, no error in the log. A test that wants to see its errors in the log asks for `caplog`.
"""

from __future__ import annotations

import atexit
import gc
import logging
import multiprocessing
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_home = Path(tempfile.mkdtemp(prefix="wavewright-home-"))
atexit.register(shutil.rmtree, _home, ignore_errors=True)
_silent = _home / "asound.conf"
_silent.write_text("pcm.!default { type hw card 99 }\nctl.!default { type hw card 99 }\n")
os.environ.update(
    HOME=str(_home),
    USERPROFILE=str(_home),
    APPDATA=str(_home / "AppData" / "Roaming"),
    LOCALAPPDATA=str(_home / "AppData" / "Local"),
    XDG_CONFIG_HOME=str(_home / ".config"),
    XDG_DATA_HOME=str(_home / ".local" / "share"),
    XDG_CACHE_HOME=str(_home / ".cache"),
    XDG_STATE_HOME=str(_home / ".local" / "state"),
    OMP_WAIT_POLICY="PASSIVE",
    OMP_NUM_THREADS="1",
    LC_ALL="C.UTF-8",
    ALSA_CONFIG_PATH=str(_silent),
    PULSE_SERVER=f"unix:{_home / 'none'}",
    QT_QPA_PLATFORM="offscreen",
)
os.environ.pop("DISPLAY", None)
os.environ.pop("WAYLAND_DISPLAY", None)

import psutil  # noqa: E402
import pytest  # noqa: E402

from studio.events import Finished  # noqa: E402
from studio.library.importer import import_folders  # noqa: E402
from studio.project.folder import ProjectFolder  # noqa: E402
from tests.drums import write_drums  # noqa: E402
from tests.plugins import no_plugins, plugins, plugins_once  # noqa: E402, F401  fixtures
from tests.sound import Sink, missing  # noqa: E402

PATIENCE = 3.0  # seconds something may take to end after a test
QT_NOISE = [  # said by the offscreen platform about things it can't do
    "This plugin does not support propagateSizeHints",
    "This plugin does not support raise",
    "This plugin does not support grabbing the keyboard",
    "Unable to query physical screen size",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
        item.add_marker(pytest.mark.qt_log_ignore(*QT_NOISE, extend=True))


# -- nothing is left behind ---------------------------------------------------------------------------------------------


def _threads() -> set[threading.Thread]:
    return {t for t in threading.enumerate() if not t.daemon and t is not threading.main_thread()}


def _children() -> set[psutil.Process]:
    """Child processes that still run, without the two that Python's multiprocessing keeps for itself."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        try:
            line = " ".join(child.cmdline())
            if child.status() != psutil.STATUS_ZOMBIE and not ("resource_tracker" in line or "forkserver" in line):
                found.add(child)
        except psutil.Error:
            continue
    return found


def _qt_objects() -> set[Any]:
    """Windows without a parent, active timers and running threads of Qt."""
    if "PySide6.QtWidgets" not in sys.modules:
        return set()
    import shiboken6
    from PySide6 import QtCore, QtWidgets

    app = QtWidgets.QApplication.instance()
    if not isinstance(app, QtWidgets.QApplication):
        return set()
    QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete.value)
    app.processEvents()
    found: set[Any] = {w for w in app.topLevelWidgets() if w.parent() is None and w.objectName() != "qtooltip_label"}
    for thing in gc.get_objects():
        if issubclass(type(thing), (QtCore.QTimer, QtCore.QThread)) and shiboken6.isValid(thing):  # asks no proxy
            running = thing.isActive() if isinstance(thing, QtCore.QTimer) else thing.isRunning()
            if running and thing is not QtCore.QThread.currentThread():
                found.add(thing)
    return found


@pytest.fixture(autouse=True)
def leaves_nothing(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test that leaves a thread, a child process, a window, a timer or an error in the log."""
    looks = {"threads": _threads, "child processes": _children}
    if {"qapp", "qtbot"} & set(request.fixturenames):
        looks["windows, timers and Qt threads"] = _qt_objects
    before = {what: look() for what, look in looks.items()}
    log = _Errors()
    logging.getLogger().addHandler(log)
    yield
    logging.getLogger().removeHandler(log)
    end = time.monotonic() + PATIENCE
    for what, look in looks.items():
        while (left := look() - before[what]) and time.monotonic() < end:
            gc.collect()
            time.sleep(0.02)
        assert not left, f"the test leaves {what}: {left}"
    if "caplog" not in request.fixturenames:
        assert not log.lines, f"the test logs errors: {log.lines}"


class _Errors(logging.Handler):
    """Collects what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(scope="module", autouse=True)
def settled() -> None:
    """What is there before a file's tests is looked through no more: of a heap of half a million things that takes longer than
    most tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def helpers_of_multiprocessing() -> Iterator[None]:
    """The tracker that Python starts with the first pool counts as no test's child."""
    from multiprocessing import resource_tracker

    if multiprocessing.get_start_method(allow_none=True) != "spawn":
        resource_tracker.ensure_running()
    yield


# -- things to test with ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def drums_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sounds of `sounds_folder`, made once; never change them."""
    return write_drums(tmp_path_factory.mktemp("drums") / "Drums")


@pytest.fixture
def sounds_folder(drums_once: Path, tmp_path: Path) -> Path:
    """A folder of one's own with 24 short sounds in the subfolders kick, snare and hat, as a musician would have it."""
    return Path(shutil.copytree(drums_once, tmp_path / "Drums"))


@pytest.fixture(scope="session")
def project_once(drums_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `project` copies: 24 sounds imported, nothing trained."""
    root = tmp_path_factory.mktemp("project") / "My drums"
    with ProjectFolder.create(root, "My drums") as project:
        *_, last = import_folders(project, [drums_once], workers=1)
    assert isinstance(last, Finished)
    assert last.result["imported"] == 24, last.result
    return root


@pytest.fixture
def project(project_once: Path, tmp_path: Path) -> Iterator[ProjectFolder]:
    """An open project "My drums" with the sounds of `drums_once` (kick, snare, hat; 8 each) in its library."""
    with ProjectFolder.open(shutil.copytree(project_once, tmp_path / "My drums")) as project:
        yield project


@pytest.fixture(scope="session")
def sink_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    """The server behind `sink`, started once."""
    if reason := missing():
        pytest.skip(reason)
    sink = Sink(tmp_path_factory.mktemp("sink"))
    sink.plug()
    yield sink
    sink.unplug()


@pytest.fixture
def sink(sink_once: Sink) -> Iterator[Sink]:
    """A sound card that can be recorded; without this fixture a test runs on a machine without sound."""
    with sink_once:
        yield sink_once
