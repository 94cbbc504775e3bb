"""Five stars to give a sound: by click, by the arrow keys, by the number keys. Used by Clips."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.gui import theme
from studio.gui.widgets.canvas import Canvas

MOST = 5
SIZE, STEP = 16, 20


class StarBar(Canvas):
    """Shows 0 to 5 stars and says what was given. Clicking the last lit star takes them all back."""

    given = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stars = 0
        self._hover = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Stars"))
        self.setToolTip(self.tr("Stars (keys 0 … 5)"))
        self.set_stars(0)

    def sizeHint(self) -> QSize:
        return QSize(MOST * STEP + 8, theme.CONTROL)

    @property
    def stars(self) -> int:
        return self._stars

    def set_stars(self, stars: int) -> None:
        """Show `stars`. Emits nothing."""
        self._stars = max(0, min(MOST, stars))
        self.setAccessibleDescription(self.tr("{0} of 5").format(self._stars))
        self.update()

    def _at(self, x: float) -> int:
        return int(max(0, min(MOST, (x - 4) // STEP + 1)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        shown = self._hover or self._stars
        for i in range(MOST):
            lit = i < shown
            token = ("accent" if self._hover else "warn") if lit else "dim"
            picture = theme.pixmap("star-filled" if lit else "star", token, SIZE, self.devicePixelRatioF(), 1.0 if lit else 0.6)
            painter.setOpacity(1.0 if self.isEnabled() else 0.4)
            painter.drawPixmap(QRectF(4 + i * STEP, (self.height() - SIZE) / 2, SIZE, SIZE).toRect(), picture)
        self.paint_focus(painter)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = self._at(event.position().x())
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = 0
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._give(self._at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if Qt.Key.Key_0 <= key <= Qt.Key.Key_5:
            self._give(key - Qt.Key.Key_0, again=True)
        elif key in (Qt.Key.Key_Right, Qt.Key.Key_Up):
            self._give(min(MOST, self._stars + 1), again=True)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Down):
            self._give(max(0, self._stars - 1), again=True)
        else:
            super().keyPressEvent(event)

    def _give(self, stars: int, again: bool = False) -> None:
        if not again and stars == self._stars:
            stars = 0
        if stars != self._stars:
            self._hover = 0
            self.set_stars(stars)
            self.given.emit(stars)
