"""The sounds of a project as a Qt table: ids of all, rows of what is on the screen. 100,000 sounds cost one array.

pages/sounds.py owns one. The order and the filter are asked for elsewhere (`Wanted` → `query`, off the window's thread) and
arrive here as ids; rows are then fetched by blocks as the view asks for them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QLineF,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from studio.errors import StudioError
from studio.gui import theme
from studio.library.index import Index, SoundRow
from studio.project.folder import ProjectFolder

BLOCK, BLOCKS = 64, 48
"""Rows of one fetch, and how many fetches are remembered."""

ROW = 34
COLUMNS = (
    "include",
    "thumbnail",
    "name",
    "label",
    "seconds",
    "problems",
    "loudness",
    "brightness",
    "pitch",
    "rate",
    "channels",
)
"""Columns by the names of their facts."""

_NUMBERS = frozenset({"seconds", "loudness", "brightness", "pitch", "rate", "channels"})
_AnyIndex = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Wanted:
    """What the table shall show, and in which order. only: no sounds but these."""

    filter: str = ""
    label: str | None = None
    order: str = "name"
    descending: bool = False
    only: frozenset[int] | None = None


def query(project: ProjectFolder, wanted: Wanted) -> NDArray[np.int64]:
    """The ids to show, in order. Safe in any thread. Raises what Index raises."""
    with Index(project) as index:
        ids = index.ids(wanted.filter, wanted.label, wanted.order, wanted.descending)
    return ids if wanted.only is None else ids[np.isin(ids, np.fromiter(wanted.only, np.int64))]


class SoundTable(QAbstractTableModel):
    """Rows of the index by their ids. It changes nothing itself: a tick asked for is told by `ticked`."""

    ticked = Signal(int, bool)
    """Somebody wants the sound of this id in or out."""

    ordered = Signal(str, bool)
    """Somebody wants another order: an order of the index, and whether it goes down."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._fetch: Callable[[Iterable[int]], list[SoundRow]] | None = None
        self._ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self._blocks: OrderedDict[int, dict[int, SoundRow]] = OrderedDict()
        self._labels: dict[str, int] = {}
        self.fetches = 0
        """How often rows were asked of the index; what smooth scrolling costs."""

        self._titles = {
            "include": "",
            "thumbnail": self.tr("Sound"),
            "name": self.tr("Name"),
            "label": self.tr("Label"),
            "seconds": self.tr("Length"),
            "problems": self.tr("Problems"),
            "loudness": self.tr("Loudness"),
            "brightness": self.tr("Brightness"),
            "pitch": self.tr("Pitch"),
            "rate": self.tr("Rate"),
            "channels": self.tr("Channels"),
        }
        self.problems = {
            "vanished": self.tr("vanished"),
            "nan": self.tr("broken samples"),
            "silent": self.tr("silent"),
            "duplicate": self.tr("duplicate"),
            "head": self.tr("starts with silence"),
            "clipped": self.tr("clipped"),
            "dc": self.tr("DC offset"),
            "truncated": self.tr("ends early"),
            "short": self.tr("very short"),
            "quiet": self.tr("very quiet"),
            "long": self.tr("long"),
        }

    # ---- what is shown
    def show_ids(self, ids: NDArray[np.int64], fetch: Callable[[Iterable[int]], list[SoundRow]] | None) -> None:
        """Show these sounds in this order; `fetch` gives their rows in the window's thread."""
        self.beginResetModel()
        self._ids, self._fetch = ids, fetch
        self._blocks.clear()
        self.endResetModel()

    def set_labels(self, labels: Sequence[str]) -> None:
        """The project's labels in the order that gives them their colours."""
        self._labels = {label: number for number, label in enumerate(labels)}

    def forget_rows(self) -> None:
        """The sounds are the same, what is known of them changed."""
        self._blocks.clear()
        if len(self._ids):
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._ids) - 1, len(COLUMNS) - 1))

    @property
    def ids(self) -> NDArray[np.int64]:
        return self._ids

    def id_at(self, row: int) -> int:
        return int(self._ids[row])

    def row_of(self, id: int) -> int:
        """Where a sound stands; −1 where it is not shown."""
        found = np.flatnonzero(self._ids == id)
        return int(found[0]) if len(found) else -1

    def sound(self, row: int) -> SoundRow | None:
        """The facts of a row; None where it went in between."""
        if not 0 <= row < len(self._ids) or self._fetch is None:
            return None
        number = row // BLOCK
        block = self._blocks.get(number)
        if block is None:
            wanted = self._ids[number * BLOCK : (number + 1) * BLOCK]
            self.fetches += 1
            try:
                block = {found.id: found for found in self._fetch(wanted.tolist())}
            except StudioError:
                block = {}  # the page has told it already
            self._blocks[number] = block
            if len(self._blocks) > BLOCKS:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(number)
        return block.get(int(self._ids[row]))

    def label_color(self, label: str) -> int:
        return self._labels.get(label, -1)

    # ---- Qt asks
    def rowCount(self, parent: _AnyIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: _AnyIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[COLUMNS[section]]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            right = COLUMNS[section] in _NUMBERS
            return (Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft) | Qt.AlignmentFlag.AlignVCenter
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole) and COLUMNS[section] == "include":
            return self.tr("Whether a model will hear it")
        return None

    def data(self, index: _AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        sound = self.sound(index.row()) if index.isValid() else None
        if sound is None:
            return None
        column = COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(sound, column)
        if role == Qt.ItemDataRole.CheckStateRole and column == "include":
            return Qt.CheckState.Checked if sound.include else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.TextAlignmentRole and column in _NUMBERS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole:
            return theme.color("dim") if not sound.include else theme.color("warn") if column == "problems" else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.text(sound, "problems") if column == "problems" else sound.path
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.spoken(sound) if column == "name" else self.text(sound, column)
        if role == Qt.ItemDataRole.UserRole:
            return sound
        return None

    def text(self, sound: SoundRow, column: str) -> str:
        """A fact as it is written in its column, with its unit."""
        if column == "name":
            return sound.name
        if column == "label":
            return sound.label
        if column == "seconds":
            return self.tr("{0} s").format(f"{sound.seconds:.2f}") if sound.seconds < 60 else _clock(sound.seconds)
        if column == "problems":
            return ", ".join(self.problems.get(key, key) for key in sound.problems)
        if column == "loudness":
            return self.tr("{0} LUFS").format(_minus(f"{sound.loudness:.1f}")) if sound.loudness is not None else ""
        if column == "brightness":
            return _hertz(sound.brightness) if sound.brightness else ""
        if column == "pitch":
            return _note(sound.pitch) if sound.pitch else ""
        if column == "rate":
            return self.tr("{0} kHz").format(f"{sound.rate / 1000:g}")
        if column == "channels":
            return {1: self.tr("mono"), 2: self.tr("stereo")}.get(sound.channels, str(sound.channels))
        return ""

    def spoken(self, sound: SoundRow) -> str:
        """A row in words, for who can't see it."""
        state = self.tr("included") if sound.include else self.tr("left out")
        parts = [sound.name, sound.label, self.text(sound, "seconds"), state, self.text(sound, "problems")]
        return ", ".join(part for part in parts if part)

    def flags(self, index: _AnyIndex) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        found = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled
        return found | Qt.ItemFlag.ItemIsUserCheckable if COLUMNS[index.column()] == "include" else found

    def setData(self, index: _AnyIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or not index.isValid():
            return False
        self.ticked.emit(self.id_at(index.row()), Qt.CheckState(value) == Qt.CheckState.Checked)
        return True

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        name = "name" if COLUMNS[column] == "thumbnail" else COLUMNS[column]
        self.ordered.emit(name, order == Qt.SortOrder.DescendingOrder)


class ThumbnailDelegate(QStyledItemDelegate):
    """Paints the small waveform. The columns that are only words are left to Qt, which is quicker than we are."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        super().paint(painter, option, index)
        sound = _sound(index)
        if sound is not None:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            _paint_thumbnail(painter, QRectF(option.rect).adjusted(8, 4, -8, -4), sound)
            painter.restore()


class LabelDelegate(QStyledItemDelegate):
    """Paints a dot in the label's colour before its name."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        super().paint(painter, option, index)
        sound, model = _sound(index), index.model()
        if sound is None or not sound.label or not isinstance(model, SoundTable):
            return
        area = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.label_color(model.label_color(sound.label), 1.0 if sound.include else 0.4))
        painter.drawEllipse(QPointF(area.left() + 12, area.center().y()), 4, 4)
        painter.restore()

    def initStyleOption(self, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        super().initStyleOption(option, index)
        if option.text:
            option.text = "     " + option.text  # room for the dot


def _sound(index: _AnyIndex) -> SoundRow | None:
    model = index.model()
    return model.sound(index.row()) if isinstance(model, SoundTable) else None


def _paint_thumbnail(painter: QPainter, area: QRectF, sound: SoundRow) -> None:
    """One vertical line per column between its low and high byte; 128 is zero."""
    if len(sound.thumbnail) % 2 or not sound.thumbnail:
        return
    low, high = np.frombuffer(sound.thumbnail, np.uint8).reshape(2, -1)
    x = area.left() + (np.arange(len(low)) + 0.5) * (area.width() / len(low))
    scale = area.height() / 255
    top, bottom = area.bottom() - high * scale, area.bottom() - low * scale
    painter.setPen(QPen(theme.color("accent" if sound.include else "dim", 0.9 if sound.include else 0.5), 1))
    painter.drawLines([QLineF(a, min(t, b - 1), a, b) for a, t, b in zip(x.tolist(), top.tolist(), bottom.tolist())])


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _hertz(value: float) -> str:
    return f"{value:.0f} Hz" if value < 1000 else f"{value / 1000:.1f} kHz"


def _note(hertz: float) -> str:
    from studio.audio.analysis import hz_to_midi, note_name

    return note_name(hz_to_midi(hertz))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
