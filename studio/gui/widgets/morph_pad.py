"""A pad on which pinned sounds lie, and a cursor between them: the nearer a pin, the more of it.

Used by Explore's pins. It knows letters, colours and places, (x, y) in ±1 with y upwards, and says where the hand is; what
sounds there is explore/pins.py's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.gui import theme
from studio.gui.widgets.canvas import Canvas

BALL, CURSOR, EDGE = 11.0, 8.0, 16.0
"""Radii of a pin and of the cursor, and what stays free at the sides, in points."""
CLICK = 4.0
"""Points that a press may wander and still be a click."""


@dataclass(frozen=True)
class Ball:
    """A pin on the pad. label: its colour, −1 none; strange: of another moment of the model."""

    letter: str
    x: float
    y: float
    label: int = -1
    strange: bool = False


class MorphPad(Canvas):
    """Pins and a cursor. `weights` (as many as pins) are drawn as lines from the cursor."""

    moved = Signal(float, float)
    released = Signal()
    pinMoved = Signal(str, float, float)
    pinReleased = Signal(str)
    pinPicked = Signal(str)
    """A pin was clicked: it should be heard as it is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._balls: tuple[Ball, ...] = ()
        self._weights: tuple[float, ...] = ()
        self._cursor: tuple[float, float] | None = None
        self._live = False  # what sounds is what the cursor says
        self._note = ""
        self._held: str | None = None  # letter of the pin in the hand, "" the cursor
        self._pressed = QPointF()
        self._wandered = False
        self._hot = ""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 76)
        self.setAccessibleName(self.tr("Morph pad"))
        self.setAccessibleDescription(self.tr("Drag between the pins to mix them; arrow keys move the cursor"))

    def sizeHint(self) -> QSize:
        return QSize(300, 140)

    # ---- what is shown
    def set_pins(self, balls: Sequence[Ball]) -> None:
        self._balls = tuple(balls)
        self._weights = ()
        if not balls:
            self._cursor = None
        self.update()

    def set_cursor(self, place: tuple[float, float] | None, weights: Sequence[float] = (), live: bool = True) -> None:
        """`live`: the mix at the cursor is what sounds; otherwise it only remembers its place."""
        self._cursor, self._weights, self._live = place, tuple(weights), live
        self.update()

    def say(self, note: str) -> None:
        """A quiet word about where the cursor is; "" nothing."""
        if note != self._note:
            self._note = note
            self.update()

    @property
    def cursor_place(self) -> tuple[float, float] | None:
        return self._cursor

    def point(self, x: float, y: float) -> QPointF:
        """The pixel of a place."""
        wide, high = max(self.width() - 2 * EDGE, 1.0), max(self.height() - 2 * EDGE, 1.0)
        return QPointF(EDGE + (x + 1) / 2 * wide, EDGE + (1 - y) / 2 * high)

    def place(self, at: QPointF) -> tuple[float, float]:
        """The place of a pixel, kept on the pad."""
        wide, high = max(self.width() - 2 * EDGE, 1.0), max(self.height() - 2 * EDGE, 1.0)
        x, y = (at.x() - EDGE) / wide * 2 - 1, 1 - (at.y() - EDGE) / high * 2
        return min(max(x, -1.0), 1.0), min(max(y, -1.0), 1.0)

    # ---- painting
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(self.ink("line"), 1))
        painter.setBrush(self.ink("surface"))
        painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
        if len(self._balls) < 2:
            self._paint_advice(painter)
        self._paint_lines(painter)
        for ball in self._balls:
            self._paint_ball(painter, ball)
        if self._cursor is not None and len(self._balls) > 1:
            self._paint_cursor(painter, self.point(*self._cursor))
        if self._note:
            self._paint_word(painter)
        self.paint_focus(painter)

    def _paint_advice(self, painter: QPainter) -> None:
        words = (
            self.tr("Pin sounds you like with Shift+A to Shift+H,\nthen drag here to hear what lies between them")
            if not self._balls
            else self.tr("One more pin, and you can drag between them")
        )
        painter.setFont(theme.font("caption"))
        painter.setPen(self.ink("dim"))
        inside = QRectF(self.rect()).adjusted(8, 8, -8, -8)
        if self._balls:
            inside.setLeft(self.point(self._balls[0].x, self._balls[0].y).x() + BALL + 8 if self._balls[0].x < 0 else 8)
        painter.drawText(inside, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)

    def _paint_lines(self, painter: QPainter) -> None:
        if self._cursor is None or len(self._weights) != len(self._balls) or len(self._balls) < 2:
            return
        at = self.point(*self._cursor)
        for ball, weight in zip(self._balls, self._weights):
            if weight > 0.004:
                tint = self._tint(ball, (0.25 + 0.75 * weight) * (1.0 if self._live else 0.35))
                painter.setPen(QPen(tint, 1 + 4 * weight, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
                painter.drawLine(at, self.point(ball.x, ball.y))

    def _tint(self, ball: Ball, share: float = 1.0) -> QColor:
        return theme.label_color(ball.label, share)

    def _paint_ball(self, painter: QPainter, ball: Ball) -> None:
        at = self.point(ball.x, ball.y)
        known = dict(zip((b.letter for b in self._balls), self._weights))
        weight = known.get(ball.letter, 0.0) if self._live else 0.0
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.ink("surface"))
        painter.drawEllipse(at, BALL, BALL)  # the lines end at its rim
        pen = QPen(self._tint(ball), 2 if ball.letter == self._hot else 1.5)
        if ball.strange:
            pen.setDashPattern([2, 2])
        painter.setPen(pen)
        painter.setBrush(self._tint(ball, 0.15 + 0.55 * weight))
        painter.drawEllipse(at, BALL, BALL)
        painter.setFont(theme.font("caption", strong=True))
        painter.setPen(self.ink("text"))
        painter.drawText(QRectF(at.x() - BALL, at.y() - BALL, 2 * BALL, 2 * BALL), Qt.AlignmentFlag.AlignCenter, ball.letter)
        if weight >= 0.05 and self._held == "":
            self._paint_share(painter, at, f"{weight:.0%}")

    def _paint_share(self, painter: QPainter, at: QPointF, text: str) -> None:
        font = theme.font("caption")
        wide = QFontMetricsF(font).horizontalAdvance(text)
        painter.setFont(font)
        painter.setPen(self.ink("dim"))
        below = at.y() + BALL + 14 < self.height() - 2
        painter.drawText(QPointF(at.x() - wide / 2, at.y() + BALL + 12 if below else at.y() - BALL - 4), text)

    def _paint_cursor(self, painter: QPainter, at: QPointF) -> None:
        painter.setPen(QPen(self.ink("surface"), 2))
        painter.setBrush(self.ink("accent", 1.0 if self._live else 0.35))
        painter.drawEllipse(at, CURSOR, CURSOR)

    def _paint_word(self, painter: QPainter) -> None:
        font = theme.font("caption")
        painter.setFont(font)
        painter.setPen(self.ink("dim"))
        inside = QRectF(self.rect()).adjusted(10, 5, -10, -5)
        text = QFontMetricsF(font).elidedText(self._note, Qt.TextElideMode.ElideRight, inside.width())
        painter.drawText(inside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, text)

    # ---- the hand
    def _under(self, at: QPointF) -> str:
        """The letter of the pin at a pixel, "" none."""
        gaps = {b.letter: (self.point(b.x, b.y) - at) for b in self._balls}
        near = {letter: gap.x() ** 2 + gap.y() ** 2 for letter, gap in gaps.items()}
        found = min(near, key=lambda letter: near[letter], default="")
        return found if found and near[found] <= (BALL + 2) ** 2 else ""

    def _on_cursor(self, at: QPointF) -> bool:
        if self._cursor is None or not self._live:
            return False
        gap = self.point(*self._cursor) - at
        return gap.x() ** 2 + gap.y() ** 2 <= (CURSOR + 4) ** 2

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or not self._balls:
            return
        at = event.position()
        self._pressed, self._wandered = at, False
        letter = self._under(at)
        if letter and not self._on_cursor(at):  # the cursor lies on top, so that it can be pulled from a pin
            self._held = letter
        elif len(self._balls) > 1:
            self._held = ""
            if not self._on_cursor(at):
                self._go(at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        gap = at - self._pressed
        self._wandered = self._wandered or gap.x() ** 2 + gap.y() ** 2 > CLICK**2
        if self._held == "":
            self._go(at)
        elif self._held and self._wandered:
            self.pinMoved.emit(self._held, *self.place(at))
        elif self._held is None:
            hot = self._under(at)
            if hot != self._hot:
                self._hot = hot
                self.setCursor(Qt.CursorShape.PointingHandCursor if hot else Qt.CursorShape.ArrowCursor)
                self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        held, self._held = self._held, None
        if held == "":
            self.released.emit()
        elif held and self._wandered:
            self.pinReleased.emit(held)
        elif held:
            self.pinPicked.emit(held)
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hot = ""
        self.update()

    def _go(self, at: QPointF) -> None:
        self.moved.emit(*self.place(at))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps: Mapping[int, tuple[int, int]] = {
            Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)
        }  # fmt: skip
        if event.key() in steps and len(self._balls) > 1:
            reach = 0.02 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0.1
            (x, y), (right, up) = self._cursor or (0.0, 0.0), steps[event.key()]
            self.moved.emit(min(max(x + right * reach, -1.0), 1.0), min(max(y + up * reach, -1.0), 1.0))
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        arrows = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)
        if event.key() in arrows and not event.isAutoRepeat() and len(self._balls) > 1:
            self.released.emit()
        else:
            super().keyReleaseEvent(event)
