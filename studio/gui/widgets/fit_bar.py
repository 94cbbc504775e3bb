"""Whether a training fits: a bar of what it would take, what others take and what stays free, and that in words."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from studio.gui import theme


class Shares(QWidget):
    """One bar: the training, the others, the rest free. Shares of 1."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ours = self.others = 0.0
        self.setFixedHeight(6)

    def set_shares(self, ours: float, others: float) -> None:
        self.ours, self.others = ours, others
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        area = QRectF(self.rect())
        shape = QPainterPath()
        shape.addRoundedRect(area, 3, 3)
        painter.setClipPath(shape)
        painter.fillRect(area, theme.color("line"))
        room = max(0.0, 1 - self.ours)
        painter.fillRect(QRectF(0, 0, area.width() * min(1.0, self.others), area.height()), theme.color("dim"))
        left = area.width() * min(self.others, room)
        token = "accent" if self.ours + self.others <= 1 else "warn"
        painter.fillRect(QRectF(left, 0, area.width() * min(1.0, self.ours), area.height()), theme.color(token))


class FitBar(QWidget):
    """The bar and a line of words under it; hidden until something is known."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = Shares()
        self.words = QLabel()
        self.words.setWordWrap(True)
        theme.mark(self.words, role="caption")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL)
        column.addWidget(self.bar)
        column.addWidget(self.words)
        self.setAccessibleName(self.tr("Memory of a training"))
        self.hide()

    def show_fit(self, ours: int, others: int, total: int, chosen: str, measured: bool, fits: bool) -> None:
        """Bytes; `chosen`: with what it fits, in words."""
        self.setVisible(total > 0)
        if not total:
            return
        self.bar.set_shares(ours / total, others / total)
        text = self.tr("Needs {0} of {1} GB · others {2} GB")
        if not fits:
            text = self.tr("Needs {0} GB, but of {1} GB others hold {2} GB")
        text = text.format(_gb(ours), _gb(total), _gb(others))
        self.words.setText(text)
        theme.mark(self.words, state="" if fits else "warn")
        how = self.tr("Measured with a few real steps.") if measured else self.tr("A rule of thumb, until it is measured.")
        self.setToolTip("\n".join(filter(None, (chosen, how))))
        self.setAccessibleDescription(f"{text}. {chosen}")


def _gb(amount: float) -> str:
    return f"{amount / 1e9:.1f}" if amount < 99.5e9 else f"{amount / 1e9:.0f}"
