"""What a musician who went for coffee is told: a training has ended, one is still at work, the computer is about to sleep.

In the window while one looks at it, through the desktop where it can, and only for what nobody asked for.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from studio.engine.training import RunView
from studio.gui import theme
from studio.gui.session import Problem, Session
from studio.training.power import Rest

COUNT = 30
"""Seconds in which one may say that the computer should stay awake."""

SHOWN = 15_000
"""Milliseconds that an icon stays in the tray after it said something."""


class Notices(QObject):
    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._window = session, window
        self._tray: QSystemTrayIcon | None = None
        self._run = ""
        self._rest: Rest | None = None
        self._countdown = QTimer(self)
        self._countdown.setSingleShot(True)
        self._countdown.setInterval(COUNT * 1000)
        self._countdown.timeout.connect(self._leave)
        session.opened.connect(self._opened)
        session.training.ended.connect(self._ended)
        session.training.leaving.connect(self._leaving)

    @Slot()
    def _opened(self) -> None:
        view = self._session.training.active
        if view is not None:
            self._session.tell(self.tr("“{0}” is still training").format(view.title))

    @Slot(object)
    def _ended(self, view: RunView) -> None:
        """Stopped and paused ones were asked to; whoever asked knows."""
        said = {
            "finished": self.tr("“{0}” has finished its training"),
            "failed": self.tr("“{0}” could not go on training"),
            "interrupted": self.tr("The training of “{0}” was cut off"),
        }.get(view.state)
        if said is not None:
            self._say(said.format(view.title), view.status.error or view.status.sentence, view.name)

    def _say(self, title: str, sentence: str, run: str) -> None:
        self._session.tell(title)
        if self._window.isActiveWindow():
            return
        if QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages():
            self._run = run
            tray = self._icon()
            tray.show()
            tray.showMessage(title, sentence, theme.icon("train", "accent"), SHOWN)
            QTimer.singleShot(SHOWN, tray, tray.hide)
        else:
            QApplication.alert(self._window)

    def _icon(self) -> QSystemTrayIcon:
        if self._tray is None:
            self._tray = QSystemTrayIcon(theme.icon("train", "accent"), self)
            self._tray.setToolTip("Wavewright")
            self._tray.messageClicked.connect(self._show_run)
            self._tray.activated.connect(self._show_run)
        return self._tray

    @Slot()
    def _show_run(self, *_: object) -> None:
        self._window.showNormal() if self._window.isMinimized() else self._window.show()
        self._window.raise_()
        self._window.activateWindow()
        self._session.go("train", self._run or None)

    # ---- going to sleep
    @Slot(object)
    def _leaving(self, rest: Rest) -> None:
        self._rest = rest
        text = self.tr("All trainings are done: the computer goes to sleep in {0} seconds.")
        if rest == "off":
            text = self.tr("All trainings are done: the computer switches itself off in {0} seconds.")
        self._session.complain(Problem(text.format(COUNT), button=self.tr("Stay awake"), action=self.stay))
        self._countdown.start()

    def stay(self) -> None:
        """The computer stays awake after all."""
        self._countdown.stop()
        self._rest = None

    @Slot()
    def _leave(self) -> None:
        rest, self._rest = self._rest, None
        if rest is not None and self._session.training.active is None and not self._session.training.power.leave(rest):
            self._session.tell(self.tr("This computer could not be sent to sleep"))
