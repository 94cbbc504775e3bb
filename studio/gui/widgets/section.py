"""A titled part of a column that folds away: a caption with a chevron over what it holds. Explore's controls stand in these."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from studio.gui import theme


class Section(QWidget):
    """`column` is where its content goes; `folded` tells each fold and unfold by hand."""

    folded = Signal(str, bool)
    """Its key, and whether it is folded now."""

    def __init__(self, key: str, title: str, folded: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key = key
        self.head = QToolButton()
        self.head.setText(title)
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setIconSize(QSize(12, 12))
        self.head.setCheckable(True)
        self.head.setChecked(folded)
        self.head.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.head.setAccessibleName(self.tr("Section {0}").format(title))
        theme.mark(self.head, role="section")
        self.body = QWidget()
        theme.mark(self.body, role="clear")
        self.column = QVBoxLayout(self.body)
        self.column.setContentsMargins(0, 0, 0, theme.HALF)
        self.column.setSpacing(2)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.head, 0, Qt.AlignmentFlag.AlignLeft)
        whole.addWidget(self.body)
        self._show(folded)
        self.head.clicked.connect(self._toggle)

    def set_folded(self, folded: bool) -> None:
        """Fold or unfold without telling."""
        self.head.setChecked(folded)
        self._show(folded)

    def _toggle(self, folded: bool) -> None:
        self._show(folded)
        self.folded.emit(self.key, folded)

    def _show(self, folded: bool) -> None:
        self.body.setVisible(not folded)
        self.head.setIcon(theme.icon("right" if folded else "down", "dim", "dim"))
        self.head.setToolTip(self.tr("Show what is in it") if folded else self.tr("Fold it away"))
