"""The chips of the top bar: the training that runs, in words; the device it runs on; and what is missing."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from studio.engine.device import DeviceFacts
from studio.engine.training import RunView
from studio.gui import theme


class Chip(QFrame):
    """A rounded thing with a few words that can be clicked, or pressed with Return."""

    clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("chip")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(theme.CONTROL)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(10, 0, 12, 0)
        self.row.setSpacing(theme.HALF)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


class Dot(QWidget):
    """A small disc in the colour of a state."""

    def __init__(self, token: str = "dim", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._token = token
        self.setFixedSize(8, 8)

    def set_token(self, token: str) -> None:
        self._token = token
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(self._token))
        painter.drawEllipse(self.rect())


class Elided(QLabel):
    """Words that give way when there is no room, and say themselves in the tooltip then."""

    def __init__(self, text: str = "", widest: int = 320, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text, self._widest = "", widest
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(24)
        self.set_words(text)

    def set_words(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.setAccessibleName(text)
            self.updateGeometry()
            self._fit()

    @property
    def words(self) -> str:
        return self._text

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(min(self._widest, metrics.horizontalAdvance(self._text) + 2), metrics.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(24, QFontMetrics(self.font()).height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        shown = QFontMetrics(self.font()).elidedText(self._text, Qt.TextElideMode.ElideRight, max(self.width(), 24))
        self.setText(shown)
        self.setToolTip(self._text if shown != self._text else "")


class TrainingChip(Chip):
    """▣ Drums-1 · 12 min · improving ⏸ ■. Hidden while nothing is trained or waiting."""

    paused = Signal(str)
    resumed = Signal(str)
    stopped = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view: RunView | None = None
        self._dot = Dot()
        self._words = Elided(widest=360)
        self._pause = self._button("pause", self.tr("Pause training and free its memory"), self._ask_pause)
        self._stop = self._button("stop", self.tr("Stop at the next safe point"), self._ask_stop)
        self.row.setContentsMargins(10, 0, 2, 0)
        self.row.addWidget(self._dot)
        self.row.addWidget(self._words, 1)
        self.row.addWidget(self._pause)
        self.row.addWidget(self._stop)
        self.row.setSpacing(4)
        self.row.insertSpacing(1, 4)
        self.setAccessibleName(self.tr("Training"))
        self.setToolTip(self.tr("Show this training"))
        self.hide()

    def _button(self, icon: str, tip: str, slot: Callable[[], None]) -> QToolButton:
        button = QToolButton()
        button.setProperty("role", "icon")
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(16, 16))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(slot)
        return button

    @property
    def words(self) -> str:
        return self._words.words

    def show_runs(self, views: tuple[RunView, ...]) -> None:
        """The run at work, else the newest one that is paused or next in the queue, else nothing."""
        self._view = view = next((v for v in views if v.alive), None) or next(
            (v for v in views if (v.state == "paused" and not v.trial_of) or v.place == 0), None
        )
        self.setVisible(view is not None)
        if view is None:
            return
        self._dot.set_token(_token(view))
        told = (view.title, self._minutes(view), self._state(view))
        if view.trial_of:  # its search decides what becomes of it
            told = (self.tr("Searching for better settings"), "", view.title)
        self._words.set_words(" · ".join(filter(None, told)))
        going = view.alive and not view.trial_of
        self._pause.setIcon(theme.icon("pause" if going else "play"))
        tip = self.tr("Pause training and free its memory") if going else self.tr("Go on training")
        self._pause.setToolTip(tip)
        self._pause.setAccessibleName(tip)
        self._pause.setVisible(going or (view.state == "paused" and not view.trial_of))
        self._stop.setVisible(going or view.place is not None)

    def _minutes(self, view: RunView) -> str:
        minutes = view.status.minutes
        if minutes <= 0:
            return ""
        if minutes < 1:
            return self.tr("{n} s").format(n=f"{minutes * 60:.0f}")
        return self.tr("{n} min").format(n=f"{minutes:.0f}")

    def _state(self, view: RunView) -> str:
        state = view.state
        if state == "training" and view.status.verdict not in ("", "starting"):
            return view.status.verdict
        words = {
            "queued": self.tr("starting") if view.alive else self.tr("waiting"),
            "preparing": self.tr("preparing"),
            "training": self.tr("training"),
            "paused": self.tr("paused"),
            "stopped": self.tr("stopped"),
            "finished": self.tr("finished"),
            "failed": self.tr("failed"),
            "interrupted": self.tr("interrupted"),
        }
        return words.get(state, state)

    def _ask_pause(self) -> None:
        if self._view is not None:
            (self.paused if self._view.alive else self.resumed).emit(self._view.name)

    def _ask_stop(self) -> None:
        if self._view is not None:
            self.stopped.emit(self._view.name)


def _token(view: RunView) -> str:
    if view.state in ("failed", "interrupted"):
        return "bad"
    if view.state in ("paused", "queued", "preparing"):
        return "warn"
    verdict = view.status.verdict
    if verdict in ("collapsing", "unstable", "silent"):
        return "bad"
    return "warn" if verdict in ("overfitting", "copying", "flat") else "good"


class MemoryBar(QWidget):
    """Ours, others', free."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ours = self._others = 0.0
        self.setFixedSize(48, 6)

    def set_shares(self, ours: float, others: float) -> None:
        self._ours, self._others = ours, others
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        area = QRectF(self.rect())
        painter.setBrush(theme.color("line"))
        painter.drawRoundedRect(area, 3, 3)
        for share, token in ((self._ours + self._others, "dim"), (self._ours, "accent")):
            if share > 0:
                painter.setBrush(theme.color(token))
                painter.drawRoundedRect(QRectF(0, 0, max(4.0, area.width() * min(1.0, share)), area.height()), 3, 3)


class DeviceChip(Chip):
    """◉ RTX 4070 3.1/12 GB, or CPU · 8 threads. Says that it is starting until the engine is ready."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark = QLabel()
        self._words = Elided(self.tr("Starting…"), widest=240)
        self._bar = MemoryBar()
        self._bar.hide()
        for widget in (self._mark, self._words, self._bar):
            self.row.addWidget(widget)
        self.setAccessibleName(self.tr("Device"))
        self._dress("")
        theme.changes().changed.connect(self._dress)

    @property
    def words(self) -> str:
        return self._words.words

    def _dress(self, _: str) -> None:
        self._mark.setPixmap(theme.pixmap("chip", "dim", 16))

    def show_device(self, facts: DeviceFacts) -> None:
        if facts.kind == "cpu":
            self._words.set_words(self.tr("CPU · {n} threads").format(n=facts.threads))
        else:
            used = self.tr("{used}/{total} GB").format(used=_gb(facts.ours + facts.others), total=_gb(facts.total))
            self._words.set_words(f"{facts.name} · {used}")
        self._bar.setVisible(facts.kind == "cuda")
        if facts.total:
            self._bar.set_shares(facts.ours / facts.total, facts.others / facts.total)
        lines = [
            self.tr("{name}: {total} GB of memory").format(name=facts.name, total=_gb(facts.total)),
            self.tr("{gb} GB used by Wavewright").format(gb=_gb(facts.ours)),
            self.tr("{gb} GB used by others").format(gb=_gb(facts.others)),
            self.tr("{gb} GB free").format(gb=_gb(facts.free)),
            facts.problem,
        ]
        self.setToolTip("\n".join(filter(None, lines)))
        self.setAccessibleDescription(self.toolTip())


def _gb(amount: int) -> str:
    return f"{amount / 1e9:.1f}" if amount < 99.5e9 else f"{amount / 1e9:.0f}"


class SilenceChip(Chip):
    """Shown while there is no sound output; click → Settings."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark = QLabel()
        label = QLabel(self.tr("No sound output"))
        self.row.addWidget(self._mark)
        self.row.addWidget(label)
        self.setAccessibleName(self.tr("No sound output"))
        self.setToolTip(self.tr("Everything else works. Plug in a device and rescan in Settings."))
        self._dress("")
        theme.changes().changed.connect(self._dress)
        self.hide()

    def _dress(self, _: str) -> None:
        self._mark.setPixmap(theme.pixmap("mute", "warn", 16))
