"""“Find better settings”: what may change, for how long; then every trial as it comes, and the best beside the usual settings.

    dialog = SearchDialog(session, family, config, plan, parent)
    dialog.used.connect(…)      a Preset that should be trained with
    dialog.open()

The search is a process of its own (engine/search.py): closing the dialog or the window leaves it at work.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from studio.engine.engine import FamilyFacts
from studio.engine.search import Searches, SearchView
from studio.errors import StudioError
from studio.gui import theme
from studio.gui.pages.train_search_ask import AskPanel
from studio.gui.pages.train_search_trials import TrialsPanel
from studio.gui.session import Session


class SearchDialog(QDialog):
    used = Signal(object)
    """Preset: train with these settings."""

    def __init__(
        self, session: Session, family: FamilyFacts, config: dict[str, Any], plan: dict[str, Any], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._family, self._config, self._plan = session, family, config, plan
        self._view: SearchView | None = None
        self.setWindowTitle(self.tr("Find better settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(860, 560)
        self.searches = Searches(self)
        self.searches.changed.connect(self._show)
        self.searches.failed.connect(session.complain)
        title = QLabel(self.tr("Find better settings for {0}").format(family.info.name))
        theme.mark(title, role="title")
        self.ask = AskPanel(family, config, self._plan)
        self.trials = TrialsPanel()
        self.trials.opened.connect(self._go_to)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.ask)
        self.pages.addWidget(self.trials)
        self.why = QLabel()
        self.why.setWordWrap(True)
        theme.mark(self.why, state="warn")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.SPACE, theme.WIDE, theme.SPACE)
        column.setSpacing(theme.SPACE)
        column.addWidget(title)
        column.addWidget(self.pages, 1)
        column.addWidget(self.why)
        column.addLayout(self._buttons())
        self.ask.changed.connect(self._show)
        session.training.changed.connect(self._show)
        self.searches.watch(session.project)
        mine = [view for view in self.searches.views if view.file.family == family.info.id]
        self._choose(mine[-1] if mine else None)

    def _buttons(self) -> QHBoxLayout:
        self.start = QPushButton(self.tr("Start the search"))
        self.use = QPushButton(self.tr("Use these settings"))
        for button in (self.start, self.use):
            theme.mark(button, role="primary")
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.setToolTip(self.tr("At a safe point: it can go on there"))
        self.go_on = QPushButton(self.tr("Go on"))
        self.another = QPushButton(self.tr("New search…"))
        close = QPushButton(self.tr("Close"))
        for button in (self.another, close):
            theme.mark(button, role="quiet")
        self.start.clicked.connect(self._start)
        self.use.clicked.connect(self._use)
        self.stop.clicked.connect(self._stop)
        self.go_on.clicked.connect(self._go_on)
        self.another.clicked.connect(self._new)
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.setSpacing(theme.HALF)
        row.addWidget(self.another)
        row.addStretch(1)
        for button in (close, self.stop, self.go_on, self.use, self.start):
            row.addWidget(button)
        return row

    # ---- what is shown
    def _choose(self, view: SearchView | None) -> None:
        self._view = view
        self._show()

    @Slot()
    def _show(self, *_: object) -> None:
        if self._view is not None:
            name = self._view.name
            self._view = next((view for view in self.searches.views if view.name == name), None)
        view = self._view
        self.pages.setCurrentIndex(0 if view is None else 1)
        self.start.setVisible(view is None)
        self.use.setVisible(view is not None)
        self.another.setVisible(view is not None)
        self.stop.setVisible(view is not None and view.alive)
        self.go_on.setVisible(view is not None and view.resumable)
        if view is None:
            why = self._hindrance()
            self.start.setEnabled(not why)
        else:
            self.trials.show_view(view)
            best, default = view.status.found, view.status.default
            self.use.setEnabled(best is not None and default is not None and best.number != default.number)
            self.another.setEnabled(not view.alive)
            why = " ".join(filter(None, (view.status.error, view.status.hint)))
        self.why.setText(why)
        self.why.setVisible(bool(why))

    def _hindrance(self) -> str:
        """Why no search can begin now; empty where one can."""
        if not self._family.ready:
            return self._family.reason
        if self.searches.active is not None:
            return self.tr("Another search is at work.")
        if self._session.training.active is not None:
            return self.tr("A training is at work: both at once would compare badly. Wait for it, or pause it.")
        return self.ask.problem()

    # ---- the hand
    def _start(self) -> None:
        try:
            name = self.searches.begin(
                family=self._family.info.id,
                config=self._config,
                own={k: v for k, v in self._config.items() if v != self._family.recommended.get(k)},
                plan=self._plan,
                **self.ask.wanted(),
            )
        except StudioError as error:
            self._session.complain(error)
            return
        self._choose(next((view for view in self.searches.views if view.name == name), None))

    def _stop(self) -> None:
        if self._view is not None:
            self.searches.stop(self._view.name)
            self.stop.setEnabled(False)

    def _go_on(self) -> None:
        if self._view is not None:
            self.stop.setEnabled(True)
            self.searches.go_on(self._view.name)

    def _new(self) -> None:
        self._choose(None)

    def _use(self) -> None:
        best = self._view.status.found if self._view is not None else None
        if self._view is None or best is None:
            return
        try:
            preset = self.searches.keep(self._view, best)
        except StudioError as error:
            self._session.complain(error)
            return
        self.used.emit(preset)
        self.accept()

    @Slot(str)
    def _go_to(self, run: str) -> None:
        """Show a trial on the page: its sounds and curves."""
        self._session.go("train", run)
        self.accept()

    def done(self, result: int) -> None:
        self.searches.watch(None)
        super().done(result)
