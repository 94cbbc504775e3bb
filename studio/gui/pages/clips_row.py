"""One step in the rack: its icon and words, an eye that leaves it out, and its dials when it is unfolded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from studio.audio.plugins import step as plugins
from studio.audio.steps import OFF, STEPS
from studio.gui import theme
from studio.gui.pages.clips_form import StepForm
from studio.gui.pages.clips_words import icon_of, step_words
from studio.gui.widgets.chips import Elided

Step = Mapping[str, Any]


class Grip(QLabel):
    """Where the hand takes hold of a row."""

    dragged = Signal(int)
    """The height of the pointer on the screen."""

    dropped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dress()
        theme.changes().changed.connect(self._dress)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setToolTip(self.tr("Drag to another place (Alt+↑, Alt+↓)"))

    def _dress(self, *_: object) -> None:
        self.setPixmap(theme.pixmap("grip", "dim", 14))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.dragged.emit(event.globalPosition().toPoint().y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.dropped.emit()


class StepRow(QFrame):
    """Shows one step. `changed` carries what it becomes: while a dial turns it is only tried."""

    opened = Signal()
    """It wants to be unfolded, or folded."""

    tried = Signal(object)
    changed = Signal(object)
    removed = Signal()
    copied = Signal()
    keepWanted = Signal(object)
    """A step that should be kept as a preset."""

    shifted = Signal(int)
    """One place up (−1) or down (1)."""

    walked = Signal(int)
    """The keyboard goes to the row above (−1) or below (1)."""

    def __init__(self, step: Step, longest: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.step = dict(step)
        self.form: StepForm | None = None
        self._longest = longest
        self._selection: tuple[float, float] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.mark(self, role="row")
        self.grip = Grip()
        self._icon = QLabel()
        self._icon.setFixedWidth(18)
        self.words = Elided(widest=1000)
        self.eye = self._button(self.tr("Leave this step out, or let it in again (O)"), self.switch)
        self.eye.setAccessibleName(self.tr("Step is heard"))
        self.eye.setCheckable(True)
        theme.mark(self.eye, role="icon", bare=True)
        self.bin = self._button(self.tr("Remove this step (Delete)"), self.removed.emit)
        self.bin.setIcon(theme.icon("close", "dim"))
        head = QHBoxLayout()
        head.setContentsMargins(4, 0, 2, 0)
        head.setSpacing(theme.SMALL)
        head.addWidget(self.grip)
        head.addWidget(self._icon)
        head.addWidget(self.words, 1)
        head.addWidget(self.eye)
        head.addWidget(self.bin)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 2, 0, 2)
        self._column.setSpacing(2)
        self._column.addLayout(head)
        theme.changes().changed.connect(self._show)
        self._show()

    def _button(self, tip: str, slot: Any) -> QToolButton:
        button = QToolButton()
        button.setIconSize(QSize(14, 14))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.mark(button, role="icon")
        button.clicked.connect(slot)
        return button

    # ---- what is shown
    def show_step(self, step: Step, longest: float) -> None:
        """Show other values of the same kind of step."""
        self.step, self._longest = dict(step), longest
        if self.form is not None:
            self.form.show_step(step)
        self._show()

    def _show(self, *_: object) -> None:
        heard = not self.step.get(OFF, False)
        words = step_words(self.step)
        self.words.set_words(words)
        self.words.setEnabled(heard)
        do = str(self.step.get("do", ""))
        icon = icon_of(do) if do != plugins.DO or plugins.there(self.step) else "warn"
        self._icon.setPixmap(theme.pixmap(icon, "text" if heard else "dim", 16))
        self.eye.setChecked(heard)
        self.eye.setIcon(theme.icon("eye", "dim", "accent"))
        self.setAccessibleName(words if heard else self.tr("{0}, left out").format(words))

    @property
    def unfolded(self) -> bool:
        return self.form is not None

    def unfold(self, on: bool) -> None:
        """Show its dials, or put them away."""
        if on == self.unfolded or self.step.get("do") not in (*STEPS, plugins.DO):
            return
        if not on:
            assert self.form is not None
            self._column.removeWidget(self.form)
            self.form.deleteLater()
            self.form = None
            return
        self.form = StepForm(self.step, self._longest)
        self.form.set_selection(self._selection)
        self.form.moved.connect(self._turn)
        self.form.settled.connect(self._settle)
        self.form.keepWanted.connect(self._keep)
        self._column.addWidget(self.form)

    def set_selection(self, selection: tuple[float, float] | None) -> None:
        self._selection = selection
        if self.form is not None:
            self.form.set_selection(selection)

    # ---- what is asked
    def _turn(self) -> None:
        assert self.form is not None
        self.step = self.form.step
        self._show()
        self.tried.emit(self.step)

    def _settle(self) -> None:
        assert self.form is not None
        self.step = self.form.step
        self._show()
        self.changed.emit(self.step)

    def _keep(self) -> None:
        self.keepWanted.emit(self.step)

    def switch(self) -> None:
        """Leave the step out, or let it in again."""
        step = {key: value for key, value in self.step.items() if key != OFF}
        self.changed.emit(step if self.step.get(OFF) else step | {OFF: True})

    # ---- the hand
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        head = self.words.geometry().bottom() + 4
        if event.button() == Qt.MouseButton.LeftButton and 0 <= event.position().y() <= head:
            self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, far = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            (self.shifted if far else self.walked).emit(-1 if key == Qt.Key.Key_Up else 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        elif key == Qt.Key.Key_O and not event.modifiers():
            self.switch()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu().popup(event.globalPos() if event.globalPos() != QPoint() else self.mapToGlobal(self.rect().center()))

    def menu(self) -> QMenu:
        """What can be done with this step."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        off = bool(self.step.get(OFF))
        menu.addAction(theme.icon("eye"), self.tr("Let in again") if off else self.tr("Leave out"), self.switch)
        menu.addAction(theme.icon("copy"), self.tr("Copy this step"), self.copied.emit)
        menu.addAction(theme.icon("up"), self.tr("Move up"), self._up)
        menu.addAction(theme.icon("down"), self.tr("Move down"), self._down)
        menu.addSeparator()
        menu.addAction(theme.icon("trash"), self.tr("Remove"), self.removed.emit)
        return menu

    def _up(self) -> None:
        self.shifted.emit(-1)

    def _down(self) -> None:
        self.shifted.emit(1)
