"""The real window in a process of its own, for tests on a real screen: it does what a line of JSON asks and answers with one.

    python -m tests.watched PROJECT

Hands are xdotool's; this only says where things are, chooses pages and takes pictures of the whole screen, also during a drag.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QPoint, QSocketNotifier
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from studio.gui.app import CrashHandler, Wavewright, make_app
from studio.gui.pages.clips import ClipsPage
from studio.gui.widgets.drop_curtain import DropCurtain


class Watcher(QObject):
    def __init__(self, wavewright: Wavewright) -> None:
        super().__init__()
        self._it = wavewright
        self._told: list[str] = []
        wavewright.session.told.connect(self._told.append)
        self._ear = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, self)
        self._ear.activated.connect(self._hear)

    def _hear(self) -> None:
        line = sys.stdin.readline()
        if not line:
            self._it.window.close()
            return
        asked = json.loads(line)
        answer: Any = None
        try:
            answer = getattr(self, asked.pop("do"))(**asked)
        finally:
            print(json.dumps(answer), flush=True)

    @property
    def _clips(self) -> ClipsPage:
        page = self._it.window.page_widget("clips")
        assert isinstance(page, ClipsPage)
        return page

    # ---- what can be asked
    def page(self, name: str) -> None:
        self._it.window.show_page(name)

    def theme(self, name: str) -> None:
        self._it.session.change(theme=name)

    def choose(self, names: list[str]) -> list[str]:
        page = self._clips
        page.list.select([clip.id for clip in page.model.clips if clip.name in names])
        return [clip.name for clip in page.list.selection]

    def export(self) -> int:
        """How many exported files are listed."""
        self._clips.side.tabs.show_tab("export")
        if not self._clips.export.results.count():
            self._clips.export.start.click()
        return self._clips.export.results.count()

    def facts(self) -> dict[str, Any]:
        window, session = self._it.window, self._it.session
        return {
            "page": window.page,
            "current": session.current.name if session.current else "",
            "clips": sorted(clip.name for clip in session.project.clips()) if session.project else [],
            "sounds": session.index.count() if session.project else 0,
            "problem": window.quiet.sentence,
            "curtain": next((one.words for one in window.findChildren(DropCurtain) if one.isVisible()), ""),
            "waits": session.drags.waiting,
            "warm": session.engine.facts is not None,
            "told": self._told,
            "busy": session.desk.busy,
        }

    def where(self) -> dict[str, tuple[int, int]]:
        """The middles of what can be pulled, and of the page, on the screen."""
        window = self._it.window
        found = {"page": _middle(window.stack), "handle": _middle(window.transport._drag)}
        if window.page == "clips":
            view = self._clips.list.view
            for row in range(view.model().rowCount()):
                index = view.model().index(row, 0)
                found[str(index.data())] = _point(view.viewport(), view.visualRect(index).center())
            results = self._clips.export.results
            if results.count():
                found["result"] = _point(results.viewport(), results.visualItemRect(results.item(0)).center())
        return found

    def shot(self, path: str) -> bool:
        return QGuiApplication.primaryScreen().grabWindow(0).save(path)


def _middle(widget: QWidget) -> tuple[int, int]:
    return _point(widget, widget.rect().center())


def _point(widget: QWidget, at: QPoint) -> tuple[int, int]:
    there = widget.mapToGlobal(at)
    return there.x(), there.y()


if __name__ == "__main__":
    app = make_app()
    wavewright = Wavewright(app, Path(sys.argv[1]))
    crash = CrashHandler(wavewright.session)
    app.lastWindowClosed.connect(app.exit)
    watcher = Watcher(wavewright)
    wavewright.window.show()
    status = app.exec()
    wavewright.close()
    crash.close()
    sys.exit(status)
