"""The preview timeline: the same few sounds at every moment of a training, to walk through by ear.

A slider over the moments, a cell for each sound. Left and right move through time while the same cell keeps sounding; a star
keeps the checkpoint of a moment. Sounds are read and drawn off the GUI thread and compared at one loudness.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractSlider, QGridLayout, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from studio.gui import theme
from studio.gui.pages import train_words as words
from studio.gui.session import Current, Session
from studio.gui.widgets.later import Later
from studio.gui.widgets.preview_cell import Pictures, PreviewCell, pictures_of
from studio.project.state import PreviewCell as CellFile
from studio.training.run import Moment, Preview

KEPT = 240
"""Cells whose pictures stay in memory."""
ACROSS = 4
KNOB = 7.0


class MomentSlider(QAbstractSlider):
    """One stop for each preview; those whose model is starred are marked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.starred: frozenset[int] = frozenset()
        self._held = False
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setPageStep(1)
        self.setFixedHeight(22)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Moment of the training"))

    def _x(self, stop: int) -> float:
        return KNOB + 1 + stop / max(self.maximum(), 1) * (self.width() - 2 * KNOB - 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        y, here = self.height() / 2, self._x(self.value())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("line"))
        painter.drawRoundedRect(QRectF(KNOB, y - 1.5, self.width() - 2 * KNOB, 3), 1.5, 1.5)
        painter.setBrush(theme.color("accent"))
        painter.drawRoundedRect(QRectF(KNOB, y - 1.5, here - KNOB, 3), 1.5, 1.5)
        for stop in range(self.maximum() + 1):
            star = stop in self.starred
            painter.setBrush(theme.color("warn" if star else "accent" if stop <= self.value() else "dim"))
            painter.drawEllipse(QPointF(self._x(stop), y), 4.0 if star else 2.5, 4.0 if star else 2.5)
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 2))
        painter.setBrush(theme.color("text"))
        painter.drawEllipse(QPointF(here, y), KNOB - 1, KNOB - 1)

    def _go(self, x: float) -> None:
        self.setValue(round((x - KNOB - 1) / max(self.width() - 2 * KNOB - 2, 1) * self.maximum()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = True
            self._go(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self._go(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = False

    def sliderChange(self, change: QAbstractSlider.SliderChange) -> None:
        self.update()


class Timeline(QWidget):
    """Previews of one run. Plays through the session."""

    starAsked = Signal(int, bool)
    """Step, and whether its checkpoint should be kept for ever."""

    exploreAsked = Signal(object)
    """Path of a checkpoint."""

    momentChanged = Signal(float)
    """Minutes of training of the preview that is shown."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, role="panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._session = session
        self._run = ""
        self._previews: list[Preview] = []
        self._moments: dict[int, Moment] = {}
        self._known: OrderedDict[Path, Pictures] = OrderedDict()
        self._cells: list[PreviewCell] = []
        self._playing: int | None = None
        self._resound = False  # the playing cell should go on at the moment that is being read
        self._later = Later(self)
        self._later.done.connect(self._read)
        title = QLabel(self.tr("Previews"))
        theme.mark(title, role="strong")
        self.when = QLabel()
        theme.mark(self.when, role="dim")
        self.originals = QPushButton(self.tr("Originals"))
        self.originals.setCheckable(True)
        self.originals.setToolTip(self.tr("Hear what the reconstructions try to be"))
        theme.mark(self.originals, role="segment")
        self.originals.toggled.connect(self._show_moment)
        self.star = QToolButton()
        self.star.setCheckable(True)
        self.star.setIconSize(QSize(16, 16))
        theme.mark(self.star, role="icon")
        self.star.clicked.connect(self._ask_star)
        self.explore = QToolButton()
        self.explore.setIcon(theme.icon("explore"))
        self.explore.setIconSize(QSize(16, 16))
        self.explore.setToolTip(self.tr("Open this moment in Explore"))
        self.explore.setAccessibleName(self.explore.toolTip())
        theme.mark(self.explore, role="icon")
        self.explore.clicked.connect(self._ask_explore)
        self.slider = MomentSlider()
        self.slider.valueChanged.connect(self._slid)
        head = QHBoxLayout()
        head.setSpacing(theme.HALF)
        head.addWidget(title)
        head.addWidget(self.when, 1)
        head.addWidget(self.originals)
        head.addWidget(self.star)
        head.addWidget(self.explore)
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        self.empty = QLabel()
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        theme.mark(self.empty, role="dim")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE, 10, theme.SPACE, 12)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.slider)
        column.addLayout(self._grid, 1)
        column.addWidget(self.empty, 1)
        session.positionChanged.connect(self._show_position)
        session.playingChanged.connect(self._show_playing)
        session.currentChanged.connect(self._current_changed)

    # ---- what is shown
    def show_run(self, name: str, previews: list[Preview], moments: list[Moment], waiting: str) -> None:
        """Previews of a run, oldest first; `waiting` is said while there are none. The newest is followed if it was shown."""
        fresh = name != self._run
        at_end = fresh or self.slider.value() >= self.slider.maximum()
        self._moments = {moment.step: moment for moment in moments}
        changed = fresh or [p.step for p in previews] != [p.step for p in self._previews]
        self._run, self._previews = name, previews
        self.slider.starred = frozenset(
            i for i, p in enumerate(previews) if p.step in self._moments and self._moments[p.step].starred
        )
        self.empty.setText(waiting)
        there = bool(previews)
        for widget in (self.slider, self.originals, self.star, self.explore):
            widget.setVisible(there)
        self.empty.setVisible(not there)
        if fresh:
            self._playing = None
        if changed:
            blocked = self.slider.blockSignals(True)
            before = self.slider.value()
            self.slider.setRange(0, max(0, len(previews) - 1))
            self.slider.setValue(len(previews) - 1 if at_end else before)
            self.slider.blockSignals(blocked)
            self._show_moment()
        self._show_star()
        self.slider.update()

    @property
    def preview(self) -> Preview | None:
        at = self.slider.value()
        return self._previews[at] if 0 <= at < len(self._previews) else None

    def _slid(self, _: int) -> None:
        self._resound = self._playing is not None
        self._show_moment()
        self._show_star()

    def _show_moment(self, *_: object) -> None:
        preview = self.preview
        if preview is None:
            self._lay_out(0)
            self.when.setText("")
            return
        self.when.setText(
            self.tr("after {0} · {1} of {2}").format(
                words.minutes(preview.minutes), self.slider.value() + 1, len(self._previews)
            )
        )
        self.momentChanged.emit(preview.minutes)
        self.originals.setVisible(any(cell.original for cell in preview.cells))
        self._lay_out(len(preview.cells))
        paths = [self._path(preview, cell) for cell in preview.cells]
        missing = [path for path in paths if path not in self._known]
        if missing:
            self._later.ask(partial(_pictures, missing))
        self._fill()

    def _path(self, preview: Preview, cell: CellFile) -> Path:
        original = preview.original(cell) if self.originals.isChecked() else None
        return original or preview.path(cell)

    def _lay_out(self, count: int) -> None:
        while len(self._cells) < count:
            cell = PreviewCell()
            cell.pressed.connect(self._pressed)
            cell.stepped.connect(self.step)
            at = len(self._cells)
            self._grid.addWidget(cell, at // ACROSS, at % ACROSS)
            self._cells.append(cell)
        for i, cell in enumerate(self._cells):
            cell.setVisible(i < count)

    def _fill(self) -> None:
        preview = self.preview
        if preview is None:
            return
        for cell, file in zip(self._cells, preview.cells):
            pictures = self._known.get(self._path(preview, file))
            if pictures is not None or cell.pictures is None:
                cell.show_sound(self._title(file), self._note(file), pictures)
        if self._resound and self._playing is not None and self._sound(self._playing) is not None:
            self._resound = False
            self._hear(self._playing)

    def _title(self, file: CellFile) -> str:
        names = {
            "lowest": self.tr("Lowest"),
            "highest": self.tr("Highest"),
            "loudest": self.tr("Loudest"),
            "quietest": self.tr("Quietest"),
        }
        if file.kind == "new":
            return self.tr("New {0}").format((file.seed or 0) + 1)
        name = names.get(file.name, file.name)
        return self.tr("{0} {1}").format(name, file.label) if file.label and file.kind == "reconstruction" else name

    def _note(self, file: CellFile) -> str:
        if self.originals.isChecked() and file.original:
            return self.tr("original")
        return self.tr("{0} dB").format(f"{file.distance:.1f}") if file.distance is not None else ""

    def _read(self, answer: object) -> None:
        if isinstance(answer, list):
            for pictures in answer:
                self._known[pictures.path] = pictures
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        self._fill()

    def _show_star(self) -> None:
        preview = self.preview
        moment = self._moments.get(preview.step) if preview is not None else None
        on = moment is not None and moment.starred
        self.star.setEnabled(moment is not None)
        self.star.setChecked(on)
        self.star.setIcon(theme.icon("star-filled" if on else "star", "dim", "warn"))
        if moment is None:
            self.star.setToolTip(self.tr("The model of this moment was not kept; only its sounds were"))
        else:
            self.star.setToolTip(
                self.tr("Starred: kept for ever") if on else self.tr("Star this moment: its model is kept for ever")
            )
        self.star.setAccessibleName(self.star.toolTip())
        self.explore.setEnabled(moment is not None)

    # ---- the hand
    def step(self, by: int) -> None:
        """Walk to the next or the previous moment."""
        self.slider.setValue(self.slider.value() + by)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self._previews:
            self.step(1 if event.key() == Qt.Key.Key_Right else -1)
        else:
            super().keyPressEvent(event)

    def _pressed(self, cell: PreviewCell) -> None:
        self._hear(self._cells.index(cell))

    def _sound(self, index: int) -> Pictures | None:
        preview = self.preview
        if preview is None or index >= len(preview.cells):
            return None
        return self._known.get(self._path(preview, preview.cells[index]))

    def _hear(self, index: int) -> None:
        pictures, preview = self._sound(index), self.preview
        if pictures is None or preview is None:
            return
        name = self.tr("{0}, after {1}").format(self._title(preview.cells[index]), words.minutes(preview.minutes))
        self._playing = None  # while the transport changes hands
        self._session.play(Current(pictures.sound, name, None, pictures.path))
        self._playing = index
        self._show_position(0.0)

    def _current_changed(self, current: Current) -> None:
        """Something else is in the transport now."""
        if self._playing is not None:
            self._playing = None
            self._show_position(None)

    def _show_position(self, seconds: object) -> None:
        for i, cell in enumerate(self._cells):
            mine = i == self._playing
            cell.set_playing(mine, seconds if mine and isinstance(seconds, float) and self._session.playing else None)

    def _show_playing(self, playing: bool) -> None:
        if not playing:
            self._show_position(None)

    def _ask_star(self) -> None:
        if self.preview is not None:
            self.starAsked.emit(self.preview.step, self.star.isChecked())

    def _ask_explore(self) -> None:
        if self.preview is not None and self.preview.step in self._moments:
            self.exploreAsked.emit(self._moments[self.preview.step].path)


def _pictures(paths: list[Path]) -> list[Pictures]:
    from studio.errors import StudioError

    found = []
    for path in paths:
        try:
            found.append(pictures_of(path))
        except StudioError:
            continue  # a preview that is being replaced; its cell stays empty
    return found
