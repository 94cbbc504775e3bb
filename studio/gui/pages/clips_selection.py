"""What is selected of the open clip, as exact numbers, and what the hand's edges snap to. Stands below the waveform."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from studio.gui import theme

Span = tuple[float, float]


class _Moment(QDoubleSpinBox):
    """A time in seconds or in samples; the wheel belongs to the page."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, bare=True)
        self.setKeyboardTracking(False)
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setMinimumWidth(62)
        self.setMaximumWidth(104)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class SelectionBar(QWidget):
    """Start, end and length; seconds or samples; snapping; hearing and looping what is selected."""

    edited = Signal(object)
    """(start, end) in seconds, as written."""

    playWanted = Signal()
    loopWanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rate, self._frames = 44_100, 0
        self._span: tuple[int, int] | None = None  # frames
        self._samples = False
        self._snap = "off"
        self.start = _Moment(self.tr("Start of the selection"))
        self.end = _Moment(self.tr("End of the selection"))
        self.length = _Moment(self.tr("Length of the selection"))
        self.unit = QToolButton()
        self.unit.setFixedWidth(40)
        self.unit.setAccessibleName(self.tr("Seconds or samples"))
        self.unit.setToolTip(self.tr("Seconds or samples"))
        theme.mark(self.unit, role="quiet", tight=True)
        self.unit.clicked.connect(self._switch_unit)
        self.play = self._button("play", self.tr("Hear the selection (P)"), self.playWanted)
        self.loop = self._button("loop", self.tr("Hear the selection round and round (Shift+P)"), self.loopWanted)
        self.snap = self._snapping()
        for box, slot in ((self.start, self._start), (self.end, self._end), (self.length, self._length)):
            box.valueChanged.connect(slot)
        self._lay_out()
        self.set_snap("off")
        self.show_span(None, 0, 44_100)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        row.addWidget(self.start, 3)
        for mark, box in (("–", self.end), ("=", self.length)):
            label = QLabel(mark)
            theme.mark(label, role="dim")
            row.addWidget(label)
            row.addWidget(box, 3)
        row.addWidget(self.unit)
        row.addWidget(self.play)
        row.addWidget(self.loop)
        row.addStretch(1)
        row.addWidget(self.snap)

    def _button(self, icon: str, tip: str, signal: object) -> QToolButton:
        button = QToolButton()
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(16, 16))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.mark(button, role="icon")
        button.clicked.connect(signal)
        return button

    def _snapping(self) -> QToolButton:
        self._choices = {
            "off": self.tr("Off"),
            "zero": self.tr("Zero crossings"),
            "onset": self.tr("Onsets"),
            "beat": self.tr("Beats"),
        }
        button = QToolButton()
        button.setIcon(theme.icon("magnet", "dim", "accent"))
        button.setIconSize(QSize(16, 16))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.mark(button, role="icon", bare=True)
        menu = QMenu(button)
        self._actions = {}
        for key, text in self._choices.items():
            action = menu.addAction(text, partial(self.set_snap, key))
            action.setCheckable(True)
            self._actions[key] = action
        button.setMenu(menu)
        return button

    # ---- what is shown
    @property
    def snapping(self) -> str:
        """off, zero, onset or beat."""
        return self._snap

    def set_snap(self, key: str) -> None:
        """Snap the hand's edges to this from now on."""
        self._snap = key
        for name, action in self._actions.items():
            action.setChecked(name == key)
        self.snap.setChecked(key != "off")
        self.snap.setToolTip(self.tr("Edges snap to: {0} (G)").format(self._choices[key].lower()))
        self.snap.setAccessibleName(self.snap.toolTip())

    def next_snap(self) -> None:
        """The next way of snapping."""
        keys = list(self._choices)
        self.set_snap(keys[(keys.index(self._snap) + 1) % len(keys)])

    def show_span(self, span: Span | None, frames: int, rate: int) -> None:
        """Show a selection of a sound of `frames`. Emits nothing."""
        self._rate, self._frames = rate, frames
        self._span = None if span is None else (round(span[0] * rate), round(span[1] * rate))
        for widget in (self.start, self.end, self.length):
            widget.setEnabled(frames > 0)
        self.play.setEnabled(span is not None)
        self.loop.setEnabled(span is not None)
        self._show()

    def _show(self) -> None:
        start, end = self._span or (0, 0)
        scale = 1 if self._samples else self._rate
        for box, frames in ((self.start, start), (self.end, end), (self.length, end - start)):
            with QSignalBlocker(box):
                box.setDecimals(0 if self._samples else 4)
                box.setRange(0, self._frames / scale)
                box.setValue(frames / scale)
        self.unit.setText(self.tr("smp") if self._samples else self.tr("s"))

    # ---- what is asked
    def _switch_unit(self) -> None:
        self._samples = not self._samples
        self._show()

    def _frame(self, box: QDoubleSpinBox) -> int:
        return round(box.value() * (1 if self._samples else self._rate))

    def _start(self) -> None:
        start = self._frame(self.start)
        self._edit(start, max(start, self._span[1] if self._span else start))

    def _end(self) -> None:
        end = self._frame(self.end)
        self._edit(min(end, self._span[0] if self._span else 0), end)

    def _length(self) -> None:
        start = self._span[0] if self._span else 0
        self._edit(start, start + self._frame(self.length))

    def _edit(self, start: int, end: int) -> None:
        end = min(end, self._frames)
        self._span = (min(start, end), end)
        self._show()
        self.edited.emit((self._span[0] / self._rate, end / self._rate))
