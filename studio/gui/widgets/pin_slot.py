"""A place for one pinned sound under its letter: empty, or with the waveform in its label's colour. It saves nothing."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from studio.engine.engine import Rendered
from studio.gui import theme
from studio.gui.widgets.canvas import Canvas
from studio.gui.widgets.shape import InMemory, picture_of
from studio.project.pins import Pin


class PinSlot(Canvas):
    """A letter and, once it is set, the waveform of its sound."""

    pressed = Signal(str)
    replaced = Signal(str)
    cleared = Signal(str)

    def __init__(self, letter: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.letter = letter
        self.pin: Pin | None = None
        self._label, self._strange = -1, ""
        self._outline: InMemory | None = None
        self._hot = self._here = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(52, 30)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._ask)
        self.show_pin(None)

    def sizeHint(self) -> QSize:
        return QSize(92, 44)

    def show_pin(self, pin: Pin | None, label: int = -1, strange: str = "") -> None:
        """`strange`: in words, that it was pinned in another moment or model."""
        if pin is None or self.pin is None or pin.recipe != self.pin.recipe:
            self._outline = None
        self.pin, self._label, self._strange = pin, label, strange
        name = self.tr("Pin {0}").format(self.letter)
        if pin is None:
            words = self.tr("Click or Shift+{0}: pin the current sound here").format(self.letter)
        else:
            words = self.tr("Click to go to pin {0}; Delete clears it").format(self.letter)
        self.setAccessibleName(name if pin is not None else self.tr("Pin {0}, empty").format(self.letter))
        self.setToolTip(f"{words}\n{strange}".strip())
        self.update()

    def show_sound(self, made: Rendered | None) -> None:
        self._outline = InMemory(made.sound) if made is not None and made.sound.frames else None
        self.update()

    def set_here(self, here: bool) -> None:
        """Whether this is what one stands at."""
        if here != self._here:
            self._here = here
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        strong = self._here or (self.hasFocus() and self._walked)
        pen = QPen(self.ink("accent" if strong else "line"), 1.5 if strong else 1)
        if self.pin is None or self._strange:
            pen.setDashPattern([3, 3])
        painter.setPen(pen)
        if self.pin is None:
            painter.setBrush(self.ink("line", 0.3) if self._hot else Qt.BrushStyle.NoBrush)
        else:
            painter.setBrush(self.ink("line", 0.6) if self._hot else self.ink("raised"))
        painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
        painter.setFont(theme.font("caption", strong=self.pin is not None))
        if self.pin is None:
            painter.setPen(self.ink("dim"))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self.letter)
            return
        painter.setPen(self.ink("text"))
        painter.drawText(QRectF(6, 0, 14, self.height()), Qt.AlignmentFlag.AlignCenter, self.letter)
        if self._outline is not None:
            inside = QRectF(24, 4, self.width() - 30, self.height() - 8)
            columns = self._outline.view(0, self._outline.frames, max(1, int(inside.width())))
            peak = float(max(columns[1].max(), -columns[0].min()))
            tint = theme.label_color(self._label) if self._label >= 0 else self.ink("accent")
            picture = picture_of(columns, max(2, int(inside.height() * 2)), tint, gain=1 / peak if peak > 1e-4 else 1.0)
            painter.drawImage(inside, picture)

    # ---- the hand
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.pressed.emit(self.letter)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.pressed.emit(self.letter)
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.pin is not None:
            self.cleared.emit(self.letter)
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: object) -> None:
        self._hot = True
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hot = False
        self.update()

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
