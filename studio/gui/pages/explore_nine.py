"""Nine candidates around the present sound: hear them with the keys 1 to 9, click one to go on from there.

Few and different, because listening is what tires: explore/mutate.py keeps them apart and within the spread of the sounds.
Rendered only when asked for; a move elsewhere asks again.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from studio.engine.engine import Engine, Rendered
from studio.engine.jobs import Ticket
from studio.explore.mutate import mutate
from studio.gui import theme
from studio.gui.pages.explore_space import Space, latent_of, with_latent
from studio.gui.widgets.canvas import Canvas
from studio.gui.widgets.fader import Fader
from studio.gui.widgets.shape import InMemory, picture_of
from studio.project.recipe import Request

TAG = "explore-nine"
COUNT = 9


class CandidateCell(Canvas):
    """A number and a waveform."""

    pressed = Signal(int)

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.number = number
        self.made: Rendered | None = None
        self._outline: InMemory | None = None
        self._hot = self._heard = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(60, 26)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Candidate {0}").format(number + 1))
        self.setToolTip(self.tr("Click to go on from here; key {0} plays it").format(number + 1))

    def sizeHint(self) -> QSize:
        return QSize(160, 44)

    def show_sound(self, made: Rendered | None) -> None:
        self.made = made
        self._outline = InMemory(made.sound) if made is not None and made.sound.frames else None
        self.update()

    def set_heard(self, heard: bool) -> None:
        self._heard = heard
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        strong = self._heard or self.hasFocus()
        painter.setPen(QPen(self.ink("accent" if strong else "line"), 1.5 if strong else 1))
        painter.setBrush(self.ink("raised") if not self._hot else self.ink("line", 0.6))
        painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
        painter.setFont(theme.font("caption"))
        painter.setPen(self.ink("accent" if self._heard else "dim"))
        painter.drawText(QPointF(8, 14), str(self.number + 1))
        if self._outline is not None:
            inside = QRectF(22, 4, self.width() - 30, self.height() - 8)
            columns = self._outline.view(0, self._outline.frames, max(1, int(inside.width())))
            peak = float(max(columns[1].max(), -columns[0].min()))
            gain = 1 / peak if peak > 1e-4 else 1.0
            painter.drawImage(inside, picture_of(columns, max(2, int(inside.height() * 2)), self.ink("accent"), gain=gain))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.pressed.emit(self.number)

    def keyPressEvent(self, event: object) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):  # type: ignore[attr-defined]
            self.pressed.emit(self.number)
        else:
            super().keyPressEvent(event)  # type: ignore[arg-type]

    def enterEvent(self, event: object) -> None:
        self._hot = True
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hot = False
        self.update()


class Nine(QWidget):
    """Three by three candidates, how different they are, and another nine."""

    chosen = Signal(object)
    """Request: go on from here."""

    heard = Signal(object)
    """Rendered: play this one."""

    def __init__(self, engine: Engine, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._set = 0
        self._tickets: list[Ticket] = []
        self._around: tuple[Space, Request, tuple[int, ...]] | None = None
        self.cells = [CandidateCell(i) for i in range(COUNT)]
        grid = QGridLayout()
        grid.setSpacing(6)
        for i, cell in enumerate(self.cells):
            cell.pressed.connect(self._pressed)
            grid.addWidget(cell, i // 3, i % 3)
        self.radius = Fader(
            self.tr("How different"), 0.1, 1.5, 0.5, lockable=False,
            help=self.tr("How far the candidates are from this sound, in the usual spread of your sounds"),
        )  # fmt: skip
        self.radius.released.connect(self.again)
        self.more = QPushButton(self.tr("Another nine"))
        self.more.setIcon(theme.icon("refresh"))
        self.more.clicked.connect(self.again)
        row = QHBoxLayout()
        row.setSpacing(theme.HALF)
        row.addWidget(self.radius, 1)
        row.addWidget(self.more)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(grid, 1)
        column.addLayout(row)
        engine.rendered.connect(self._rendered)

    def show_around(self, space: Space, request: Request, locked: tuple[int, ...] = ()) -> None:
        """Make nine candidates around `request`; nothing changes along the `locked` axes."""
        self._around = (space, request, locked)
        self.again()

    @Slot()
    def again(self) -> None:
        """Nine others around the same sound."""
        for ticket in self._tickets:
            ticket.cancel()
        self._tickets = []
        self._set += 1
        for cell in self.cells:
            cell.set_heard(False)
        if self._around is None:
            return
        space, request, locked = self._around
        seed = int(np.random.default_rng().integers(2**31))
        fixed = space.axes.components[list(locked)] if locked else None
        points = mutate(latent_of(request), space.latents, self.radius.value, COUNT, seed, fixed)
        for i, z in enumerate(points):
            self._tickets.append(self._engine.render(with_latent(request, z), (TAG, self._set, i), newest=False))

    def press(self, event: QKeyEvent) -> bool:
        """Keys 1 to 9 play."""
        number = event.key() - Qt.Key.Key_1
        if 0 <= number < COUNT and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.play(number)
            return True
        return False

    def play(self, number: int) -> None:
        """Hear candidate `number`, 0 to 8."""
        made = self.cells[number].made
        if made is not None:
            for cell in self.cells:
                cell.set_heard(cell.number == number)
            self.heard.emit(made)

    @Slot(object)
    def _rendered(self, made: Rendered) -> None:
        if isinstance(made.tag, tuple) and made.tag[:2] == (TAG, self._set):
            self.cells[made.tag[2]].show_sound(made)

    def _pressed(self, number: int) -> None:
        made = self.cells[number].made
        if made is not None:
            self.chosen.emit(made.request)
