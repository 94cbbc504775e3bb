"""From one pin to another in steps: rendered by the engine, then kept as clips or written as numbered WAVs by the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QMenu, QPushButton, QSpinBox, QWidget

from studio.audio import files
from studio.engine.engine import OFFER, Rendered
from studio.engine.jobs import Ticket, Told
from studio.events import Failed, Finished, Produced, Progress, Started, Work
from studio.explore.morph import Shape
from studio.explore.pins import between
from studio.gui import theme
from studio.gui.session import Session
from studio.gui.undo import Kept
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request
from studio.project.state import ClipFile

TAG = "explore-steps"
MOST = 64


class Steps(QWidget):
    """A row: which two pins, how many steps, and what becomes of them."""

    finished = Signal(int)
    """How many sounds were kept or written."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._pins: dict[str, tuple[Request, float]] = {}
        self._shape: Shape = "straight"
        self._round = 0
        self._tickets: list[Ticket] = []
        self._made: dict[int, Rendered] = {}
        self._name = ""
        self._folder: Path | None = None
        self._clips: list[ClipFile] = []
        self._wavs = 0
        self.first, self.second = QComboBox(), QComboBox()
        self.first.setAccessibleName(self.tr("From pin"))
        self.second.setAccessibleName(self.tr("To pin"))
        for box in (self.first, self.second):
            box.setFixedWidth(58)
            theme.mark(box, role="letter")
            box.currentIndexChanged.connect(self._ready)
        self.count = QSpinBox()
        self.count.setRange(2, MOST)
        self.count.setValue(8)
        self.count.setSuffix(self.tr(" steps"))
        self.count.setFixedWidth(94)
        self.count.setAccessibleName(self.tr("Steps"))
        self.make = QPushButton(self.tr("Make"))
        self.make.setToolTip(self.tr("Make the sounds on the way from one pin to the other"))
        menu = QMenu(self.make)
        menu.addAction(theme.icon("keep"), self.tr("Keep as clips"), self.keep)
        menu.addAction(theme.icon("export"), self.tr("Write as WAVs…"), self._choose)
        self.make.setMenu(menu)
        self.stop = QPushButton(self.tr("Cancel"))
        self.stop.clicked.connect(self.cancel)
        self.stop.hide()
        self.said = QLabel()
        theme.mark(self.said, role="dim")
        self.said.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self._asked = (self.first, QLabel("→"), self.second, self.count)
        for widget in self._asked:
            row.addWidget(widget)
        row.addWidget(self.said, 1)
        row.addWidget(self.make)
        row.addWidget(self.stop)
        row.addStretch(1)
        session.engine.rendered.connect(self._rendered)
        session.engine.runner.event.connect(self._told)
        session.desk.event.connect(self._told)
        session.closed.connect(self._forget)
        self._ready()

    def show_pins(self, pins: Mapping[str, Request], lengths: Sequence[float], shape: Shape) -> None:
        self._pins, self._shape = dict(zip(pins, zip(pins.values(), lengths))), shape
        for box, fallback in ((self.first, 0), (self.second, 1)):
            before = box.currentText()
            blocked = box.blockSignals(True)
            box.clear()
            box.addItems(list(pins))
            box.setCurrentIndex(max(box.findText(before), min(fallback, len(pins) - 1)))
            box.blockSignals(blocked)
        if self.first.currentText() == self.second.currentText() and len(pins) > 1:
            self.second.setCurrentIndex(1 - min(self.first.currentIndex(), 1))
        self._ready()

    @property
    def busy(self) -> bool:
        return bool(self._tickets)

    def _ready(self) -> None:
        busy = self.busy
        fine = len(self._pins) > 1 and self.first.currentText() != self.second.currentText()
        for widget in self._asked:
            widget.setVisible(not busy)
            widget.setEnabled(len(self._pins) > 1)
        self.make.setVisible(not busy)
        self.make.setEnabled(fine)
        self.stop.setVisible(busy)
        self.said.setVisible(busy)

    # ---- asked
    @Slot()
    def keep(self) -> None:
        """Every step becomes a clip; one undo takes them all back."""
        self._begin(None)

    def write(self, folder: Path) -> None:
        """Every step becomes a WAV with its recipe in this folder; nothing is overwritten."""
        self._begin(folder)

    def _choose(self) -> None:
        project = self._session.project
        dialog = QFileDialog(self, self.tr("Folder for the steps"), str(project.exports if project is not None else ""))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self._chosen)
        dialog.open()

    @Slot(str)
    def _chosen(self, text: str) -> None:
        self.write(Path(text))

    def _begin(self, folder: Path | None) -> None:
        names = self.first.currentText(), self.second.currentText()
        if self.busy or self._session.project is None or not set(names) <= set(self._pins) or names[0] == names[1]:
            return
        (a, long), (b, wide) = (self._pins[name] for name in names)
        self._name, self._folder, self._clips = self.tr("Morph {0}-{1}").format(*names), folder, []
        self._wavs = 0
        self._round += 1
        self._made = {}
        ways = between(a, b, self.count.value(), self._shape, (long, wide))
        engine = self._session.engine
        self._tickets = [engine.render(one, (TAG, self._round, i), newest=False, urgent=OFFER) for i, one in enumerate(ways)]
        self._say(0, len(ways))
        self._ready()

    @Slot()
    def cancel(self) -> None:
        """Stop; what is kept or written already stays."""
        for ticket in self._tickets:
            ticket.cancel()
        if self._tickets and len(self._made) < len(self._tickets):
            self._end()  # the desk has not begun

    @Slot()
    def _forget(self) -> None:
        """The project is closed: what was kept of it is kept, and is no step of the next one."""
        for ticket in self._tickets:
            ticket.cancel()
        self._tickets, self._clips, self._made = [], [], {}
        self._ready()

    # ---- told
    @Slot(object)
    def _rendered(self, made: Rendered) -> None:
        if not self.busy or not isinstance(made.tag, tuple) or made.tag[:2] != (TAG, self._round):
            return
        self._made[made.tag[2]] = made
        self._say(len(self._made), 2 * len(self._tickets))
        if len(self._made) == len(self._tickets):
            project, sounds = self._session.project, [self._made[i] for i in range(len(self._made))]
            assert project is not None
            work = (
                partial(_kept, project, self._named(sounds))
                if self._folder is None
                else partial(_written, self._folder, self._named(sounds))
            )
            self._tickets = [self._session.desk.submit(work, TAG)]

    def _named(self, sounds: list[Rendered]) -> list[tuple[str, Rendered]]:
        digits = max(2, len(str(len(sounds))))
        return [(f"{self._name} {i:0{digits}}", made) for i, made in enumerate(sounds, 1)]

    @Slot(object)
    def _told(self, told: Told) -> None:
        if told.ticket not in [ticket.id for ticket in self._tickets]:
            return
        event = told.event
        if told.tag != TAG:  # the engine: it has told the failure itself
            if isinstance(event, Failed):
                self.cancel()
            return
        if isinstance(event, Produced):
            self._clips += [event.value] if isinstance(event.value, ClipFile) else []
            self._wavs += event.kind == "sound"
        elif isinstance(event, Progress):
            self._say((event.total or 0) + event.done, 2 * (event.total or 0))
        elif told.last:
            if isinstance(event, Failed):
                self._session.complain(event)
            self._end()

    def _end(self) -> None:
        self._tickets = []
        self._made = {}
        if self._clips:
            self._remember(self._clips)
        elif self._wavs:
            self._session.tell(self.tr("{0} WAVs are in “{1}”").format(self._wavs, self._folder.name if self._folder else ""))
        self._ready()
        self.finished.emit(len(self._clips) or self._wavs)

    def _remember(self, clips: list[ClipFile]) -> None:
        stack = self._session.undo
        stack.beginMacro(self.tr("Keep {0} steps").format(len(clips)))
        for clip in clips:
            stack.push(Kept(self._session, clip.id, clip.name))
        stack.endMacro()
        self._session.tell(self.tr("Kept {0} steps in Clips").format(len(clips)))
        self._session.clipsChanged.emit()

    def _say(self, done: int, total: int) -> None:
        self.said.setText(self.tr("Making {0} … {1} %").format(self._name, round(100 * done / max(total, 1))))


def _kept(project: ProjectFolder, sounds: list[tuple[str, Rendered]]) -> Work:
    yield Started(what="keep", total=len(sounds))
    for done, (name, made) in enumerate(reversed(sounds), 1):  # clips are listed newest first: the last step goes first
        yield Produced(kind="clip", value=project.keep(made.sound, made.recipe, name))
        yield Progress(done=done, total=len(sounds), note=name)
    yield Finished(result={"count": len(sounds)})


def _written(folder: Path, sounds: list[tuple[str, Rendered]]) -> Work:
    yield Started(what="write", total=len(sounds))
    for done, (name, made) in enumerate(sounds, 1):
        path = files.unused(folder / f"{name}.wav")
        info = {"INAM": name, "ICMT": made.recipe.short(), "ISFT": "Wavewright"}
        files.write(path, made.sound, subtype="PCM_24", recipe=made.recipe.to_json(), info=info)
        yield Produced(kind="sound", path=str(path))
        yield Progress(done=done, total=len(sounds), note=name)
    yield Finished(result={"count": len(sounds)})
