"""The rack: the steps of the open clip in their order, to be turned, left out, moved, removed and given to other clips.

It shows steps and says what they become: `tried` while a dial turns, `wanted` when a change is meant. The page renders and
saves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QScrollArea, QToolButton, QVBoxLayout, QWidget

from studio.audio.steps import OFF, still
from studio.errors import UsageError
from studio.gui import theme
from studio.gui.pages.clips_presets import Chains
from studio.gui.pages.clips_row import StepRow
from studio.gui.pages.clips_words import called
from studio.gui.widgets.chips import Elided

Step = Mapping[str, Any]


def kind(step: Step) -> tuple[object, object]:
    """What has to be the same for a row to go on with its dials."""
    return step.get("do"), step.get("plugin")


class Rack(QWidget):
    """A scrolling column of StepRows under a head with what concerns them all."""

    tried = Signal(object)
    """The steps as a dial stands while it turns."""

    wanted = Signal(object, str)
    """The steps as they should be from now on, and what that change is called."""

    copyWanted = Signal(object)
    """Steps for other clips."""

    pasteWanted = Signal()
    shareWanted = Signal()
    """The other chosen clips should have these steps too."""

    clearWanted = Signal()
    """No steps any more, of all chosen clips."""

    beforeWanted = Signal(bool)
    """Hear the sound without its steps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[StepRow] = []
        self._steps: tuple[dict[str, Any], ...] = ()
        self._selection: tuple[float, float] | None = None
        self._chosen, self._pasteable, self._clip = 0, False, ""
        self.title = Elided(widest=1000)
        theme.mark(self.title, role="dim")
        self.before = QToolButton()
        self.before.setText(self.tr("Before"))
        self.before.setIcon(theme.icon("swap"))
        self.before.setIconSize(QSize(14, 14))
        self.before.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.before.setCheckable(True)
        self.before.setToolTip(self.tr("Hear it without its steps; press B again for after, or hold B"))
        theme.mark(self.before, role="quiet")
        self.before.toggled.connect(self.beforeWanted)
        self.more = QToolButton()
        self.more.setIcon(theme.icon("more"))
        self.more.setIconSize(QSize(16, 16))
        self.more.setToolTip(self.tr("Copy, paste and remove steps"))
        self.more.setAccessibleName(self.more.toolTip())
        theme.mark(self.more, role="icon")
        self.more.clicked.connect(self._popup)
        self.empty = QLabel(self.tr("What you do to the sound is listed here, to turn, move or leave out. The original stays."))
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        theme.mark(self.empty, role="dim")
        self.chains = Chains(self)
        self._lay_out()
        self.show_steps((), 1.0)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(theme.SMALL)
        head.addWidget(self.title, 1)
        head.addWidget(self.before)
        head.addWidget(self.more)
        self._inside = QWidget()
        theme.mark(self._inside, role="clear")
        self._list = QVBoxLayout(self._inside)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(theme.SMALL)
        self._list.addStretch(1)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(self._inside)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addLayout(head)
        column.addWidget(self.empty)
        column.addWidget(self._area, 1)

    # ---- what is shown
    @property
    def steps(self) -> tuple[dict[str, Any], ...]:
        """The steps as the rows stand."""
        return tuple(row.step for row in self.rows)

    def show_steps(self, steps: Sequence[Step], longest: float) -> None:
        """Show these; rows of the same kinds stay, with their dials. `longest`: seconds, where times end."""
        self._steps = tuple(dict(step) for step in steps)
        if [kind(row.step) for row in self.rows] == [kind(step) for step in steps]:
            for row, step in zip(self.rows, steps):
                if row.step != step:
                    row.show_step(step, longest)
        else:
            self._rebuild(longest)
        for at, row in enumerate(self.rows):
            row.set_selection(self._selection if self._fits(at) else None)
        self._show_head()

    def _rebuild(self, longest: float) -> None:
        """Other steps than before: where one was unfolded, the same one stays so."""
        open_ = next((row.step for row in self.rows if row.unfolded), None)
        focused = next((at for at, row in enumerate(self.rows) if row.hasFocus()), None)
        for row in self.rows:
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = [self._row(step, longest) for step in self._steps]
        for at, row in enumerate(self.rows):
            self._list.insertWidget(at, row)
            row.unfold(row.step == open_)
        if focused is not None and self.rows:
            self.rows[min(focused, len(self.rows) - 1)].setFocus(Qt.FocusReason.OtherFocusReason)

    def _row(self, step: Step, longest: float) -> StepRow:
        row = StepRow(step, longest)
        row.opened.connect(self._toggle)
        row.tried.connect(self._try)
        row.changed.connect(self._change)
        row.removed.connect(self._remove)
        row.copied.connect(self._copy)
        row.shifted.connect(self._shift)
        row.walked.connect(self._walk)
        row.keepWanted.connect(self._keep)
        row.grip.dragged.connect(self._drag)
        row.grip.dropped.connect(self._drop)
        return row

    def _fits(self, at: int) -> bool:
        """Whether a moment of what is heard is the same moment for this step: nothing after it moves anything in time."""
        try:
            return still([row.step for row in self.rows[at + 1 :]])
        except UsageError:  # a step of a stranger's
            return False

    def set_selection(self, selection: tuple[float, float] | None) -> None:
        """What is selected in the waveform, in seconds."""
        self._selection = selection
        for at, row in enumerate(self.rows):
            row.set_selection(selection if self._fits(at) else None)

    def set_chosen(self, chosen: int, clip: str, pasteable: bool) -> None:
        """How many clips are chosen, what the one is called whose steps are shown, and whether there are steps to paste."""
        self._chosen, self._clip, self._pasteable = chosen, clip, pasteable
        self._show_head()

    def unfold_last(self) -> None:
        """Show the dials of the step that has just been added."""
        for row in self.rows:
            row.unfold(row is self.rows[-1])
        QTimer.singleShot(0, self, self._reveal_last)

    def _reveal_last(self) -> None:
        if self.rows:
            self._area.ensureWidgetVisible(self.rows[-1])

    def _show_head(self) -> None:
        count = len(self._steps)
        words = self.tr("1 step") if count == 1 else self.tr("{0} steps").format(count)
        words = words if count else self.tr("As it was kept")
        self.title.set_words(self.tr("“{0}”: {1}").format(self._clip, words.lower()) if self._chosen > 1 else words)
        self.empty.setVisible(not count and self._chosen > 0)
        self.before.setEnabled(count > 0)
        if not count:
            self.before.setChecked(False)
        self.more.setEnabled(self._chosen > 0)

    # ---- of one row
    def _place(self) -> int:
        sender = self.sender()
        row = sender if isinstance(sender, StepRow) else sender.parent()
        return self.rows.index(row)  # type: ignore[arg-type]

    def _name(self, at: int) -> str:
        return called(self.rows[at].step)

    def _want(self, steps: Sequence[Step], text: str) -> None:
        if tuple(steps) != self._steps:
            self.wanted.emit(tuple(steps), text)

    def _toggle(self) -> None:
        at = self._place()
        wanted = not self.rows[at].unfolded
        for row in self.rows:
            row.unfold(wanted and row is self.rows[at])

    def _try(self, step: Step) -> None:
        self.tried.emit(self.steps)

    def _change(self, step: Step) -> None:
        at = self._place()
        before = self._steps[at]
        text = self._name(at)
        if step.get(OFF, False) != before.get(OFF, False):
            text = self.tr("Leave out “{0}”").format(text) if step.get(OFF) else self.tr("Let in “{0}”").format(text)
        self._want((*self._steps[:at], dict(step), *self._steps[at + 1 :]), text)

    def _remove(self) -> None:
        at = self._place()
        self._want((*self._steps[:at], *self._steps[at + 1 :]), self.tr("Remove “{0}”").format(self._name(at)))

    def _copy(self) -> None:
        self.copyWanted.emit((self._steps[self._place()],))

    def _keep(self, step: dict[str, Any]) -> None:
        self.chains.ask((step,))

    def _shift(self, by: int) -> None:
        at = self._place()
        to = min(max(at + by, 0), len(self.rows) - 1)
        if to != at:
            self._reorder(at, to)
            self.rows[to].setFocus(Qt.FocusReason.OtherFocusReason)
            self._drop()

    def _walk(self, by: int) -> None:
        to = self._place() + by
        if 0 <= to < len(self.rows):
            self.rows[to].setFocus(Qt.FocusReason.TabFocusReason)
            self._area.ensureWidgetVisible(self.rows[to])

    def _drag(self, height: int) -> None:
        """The row follows the hand past the middles of the others."""
        at = self._place()
        y = self._inside.mapFromGlobal(QPoint(0, height)).y()
        others = [row for row in self.rows if row is not self.rows[at]]
        to = sum(y > row.geometry().center().y() for row in others)
        if to != at:
            self._reorder(at, to)

    def _reorder(self, at: int, to: int) -> None:
        row = self.rows.pop(at)
        self.rows.insert(to, row)
        self._list.insertWidget(to, row)

    def _drop(self) -> None:
        self._want(self.steps, self.tr("Reorder steps"))

    # ---- of all
    def _popup(self) -> None:
        self.menu().popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def menu(self) -> QMenu:
        """What can be done with all steps."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        some = bool(self._steps)
        copy = menu.addAction(theme.icon("copy"), self.tr("Copy all steps\tCtrl+Shift+C"), self._copy_all)
        paste = menu.addAction(theme.icon("import"), self.tr("Paste steps at the end\tCtrl+Shift+V"), self.pasteWanted.emit)
        share = menu.addAction(theme.icon("list"), self.tr("Give all chosen clips these steps"), self.shareWanted.emit)
        menu.addSeparator()
        self.chains.add_to(menu, self._steps)
        menu.addSeparator()
        clear = menu.addAction(theme.icon("undo"), self.tr("Remove all steps"), self.clearWanted.emit)
        copy.setEnabled(some)
        paste.setEnabled(self._pasteable)
        share.setEnabled(some and self._chosen > 1)
        clear.setEnabled(some or self._chosen > 1)
        return menu

    def _copy_all(self) -> None:
        if self._steps:
            self.copyWanted.emit(self._steps)
