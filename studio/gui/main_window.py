"""The frame around every page: rail, top bar, quiet bar, transport, toasts, the drop target and the first-start card.

It knows pages by name only; app.py hands it a way to make each. A page is made when it is first shown, so that the window
paints at once, and never without an open project.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QKeySequence,
    QPaintEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio import settings as preferences
from studio.engine.training import RunView
from studio.errors import StudioError, UsageError
from studio.gui import files, theme
from studio.gui.actions import PAGES, Actions
from studio.gui.dialogs import closing_answer
from studio.gui.drags import as_they_are
from studio.gui.session import Problem, Session, Wanted
from studio.gui.widgets.drop_target import DropTarget, Hand
from studio.gui.widgets.home import Home
from studio.gui.widgets.quiet_bar import QuietBar
from studio.gui.widgets.rail import Rail
from studio.gui.widgets.toast import Toasts
from studio.gui.widgets.top_bar import TopBar
from studio.gui.widgets.transport import Transport
from studio.gui.widgets.welcome import NOTES, Welcome
from studio.training.searches import SearchFolder

log = logging.getLogger(__name__)
Factory = Callable[[Session], QWidget]


class MainWindow(QMainWindow):
    firstPainted = Signal()
    """The window is on the screen: heavy things may begin."""

    def __init__(self, session: Session, pages: Mapping[str, Factory], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._factories = dict(pages)
        self._pages: dict[str, QWidget] = {}
        self._page = ""
        self._painted = False
        self.painted_at = 0.0
        """time.perf_counter() of the first paint."""

        self._help: QWidget | None = None
        self.setWindowTitle("Wavewright")
        self.setMinimumSize(1000, 640)
        self.actions_ = Actions(self, self._slots())
        self.rail = Rail(self.actions_)
        self.top_bar = TopBar(session, self.actions_)
        self.quiet = QuietBar()
        self.welcome = Welcome()
        self.stack = QStackedWidget()
        self.stack.addWidget(QWidget())  # empty until it is known whether a project opens
        self.home = Home(session)
        self.stack.addWidget(self.home)
        self.transport = Transport(session, self.actions_["play"], self.actions_["loop"], self.actions_["keep"])
        self._lay_out()
        self.toasts = Toasts(self, theme.TRANSPORT)
        self.drops = DropTarget(self, self._offer, self._taken)
        self._connect()
        self._restore()
        self._show_project()

    def _slots(self) -> dict[str, Callable[[], Any]]:
        pages = {name: _Go(self, name) for name in (*PAGES, "settings")}
        self._goers = pages
        return {name: goer.go for name, goer in pages.items()} | {
            "play": self.session.toggle,
            "loop": self._toggle_loop,
            "keep": self._keep,
            "undo": self.session.undo.undo,
            "redo": self.session.undo.redo,
            "new": self._new,
            "open": self._open,
            "add": self._add,
            "rename": self._rename,
            "reveal": self._reveal,
            "close": self.session.close,
            "theme": self._switch_theme,
            "help": self._show_help,
            "quit": self.close,
        }

    def _lay_out(self) -> None:
        body = QVBoxLayout()
        body.setContentsMargins(theme.MARGIN, theme.HALF, theme.MARGIN, theme.HALF)
        body.setSpacing(theme.HALF)
        body.addWidget(self.quiet)
        body.addWidget(self.welcome)
        body.addWidget(self.stack, 1)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addWidget(self.top_bar)
        right.addLayout(body, 1)
        right.addWidget(self.transport)
        whole = QWidget()
        whole.setProperty("role", "ground")
        row = QHBoxLayout(whole)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(right, 1)
        self.setCentralWidget(whole)
        whole.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        whole.setFocus()

    def _connect(self) -> None:
        session, chip = self.session, self.top_bar.training
        session.opened.connect(self._show_project)
        session.closed.connect(self._show_project)
        session.renamed.connect(self._show_name)
        session.told.connect(self.toasts.tell)
        session.problem.connect(self._show_problem)
        session.wanted.connect(self._show_wanted)
        session.settingsChanged.connect(self._show_settings)
        session.playerChanged.connect(self._show_player)
        session.undo.canUndoChanged.connect(self._show_undo)
        session.undo.canRedoChanged.connect(self._show_undo)
        session.undo.undoTextChanged.connect(self._show_undo)
        session.engine.ready.connect(self.top_bar.device.show_device)
        session.training.changed.connect(self._show_runs)
        chip.clicked.connect(self._goers["train"].go)
        chip.paused.connect(session.training.pause)
        chip.resumed.connect(session.training.resume)
        chip.stopped.connect(session.training.stop)
        self.top_bar.device.clicked.connect(self._goers["settings"].go)
        self.top_bar.silence.clicked.connect(self._goers["settings"].go)
        self.top_bar.recentChosen.connect(session.open)
        self.home.newWanted.connect(self._new)
        self.home.openWanted.connect(self._open)
        self.home.chosen.connect(session.open)
        self.welcome.wanted.connect(self.show_page)
        self.welcome.dismissed.connect(self._welcomed)
        self.welcome.opened.connect(session.open)
        self._press = QAction(self)
        self._press.setShortcuts([QKeySequence(Qt.Key.Key_Return), QKeySequence(Qt.Key.Key_Enter)])
        self._press.triggered.connect(self._press_focused)
        self._press.setEnabled(False)
        self.addAction(self._press)
        _application().focusChanged.connect(self._follow_focus)
        self._show_undo()
        calm_focus(self)

    # ---- pages
    @property
    def page(self) -> str:
        """The page that is shown, "" without a project."""
        return self._page

    def page_widget(self, name: str) -> QWidget | None:
        return self._pages.get(name)

    @Slot(str)
    def show_page(self, name: str) -> QWidget | None:
        """Show a page, making it if it was not there. Settings can be shown without a project."""
        if name not in self._factories or (self.session.project is None and name != "settings"):
            self.stack.setCurrentWidget(self.home)
            self._page = ""
            self.rail.show_page("")
            return None
        widget = self._pages.get(name)
        if widget is None:
            widget = self._make(name)
        self.stack.setCurrentWidget(widget)
        self._page = name
        self.rail.show_page(name)
        return widget

    def _make(self, name: str) -> QWidget:
        try:
            widget = self._factories[name](self.session)
        except Exception as error:
            log.exception("page %s could not be made", name)
            self.session.complain(error)
            widget = QLabel(self.tr("This page could not be shown."))
            widget.setAlignment(Qt.AlignmentFlag.AlignCenter)
        calm_focus(widget)
        if (layout := widget.layout()) is not None:
            layout.setContentsMargins(0, 0, 0, 0)  # the frame has the margin of every page
        self._pages[name] = widget
        self.stack.addWidget(widget)
        return widget

    @Slot(object)
    def _show_wanted(self, wanted: Wanted) -> None:
        widget = self.show_page(wanted.page)
        if widget is not None and wanted.payload is not None and hasattr(widget, "receive"):
            widget.receive(wanted.payload)

    @Slot()
    def _show_project(self) -> None:
        project = self.session.project
        self._show_name()
        for name in ("add", "rename", "reveal", "close", "keep"):
            self.actions_[name].setEnabled(project is not None)
        for name in PAGES:
            self.actions_[name].setEnabled(project is not None)
        self.rail.setEnabled(True)
        self._show_welcome()
        if project is None:
            self.home.refresh()
            if self._painted:
                self.show_page("")
        elif self._painted:
            self.show_page(self._page or self.session.settings.page or "sounds")

    @Slot()
    def _show_name(self) -> None:
        project = self.session.project
        self.setWindowTitle(f"{project.name} — Wavewright" if project else "Wavewright")
        self.top_bar.refresh()

    # ---- saying
    @Slot(object)
    def _show_problem(self, problem: Problem) -> None:
        self.quiet.say(problem.sentence, problem.hint, problem.details, problem.button, problem.action, problem.state)

    @Slot(object)
    def _show_runs(self, views: object) -> None:
        self.top_bar.training.show_runs(views)  # type: ignore[arg-type]
        self.session.engine.watch(frozenset(v.status.pid for v in views if v.alive))  # type: ignore[attr-defined]

    @Slot()
    def _show_undo(self) -> None:
        stack = self.session.undo
        for name, able, text in (("undo", stack.canUndo(), stack.undoText()), ("redo", stack.canRedo(), stack.redoText())):
            action = self.actions_[name]
            action.setEnabled(able)
            verb = self.tr("Undo") if name == "undo" else self.tr("Redo")
            action.setText(f"{verb} {text}".strip() if able else verb)

    @Slot(object)
    def _show_player(self, player: object) -> None:
        self.top_bar.silence.setVisible(player is None)

    @Slot(object)
    def _show_settings(self, settings: preferences.Settings) -> None:
        if settings.theme != theme.name():
            theme.apply(_application(), settings.theme)
        self._show_welcome()

    def _show_welcome(self) -> None:
        project, settings = self.session.project, self.session.settings
        self.welcome.setVisible(project is not None and not settings.welcomed)
        others = (path for path in settings.recent if project is not None and Path(path) != project.root.resolve())
        self.welcome.offer(next((path for path in others if Path(path).name == NOTES), ""))

    def _show_help(self) -> None:
        from studio.gui.help import Help

        if self._help is None:
            self._help = Help(self.actions_.shortcuts(), self)
        self._help.open_at(self._page or "sounds")  # type: ignore[attr-defined]

    # ---- asked by keys, menus and buttons
    def _toggle_loop(self) -> None:
        self.session.set_loop(not self.session.settings.loop)

    def _keep(self) -> None:
        if self.session.current is None:
            self.session.tell(self.tr("Hear a sound first, then keep it"))
        else:
            self.session.keep()

    def _switch_theme(self) -> None:
        self.session.change(theme="light" if theme.name() == "dark" else "dark")

    def _welcomed(self) -> None:
        self.session.change(welcomed=True)

    def _new(self) -> None:
        folder = preferences.projects_folder()
        folder.mkdir(parents=True, exist_ok=True)
        path, _ = QFileDialog.getSaveFileName(self, self.tr("Name your project"), str(folder / self.tr("My sounds")))
        if path:
            self.session.create(Path(path))

    def _open(self) -> None:
        recent = self.session.settings.recent
        start = Path(recent[0]).parent if recent else preferences.projects_folder()
        path = QFileDialog.getExistingDirectory(self, self.tr("Open a project folder"), str(start))
        if path:
            self.session.open(path)

    def _add(self) -> None:
        path = QFileDialog.getExistingDirectory(self, self.tr("A folder of sounds"))
        if path:
            self.session.go("sounds", (Path(path),))

    def _rename(self) -> None:
        project = self.session.project
        if project is None:
            return
        name, good = QInputDialog.getText(self, self.tr("Rename project"), self.tr("Name"), text=project.name)
        if good and name.strip():
            self.session.rename(name)

    def _reveal(self) -> None:
        if self.session.project is not None:
            self.session.drags.reveal(as_they_are([self.session.project.root]))

    # ---- drops
    def _offer(self, hand: Hand) -> str:
        """What letting go would do; what was pulled out of this window goes nowhere here."""
        words = {
            "project": self.tr("Drop to open this project"),
            "recipe": self.tr("Drop to go back to where this sound was made"),
            "sounds": self.tr("Drop to add these sounds to your project"),
            "nothing": self.tr("There is no sound in this"),
            "gone": self.tr("This is not there any more"),
            "elsewhere": self.tr("This is on the web: save it first, then drop the file"),
        }
        return "" if hand.own else words[hand.dropped.kind]

    def _taken(self, hand: Hand) -> None:
        self.take(hand.dropped)

    def take(self, dropped: files.Dropped) -> None:
        """Do what dropping these files and folders means."""
        reasons = {
            "nothing": self.tr("There is no sound in what was dropped"),
            "gone": self.tr("What was dropped is not there any more"),
            "elsewhere": self.tr("What was dropped is on the web; save it first, then drop the file"),
        }
        if dropped.kind == "project":
            self.session.open(dropped.paths[0])
        elif not dropped.useful:
            self.session.complain(UsageError(reason=reasons[dropped.kind]))
        elif self.session.project is None:
            self.session.complain(UsageError(reason=self.tr("Open or make a project first, then drop your sounds")))
        elif dropped.kind == "recipe":
            self.session.go("explore", dropped)
        else:
            self.session.go("sounds", dropped.paths)

    # ---- the window itself
    @Slot(object, object)
    def _follow_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        """Space always plays, so Return presses the button that has the focus."""
        self._press.setEnabled(isinstance(new, QAbstractButton) and new.window() is self)

    def _press_focused(self) -> None:
        focused = self.focusWidget()
        if isinstance(focused, QAbstractButton):
            focused.click()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            self.painted_at = time.perf_counter()
            QTimer.singleShot(0, self, self._after_paint)

    @Slot()
    def _after_paint(self) -> None:
        self.firstPainted.emit()
        if self.session.project is not None:
            self.settle()

    def settle(self) -> None:
        """Everything that opens by itself has opened: show a page, or the way to one."""
        if not self._page:
            self.show_page(self.session.settings.page or "sounds")

    def closeEvent(self, event: QCloseEvent) -> None:
        run = self.session.training.active
        if run is not None:
            waiting = sum(view.place is not None for view in self.session.training.views)
            answer = closing_answer(self, run.title, waiting, bool(run.trial_of))
            if answer == "cancel":
                event.ignore()
                return
            if answer == "stop":
                self._stop_safely(run)
            else:
                self.session.training.carry_on()
        geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        self.session.change(geometry=geometry, page=self._page if self._page in PAGES else self.session.settings.page)
        event.accept()
        self.session.stop()

    def _stop_safely(self, run: RunView) -> None:
        """The training, or the search that it is a trial of."""
        project = self.session.project
        if run.trial_of and project is not None:
            try:
                SearchFolder(project.searches_dir / run.trial_of).ask_to_stop()
            except StudioError as error:
                log.warning("the search was not asked to stop: %s", error)
        else:
            self.session.training.stop(run.name)

    def _restore(self) -> None:
        saved = self.session.settings.geometry
        if not saved or not self.restoreGeometry(QByteArray.fromBase64(saved.encode())):
            screen = self.screen().availableGeometry()
            self.resize(min(1440, screen.width() - 16), min(900, screen.height() - 48))  # a title bar needs room too


class _Go:
    """A page's action: a bound method to connect to, one for each page."""

    def __init__(self, window: MainWindow, name: str) -> None:
        self._window, self._name = window, name

    def go(self) -> None:
        self._window.show_page(self._name)


def calm_focus(widget: QWidget) -> None:
    """Buttons take the focus by Tab, not by a click: a ring stays where the keyboard is."""
    for button in widget.findChildren(QAbstractButton):
        if button.focusPolicy() == Qt.FocusPolicy.StrongFocus:
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)


def _application() -> QApplication:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return app
