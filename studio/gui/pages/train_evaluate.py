"""“How good is it?”: a run's numbers in a musician's words beside those of real sounds, every label, and the picture of it all.

    EvaluateDialog(session, view, parent).open()

Measuring is a job of engine/evaluations.py that goes on when the dialog is closed; what is shown is read from the run's folder.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.engine.evaluations import Measured, Measuring
from studio.engine.runs import RunView
from studio.gui import theme
from studio.gui.pages.train_evaluate_tables import LabelsTable, NumbersTable, OctavesTable
from studio.gui.session import Session
from studio.gui.widgets.later import Later
from studio.gui.widgets.picture import PictureView
from studio.gui.widgets.tabs import Tabs
from studio.project import evaluation
from studio.project.evaluation import Kept


class EvaluateDialog(QDialog):
    def __init__(self, session: Session, view: RunView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._run = session, view.path
        self._kept: list[Kept] = []
        self._wanted: Path | None = None
        title = view.title or view.name
        self.setWindowTitle(self.tr("How good is “{0}”?").format(title))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(1040, 680)
        heading = QLabel(self.windowTitle())
        theme.mark(heading, role="title")
        self.numbers = NumbersTable()
        self.labels = LabelsTable()
        self.octaves = OctavesTable()
        self.picture = PictureView(self.tr("Real and new sounds"))
        self.tabs = Tabs()
        self.tabs.add("numbers", self.tr("Numbers"), "list", self.numbers)
        self.tabs.add("labels", self.tr("Labels"), "tag", self.labels)
        self.tabs.add("octaves", self.tr("Notes"), "note", self.octaves)
        self.tabs.add("picture", self.tr("Picture"), "map", self.picture)
        self.empty = QLabel(
            self.tr(
                "Not measured yet. New sounds are made and held against sounds of yours that it never heard, which takes a "
                "minute or two. You can go on working meanwhile."
            )
        )
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        theme.mark(self.empty, role="dim")
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.tabs)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.WIDE, theme.SPACE, theme.WIDE, theme.SPACE)
        column.setSpacing(theme.HALF)
        column.addWidget(heading)
        column.addLayout(self._choice())
        column.addWidget(self.stack, 1)
        column.addLayout(self._progress())
        column.addLayout(self._buttons())
        evaluations = session.engine.evaluations
        evaluations.changed.connect(self._progressed)
        evaluations.ended.connect(self._ended)
        self._later = Later(self)
        self._later.done.connect(self._read)
        self._show_work(evaluations.of(self._run))
        self._show_kept()
        self.look()

    def _choice(self) -> QHBoxLayout:
        self.when = QComboBox()
        self.when.setAccessibleName(self.tr("Measurements"))
        self.when.setToolTip(self.tr("Earlier measurements of this training"))
        self.when.activated.connect(self._choose)
        self.sets = QLabel()
        self.sets.setWordWrap(True)
        theme.mark(self.sets, role="caption")
        row = QHBoxLayout()
        row.setSpacing(theme.SPACE)
        row.addWidget(self.when)
        row.addWidget(self.sets, 1)
        return row

    def _progress(self) -> QHBoxLayout:
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress of the measurement"))
        self.note = QLabel()
        theme.mark(self.note, role="dim")
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.clicked.connect(self._cancel)
        row = QHBoxLayout()
        row.setSpacing(theme.HALF)
        row.addWidget(self.bar, 1)
        row.addWidget(self.note)
        row.addWidget(self.cancel)
        return row

    def _buttons(self) -> QHBoxLayout:
        self.why = QLabel()
        self.why.setWordWrap(True)
        theme.mark(self.why, state="warn")
        self.measure = QPushButton(self.tr("Measure it"))
        self.measure.setToolTip(self.tr("Measure the best moment of this training now"))
        theme.mark(self.measure, role="primary")
        self.measure.clicked.connect(self._start)
        close = QPushButton(self.tr("Close"))
        theme.mark(close, role="quiet")
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.setSpacing(theme.HALF)
        row.addWidget(self.why, 1)
        row.addWidget(close)
        row.addWidget(self.measure)
        return row

    # ---- what is there
    def look(self) -> None:
        """Read what was measured of this run, off the GUI thread."""
        run = self._run
        self._later.ask(lambda: evaluation.all_of(run))

    @Slot(object)
    def _read(self, answer: object) -> None:
        if not isinstance(answer, list):
            return
        self._kept = answer
        self.when.clear()
        for kept in self._kept:
            time = datetime.fromtimestamp(kept.found.time) if kept.found.time else None
            text = self.tr("step {0}").format(f"{kept.found.step:,}")
            self.when.addItem(f"{time:%d %b %Y, %H:%M} · {text}" if time is not None else f"{kept.folder.name} · {text}")
        at = next((i for i, kept in enumerate(self._kept) if kept.folder == self._wanted), 0)
        self.when.setCurrentIndex(at if self._kept else -1)
        self._show_kept()

    @property
    def kept(self) -> Kept | None:
        """The measurement that is shown."""
        at = self.when.currentIndex()
        return self._kept[at] if 0 <= at < len(self._kept) else None

    def _choose(self, at: int) -> None:
        self._wanted = self._kept[at].folder
        self._show_kept()

    def _show_kept(self) -> None:
        kept = self.kept
        self.when.setVisible(kept is not None)
        self.sets.setVisible(kept is not None)
        self.stack.setCurrentIndex(0 if kept is None else 1)
        self.measure.setText(self.tr("Measure it") if kept is None else self.tr("Measure again"))
        if kept is None:
            return
        found = kept.found
        self.sets.setText(
            "  ·  ".join(filter(None, (found.sets.get(name) for name in ("new", "held-out", "training", "judge"))))
        )
        self.numbers.show_found(found)
        self.labels.show_found(found)
        self.octaves.show_found(found)
        self.tabs.set_offered("labels", bool(found.classes))
        self.tabs.set_offered("octaves", bool(found.octaves))
        self.picture.show_file(kept.picture)

    # ---- the work
    def _show_work(self, now: Measuring | None) -> None:
        for widget in (self.bar, self.note, self.cancel):
            widget.setVisible(now is not None)
        self.measure.setEnabled(now is None)
        if now is not None:
            self.bar.setValue(round(1000 * now.share))
            self.note.setText(self._note(now))

    def _note(self, now: Measuring) -> str:
        texts = {
            "making": self.tr("Making new sounds"),
            "comparing": self.tr("Comparing with your sounds"),
            "learning": self.tr("Learning your labels"),
            "reconstructing": self.tr("Saying your sounds again"),
            "playing": self.tr("Playing notes"),
        }
        return texts.get(now.note.partition(" ")[0], self.tr("Getting ready"))

    @Slot(object)
    def _progressed(self, now: Measuring) -> None:
        if now.run == self._run:
            self._show_work(now)

    @Slot(object)
    def _ended(self, measured: Measured) -> None:
        if measured.run != self._run:
            return
        self._show_work(None)
        problem = measured.problem
        self.why.setText(" ".join(filter(None, (problem.sentence, problem.hint))) if problem is not None else "")
        self._wanted = measured.folder or self._wanted
        self.look()

    def _start(self) -> None:
        self.why.setText("")
        self._session.engine.evaluate(self._run)

    def _cancel(self) -> None:
        self._session.engine.evaluations.cancel(self._run)
