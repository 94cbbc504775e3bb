"""Settings that have a name: of one step, chosen in its form, and of whole chains, chosen in the rack's menu.

Ours stand in audio/presets.py; a person's own are kept by project/chains.py, where a chain of one step is a preset of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QInputDialog, QMenu, QToolButton, QWidget

from studio.audio.plugins.step import IDENTITY
from studio.audio.presets import CHAINS, PRESETS
from studio.audio.steps import OFF, STEPS, kind_of
from studio.errors import StudioError
from studio.gui import theme
from studio.project import chains

Values = dict[str, Any]
_PLACE = ("do", *IDENTITY, "sound", "from", "to", OFF)
"""Keys of a step that no preset touches."""


def with_preset(step: Mapping[str, Any], values: Mapping[str, Any]) -> Values:
    """The step with the values of a preset; what the preset leaves open is as usual."""
    usual = {p.name: p.default for p in kind_of(step).parameters if p.default is not None}
    kept = {key: value for key, value in step.items() if key in _PLACE or key not in usual}
    return kept | usual | {key: value for key, value in values.items() if key not in _PLACE}


class PresetButton(QToolButton):
    """A button with the presets of one kind of step."""

    chosen = Signal(object)
    """The values of a preset."""

    keepWanted = Signal()
    """The step as it stands should be kept as a preset."""

    def __init__(self, step: Mapping[str, Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._do, self._plugin = str(step["do"]), step.get("plugin")
        self.setText(self.tr("Presets"))
        self.setToolTip(self.tr("Settings to start from, and your own"))
        self.setAccessibleName(self.text())
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        theme.mark(self, role="quiet", small=True)
        menu = QMenu(self)
        menu.aboutToShow.connect(self.fill)
        self.setMenu(menu)

    @Slot()
    def fill(self) -> None:
        """List what there is now."""
        menu = self.menu()
        menu.clear()
        for name, values in PRESETS.get(self._do, {}).items():
            menu.addAction(name, partial(self.chosen.emit, values))
        ours = (self._do, self._plugin)
        own = [c for c in _own() if len(c.steps) == 1 and (c.steps[0]["do"], c.steps[0].get("plugin")) == ours]
        if own:
            menu.addSection(self.tr("Your own"))
        for chain in own:
            menu.addAction(chain.name, partial(self.chosen.emit, chain.steps[0]))
        if self._do not in STEPS or not STEPS[self._do].material:
            menu.addSeparator()
            menu.addAction(theme.icon("save"), self.tr("Keep as a preset…"), self.keepWanted.emit)


class Chains(QObject):
    """The chains of the rack's menu, and keeping one's own."""

    chosen = Signal(str, object)
    """The name of a chain, and its steps."""

    told = Signal(str)
    problem = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._widget = parent
        self._steps: Sequence[Values] = ()

    def add_to(self, menu: QMenu, steps: Sequence[Values]) -> None:
        """Put the chains into the rack's menu; `steps` are those that could be kept."""
        ours = menu.addMenu(theme.icon("list"), self.tr("Add a chain"))
        for name, chain in CHAINS.items():
            ours.addAction(name, partial(self.chosen.emit, name, chain))
        own = [chain for chain in _own() if len(chain.steps) > 1]
        if own:
            ours.addSection(self.tr("Your own"))
        for kept in own:
            ours.addAction(kept.name, partial(self.chosen.emit, kept.name, kept.steps))
        keep = menu.addAction(theme.icon("save"), self.tr("Keep these steps as a chain…"), partial(self.ask, steps))
        keep.setEnabled(len(steps) > 1 and not any(STEPS[s["do"]].material for s in steps if s["do"] in STEPS))
        if everything := _own():
            forget = menu.addMenu(theme.icon("trash"), self.tr("Forget a chain or preset"))
            for kept in everything:
                forget.addAction(kept.name, partial(self.drop, kept.name))

    def ask(self, steps: Sequence[Values]) -> None:
        """Ask for a name, and keep these steps under it."""
        self._steps = steps
        dialog = QInputDialog(self._widget)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Keep as a preset") if len(steps) == 1 else self.tr("Keep as a chain"))
        dialog.setLabelText(self.tr("Name"))
        dialog.textValueSelected.connect(self.keep)
        dialog.open()

    @Slot(str)
    def keep(self, name: str) -> None:
        """Keep the steps that were asked about; a known name is not overwritten."""
        place = ("from", "to", OFF)
        try:
            kept = chains.keep(name, [{k: v for k, v in step.items() if k not in place} for step in self._steps])
        except StudioError as error:
            self.problem.emit(error)
        else:
            self.told.emit(self.tr("Kept “{0}”").format(kept.name))

    def drop(self, name: str) -> None:
        """Forget one of the person's own."""
        try:
            chains.drop(name)
        except StudioError as error:
            self.problem.emit(error)
        else:
            self.told.emit(self.tr("Forgot “{0}”").format(name))


def _own() -> tuple[chains.Chain, ...]:
    """What a person has kept; none where the file can't be read, which keeping says."""
    try:
        return chains.load()
    except StudioError:
        return ()
