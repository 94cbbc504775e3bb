"""The way out of the window: sounds become finished WAVs in the exports folder and are dragged, shown there, or put on the
clipboard as paths.

    session.drags.carry(widget, [partial(as_current, ...)])     a hand pulls, its button down
    session.drags.prepare([...])                                it may soon; the desk begins
    session.drags.reveal([...]), session.drags.copy([...])      the buttons beside

Everything that leaves goes through here. The desk writes, whole or not at all, and the same sound under the same name only
once; the drag begins when the last file is complete, always as a copy. Until then the pointer says that it waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, QRectF, Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QDrag, QGuiApplication, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from studio.audio.sound import Audio
from studio.engine.jobs import Told
from studio.errors import StudioError
from studio.events import Failed, Finished, Produced, Progress, Started, Work
from studio.gui import files, theme
from studio.gui.widgets.cell import paint_outline
from studio.gui.widgets.shape import Columns, outline_of

if TYPE_CHECKING:
    from studio.gui.session import Current, Session

TAG = "drags"
COLUMNS = 96
"""Of the waveform under the pointer."""
PLATE = (176.0, 44.0)
Leaving = Callable[[], "Current | Path"]
"""Gives a sound, in the desk's thread, or the finished file that it already is."""
Act = Literal["drag", "reveal", "copy", ""]


@dataclass(frozen=True, eq=False)
class Outbound:
    """A finished file, and its waveform where its sound was at hand."""

    path: Path
    columns: Columns | None = None


@dataclass
class _Asked:
    """What is done with files once they are there."""

    act: Act
    window: QWidget | None = None
    files: list[Outbound] = field(default_factory=list)


class Drags(QObject):
    """One for the session."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._asked: dict[int, _Asked] = {}
        self._pulled: int | None = None  # the ticket for which a hand holds its button down
        self._known: WeakKeyDictionary[Audio, Path] = WeakKeyDictionary()  # the desk's only
        session.desk.event.connect(self._told)

    # ---- asked
    def carry(self, source: QWidget, leaving: Sequence[Leaving]) -> None:
        """A hand pulls these sounds: they are dragged as soon as their files are complete, if it still holds them then."""
        if leaving and self._pulled is None:
            self._pulled = self._ask("drag", leaving, source.window())
            QApplication.setOverrideCursor(Qt.CursorShape.BusyCursor)
            _application().installEventFilter(self)

    def prepare(self, leaving: Sequence[Leaving]) -> None:
        """Write what will be wanted in a moment, so that it is there."""
        self._ask("", leaving)

    def reveal(self, leaving: Sequence[Leaving]) -> None:
        """Show the first of these in its folder."""
        self._ask("reveal", leaving[:1])

    def copy(self, leaving: Sequence[Leaving]) -> None:
        """Put the paths, and the files as files, on the clipboard."""
        self._ask("copy", leaving)

    @property
    def waiting(self) -> bool:
        """A hand pulls something that is not written yet."""
        return self._pulled is not None

    def _ask(self, act: Act, leaving: Sequence[Leaving], window: QWidget | None = None) -> int | None:
        if not leaving:
            return None
        folder = files.exports(self._session)
        ticket = self._session.desk.submit(partial(self._work, act, folder, tuple(leaving)), tag=TAG, urgent=True)
        self._asked[ticket.id] = _Asked(act, window)
        return ticket.id

    # ---- in the desk's thread
    def _work(self, act: Act, folder: Path | None, leaving: Sequence[Leaving]) -> Work:
        yield Started(what=TAG, total=len(leaving))
        for done, give in enumerate(leaving):
            yield Progress(done=done, total=len(leaving))
            try:
                made = self._file(folder, give())
            except StudioError as error:
                if len(leaving) == 1:
                    raise
                yield Produced(kind="problem", value=error)
            else:
                yield Produced(kind="file", value=made)
                if act == "reveal":
                    files.reveal(made.path)
        yield Finished()

    def _file(self, folder: Path | None, sound: Current | Path) -> Outbound:
        if isinstance(sound, Path):
            return Outbound(sound)
        columns = outline_of(sound.sound).view(0, sound.sound.frames, COLUMNS) if sound.sound.frames else None
        known = self._known.get(sound.sound)
        if known is None or known.parent != folder or not files.named(known, sound.name) or not known.is_file():
            known = self._known[sound.sound] = files.finished(folder, sound)
        return Outbound(known, columns)

    # ---- told by the desk
    @Slot(object)
    def _told(self, told: Told) -> None:
        asked = self._asked.get(told.ticket)
        if asked is None:
            return
        event = told.event
        if isinstance(event, Produced) and event.kind == "file":
            asked.files.append(event.value)
        elif isinstance(event, Produced):
            self._session.complain(event.value)
        elif isinstance(event, Failed):
            self._session.complain(event)
        if told.last:
            del self._asked[told.ticket]
            if self._pulled == told.ticket or asked.files:
                QTimer.singleShot(0, self, partial(self._there, told.ticket, asked))  # others are told before a drag holds us

    def _there(self, ticket: int, asked: _Asked) -> None:
        found = asked.files
        if asked.act == "drag":
            held = self._pulled == ticket
            self._let_go()
            if held and found and asked.window is not None:
                drag_of(asked.window, found).exec(Qt.DropAction.CopyAction)  # never Move: the receiver would delete the file
            elif found:
                self._session.tell(self.tr("“{0}” is ready now: drag it once more").format(found[0].path.name))
        elif asked.act == "copy" and found:
            QGuiApplication.clipboard().setMimeData(mime_of([one.path for one in found]))
            words = self.tr("Path copied") if len(found) == 1 else self.tr("{0} paths copied").format(len(found))
            self._session.tell(words)

    # ---- while a hand waits
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Nothing else follows the pointer meanwhile; a button that is let go ends the waiting."""
        if event.type() == QEvent.Type.MouseButtonRelease:
            self._let_go()
        return event.type() == QEvent.Type.MouseMove

    def _let_go(self) -> None:
        if self._pulled is not None:
            self._pulled = None
            _application().removeEventFilter(self)
            QApplication.restoreOverrideCursor()


def as_they_are(paths: Sequence[Path]) -> list[Leaving]:
    """Finished files."""
    return [partial(files.there, path) for path in paths]


def mime_of(paths: Sequence[Path]) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    data.setText("\n".join(str(path) for path in paths))
    return data


def drag_of(window: QWidget, found: Sequence[Outbound]) -> QDrag:
    """A drag of finished files with the first one's waveform under the pointer."""
    drag = QDrag(window)
    drag.setMimeData(mime_of([one.path for one in found]))
    drag.setPixmap(plate(found, window.devicePixelRatioF()))
    drag.setHotSpot(QPoint(-12, -8))  # beside the pointer: what lies under it stays to be seen
    return drag


def plate(found: Sequence[Outbound], ratio: float = 1.0) -> QPixmap:
    """What hangs on the pointer: a small waveform, the name, and how many more there are."""
    wide, high = PLATE
    made = QPixmap(round(wide * ratio), round(high * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(theme.color("accent"))
    painter.setBrush(theme.color("raised"))
    painter.drawRoundedRect(QRectF(0.5, 0.5, wide - 1, high - 1), theme.RADIUS, theme.RADIUS)
    if found[0].columns is not None:
        paint_outline(painter, QRectF(8, 5, wide - 16, 18), found[0].columns, theme.color("accent"))
    else:
        painter.drawPixmap(round(wide / 2) - 8, 6, theme.pixmap("wave", "accent", 16, ratio))
    more = f"+{len(found) - 1}" if len(found) > 1 else ""
    painter.setFont(theme.font("caption"))
    painter.setPen(theme.color("dim"))
    line = QRectF(8, 24, wide - 16, 16)
    painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, more)
    left = line.adjusted(0, 0, -painter.fontMetrics().horizontalAdvance(f"{more} ") if more else 0, 0)
    painter.setPen(theme.color("text"))
    name = painter.fontMetrics().elidedText(found[0].path.name, Qt.TextElideMode.ElideMiddle, int(left.width()))
    painter.drawText(left, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
    painter.end()
    return made


def _application() -> QApplication:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return app
