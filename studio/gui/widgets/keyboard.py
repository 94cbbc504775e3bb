"""A piano keyboard that is played with the mouse and shows what is played on others. It knows no sound.

Two to five octaves, as many as are comfortable in its width. Drag over it for a glissando; the further down a key is struck,
the harder. Explore's "Keys" tab is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.audio.pitch import note_name
from studio.gui import theme
from studio.gui.widgets.canvas import Canvas

COMFORT = 22.0
"""Least width of a white key in points."""
ROOMY = 40.0
"""Width of a white key from which on its names are larger."""
FEWEST, MOST = 2, 5
BLACK = (0.58, 0.62)
"""A black key's share of a white one's width and length."""
SHIFT = {1: -0.12, 3: 0.12, 6: -0.16, 8: 0.0, 10: 0.16}
"""How far a black key lies off the line between its neighbours, in white keys: as on a real one."""
WHITES = (0, 2, 4, 5, 7, 9, 11)
SOFTEST, HARDEST = 24, 127
TALLEST = 6.4
"""A white key is at most this much longer than wide."""


class Keyboard(Canvas):
    """`low` is the first key, a C. `struck` and `lifted` by the hand on it; `light` shows keys played elsewhere."""

    struck = Signal(int, int)
    """Note and velocity."""

    lifted = Signal(int)
    spanChanged = Signal(int, int)
    """First key and one past the last."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._middle = 60
        self._lit: dict[int, int] = {}
        self._held: int | None = None
        self._hot: int | None = None
        self._root: float | None = None
        self._letters: dict[int, str] = {}
        self._span = (0, 0)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(round(FEWEST * 7 * COMFORT), 64)
        self.setAccessibleName(self.tr("Keyboard"))
        self._tell_span()

    def sizeHint(self) -> QSize:
        return QSize(round(4 * 7 * COMFORT), 120)

    # ---- what it shows
    @property
    def octaves(self) -> int:
        return min(max(int(self.width() / (7 * COMFORT)), FEWEST), MOST)

    @property
    def low(self) -> int:
        """The first key, a C."""
        low = self._middle - 12 * (self.octaves // 2)
        return min(max(low, 0), 120 - 12 * self.octaves)

    @property
    def high(self) -> int:
        """One past the last key, which is a C again."""
        return self.low + 12 * self.octaves + 1

    def set_middle(self, note: int) -> None:
        """The C that should be in the middle."""
        if note != self._middle:
            self._middle = note
            self._tell_span()
            self.refresh()

    def set_root(self, note: float | None) -> None:
        """Mark the key a sound lies on; None: nowhere."""
        if note != self._root:
            self._root = note
            self.update()

    def set_letters(self, letters: Mapping[int, str]) -> None:
        """What is printed on the computer key of each note."""
        if dict(letters) != self._letters:
            self._letters = dict(letters)
            self.update()

    def light(self, note: int, velocity: int) -> None:
        """Show a key as played, wherever it is played; velocity 0: no more."""
        if velocity:
            self._lit[note] = velocity
        else:
            self._lit.pop(note, None)
        self.update()

    def darken(self) -> None:
        """No key is played."""
        self._lit.clear()
        self.let_go()
        self.update()

    def let_go(self) -> None:
        """Take the mouse off its key."""
        held, self._held = self._held, None
        if held is not None:
            self.lifted.emit(held)

    # ---- where keys are
    def _wide(self) -> float:
        """Width of a white key."""
        return (self.width() - 2.0) / (7 * self.octaves + 1)

    def _tall(self) -> float:
        return min(self.height() - 2.0, TALLEST * self._wide())

    def _top(self) -> float:
        return (self.height() - self._tall()) / 2

    def rect_of(self, note: int) -> QRectF:
        """Where a key lies, in points."""
        octave, step = divmod(note - self.low, 12)
        wide, tall = self._wide(), self._tall()
        left = 1 + 7 * octave * wide
        if step in WHITES:
            return QRectF(left + WHITES.index(step) * wide, self._top(), wide, tall)
        line = left + (sum(white < step for white in WHITES) + SHIFT[step]) * wide
        return QRectF(line - BLACK[0] * wide / 2, self._top(), BLACK[0] * wide, BLACK[1] * tall)

    def note_at(self, point: QPointF) -> int | None:
        """The key under a point; black ones lie on top."""
        found = None
        for note in range(self.low, self.high):
            if self.rect_of(note).contains(point):
                if note % 12 not in WHITES:
                    return note
                found = note
        return found

    def velocity_at(self, note: int, y: float) -> int:
        """The further down, the harder."""
        key = self.rect_of(note)
        share = (y - key.top()) / max(key.height() * 0.9, 1)
        return round(SOFTEST + (HARDEST - SOFTEST) * min(max(share, 0.0), 1.0))

    # ---- the hand
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._over(event.position(), True)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._over(event.position(), bool(event.buttons() & Qt.MouseButton.LeftButton))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.let_go()
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)  # a fast second stroke

    def leaveEvent(self, event: object) -> None:
        self._hot = None
        self.update()

    def _over(self, point: QPointF, pressed: bool) -> None:
        note = self.note_at(point)
        if note != self._hot:
            self._hot = note
            self.update()
        if pressed and note != self._held:
            self.let_go()
            if note is not None:
                self._held = note
                self.struck.emit(note, self.velocity_at(note, point.y()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()  # the page knows which computer key is which note

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)
        self._tell_span()

    def _tell_span(self) -> None:
        span = (self.low, self.high)
        if span != self._span:
            self._span = span
            names = note_name(self.low), note_name(self.high - 1)
            self.setAccessibleDescription(self.tr("Keys {0} to {1}").format(*names))
            self.spanChanged.emit(*span)

    # ---- painting
    def _inks(self) -> tuple[QColor, QColor, QColor]:
        """White keys, black keys, the seam between."""
        if theme.name() == "dark":
            t = theme.tokens()
            return QColor(theme.mix(t.text, t.dim, 0.18)), QColor(t.ground).darker(133), QColor(t.ground)
        t = theme.tokens()
        return QColor(t.surface), QColor(theme.mix(t.text, t.dim, 0.12)), QColor(theme.mix(t.line, t.dim, 0.35))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        notes = range(self.low, self.high)
        for note in (n for n in notes if n % 12 in WHITES):
            self._paint_white(painter, note)
        for note in (n for n in notes if n % 12 not in WHITES):
            self._paint_black(painter, note)
        if self._root is not None and self.low <= round(self._root) < self.high:
            self._paint_root(painter, round(self._root))
        self.paint_focus(painter)

    def _tint(self, note: int, ink: QColor) -> QColor:
        """A key's colour: the accent where it is played, the stronger the harder; a breath of it under the pointer."""
        velocity = self._lit.get(note, 0)
        if not velocity and note != self._hot:
            return ink
        share = 0.55 + 0.45 * velocity / 127 if velocity else 0.14
        return QColor(theme.mix(ink.name(), theme.tokens().accent, share))

    @staticmethod
    def _shape(area: QRectF, radius: float) -> QPainterPath:
        """A key: square above, round below."""
        path = QPainterPath(area.topLeft())
        path.lineTo(area.topRight())
        path.lineTo(area.right(), area.bottom() - radius)
        path.quadTo(area.bottomRight(), QPointF(area.right() - radius, area.bottom()))
        path.lineTo(area.left() + radius, area.bottom())
        path.quadTo(area.bottomLeft(), QPointF(area.left(), area.bottom() - radius))
        path.closeSubpath()
        return path

    def _paint_white(self, painter: QPainter, note: int) -> None:
        white, _, seam = self._inks()
        area = self.rect_of(note)
        painter.setPen(QPen(seam, 1))
        painter.setBrush(self._tint(note, white))
        painter.drawPath(self._shape(area, min(4.0, area.width() / 6)))
        struck = note in self._lit
        ink = QColor(theme.tokens().on_accent if struck and theme.name() == "dark" else theme.LIGHT.dim)
        if struck and theme.name() == "light":
            ink = QColor(theme.LIGHT.on_accent)
        foot = QRectF(area.left(), area.bottom() - 22, area.width(), 16)
        if note % 12 == 0:
            self._write(painter, foot, note_name(note), ink, strong=True)
            foot.translate(0, -15)
        if note in self._letters and area.height() > 84:
            if note % 12:
                foot.moveTop(area.bottom() - 22)
            ink.setAlphaF(0.75)
            self._write(painter, foot, self._letters[note], ink)

    def _paint_black(self, painter: QPainter, note: int) -> None:
        white, black, seam = self._inks()
        area = self.rect_of(note)
        body = self._tint(note, black)
        painter.setPen(QPen(seam if theme.name() == "dark" else black, 1))
        painter.setBrush(body)
        painter.drawPath(self._shape(area, min(3.0, area.width() / 5)))
        if note not in self._lit:  # the light that falls on its top
            painter.setPen(Qt.PenStyle.NoPen)
            shine = QColor(white)
            shine.setAlphaF(0.09)
            painter.setBrush(shine)
            painter.drawRoundedRect(area.adjusted(2, 0, -2, -area.height() * 0.12), 2, 2)
        if note in self._letters and area.height() > 50:
            ink = QColor(white)
            ink.setAlphaF(0.65)
            self._write(painter, QRectF(area.left() - 4, area.bottom() - 21, area.width() + 8, 14), self._letters[note], ink)

    def _paint_root(self, painter: QPainter, note: int) -> None:
        """A bar at the foot of the key where the sound lies as it is."""
        area = self.rect_of(note)
        lit = note in self._lit
        on_white = note % 12 in WHITES
        ink = theme.LIGHT.accent if on_white else theme.DARK.accent
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.tokens().on_accent if lit else ink))
        painter.drawRoundedRect(QRectF(area.left() + 3, area.bottom() - 5, area.width() - 6, 3), 1.5, 1.5)

    def _write(self, painter: QPainter, area: QRectF, text: str, ink: QColor, strong: bool = False) -> None:
        font = theme.font("body" if self._wide() >= ROOMY else "caption", strong=strong)
        if QFontMetricsF(font).horizontalAdvance(text) > area.width() - 1:
            font.setPixelSize(max(8, font.pixelSize() - 2))
        painter.setFont(font)
        painter.setPen(ink)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
