"""How the chosen run goes, in words: state, verdict with its evidence, time, and the few things one can ask of it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from studio.engine.training import RunView
from studio.gui import theme
from studio.gui.pages import train_words as words

ALARMS = {"overfitting": "warn", "unstable": "bad", "silent": "bad"}
"""Verdicts that are said in a colour; the others speak for themselves."""


class VerdictPanel(QWidget):
    """Words first. Emits what is asked of the run that is shown."""

    asked = Signal(str)
    """pause, resume, stop or explore"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, role="panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.title = QLabel()
        theme.mark(self.title, role="strong")
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.state = QLabel()
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.sentence.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.facts = QLabel()
        self.facts.setWordWrap(True)
        theme.mark(self.facts, role="dim")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress of the plan"))
        self.pause = self._button("pause", self.tr("Pause"), self.tr("Frees the memory; resuming goes on exactly where it was"))
        self.resume = self._button("play", self.tr("Resume"), self.tr("Goes on exactly where it was"))
        self.stop = self._button("stop", self.tr("Stop"), self.tr("Ends at the next safe point; everything learned is kept"))
        self.explore = self._button("explore", self.tr("Explore"), self.tr("Open the best moment of this training in Explore"))
        head = QHBoxLayout()
        head.setSpacing(theme.HALF)
        named = QHBoxLayout()
        named.setSpacing(theme.HALF)
        named.addWidget(self.state)
        named.addWidget(self.title, 1)
        head.addLayout(named, 1)
        for button, what in ((self.pause, "pause"), (self.resume, "resume"), (self.stop, "stop"), (self.explore, "explore")):
            button.setProperty("asks", what)
            button.clicked.connect(self._ask)
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE, 10, theme.SPACE, 12)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.sentence)
        column.addWidget(self.bar)
        column.addWidget(self.facts)

    def _button(self, icon: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(16, 16))
        button.setToolTip(tip)
        return button

    def _ask(self) -> None:
        self.asked.emit(self.sender().property("asks"))

    def show_run(self, view: RunView, playable: bool) -> None:
        status = view.status
        self.title.setText(view.title or view.name)
        self.title.setToolTip(view.name)
        self.state.setText(words.state_words(view))
        theme.mark(self.state, state=words.STATES.get(view.state, ""), role="dim" if view.state not in words.STATES else "")
        self.sentence.setText(self._sentence(view))
        theme.mark(
            self.sentence, state="bad" if view.state == "failed" else ALARMS.get(status.verdict, "") if view.alive else ""
        )
        self.bar.setValue(round(status.progress * 1000))
        self.bar.setVisible(view.alive or 0 < status.progress < 1)
        self.facts.setText(self._facts(view))
        self.pause.setVisible(view.alive)
        self.stop.setVisible(view.alive or view.place is not None or view.state == "paused")
        self.stop.setText(self.tr("Stop") if view.alive or view.state == "paused" else self.tr("Leave the queue"))
        self.resume.setVisible(view.resumable and view.place is None)
        self.explore.setVisible(playable)

    def _sentence(self, view: RunView) -> str:
        status = view.status
        if view.state == "failed":
            return " ".join(filter(None, (status.error, status.hint)))
        if view.state == "interrupted":
            return self.tr("The training was cut off. Everything up to the last save is kept; Resume goes on from there.")
        if status.sentence:
            return status.sentence
        if view.state == "queued":
            return self.tr("It begins as soon as what is before it has ended.") if view.place else status.message
        return status.message or self.tr("Getting ready")

    def _next(self, seconds: float | None) -> str:
        if seconds is None:
            return ""
        return self.tr("next preview in {0}").format(words.seconds(seconds)) if seconds >= 1 else self.tr("next preview now")

    def _facts(self, view: RunView) -> str:
        status = view.status
        parts = []
        if status.minutes or status.planned:
            spent = words.minutes(status.minutes)
            parts.append(self.tr("{0} of {1}").format(spent, words.minutes(status.planned)) if status.planned else spent)
        if view.alive:
            parts.append(words.left(status.eta_low, status.eta_high))
            if status.state == "training":
                parts.append(status.message or self._next(status.next_preview))
            parts.append(status.device)
            if status.memory_mb:
                parts.append(words.size(int(status.memory_mb * 1e6)))
        elif status.step:
            parts.append(self.tr("step {0}").format(f"{status.step:,}"))
        return "  ·  ".join(filter(None, parts))
