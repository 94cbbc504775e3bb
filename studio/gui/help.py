"""F1: one short page per screen, and every shortcut. The pages are Markdown in resources/help."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextBlockFormat, QTextCursor
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QScrollArea,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from studio.gui import theme
from studio.gui.actions import Entry

PAGES = ("sounds", "train", "explore", "clips", "settings")


class Help(QDialog):
    def __init__(self, shortcuts: tuple[Entry, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Help"))
        self.resize(860, 600)
        self._list = QListWidget()
        self._list.setFixedWidth(168)
        self._list.setAccessibleName(self.tr("Help pages"))
        names = (self.tr("Sounds"), self.tr("Train"), self.tr("Explore"), self.tr("Clips"), self.tr("Settings"))
        self._list.addItems([*names, self.tr("What’s new"), self.tr("Shortcuts")])
        self._text = QTextBrowser()
        self._text.setOpenExternalLinks(False)
        self._text.document().setDocumentMargin(theme.WIDE)
        self._keys = self._make_keys(shortcuts)
        self._keys.hide()
        self._list.currentRowChanged.connect(self._show)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        row.setSpacing(theme.HALF)
        row.addWidget(self._list)
        row.addWidget(self._text, 1)
        row.addWidget(self._keys, 1)

    def _make_keys(self, shortcuts: tuple[Entry, ...]) -> QScrollArea:
        inside = QWidget()
        inside.setProperty("role", "clear")
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.WIDE)
        grid.setVerticalSpacing(theme.HALF)
        grid.setColumnStretch(1, 1)
        for number, entry in enumerate(shortcuts):
            keys = QLabel(entry.keys)
            keys.setProperty("role", "strong")
            grid.addWidget(keys, number, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(QLabel(entry.text), number, 1)
        title = QLabel(self.tr("Shortcuts"))
        title.setProperty("role", "page")
        column = QVBoxLayout(inside)
        column.setContentsMargins(theme.WIDE, theme.SPACE, theme.WIDE, theme.WIDE)
        column.setSpacing(theme.SPACE)
        column.addWidget(title)
        column.addLayout(grid)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inside)
        return area

    def open_at(self, page: str) -> None:
        """Show the help of `page`."""
        self._list.setCurrentRow(PAGES.index(page) if page in PAGES else 0)
        self._show(self._list.currentRow())
        self.show()
        self.raise_()

    def _show(self, row: int) -> None:
        shortcuts = row > len(PAGES)
        self._keys.setVisible(shortcuts)
        self._text.setVisible(not shortcuts)
        if not shortcuts and row >= 0:
            file = theme.RESOURCES / ("whats_new.md" if row == len(PAGES) else f"help/{PAGES[row]}.md")
            text = file.read_text(encoding="utf-8") if file.is_file() else ""
            self._text.setMarkdown(text)
            self._space_out()

    def _space_out(self) -> None:
        """Markdown comes without air: lines of 150 %, room between paragraphs, lists close to the margin."""
        document = self._text.document()
        document.setIndentWidth(theme.SPACE)
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        block = document.firstBlock()
        while block.isValid():
            cursor.setPosition(block.position())
            shape = block.blockFormat()
            heading = shape.headingLevel() > 0
            shape.setLineHeight(100.0 if heading else 145.0, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
            shape.setTopMargin(0 if heading or block.textList() else theme.HALF)
            shape.setBottomMargin(theme.SPACE if heading else theme.HALF)
            cursor.setBlockFormat(shape)
            block = block.next()
        cursor.endEditBlock()
