"""The preview timeline: the same few sounds at every moment of a training, to walk through by ear.

A slider over the moments; four sounds rebuilt, four new ones, and the user's own beside them. Left and right move through
time while the same cell goes on sounding; where two runs are chosen, one button goes back and forth between them. Sounds are
read and drawn off the GUI thread and heard at one loudness.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.gui import theme
from studio.gui.pages import train_words as words
from studio.gui.pages.train_cells import Key, SoundGrid, key_of
from studio.gui.session import Current, Session
from studio.gui.widgets.drop_zone import audio_paths, pick_sound
from studio.gui.widgets.later import Later
from studio.gui.widgets.moment_slider import MomentSlider
from studio.gui.widgets.preview_cell import Pictures, pictures_of
from studio.project.state import PreviewCell as CellFile
from studio.training.run import Moment, Preview

PROBES = 32
"""Own sounds that can be dropped at once; more are sounds to learn from."""
KEPT = 240
"""Cells whose pictures stay in memory."""
BRIEF = 1.5
"""Seconds up to which a sound begins anew at another moment, because its attack matters; a longer one goes on where it is."""


@dataclass(frozen=True)
class Told:
    """A run as the timeline shows it. own: the user's probes; waiting: said while there are no previews; soon: said where one's
    own probe has not been heard yet; kept: what the previews cost and the models take."""

    name: str
    title: str = ""
    previews: tuple[Preview, ...] = ()
    moments: tuple[Moment, ...] = ()
    own: tuple[Path, ...] = ()
    waiting: str = ""
    soon: str = ""
    kept: str = ""


class Timeline(QWidget):
    """Previews of one run, or of two in turn. Plays through the session."""

    starAsked = Signal(str, int, bool)
    """Run, step, and whether its checkpoint should be kept for ever."""

    exploreAsked = Signal(object)
    """Path of a checkpoint."""

    momentChanged = Signal(float)
    """Minutes of training of the preview that is shown."""

    probesAsked = Signal(object)
    """list of Path: sounds of the user's that should be heard in every preview."""

    probeDropped = Signal(object)
    """Path of an own probe that should go."""

    blindAsked = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, role="panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAcceptDrops(True)
        self._session = session
        self.sides: tuple[Told, ...] = (Told(""),)
        """The runs between which one goes back and forth: one or two."""

        self._side = 0
        self._known: OrderedDict[Path, Pictures] = OrderedDict()
        self._playing: Key | None = None
        self._resound = False  # the playing cell should go on at the moment that is being read
        self._later = Later(self)
        self._later.done.connect(self._read)
        self._build()
        session.positionChanged.connect(self._show_position)
        session.playingChanged.connect(self._show_playing)
        session.currentChanged.connect(self._current_changed)

    def _build(self) -> None:
        self.title = QLabel()
        theme.mark(self.title, role="strong")
        self.when = QLabel()
        theme.mark(self.when, role="dim")
        self.other = QPushButton()
        self.other.setIcon(theme.icon("swap"))
        self.other.clicked.connect(self._swap)
        theme.mark(self.other, role="segment")
        self.originals = QPushButton(self.tr("Originals"))
        self.originals.setCheckable(True)
        self.originals.setToolTip(self.tr("Hear what the reconstructions try to be"))
        theme.mark(self.originals, role="segment")
        self.originals.toggled.connect(self._go_on)
        self.blind = QPushButton(self.tr("A/B"))
        self.blind.setToolTip(self.tr("Compare two moments without knowing which is which"))
        self.blind.setAccessibleName(self.tr("Blind comparison"))
        theme.mark(self.blind, role="segment")
        self.blind.clicked.connect(self.blindAsked)
        self.star = self._icon_button("star", "", self._ask_star)
        self.star.setCheckable(True)
        self.explore = self._icon_button("explore", self.tr("Open this moment in Explore"), self._ask_explore)
        self.slider = MomentSlider()
        self.slider.valueChanged.connect(self._go_on)
        head = QHBoxLayout()
        head.setSpacing(theme.SMALL)
        head.addWidget(self.title)
        head.addSpacing(theme.SMALL)
        head.addWidget(self.when, 1)
        for widget in (self.other, self.originals, self.blind, self.star, self.explore):
            head.addWidget(widget)
        self.sounds = SoundGrid()
        self.sounds.pressed.connect(self._hear)
        self.sounds.stepped.connect(self.step)
        self.sounds.removed.connect(self._remove)
        self.sounds.addAsked.connect(self._pick)
        self.empty = QLabel()
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        theme.mark(self.empty, role="dim")
        self.kept = QLabel()
        theme.mark(self.kept, role="caption")
        self.kept.setToolTip(
            self.tr(
                "Kept for ever: the best model by held-out quality, the newest, and what you star. "
                "Of the others fewer stay as they grow older: after 1, 2, 4, 8 … minutes. Their sounds stay."
            )
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE, 10, theme.SPACE, 10)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.slider)
        column.addWidget(self.sounds, 1)
        column.addWidget(self.empty, 1)
        column.addWidget(self.kept)

    def _icon_button(self, icon: str, tip: str, slot: object) -> QToolButton:
        button = QToolButton()
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(16, 16))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        theme.mark(button, role="icon")
        button.clicked.connect(slot)
        return button

    # ---- what is shown
    def show_runs(self, first: Told, second: Told | None = None) -> None:
        """Previews of a run, and of the one it is compared with. The newest is followed if it was shown."""
        before = self.told
        sides = (first, second) if second is not None else (first,)
        names = [side.name for side in sides]
        same = [side.name for side in self.sides] == names
        self._side = self._side if same else 0
        at_end = self.slider.value() >= self.slider.maximum()
        self.sides = sides
        fresh = self.told.name != before.name
        if not fresh and self.told.previews != before.previews:
            self._forget([preview for preview in before.previews if preview not in self.told.previews])
        if fresh or self.told.previews != before.previews:
            if fresh or at_end:
                self._playing = None  # what sounds is of another moment now
            self._set_stops(len(self.told.previews) - 1 if fresh or at_end else self.slider.value())
            self._show_moment()
        elif self.told.own != before.own or self.told.soon != before.soon:
            self._show_moment()
        self._show_head()

    def _forget(self, previews: list[Preview]) -> None:
        """These are gone, or were made anew after the training went back."""
        for preview in previews:
            for cell in preview.cells:
                self._known.pop(preview.path(cell), None)

    @property
    def told(self) -> Told:
        """The run that is shown."""
        return self.sides[self._side]

    @property
    def preview(self) -> Preview | None:
        at = self.slider.value()
        return self.told.previews[at] if 0 <= at < len(self.told.previews) else None

    def _set_stops(self, value: int) -> None:
        blocked = self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, len(self.told.previews) - 1))
        self.slider.setValue(value)
        self.slider.blockSignals(blocked)

    def _show_head(self) -> None:
        told = self.told
        there = bool(told.previews)
        moments = {moment.step: moment for moment in told.moments}
        stars = (i for i, p in enumerate(told.previews) if p.step in moments and moments[p.step].starred)
        self.slider.starred = frozenset(stars)
        self.slider.update()
        self.empty.setText(told.waiting)
        self.when.setText(self._when())
        self.kept.setText(told.kept)
        self.kept.setVisible(bool(told.kept))
        self.empty.setVisible(not there)
        for widget in (self.slider, self.sounds, self.star, self.explore, self.blind):
            widget.setVisible(there)
        self.blind.setEnabled(sum(len(side.previews) for side in self.sides) > 1)
        self.other.setVisible(len(self.sides) > 1)
        self.title.setText(_short(told.title) if len(self.sides) > 1 else self.tr("Previews"))
        if len(self.sides) > 1:
            title = self.sides[1 - self._side].title
            self.other.setText(_short(title))
            self.other.setToolTip(self.tr("Hear the same sound in “{0}”").format(title))
        self.originals.setVisible(there and any(cell.original for cell in told.previews[-1].cells))
        moment = self._moment
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

    def _when(self) -> str:
        if self.preview is None:
            return ""
        text = self.tr("after {0} · {1} of {2}") if len(self.sides) == 1 else self.tr("after {0}")
        return text.format(words.minutes(self.preview.minutes), self.slider.value() + 1, len(self.told.previews))

    @property
    def _moment(self) -> Moment | None:
        preview = self.preview
        return next((m for m in self.told.moments if preview is not None and m.step == preview.step), None)

    def _go_on(self, *_: object) -> None:
        """Show the moment at the slider; what sounds goes on there."""
        self._resound = self._playing is not None
        self._show_moment()
        self._show_head()

    def _show_moment(self, *_: object) -> None:
        preview = self.preview
        files = list(preview.cells) if preview is not None else []
        self._lay_out(files)
        if preview is None:
            return
        self.momentChanged.emit(preview.minutes)
        missing = [path for path in (self._path(preview, cell) for cell in files) if path not in self._known]
        if missing:
            self._later.ask(partial(_pictures, missing))
        self._fill()

    def _path(self, preview: Preview, cell: CellFile) -> Path:
        original = preview.original(cell) if self.originals.isChecked() else None
        return original or preview.path(cell)

    def _lay_out(self, files: list[CellFile]) -> None:
        """One cell for each sound of this preview, and for each probe that has not been heard yet."""
        heard = [key_of(file) for file in files]
        own = [("probe", path.stem) for path in self.told.own if self.told.previews]
        self.sounds.lay_out([*heard, *(key for key in own if key not in heard)], bool(self.told.previews))

    def _fill(self) -> None:
        preview = self.preview
        if preview is None:
            return
        files = {key_of(file): file for file in preview.cells}
        for key, cell in self.sounds.cells.items():
            file = files.get(key)
            if file is None:
                cell.show_sound(key[1], "", None, self.told.soon)
                continue
            pictures = self._known.get(self._path(preview, file))
            if pictures is not None or cell.pictures is None:
                cell.show_sound(self.sounds.title_of(file), self._note(file), pictures)
        if self._resound and self._playing is not None and self._sound(self._playing) is not None:
            self._resound = False
            self._hear(self._playing, going_on=True)

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

    # ---- the hand
    def step(self, by: int) -> None:
        """Walk to the next or the previous moment."""
        self.slider.setValue(self.slider.value() + by)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.told.previews:
            self.step(1 if event.key() == Qt.Key.Key_Right else -1)
        else:
            super().keyPressEvent(event)

    def _swap(self) -> None:
        """The same sound in the other run, at the moment nearest in minutes."""
        minutes = self.preview.minutes if self.preview is not None else 0.0
        self._side = 1 - self._side
        previews = self.told.previews
        nearest = min(range(len(previews)), key=lambda i: abs(previews[i].minutes - minutes), default=0)
        self._set_stops(nearest)
        self._go_on()

    def _sound(self, key: Key) -> Pictures | None:
        preview = self.preview
        file = next((f for f in preview.cells if key_of(f) == key), None) if preview is not None else None
        return self._known.get(self._path(preview, file)) if preview is not None and file is not None else None

    def _hear(self, key: Key, going_on: bool = False) -> None:
        pictures, preview = self._sound(key), self.preview
        if pictures is None or preview is None:
            return
        player, at = self._session.player, 0.0
        if going_on and self._session.playing and player is not None and pictures.sound.seconds > BRIEF:
            at = player.position or 0.0
            at = at if at < pictures.sound.seconds else 0.0
        cell = self.sounds.cells[key]
        name = self.tr("{0}, after {1}").format(cell.title, words.minutes(preview.minutes))
        self._playing = None  # while the transport changes hands
        self._session.play(Current(pictures.sound, name, None, pictures.path), at=at)
        self._playing = key
        self._show_position(at)

    def _current_changed(self, current: Current) -> None:
        """Something else is in the transport now."""
        if self._playing is not None:
            self._playing = None
            self._show_position(None)

    def _show_position(self, seconds: object) -> None:
        going = isinstance(seconds, float) and self._session.playing
        self.sounds.show_position(self._playing, seconds if going else None)  # type: ignore[arg-type]

    def _show_playing(self, playing: bool) -> None:
        if not playing:
            self._show_position(None)

    def _ask_star(self) -> None:
        if self.preview is not None:
            self.starAsked.emit(self.told.name, self.preview.step, self.star.isChecked())

    def _ask_explore(self) -> None:
        if self._moment is not None:
            self.exploreAsked.emit(self._moment.path)

    # ---- own sounds
    def _pick(self) -> None:
        pick_sound(self, self.tr("A sound to hear in every preview"), self._picked)

    def _picked(self, path: Path) -> None:
        self.probesAsked.emit([path])

    def _remove(self, key: Key) -> None:
        path = next((path for path in self.told.own if path.stem == key[1]), None)
        if path is not None:
            self.probeDropped.emit(path)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.told.name and audio_paths(event.mimeData(), PROBES):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.sounds.add.set_hot(True)
        else:
            event.ignore()  # the window may know what to do with it

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.sounds.add.set_hot(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.sounds.add.set_hot(False)
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.probesAsked.emit(audio_paths(event.mimeData(), PROBES))


def _short(title: str) -> str:
    return title if len(title) < 14 else f"{title[:12]}…"


def _pictures(paths: list[Path]) -> list[Pictures]:
    from studio.errors import StudioError

    found = []
    for path in paths:
        try:
            found.append(pictures_of(path))
        except StudioError:
            continue  # a preview that is being replaced; its cell stays empty
    return found
