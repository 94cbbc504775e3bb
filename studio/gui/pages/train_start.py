"""The left side of Train: what to make, for how long, and one button. Zero settings need to be touched."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QDialog,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from studio.engine.engine import FamilyFacts
from studio.fields import describe
from studio.gui import theme
from studio.gui.pages import train_words as words
from studio.gui.widgets.config_form import ConfigForm
from studio.training.plan import TrainerConfig

PLANS = (5.0, 20.0, 60.0, 240.0)
USUAL = 20.0
WIDTH = 264
CARD = WIDTH - 2 * 12 - 8
"""Points: the panel, and a card beside its scroll bar."""


class FamilyCard(QAbstractButton):
    """One model family in a musician's words."""

    def __init__(self, facts: FamilyFacts, sounds: int, labels: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.facts = facts
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(facts.info.name)
        self.setAccessibleDescription(facts.info.sentence)
        self.setToolTip(facts.info.method)
        name = QLabel(facts.info.name)
        theme.mark(name, role="title")
        sentence = self._words(facts.info.sentence)
        wants = self._words(self.tr("Wants {0}").format(facts.info.wants[:1].lower() + facts.info.wants[1:]), "caption")
        have = self._words(self._have(sounds, labels), "caption")
        theme.mark(have, state="good" if facts.ready else "warn")
        time = self._words(self._time(), "caption")
        if not facts.fits:
            theme.mark(time, state="warn")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(theme.SMALL)
        for label in (name, sentence, wants, have, time):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            label.setVisible(bool(label.text()))
            column.addWidget(label)
        self.setFixedSize(CARD, column.heightForWidth(CARD))

    def _words(self, text: str, role: str = "dim") -> QLabel:
        label = QLabel(text)
        label.setWordWrap(True)
        theme.mark(label, role=role)
        return label

    def _have(self, sounds: int, labels: int) -> str:
        if not self.facts.ready:
            return self.tr("Not yet: {0}").format(self.facts.reason)
        if labels > 1:
            return self.tr("You have {0} sounds in {1} labels").format(f"{sounds:,}", labels)
        return self.tr("You have {0} sounds").format(f"{sounds:,}")

    def _time(self) -> str:
        if not self.facts.fits:
            return self.tr("May not fit into the memory of this machine")
        first = self.facts.seconds_to_first_sound
        if first is None:
            return ""
        return self.tr("First sound after about {0}").format(words.seconds(5 * round(first / 5) if first > 10 else first))

    def paintEvent(self, event: object) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        painter.setBrush(theme.color("accent", 0.10) if self.isChecked() else theme.color("raised"))
        strong = self.isChecked() or self.hasFocus()
        painter.setPen(QPen(theme.color("accent" if strong else "line"), 1.5 if strong else 1))
        painter.drawRoundedRect(area, 10, 10)


class StartPanel(QWidget):
    """Cards, plan, Train. Emits what should be trained; queues nothing itself."""

    asked = Signal(str, object, object, str)
    """family, config (dict), plan (dict), name"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, role="panel")
        self.setFixedWidth(WIDTH)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._families: tuple[FamilyFacts, ...] = ()
        self._cards = QButtonGroup(self)
        self._changes: dict[str, dict[str, Any]] = {}  # family → settings that differ from recommended
        self._plan: dict[str, Any] = {}
        self._name = ""
        head = QLabel(self.tr("What do you want to make?"))
        theme.mark(head, role="strong")
        self._list = QVBoxLayout()
        self._list.setSpacing(theme.HALF)
        self.waiting = QLabel(self.tr("Looking at what this machine can do…"))
        self.waiting.setWordWrap(True)
        theme.mark(self.waiting, role="dim")
        self._list.addWidget(self.waiting)
        inside = QWidget()
        theme.mark(inside, role="clear")
        holder = QVBoxLayout(inside)
        holder.setContentsMargins(0, 0, 0, 0)
        holder.addLayout(self._list)
        holder.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        self.train = QPushButton(self.tr("Train"))
        self.train.setEnabled(False)
        theme.mark(self.train, role="primary")
        self.train.clicked.connect(self._ask)
        self.more = QPushButton(self.tr("More settings…"))
        self.more.setEnabled(False)
        theme.mark(self.more, role="quiet")
        self.more.clicked.connect(self._open_settings)
        self.note = QLabel()
        self.note.setWordWrap(True)
        theme.mark(self.note, role="caption")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, theme.SPACE, 12, 12)
        column.setSpacing(theme.HALF)
        column.addWidget(head)
        column.addWidget(scroll, 1)
        column.addWidget(self._plan_row())
        column.addWidget(self.train)
        column.addWidget(self.more)
        column.addWidget(self.note)
        self.note.hide()

    def _plan_row(self) -> QWidget:
        """How long: four usual plans or one's own."""
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SMALL)
        label = QLabel(self.tr("For how long"))
        theme.mark(label, role="caption")
        column.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(2)
        self._plans = QButtonGroup(self)
        for value in PLANS:
            button = QPushButton(f"{value:.0f}")
            button.setCheckable(True)
            button.setMinimumWidth(36)
            button.setAccessibleName(self.tr("{0} minutes").format(f"{value:.0f}"))
            button.setToolTip(words.minutes(value))
            theme.mark(button, role="segment")
            button.setStyleSheet("padding: 0 6px;")
            self._plans.addButton(button, round(value))
            row.addWidget(button)
        self.minutes = QDoubleSpinBox()
        self.minutes.setRange(0.5, 9999)
        self.minutes.setDecimals(0)
        self.minutes.setSuffix(self.tr(" min"))
        self.minutes.setAccessibleName(self.tr("Minutes of training"))
        self.minutes.setFixedWidth(84)
        self.minutes.valueChanged.connect(self._minutes_changed)
        row.addStretch(1)
        row.addWidget(self.minutes)
        column.addLayout(row)
        self._plans.idClicked.connect(self._plan_chosen)
        self.minutes.setValue(USUAL)
        return box

    def _plan_chosen(self, value: int) -> None:
        self.minutes.setValue(value)

    def _minutes_changed(self, value: float) -> None:
        self._plans.setExclusive(False)
        for button in self._plans.buttons():
            button.setChecked(self._plans.id(button) == round(value))
        self._plans.setExclusive(True)

    # ---- what is shown
    def set_families(self, families: tuple[FamilyFacts, ...], sounds: int, labels: int) -> None:
        chosen = self.family.info.id if self.family is not None else None
        for card in self._cards.buttons():
            self._cards.removeButton(card)
            self._list.removeWidget(card)
            card.deleteLater()
        self._families = families
        self.waiting.setVisible(not families)
        for facts in families:
            card = FamilyCard(facts, sounds, labels)
            self._cards.addButton(card)
            self._list.addWidget(card)
            card.setChecked(facts.info.id == chosen)
        if families and self._cards.checkedButton() is None:
            cards = [card for card in self._cards.buttons() if isinstance(card, FamilyCard)]
            first = next((card for card in cards if card.facts.ready), cards[0])
            first.setChecked(True)
        self._enable()
        self._cards.buttonClicked.connect(self._enable, Qt.ConnectionType.UniqueConnection)

    @Slot()
    def _enable(self, *_: object) -> None:
        family = self.family
        self.train.setEnabled(family is not None and family.ready)
        self.more.setEnabled(family is not None)
        self.train.setToolTip("" if family is None or family.ready else family.reason)
        changed = len(self._changes.get(family.info.id, {})) + len(self._plan) if family is not None else 0
        self.note.setVisible(bool(changed))
        if changed:
            self.note.setText(self.tr("{0} settings differ from the recommended ones").format(changed))

    @property
    def family(self) -> FamilyFacts | None:
        card = self._cards.checkedButton()
        return card.facts if isinstance(card, FamilyCard) else None

    @property
    def config(self) -> dict[str, Any]:
        family = self.family
        return {} if family is None else {**family.recommended, **self._changes.get(family.info.id, {})}

    @property
    def plan(self) -> dict[str, Any]:
        return {**self._plan, "minutes": float(self.minutes.value())}

    # ---- the hand
    def _ask(self) -> None:
        if self.family is not None:
            self.asked.emit(self.family.info.id, self.config, self.plan, self._name)
            self._name = ""

    def _open_settings(self) -> None:
        if self.family is not None:
            dialog = SettingsDialog(self.family, self.config, self._plan, self._name, self)
            dialog.taken.connect(self._take)
            dialog.open()

    def _take(self, changes: dict[str, Any], plan: dict[str, Any], name: str) -> None:
        if self.family is not None:
            self._changes[self.family.info.id] = changes
        self._plan, self._name = plan, name
        self._enable()


class SettingsDialog(QDialog):
    """Every field of the family and of the trainer, made from their types."""

    taken = Signal(object, object, str)
    """Changed settings of the family, changed settings of the trainer, the run's name."""

    def __init__(self, family: FamilyFacts, config: dict[str, Any], plan: dict[str, Any], name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings of {0}").format(family.info.name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 600)
        self.model = ConfigForm(family.fields, config, family.recommended)
        trainer = [field for field in describe(TrainerConfig) if field.name != "minutes"]
        self.trainer = ConfigForm(trainer, {**msgspec.to_builtins(TrainerConfig()), **plan})
        self.name = QLineEdit(name)
        self.name.setPlaceholderText(self.tr("Named by its date"))
        self.name.setAccessibleName(self.tr("Name of the training"))
        tabs = QTabWidget()
        tabs.addTab(_scrolled(self.model), self.tr("The model"))
        tabs.addTab(_scrolled(self.trainer), self.tr("The training"))
        reset = QPushButton(self.tr("Reset to recommended"))
        reset.clicked.connect(self._reset)
        use = QPushButton(self.tr("Use these"))
        use.setDefault(True)
        theme.mark(use, role="primary")
        use.clicked.connect(self.accept)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.HALF)
        buttons.addWidget(reset)
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(use)
        named = QHBoxLayout()
        named.setSpacing(theme.HALF)
        named.addWidget(QLabel(self.tr("Name")))
        named.addWidget(self.name, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        column.setSpacing(theme.SPACE)
        column.addLayout(named)
        column.addWidget(tabs, 1)
        column.addLayout(buttons)
        self.accepted.connect(self._tell)

    def _reset(self) -> None:
        self.model.reset()
        self.trainer.reset()

    def _tell(self) -> None:
        self.taken.emit(self.model.changes(), self.trainer.changes(), self.name.text().strip())


def _scrolled(form: ConfigForm) -> QScrollArea:
    inside = QWidget()
    theme.mark(inside, role="clear")
    column = QVBoxLayout(inside)
    column.setContentsMargins(0, 0, theme.SPACE, theme.SPACE)
    column.addWidget(form)
    column.addStretch(1)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inside)
    return area
