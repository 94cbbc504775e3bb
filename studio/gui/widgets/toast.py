"""Facts as toasts: a line that appears above the transport, stays long enough to read, and goes. At most three at a time."""

from __future__ import annotations

from PySide6.QtCore import QEasingCurve, QEvent, QObject, QPropertyAnimation, Qt, QTimer
from PySide6.QtWidgets import QFrame, QGraphicsOpacityEffect, QHBoxLayout, QLabel, QWidget

from studio.gui import theme

READ = 2600
MOST = 3


class Toast(QFrame):
    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.HALF + 4, theme.HALF, theme.SPACE, theme.HALF)
        row.setSpacing(theme.HALF)
        mark = QLabel()
        mark.setPixmap(theme.pixmap("check", "good", 16))
        label = QLabel(text)
        label.setMaximumWidth(520)
        row.addWidget(mark)
        row.addWidget(label)
        self.text = text
        self._effect = QGraphicsOpacityEffect(self)
        self.setGraphicsEffect(self._effect)
        self._fade = QPropertyAnimation(self._effect, b"opacity", self)
        self._fade.setDuration(theme.MOTION)
        self._fade.setEasingCurve(QEasingCurve.Type.OutCubic)
        self.adjustSize()

    def appear(self) -> None:
        self._fade.setStartValue(0.0)
        self._fade.setEndValue(1.0)
        self.show()
        self.raise_()
        self._fade.start()

    def leave(self) -> None:
        self._fade.stop()
        self._fade.setStartValue(1.0)
        self._fade.setEndValue(0.0)
        self._fade.finished.connect(self.deleteLater)
        self._fade.start()


class Toasts(QObject):
    """Lays toasts out at the bottom of `area`, the newest lowest."""

    def __init__(self, area: QWidget, above: int) -> None:
        super().__init__(area)
        self._area, self._above = area, above
        self._shown: list[Toast] = []
        self._timer = QTimer(self)
        self._timer.setInterval(READ)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._drop_oldest)
        area.installEventFilter(self)

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(toast.text for toast in self._shown)

    def tell(self, text: str) -> None:
        if self._shown and self._shown[-1].text == text:
            self._timer.start()
            return
        toast = Toast(text, self._area)
        self._shown.append(toast)
        while len(self._shown) > MOST:
            self._shown.pop(0).deleteLater()
        self._place()
        toast.appear()
        self._timer.start()

    def _drop_oldest(self) -> None:
        if self._shown:
            self._shown.pop(0).leave()
            self._place()
        if self._shown:
            self._timer.start()

    def _place(self) -> None:
        bottom = self._area.height() - self._above - theme.SPACE
        for toast in reversed(self._shown):
            bottom -= toast.height()
            toast.move((self._area.width() + theme.RAIL - toast.width()) // 2, bottom)
            bottom -= theme.HALF

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False
