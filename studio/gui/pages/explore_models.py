"""Which model plays: a list of this project's trained moments, and the way to the newest one while a training runs.

Reads run folders only; opening is the engine's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from studio.engine.training import RunView
from studio.errors import StudioError
from studio.gui import theme
from studio.models import checkpoint as checkpoints
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe
from studio.training.run import RunFolder


@dataclass(frozen=True)
class Choice:
    """One playable moment: a checkpoint folder and what it is called. `kind` is best, newest or starred."""

    run: str
    title: str
    kind: str
    step: int
    minutes: float
    folder: Path


def choices(views: Sequence[RunView]) -> list[Choice]:
    """The best, the newest and the starred checkpoints of every run, newest run first, the trials of searches at the end."""
    found: list[Choice] = []
    for view in sorted(views, key=lambda view: view.trial_of != ""):
        run = RunFolder(view.path)
        moments = run.checkpoints()
        if not moments:
            continue
        best, newest = run.checkpoint("best"), run.checkpoint("latest")
        kinds: list[tuple[str, Path | None]] = [
            ("best", best),
            ("newest", newest),
            *(("starred", m.path) for m in moments if m.starred),
        ]
        taken: set[Path] = set()
        for kind, folder in kinds:
            if folder is None or folder in taken:
                continue
            taken.add(folder)
            try:
                file = checkpoints.describe(folder)
            except StudioError:
                continue
            found.append(Choice(view.name, view.title or view.name, kind, file.step, file.minutes, folder))
    return found


def moment_of(recipe: Recipe, project: ProjectFolder) -> Path | None:
    """The checkpoint of the project that holds exactly the recipe's weights; its own run is looked at first."""
    for path in sorted(project.runs(), key=lambda run: run.name != recipe.run):
        for moment in reversed(RunFolder(path).checkpoints()):
            try:
                if checkpoints.describe(moment.path).model == recipe.model:
                    return moment.path
            except StudioError:
                continue
    return None


def earlier(folder: Path, known: Sequence[Choice]) -> Choice:
    """A checkpoint that is not among the `known` moments as one of them."""
    run = folder.parent.parent
    title = next((choice.title for choice in known if choice.run == run.name), run.name)
    try:
        file = checkpoints.describe(folder)
    except StudioError:  # thinned out since it was opened; it still plays from memory
        return Choice(run.name, title, "earlier", 0, 0.0, folder)
    return Choice(run.name, title, "earlier", file.step, file.minutes, folder)


class ModelPicker(QWidget):
    """A combo box of moments and a button that opens the newest of the run that is open."""

    chosen = Signal(object)
    """Path of a checkpoint folder."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found: list[Choice] = []
        self._choices: list[Choice] = []  # as listed: with the one that plays, wherever it is
        self._open: Path | None = None
        self.box = QComboBox()
        self.box.setMinimumWidth(180)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.box.setAccessibleName(self.tr("Model"))
        self.box.setToolTip(self.tr("The model that plays, and the moment of its training"))
        self.box.activated.connect(self._pick)
        self.newest = QToolButton()
        self.newest.setIcon(theme.icon("refresh"))
        self.newest.setIconSize(QSize(16, 16))
        self.newest.setAccessibleName(self.tr("Open the newest moment of this training"))
        theme.mark(self.newest, role="icon")
        self.newest.clicked.connect(self._pick_newest)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SMALL)
        row.addWidget(self.box)
        row.addWidget(self.newest)

    @property
    def choices(self) -> list[Choice]:
        return self._choices

    def set_choices(self, found: list[Choice], opened: Path | None) -> None:
        """Show these moments; `opened` is the checkpoint that plays now."""
        if found == self._found and opened == self._open:
            return
        self._found, self._choices, self._open = found, found, opened
        blocked = self.box.blockSignals(True)
        self.box.clear()
        for choice in found:
            self.box.addItem(self._text(choice))
        at = next((i for i, choice in enumerate(found) if choice.folder == opened), -1)
        if at < 0 and opened is not None:  # neither best nor newest any more, but it plays
            self._choices = [earlier(opened, found), *found]
            self.box.insertItem(0, self._text(self._choices[0]))
            at = 0
        self.box.setCurrentIndex(at)
        self.box.blockSignals(blocked)
        ahead = self._ahead()
        self.newest.setEnabled(ahead is not None)
        if ahead is not None:
            self.newest.setToolTip(self.tr("Open the newest moment of this training: {0}").format(self._age(ahead.minutes)))
        else:
            self.newest.setToolTip(self.tr("This is the newest moment of its training"))

    def _text(self, choice: Choice) -> str:
        kinds = {
            "best": self.tr("best"),
            "newest": self.tr("newest"),
            "starred": self.tr("starred"),
            "earlier": self.tr("earlier"),
        }
        return self.tr("{0} · {1} · {2}").format(choice.title, kinds[choice.kind], self._age(choice.minutes))

    def _age(self, minutes: float) -> str:
        return self.tr("{0} min").format(f"{minutes:.0f}") if minutes >= 1 else self.tr("{0} s").format(f"{minutes * 60:.0f}")

    def _ahead(self) -> Choice | None:
        """The newest moment of the open run, if it is newer than what plays."""
        if self._open is None:
            return None
        run = self._open.parent.parent.name
        here = next((c for c in self._choices if c.folder == self._open), None)
        newer = [c for c in self._choices if c.run == run and c.kind != "earlier" and (here is None or c.step > here.step)]
        return max(newer, key=lambda c: c.step, default=None)

    def _pick(self, index: int) -> None:
        self.chosen.emit(self._choices[index].folder)

    def _pick_newest(self) -> None:
        ahead = self._ahead()
        if ahead is not None:
            self.chosen.emit(ahead.folder)
