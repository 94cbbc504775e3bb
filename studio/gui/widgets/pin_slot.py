"""A place for one pinned sound under its letter: empty, or with the waveform in its label's colour. It saves nothing."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QWidget

from studio.engine.engine import Rendered
from studio.gui import theme
from studio.gui.widgets.cell import Cell, paint_outline
from studio.gui.widgets.shape import InMemory
from studio.project.pins import Pin


class PinSlot(Cell):
    """A letter and, once it is set, the waveform of its sound."""

    pressed = Signal(str)
    replaced = Signal(str)
    cleared = Signal(str)

    def __init__(self, letter: str, parent: QWidget | None = None) -> None:
        super().__init__(52, 30, parent)
        self.letter = letter
        self.pin: Pin | None = None
        self.made: Rendered | None = None
        self._label, self._strange = -1, ""
        self._outline: InMemory | None = None
        self._here = False
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._ask)
        self.show_pin(None)

    def sizeHint(self) -> QSize:
        return QSize(92, 44)

    def show_pin(self, pin: Pin | None, label: int = -1, strange: str = "") -> None:
        """`strange`: in words, that it was pinned in another moment or model."""
        if pin is None or self.pin is None or pin.recipe != self.pin.recipe:
            self._outline = self.made = None
        self.pin, self._label, self._strange = pin, label, strange
        name = self.tr("Pin {0}").format(self.letter)
        if pin is None:
            words = self.tr("Click or Shift+{0}: pin the current sound here").format(self.letter)
        else:
            words = self.tr("Click to go to pin {0}; Delete clears it; drag it into your DAW").format(self.letter)
        self.setAccessibleName(name if pin is not None else self.tr("Pin {0}, empty").format(self.letter))
        self.setToolTip(f"{words}\n{strange}".strip())
        self.update()

    @property
    def holds(self) -> bool:
        return self.made is not None

    def show_sound(self, made: Rendered | None) -> None:
        self.made = made
        self._outline = InMemory(made.sound) if made is not None and made.sound.frames else None
        self.update()

    def set_here(self, here: bool) -> None:
        """Whether this is what one stands at."""
        if here != self._here:
            self._here = here
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        empty = self.pin is None
        area = self.paint_plate(painter, self._here, empty=empty, dashed=empty or bool(self._strange))
        painter.setFont(theme.font("caption", strong=self.pin is not None))
        if self.pin is None:
            painter.setPen(self.ink("dim"))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self.letter)
            return
        painter.setPen(self.ink("text"))
        painter.drawText(QRectF(6, 0, 14, self.height()), Qt.AlignmentFlag.AlignCenter, self.letter)
        if self._outline is not None:
            tint = theme.label_color(self._label) if self._label >= 0 else self.ink("accent")
            paint_outline(painter, QRectF(24, 4, self.width() - 30, self.height() - 8), self._outline, tint)

    # ---- the hand
    def activate(self) -> None:
        self.pressed.emit(self.letter)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.pin is not None:
            self.cleared.emit(self.letter)
        else:
            super().keyPressEvent(event)

    def menu(self) -> QMenu:
        made = QMenu(self)
        made.addAction(self.tr("Pin the current sound here"), partial(self.replaced.emit, self.letter))
        if self.pin is not None:
            made.addAction(theme.icon("trash"), self.tr("Clear"), partial(self.cleared.emit, self.letter))
        return made

    def _ask(self, at: QPoint) -> None:
        made = self.menu()
        made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        made.popup(self.mapToGlobal(at))
