"""How the chosen run goes, in words: state, verdict with its evidence, time, and the few things one can ask of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from studio.engine.training import RunView
from studio.gui import theme
from studio.gui.pages import train_words as words
from studio.project.state import RunStatus
from studio.training.run import Moment

ALARMS = {"overfitting": "warn", "copying": "warn", "collapsing": "bad", "unstable": "bad", "silent": "bad"}
"""Verdicts that are said in a colour; the others speak for themselves."""


MORE = 10
"""Minutes by which a plan is made longer."""


class VerdictPanel(QWidget):
    """Words first. Emits what is asked of the run that is shown."""

    asked = Signal(str)
    """pause, resume, stop, measure, explore; continue, slower, best; retry, details, end"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ends: list[str] = []
        self._planned: float | None = None
        self._goes_on = True  # there is something that a training can go on from
        self._honest = self.tr(
            "The plan ends with its time, not with a quality: while the verdict says improving, longer is better."
        )
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
        self.measure = self._button("eye", self.tr("How good is it?"), self.tr("Hold new sounds against sounds it never heard"))
        self.explore = self._button("explore", self.tr("Explore"), self.tr("Open the best moment of this training in Explore"))
        self.offers = {
            "continue": self._offer(self.tr("{0} more minutes").format(MORE), self.tr("Makes the plan that much longer")),
            "slower": self._offer(self.tr("Lower the rate"), self.tr("Goes on from here with half the learning rate")),
            "best": self._offer(
                self.tr("Back to the best moment"), self.tr("Goes on from the best moment so far with half the learning rate")
            ),
            "retry": self._offer(
                self.tr("Try again with safe settings"),
                self.tr("A new training with smaller steps, fewer sounds at a time and full precision"),
            ),
            "details": self._offer(self.tr("Details…"), self.tr("What the trainer said last, to read or to copy")),
            "end": self._offer(self.tr("End it"), self.tr("Ends a trainer that does not answer; its last save is kept")),
        }
        self._row = QWidget()
        row = QHBoxLayout(self._row)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(theme.HALF)
        for what, button in self.offers.items():
            button.setProperty("asks", what)
            button.clicked.connect(self._ask)
            row.addWidget(button)
        row.addStretch(1)
        head = QHBoxLayout()
        head.setSpacing(theme.HALF)
        named = QHBoxLayout()
        named.setSpacing(theme.HALF)
        named.addWidget(self.state)
        named.addWidget(self.title, 1)
        head.addLayout(named, 1)
        for button, what in (
            (self.pause, "pause"),
            (self.resume, "resume"),
            (self.stop, "stop"),
            (self.measure, "measure"),
            (self.explore, "explore"),
        ):
            button.setProperty("asks", what)
            button.clicked.connect(self._ask)
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE, 8, theme.SPACE, 10)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.sentence)
        column.addWidget(self._row)
        column.addWidget(self.bar)
        column.addWidget(self.facts)

    def _button(self, icon: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setIcon(theme.icon(icon))
        button.setIconSize(QSize(16, 16))
        button.setToolTip(tip)
        return button

    def _offer(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        return button

    def _ask(self) -> None:
        self.asked.emit(self.sender().property("asks"))

    def show_run(self, view: RunView, moments: Sequence[Moment], plan: Mapping[str, Any] | None = None) -> None:
        """`plan`: what the run was told, for what may end it before its time."""
        playable = bool(moments)
        self._goes_on = not moments or any(moment.resumable for moment in moments)
        status = view.status
        self._planned = (plan or {}).get("minutes")
        self._ends = words.ends(plan or {}) if view.alive or view.place is not None else []
        self.title.setText(view.title or view.name)
        self.title.setToolTip(view.name)
        self.state.setText(words.state_words(view))
        theme.mark(self.state, state=words.STATES.get(view.state, ""), role="dim" if view.state not in words.STATES else "")
        self.sentence.setText(self._sentence(view))
        alarm = ALARMS.get(status.verdict, "") if view.alive else "bad" if status.error else ""
        theme.mark(self.sentence, state=alarm)
        self.bar.setValue(round(status.progress * 1000))
        self.bar.setVisible(view.alive or 0 < status.progress < 1)
        self.facts.setText(self._facts(view))
        self.facts.setToolTip("\n".join(filter(None, (self._how(status) if view.alive else "", self._honest))))
        trial = bool(view.trial_of)  # its search decides what becomes of it
        self.pause.setVisible(view.alive and not trial)
        self.stop.setVisible((view.alive or view.place is not None or view.state == "paused") and not trial)
        self.stop.setText(self.tr("Stop") if view.alive or view.state == "paused" else self.tr("Leave the queue"))
        self.resume.setVisible(view.resumable and self._goes_on and view.place is None and not trial)
        self.measure.setVisible(playable and not view.alive)
        self.explore.setVisible(playable)
        self._show_offers(view)

    def _show_offers(self, view: RunView) -> None:
        """What the verdict suggests, as far as it can be done now. Stop has its button already; it lights up."""
        waits, finished = view.place is not None, view.state == "finished"
        offered = set() if waits or view.quiet or view.trial_of else set(view.status.offers)
        able = {
            "continue": self._goes_on and ("continue" in offered or (finished and not waits and not view.trial_of)),
            "slower": "slower" in offered and view.alive,
            "best": "best" in offered and view.alive,
            "retry": view.state == "failed" and not waits,
            "details": view.state in ("failed", "interrupted") and not waits,
            "end": bool(view.quiet),
        }
        for what, button in self.offers.items():
            button.setVisible(able[what])
        self._row.setVisible(any(able.values()))
        self.stop.setIcon(theme.icon("stop", "accent" if view.alive and "stop" in offered else "text"))

    def _sentence(self, view: RunView) -> str:
        status = view.status
        if view.state == "failed" or (view.state == "paused" and status.error):  # a full disk pauses
            return " ".join(filter(None, (status.error, status.hint)))
        if view.state == "finished" and status.message.endswith("."):  # a goal ended it
            return " ".join(filter(None, (status.message, status.sentence)))
        if view.state == "interrupted":
            kept = self.tr("Everything up to the last save is kept; Resume goes on from there.")
            return " ".join(filter(None, (status.error or self.tr("The training was cut off."), kept)))
        if view.quiet:
            return self.tr("It has said nothing for {0}: its process stands still, or its disk does.").format(
                words.seconds(view.quiet)
            )
        if status.sentence:
            return status.sentence
        if view.state == "queued":
            return self.tr("It begins as soon as what is before it has ended.") if view.place else status.message
        return status.message or self.tr("Getting ready")

    def _how(self, status: RunStatus) -> str:
        """On what it trains, and with how much at a time."""
        parts = [status.device, words.size(int(status.memory_mb * 1e6)) if status.memory_mb else "", status.precision]
        if status.batch:
            parts.append(self.tr("{0} sounds a step").format(status.batch))
        return "  ·  ".join(filter(None, parts))

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
        elif self._planned:
            parts.append(self.tr("for {0}").format(words.minutes(self._planned)))
        parts += self._ends
        if view.alive:
            parts.append(words.left(status.eta_low, status.eta_high))
            if status.state == "training":
                parts.append(status.message or self._next(status.next_preview))
            if status.audio_speed:
                parts.append(self.tr("hears {0}× real time").format(f"{status.audio_speed:.3g}"))
        elif status.step:
            parts.append(self.tr("step {0}").format(f"{status.step:,}"))
        return "  ·  ".join(filter(None, parts))
