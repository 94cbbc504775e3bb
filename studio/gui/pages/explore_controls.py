"""The right side of Explore: one fader or field for each thing the open model declares, and nothing else.

Built anew from a model's `Controls`; shows a request and says what the hand asks for. It knows no engine and plays nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.audio.pitch import note_name
from studio.explore.axes import RANGE, Axes
from studio.gui import theme
from studio.gui.widgets.fader import Fader
from studio.gui.widgets.section import Section
from studio.models.controls import Controls, Range
from studio.project.recipe import Request

SEEDS = 2**31 - 1
NAME, NUMBER = 120, 64
"""Widths of the faders' names and numbers."""


class ControlPanel(QWidget):
    """Faders and fields of one model. Signals carry what was asked; `released` ends a move."""

    axisMoved = Signal(int, float)
    labelMoved = Signal(str, float)
    numberMoved = Signal(str, object)
    """A Request field (seconds, pitch, velocity, seed) and its value; None: let the model decide."""

    textChanged = Signal(str, str)
    """A Request field (text, speaker) and its value."""

    partKept = Signal(str, bool)
    """A part of the sound (attack, tail), and whether it stays while the rest is explored."""

    renamed = Signal(int, str)
    """An axis and its new name; "": the measured one again."""

    foldChanged = Signal(object)
    """tuple[str, ...]: the keys of the sections that are folded away."""

    built = Signal()
    """All faders are new ones; the section "character" is empty."""

    released = Signal()
    randomAsked = Signal()
    labelAsked = Signal(str)
    """A new sound of this label is wanted."""

    keepAsked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.controls = Controls()
        self.axes: list[Fader] = []
        self.labels: dict[str, Fader] = {}
        self.numbers: dict[str, Fader] = {}
        self.parts: dict[str, QPushButton] = {}
        self.sections: dict[str, Section] = {}
        self.folded: tuple[str, ...] = ()
        """Sections that are folded away, of this model or another."""

        self.temperature: Fader | None = None
        self.seed = QSpinBox(self)
        self.seed.hide()
        self._inside = QWidget(self)
        theme.mark(self, role="panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.random = QPushButton(self.tr("Random"))
        self.random.setIcon(theme.icon("dice", "on_accent"))
        self.random.setToolTip(self.tr("A new sound from the model (R). Locked controls stay."))
        theme.mark(self.random, role="primary")
        self.random.clicked.connect(self._ask_random)
        self.kinds = QPushButton()
        self.kinds.setIcon(theme.icon("tag"))
        self.kinds.setToolTip(self.tr("A new sound of one label"))
        self.kinds.setAccessibleName(self.kinds.toolTip())
        self.kinds.setMenu(QMenu(self.kinds))
        self.keep = QPushButton(self.tr("Keep"))
        self.keep.setIcon(theme.icon("keep"))
        self.keep.setToolTip(self.tr("Keep this sound as a clip, with its recipe (K)"))
        self.keep.clicked.connect(self._ask_keep)
        self._foot = QVBoxLayout()
        self._foot.setContentsMargins(theme.SPACE, theme.HALF, theme.SPACE, theme.SPACE)
        self._foot.setSpacing(theme.HALF)
        rule = QFrame()
        theme.mark(rule, role="line")
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.HALF)
        buttons.addWidget(self.random, 2)
        buttons.addWidget(self.kinds)
        buttons.addWidget(self.keep, 1)
        self._foot.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._scroll, 1)
        column.addWidget(rule)
        column.addLayout(self._foot)

    # ---- building
    def build(self, controls: Controls, axes: Axes | None = None) -> None:
        """Make the faders of this model. `axes` come later, with the places of the sounds."""
        locked = {i for i, fader in enumerate(self.axes) if fader.locked}
        self.controls = controls
        self.kinds.setVisible(bool(controls.classes))
        self.kinds.menu().clear()
        for name in controls.classes:
            self.kinds.menu().addAction(self.tr("A new {0}").format(name), partial(self.labelAsked.emit, name))
        self.axes, self.labels, self.numbers = [], {}, {}
        if self.temperature is not None:
            self._foot.removeWidget(self.temperature)
            self.temperature.deleteLater()
            self.temperature = None
        inside = QWidget()
        theme.mark(inside, role="clear")
        column = QVBoxLayout(inside)
        column.setContentsMargins(theme.SPACE, theme.HALF, theme.HALF, theme.HALF)
        column.setSpacing(theme.SMALL)
        self.sections = {}
        parts = {
            "axes": self.tr("Main directions"),
            "character": self.tr("Character"),
            "labels": self.tr("Labels"),
            "sound": self.tr("Sound"),
        }
        order = ("sound", "axes", "character", "labels") if controls.pitch else tuple(parts)  # a note comes before a timbre
        for key in order:
            section = self.sections[key] = Section(key, parts[key], key in self.folded, inside)
            section.folded.connect(self._fold)
            column.addWidget(section)
        self._build_axes(self.sections["axes"].column, axes, locked)
        for i, name in enumerate(controls.classes):
            fader = Fader(
                name, 0.0, 1.0, 0.0, label=i, help=self.tr("How much of the label “{0}” is in the sound").format(name)
            )
            fader.moved.connect(partial(self._label_moved, name))
            self.labels[name] = self.add(self.sections["labels"].column, fader)
        self.sections["axes"].setVisible(bool(self.axes))
        self.sections["character"].hide()  # until somebody puts something into it
        self.sections["labels"].setVisible(bool(self.labels))
        sound = self.sections["sound"].column
        self._number(
            sound, "seconds", self.tr("Length"), controls.seconds, self.tr("Unlocked, the model chooses how long the sound is")
        )
        self._number(sound, "pitch", self.tr("Pitch"), controls.pitch, self.tr("Unlocked, the model chooses the note"))
        self._number(sound, "velocity", self.tr("Velocity"), controls.velocity, self.tr("Unlocked, the model chooses how hard"))
        self._words(sound, controls)
        self._seed_row(sound)
        self._parts_row(sound)
        column.addStretch(1)
        self._inside = inside
        self._scroll.setWidget(inside)
        if controls.temperature is not None:
            self._add_temperature(controls.temperature)
        self.built.emit()

    def _build_axes(self, column: QVBoxLayout, axes: Axes | None, locked: set[int]) -> None:
        if axes is None:
            return
        for i, title in enumerate(axes.titles()):
            fader = Fader(
                title, -RANGE, RANGE, 0.0, digits=1, middle=True, renamable=True,
                note=_strength(axes, i), help=self._axis_help(axes, i),
            )  # fmt: skip
            fader.moved.connect(partial(self._axis_moved, i))
            fader.renamed.connect(partial(self._axis_renamed, i))
            fader.lock.setChecked(i in locked)
            self.axes.append(self.add(column, fader))

    def name_axes(self, axes: Axes) -> None:
        """The same axes have other names now: say them without disturbing the hand."""
        for i, (fader, title) in enumerate(zip(self.axes, axes.titles())):
            fader.set_name(title, self._axis_help(axes, i))
            fader.set_note(_strength(axes, i))

    def fold(self, folded: tuple[str, ...]) -> None:
        """Fold these sections away and unfold the others."""
        self.folded = folded
        for key, section in self.sections.items():
            section.set_folded(key in folded)

    def _fold(self, key: str, on: bool) -> None:
        self.folded = (*(k for k in self.folded if k != key), *((key,) if on else ()))
        self.foldChanged.emit(self.folded)

    def add(self, column: QVBoxLayout, fader: Fader) -> Fader:
        """One more fader at the end of a section, in line with the others."""
        fader.set_columns(NAME, NUMBER)
        fader.released.connect(self.released)
        column.addWidget(fader)
        return fader

    def _axis_help(self, axes: Axes, index: int) -> str:
        name = axes.names[index]
        share = f"{axes.spread[index]:.0%}"
        rename = self.tr("Double click the name to rename it.")
        if name.descriptor:
            text = self.tr("Measured: {0}, r = {1}. {2} of all differences between your sounds.")
            return f"{text.format(f'{name.low} ↔ {name.high}', f'{abs(name.r):.2f}', share)} {rename}"
        text = self.tr("Nothing measured explains this direction. {0} of all differences between your sounds.")
        return f"{text.format(share)} {rename}"

    def _number(self, column: QVBoxLayout, field: str, name: str, span: Range | None, help: str) -> None:
        if span is None:
            return
        digits = 2 if span.high - span.low < 20 else 0
        words = note_name if field == "pitch" else None
        fader = Fader(name, span.low, span.high, span.default, unit=span.unit, digits=digits, words=words, help=help)
        fader.moved.connect(partial(self._number_moved, field))
        fader.lockChanged.connect(partial(self._number_locked, field))
        fader.lock.setToolTip(help)
        self.numbers[field] = self.add(column, fader)

    def _words(self, column: QVBoxLayout, controls: Controls) -> None:
        if controls.text:
            line = QLineEdit()
            line.setPlaceholderText(self.tr("What should be said"))
            line.setAccessibleName(self.tr("Text"))
            line.textEdited.connect(partial(self._text_changed, "text"))
            line.editingFinished.connect(self.released)
            column.addWidget(line)
        if controls.speakers:
            choice = QComboBox()
            choice.addItems(list(controls.speakers))
            choice.setAccessibleName(self.tr("Speaker"))
            choice.textActivated.connect(partial(self._text_changed, "speaker"))
            choice.activated.connect(self.released)
            column.addWidget(choice)

    def _seed_row(self, column: QVBoxLayout) -> None:
        self.seed = QSpinBox()
        self.seed.setRange(0, SEEDS)
        self.seed.setKeyboardTracking(False)
        self.seed.setAccessibleName(self.tr("Seed"))
        self.seed.setToolTip(self.tr("The same seed gives the same sound; another one the same place with other noise"))
        self.seed.valueChanged.connect(self._seed_changed)
        dice = QToolButton()
        dice.setIcon(theme.icon("shuffle"))
        dice.setIconSize(QSize(16, 16))
        dice.setToolTip(self.tr("The same place with other noise"))
        dice.setAccessibleName(self.tr("New seed"))
        dice.clicked.connect(self._new_seed)
        theme.mark(dice, role="icon")
        row = QHBoxLayout()
        row.setSpacing(theme.HALF)
        label = QLabel(self.tr("Seed"))
        label.setFixedWidth(NAME)
        label.setBuddy(self.seed)
        row.addWidget(label)
        row.addWidget(self.seed, 1)
        row.addWidget(dice)
        column.addLayout(row)

    def _parts_row(self, column: QVBoxLayout) -> None:
        label = QLabel(self.tr("Keep the"))
        label.setFixedWidth(NAME)
        row = QHBoxLayout()
        row.setContentsMargins(0, theme.SMALL, 0, 0)
        row.setSpacing(theme.HALF)
        row.addWidget(label)
        self.parts = {}
        words = {
            "attack": (self.tr("Attack"), self.tr("Every sound from now on begins as this one does")),
            "tail": (self.tr("Tail"), self.tr("Every sound from now on dies away as this one does")),
        }
        for part, (name, help) in words.items():
            button = self.parts[part] = QPushButton(name)
            button.setIcon(theme.icon("lock", "dim"))
            button.setIconSize(QSize(14, 14))
            button.setCheckable(True)
            button.setToolTip(help)
            button.setAccessibleName(self.tr("Keep the attack") if part == "attack" else self.tr("Keep the tail"))
            theme.mark(button, role="chip")
            button.clicked.connect(partial(self._keep_part, part))
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)

    def show_parts(self, kept: set[str]) -> None:
        """Which parts of the sound stay while the rest is explored."""
        for part, button in self.parts.items():
            button.setChecked(part in kept)

    def _add_temperature(self, span: Range) -> None:
        help = self.tr("How far Random goes from what is usual: 1 is as the sounds are, less is safer, more is wilder")
        self.temperature = Fader(
            self.tr("Temperature"), span.low, span.high, span.default, unit=span.unit, lockable=False, help=help
        )
        self.temperature.set_columns(NAME, NUMBER)
        self._foot.insertWidget(0, self.temperature)

    # ---- showing
    def show_request(
        self, request: Request, coordinates: np.ndarray | None, weights: dict[str, float], came: Mapping[str, float | None]
    ) -> None:
        """Put every control where this request is; `came`: numbers of the sound that came out, for what the model chose."""
        if coordinates is not None:
            for fader, value in zip(self.axes, coordinates):
                fader.set_value(float(value))
        for name, fader in self.labels.items():
            fader.set_value(weights.get(name, 0.0))
        for field, fader in self.numbers.items():
            asked = getattr(request, field)
            value = asked if asked is not None else came.get(field)
            if value is not None:
                fader.set_value(float(value))
            blocked = fader.blockSignals(True)
            fader.lock.setChecked(asked is not None)
            fader.blockSignals(blocked)
        blocked = self.seed.blockSignals(True)
        self.seed.setValue(request.seed)
        self.seed.blockSignals(blocked)

    @property
    def locked_axes(self) -> list[int]:
        return [i for i, fader in enumerate(self.axes) if fader.locked]

    @property
    def locked_labels(self) -> list[str]:
        return [name for name, fader in self.labels.items() if fader.locked]

    # ---- the hand
    def _axis_moved(self, index: int, value: float) -> None:
        self.axisMoved.emit(index, value)

    def _axis_renamed(self, index: int, name: str) -> None:
        self.renamed.emit(index, name)

    def _text_changed(self, field: str, value: str) -> None:
        self.textChanged.emit(field, value)

    def _label_moved(self, name: str, value: float) -> None:
        self.labelMoved.emit(name, value)

    def _number_moved(self, field: str, value: float) -> None:
        self.numberMoved.emit(field, value)

    def _number_locked(self, field: str, locked: bool) -> None:
        self.numberMoved.emit(field, self.numbers[field].value if locked else None)
        self.released.emit()

    def _seed_changed(self, value: int) -> None:
        self.numberMoved.emit("seed", value)
        self.released.emit()

    def _new_seed(self) -> None:
        self.seed.setValue(int(np.random.default_rng().integers(SEEDS)))

    def _keep_part(self, part: str, *_: object) -> None:
        self.partKept.emit(part, self.parts[part].isChecked())

    def _ask_random(self) -> None:
        self.randomAsked.emit()

    def _ask_keep(self) -> None:
        self.keepAsked.emit()


def _strength(axes: Axes, index: int) -> str:
    """How surely an axis does what it is called: "r .82"; nothing for one that nothing explains."""
    name = axes.names[index]
    return f"r {abs(name.r):.2f}".replace("0.", ".") if name.descriptor else ""
