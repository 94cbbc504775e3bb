"""The left side of Clips: kept sounds to walk through, filter, choose, rename, drag out and throw away.

It shows what the page gives it and says what the hand wants.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.gui import theme
from studio.gui.tables.clips import CLIP, ClipDelegate, ClipFilter, ClipModel
from studio.project.state import ClipFile


class ClipView(QListView):
    """The list itself. Walking plays; Delete, F2 and the number keys act on what is selected."""

    walked = Signal()
    """The hand chose another current clip, or the same once more."""

    deleteWanted = Signal()
    starsWanted = Signal(int)
    dragWanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setItemDelegate(ClipDelegate(self))
        self.setAccessibleName(self.tr("Kept clips"))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.model().rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setPen(theme.color("dim"))
            words = self.tr("No clip is like that")
            painter.drawText(self.viewport().rect().adjusted(12, 24, -12, 0), Qt.AlignmentFlag.AlignHCenter, words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, plain = event.key(), event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and plain:
            self.deleteWanted.emit()
        elif Qt.Key.Key_0 <= key <= Qt.Key.Key_5 and plain:
            self.starsWanted.emit(key - Qt.Key.Key_0)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.state() != QAbstractItemView.State.EditingState:
            self.walked.emit()
        else:
            before = self.currentIndex()
            super().keyPressEvent(event)
            if self.currentIndex() != before:
                self.walked.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self.indexAt(event.position().toPoint()).isValid():
            self.walked.emit()

    def startDrag(self, actions: Qt.DropAction) -> None:
        self.dragWanted.emit()


class ClipList(QWidget):
    """The list with its filter and the few buttons that act on what is chosen."""

    chosen = Signal()
    """Another set of clips is selected."""

    walked = Signal()
    deleteWanted = Signal()
    starsWanted = Signal(int)
    dragWanted = Signal()
    recipeWanted = Signal()
    revealWanted = Signal()
    copyWanted = Signal()

    def __init__(self, model: ClipModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, role="panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._model = model
        self._filter = ClipFilter(self)
        self._filter.setSourceModel(model)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Name, tag or model"))
        self.search.setAccessibleName(self.tr("Filter clips"))
        self._clear = self.search.addAction(theme.icon("close", "dim"), QLineEdit.ActionPosition.TrailingPosition)
        self._clear.setToolTip(self.tr("Show all clips"))
        self._clear.setVisible(False)
        self._clear.triggered.connect(self.search.clear)
        self.search.addAction(theme.icon("search", "dim"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._search)
        self.starred = QToolButton()
        self.starred.setIcon(theme.icon("star", "dim", "warn"))
        self.starred.setIconSize(QSize(16, 16))
        self.starred.setCheckable(True)
        self.starred.setToolTip(self.tr("Only clips with stars"))
        self.starred.setAccessibleName(self.starred.toolTip())
        theme.mark(self.starred, role="icon")
        self.starred.toggled.connect(self._only_starred)
        self.count = QLabel()
        theme.mark(self.count, role="caption")
        self.trash = QToolButton()
        self.trash.setIcon(theme.icon("trash", "dim"))
        self.trash.setIconSize(QSize(16, 16))
        self.trash.setToolTip(self.tr("Delete the chosen clips (Delete); undo brings them back"))
        self.trash.setAccessibleName(self.tr("Delete the chosen clips"))
        theme.mark(self.trash, role="icon")
        self.trash.clicked.connect(self.deleteWanted)
        self.view = ClipView()
        self.view.setModel(self._filter)
        self.view.selectionModel().selectionChanged.connect(self._show_count)
        self.view.selectionModel().selectionChanged.connect(self.chosen)
        self.view.walked.connect(self.walked)
        self.view.deleteWanted.connect(self.deleteWanted)
        self.view.starsWanted.connect(self.starsWanted)
        self.view.dragWanted.connect(self.dragWanted)
        self.view.customContextMenuRequested.connect(self._menu)
        self._filter.rowsInserted.connect(self._show_count)
        self._filter.rowsRemoved.connect(self._show_count)
        self._filter.modelReset.connect(self._show_count)
        head = QHBoxLayout()
        head.setSpacing(theme.SMALL)
        head.addWidget(self.search, 1)
        head.addWidget(self.starred)
        foot = QHBoxLayout()
        foot.addWidget(self.count, 1)
        foot.addWidget(self.trash)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 12, 8, 8)
        column.setSpacing(theme.HALF)
        column.addLayout(head)
        column.addWidget(self.view, 1)
        column.addLayout(foot)
        self._show_count()

    # ---- what is chosen
    @property
    def clips(self) -> tuple[ClipFile, ...]:
        """All clips of the project, whether they are shown or not."""
        return self._model.clips

    @property
    def selection(self) -> tuple[ClipFile, ...]:
        """Selected clips from top to bottom."""
        rows = sorted(self.view.selectionModel().selectedIndexes(), key=QModelIndex.row)
        return tuple(clip for clip in (index.data(CLIP) for index in rows) if clip is not None)

    @property
    def current(self) -> ClipFile | None:
        """The clip the editor shows: the current one where it is selected, else the first selected."""
        clip = self.view.currentIndex().data(CLIP)
        chosen = self.selection
        return clip if clip in chosen else chosen[0] if chosen else None

    def select(self, ids: Sequence[str], current: str = "") -> None:
        """Select these clips, the first of which (or `current`) becomes current. Nothing is played."""
        model = self.view.selectionModel()
        wanted = set(ids)
        rows = [self._filter.index(row, 0) for row in range(self._filter.rowCount())]
        found = [index for index in rows if index.data(CLIP).id in wanted]
        blocked = model.blockSignals(True)
        model.clear()
        for index in found:
            model.select(index, QItemSelectionModel.SelectionFlag.Select)
        model.blockSignals(blocked)
        first = next((i for i in found if i.data(CLIP).id == current), found[0] if found else QModelIndex())
        model.setCurrentIndex(first, QItemSelectionModel.SelectionFlag.NoUpdate)
        if first.isValid():
            self.view.scrollTo(first)
        self.view.viewport().update()
        self._show_count()
        self.chosen.emit()

    def at(self, row: int) -> ClipFile | None:
        """The clip in a visible row."""
        return self._filter.index(row, 0).data(CLIP) if 0 <= row < self._filter.rowCount() else None

    def row_of(self, id: str) -> int:
        """The visible row of a clip, −1 where it is filtered out."""
        rows = range(self._filter.rowCount())
        return next((row for row in rows if self._filter.index(row, 0).data(CLIP).id == id), -1)

    def _search(self, text: str) -> None:
        self._clear.setVisible(bool(text))
        self._filter.set_text(text)

    def _only_starred(self, on: bool) -> None:
        self._filter.set_stars(1 if on else 0)
        self.starred.setIcon(theme.icon("star-filled" if on else "star", "dim", "warn"))

    def _show_count(self, *_: object) -> None:
        shown, everything, chosen = self._filter.rowCount(), self._model.rowCount(), len(self.selection)
        words = self.tr("{0} clips").format(everything) if everything != 1 else self.tr("1 clip")
        if shown != everything:
            words = self.tr("{0} of {1} clips").format(shown, everything)
        if chosen > 1:
            words = self.tr("{0}, {1} chosen").format(words, chosen)
        self.count.setText(words)
        self.trash.setEnabled(chosen > 0)

    def _menu(self, at: QPoint) -> None:
        self.menu().popup(self.view.viewport().mapToGlobal(at))

    def menu(self) -> QMenu:
        """What can be done with the chosen clips."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chosen = self.selection
        rename = menu.addAction(theme.icon("edit"), self.tr("Rename"), self._rename)
        recipe = menu.addAction(theme.icon("explore"), self.tr("Open recipe"), self.recipeWanted.emit)
        reveal = menu.addAction(theme.icon("reveal"), self.tr("Export and show in folder"), self.revealWanted.emit)
        copy = menu.addAction(theme.icon("copy"), self.tr("Export and copy path"), self.copyWanted.emit)
        menu.addSeparator()
        delete = menu.addAction(theme.icon("trash"), self.tr("Delete"), self.deleteWanted.emit)
        rename.setEnabled(len(chosen) == 1)
        recipe.setEnabled(len(chosen) == 1 and chosen[0].recipe is not None)
        reveal.setEnabled(len(chosen) == 1)
        copy.setEnabled(bool(chosen))
        delete.setEnabled(bool(chosen))
        return menu

    def _rename(self) -> None:
        if self.current is not None:
            self.view.edit(self.view.currentIndex())
