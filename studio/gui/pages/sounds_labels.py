"""The labels of a project beside its sounds: choose one, rename it, merge it into another, leave it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.gui import theme

LABEL, COUNT, COLOR = (Qt.ItemDataRole.UserRole + i for i in range(3))
ALL = "\0"
"""Stands for every label; a label is never this."""


@dataclass(frozen=True)
class LabelFacts:
    """A label with all its sounds and those a model will hear."""

    label: str
    count: int
    included: int


class LabelPanel(QWidget):
    chosen = Signal(object)
    """The label whose sounds should be shown, "" for those without one; None for all."""

    renamed = Signal(str, str)
    """Old and new name; the new one may exist: that merges."""

    included = Signal(object, bool)
    """A label (None: all) should be heard, or left out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel(self.tr("Labels"))
        theme.mark(title, role="title")
        self.list = _List()
        self.list.setAccessibleName(self.tr("Labels"))
        row = _Row(self.list)
        row.closeEditor.connect(self._on_edited)
        self.list.setItemDelegate(row)
        self.list.currentItemChanged.connect(self._on_current)
        self.list.itemChanged.connect(self._on_changed)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.rename = self._tool("edit", self.tr("Rename this label (F2)"))
        self.merge = self._tool("merge", self.tr("Merge this label into another"))
        self.heard = self._tool("eye", self.tr("Leave this label out, or take it in again (Delete)"))
        self.rename.clicked.connect(self.list.edit_current)
        self.merge.clicked.connect(self._show_merge)
        self.heard.clicked.connect(self.toggle)
        self.list.deleted.connect(self.toggle)
        tools = QHBoxLayout()
        tools.setSpacing(theme.SMALL)
        tools.addWidget(title, 1)
        for button in (self.rename, self.merge, self.heard):
            tools.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addLayout(tools)
        column.addWidget(self.list, 1)
        self._facts: list[LabelFacts] = []
        self._facts_shown = False
        self._waiting: list[LabelFacts] | None = None
        self._enable()

    def _tool(self, icon: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(theme.icon(icon))
        button.setToolTip(tip)
        button.setAccessibleName(tip.split(" (")[0])
        theme.mark(button, role="icon")
        return button

    # ---- what is shown
    def show_labels(self, facts: Sequence[LabelFacts]) -> None:
        """Show these labels in order; the chosen one stays chosen while it exists. Emits nothing unless it went."""
        if self.list.editing:  # a name is being typed; when that is done somebody asks again, or nothing changed
            self._waiting = list(facts)
            return
        if list(facts) == self._facts and self._facts_shown:
            return
        before = self.current
        self._facts, self._facts_shown = list(facts), True
        self.list.blockSignals(True)
        self.list.clear()
        total, heard = sum(f.count for f in facts), sum(f.included for f in facts)
        self._add(ALL, self.tr("All sounds"), LabelFacts(ALL, total, heard), -1)
        for number, found in enumerate([f for f in facts if f.label]):
            self._add(found.label, found.label, found, number)
        for found in facts:
            if not found.label:
                self._add("", self.tr("No label"), found, -1)
        row = next((i for i in range(self.list.count()) if self._label(self.list.item(i)) == before), 0)
        self.list.setCurrentRow(row)
        self.list.blockSignals(False)
        self._enable()
        if self.current != before:
            self.chosen.emit(self.current)

    def _add(self, label: str, text: str, facts: LabelFacts, color: int) -> None:
        item = QListWidgetItem(text)
        item.setData(LABEL, label)
        item.setData(COUNT, facts.count)
        item.setData(COLOR, color)
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable
        item.setFlags(flags if label == ALL else flags | Qt.ItemFlag.ItemIsEditable)
        some = Qt.CheckState.PartiallyChecked if facts.included else Qt.CheckState.Unchecked
        item.setCheckState(Qt.CheckState.Checked if facts.included == facts.count and facts.count else some)
        said = self.tr("{0}, {1} sounds, {2} included").format(text, facts.count, facts.included)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, said)
        item.setToolTip(said)
        self.list.addItem(item)

    @property
    def current(self) -> str | None:
        """The chosen label; None: all."""
        item = self.list.currentItem()
        return None if item is None else self._label(item)

    def choose(self, label: str | None) -> None:
        for row in range(self.list.count()):
            if self._label(self.list.item(row)) == label:
                self.list.setCurrentRow(row)

    @staticmethod
    def _label(item: QListWidgetItem) -> str | None:
        found = item.data(LABEL)
        return None if found == ALL else str(found)

    # ---- asked for
    def toggle(self) -> None:
        """Leave the chosen label out; take it in when it is out."""
        item = self.list.currentItem()
        if item is not None:
            self.included.emit(self._label(item), item.checkState() == Qt.CheckState.Unchecked)

    def _on_current(self, item: QListWidgetItem | None) -> None:
        self._enable()
        if item is not None:
            self.chosen.emit(self._label(item))

    def _on_changed(self, item: QListWidgetItem) -> None:
        """A name was typed, or a tick was clicked. What stands here now is only asked for; the answer puts it right."""
        label, name = self._label(item), item.text().strip()
        shown = self.tr("No label") if label == "" else label
        self._facts_shown = False
        if label is None or item.text() == shown:
            self.included.emit(label, item.checkState() == Qt.CheckState.Checked)
        elif name and name != shown:
            self._rename(item, label, name)
        else:
            self.list.blockSignals(True)
            item.setText(shown or "")
            self.list.blockSignals(False)

    def _rename(self, item: QListWidgetItem, old: str, new: str) -> None:
        """The label under the hand stays the chosen one under its new name."""
        self._facts_shown = False
        self.list.blockSignals(True)
        item.setData(LABEL, new)
        self.list.blockSignals(False)
        self.renamed.emit(old, new)

    def _on_edited(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            QTimer.singleShot(0, self, lambda: self.show_labels(waiting))

    def _enable(self) -> None:
        some = self.current is not None
        self.rename.setEnabled(some)
        self.merge.setEnabled(some and sum(bool(f.label) for f in self._facts) > (0 if self.current == "" else 1))
        self.heard.setEnabled(self.list.count() > 1)

    def merge_menu(self) -> QMenu:
        """A menu of the other labels; choosing one merges the chosen label into it."""
        menu = QMenu(self)
        menu.setAccessibleName(self.tr("Merge into"))
        for facts in self._facts:
            if facts.label and facts.label != self.current:
                action = menu.addAction(facts.label)
                action.setData(facts.label)
        menu.triggered.connect(self._on_merge)
        return menu

    def _on_merge(self, action: QAction) -> None:
        item = self.list.currentItem()
        if item is not None and self.current is not None:
            self._rename(item, self.current, action.data())

    def _show_merge(self) -> None:
        menu = self.merge_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.merge.mapToGlobal(self.merge.rect().bottomLeft()))

    def _show_menu(self, at: object) -> None:
        if self.current is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.rename.accessibleName(), self.list.edit_current)
        merge = menu.addAction(self.merge.accessibleName(), self._show_merge)
        merge.setEnabled(self.merge.isEnabled())
        menu.addAction(self.heard.accessibleName(), self.toggle)
        menu.popup(self.list.viewport().mapToGlobal(at))  # type: ignore[call-overload]


class _List(QListWidget):
    deleted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed | QAbstractItemView.EditTrigger.DoubleClicked)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)

    def sizeHint(self) -> QSize:
        return QSize(170, 300)

    @property
    def editing(self) -> bool:
        return self.state() == QAbstractItemView.State.EditingState

    def edit_current(self) -> None:
        item = self.currentItem()
        if item is not None and item.flags() & Qt.ItemFlag.ItemIsEditable:
            self.editItem(item)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.deleted.emit()
            return
        super().keyPressEvent(event)


class _Row(QStyledItemDelegate):
    """Tick, dot in the label's colour, name, and the count at the right."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        if index.data(COLOR) >= 0:
            option.text = "    " + option.text  # room for the dot
        metrics = option.fontMetrics
        room = option.rect.width() - 44 - metrics.horizontalAdvance(f"{index.data(COUNT):,}") - 20
        option.text = metrics.elidedText(option.text, Qt.TextElideMode.ElideRight, max(room, 24))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().paint(painter, option, index)
        rect: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if index.data(COLOR) >= 0:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.label_color(index.data(COLOR)))
            painter.drawEllipse(QPointF(rect.left() + 38, rect.center().y() + 0.5), 4, 4)
        painter.setPen(theme.color("dim"))
        painter.setFont(theme.font("caption"))
        place = rect.adjusted(0, 0, -10, 0)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{index.data(COUNT):,}")
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width(), 30)
