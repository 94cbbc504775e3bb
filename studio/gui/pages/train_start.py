"""The left side of Train: what to make, whether the sounds and the memory are ready for it, for how long, and one button.

Zero settings need to be touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.engine.engine import FamilyFacts, FitFacts
from studio.gui import theme
from studio.gui.pages import train_words as words
from studio.gui.pages.train_plan import FIELDS, PlanBox
from studio.gui.pages.train_settings import SettingsDialog
from studio.gui.widgets.fit_bar import FitBar
from studio.library.check import Finding
from studio.training.presets import Preset

WIDTH = 248
INSET = 2 * 12 + 13
"""Points that a card is narrower than the panel: its margins, and the scroll bar."""


class FamilyCard(QAbstractButton):
    """One model family in a musician's words; what it wants and takes is told by the chosen one, so that many fit."""

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
        self.time = time = self._words(self._time(facts.seconds_to_first_sound), "caption")
        if not facts.fits:
            theme.mark(time, state="warn")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(theme.SMALL)
        for label in (name, sentence, wants, have, time):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            column.addWidget(label)
        told = {have: not facts.ready, time: not facts.fits}  # what stands in the way is told in any case
        self._details = [label for label in (wants, have, time) if not told.get(label)]
        self._width = WIDTH - INSET
        self.toggled.connect(self._unfold)
        self._unfold(False)

    def set_width(self, width: int) -> None:
        self._width = width
        layout = self.layout()
        assert layout is not None
        self.setFixedSize(width, layout.heightForWidth(width))

    @Slot(bool)
    def _unfold(self, chosen: bool) -> None:
        for label in self._details:
            label.setVisible(chosen and bool(label.text()))
        self.set_width(self._width)

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

    def set_first_sound(self, seconds: float) -> None:
        """Measured, where before it was a rule of thumb."""
        self.time.setText(self._time(seconds))
        self._unfold(self.isChecked())

    def _time(self, first: float | None) -> str:
        if not self.facts.fits:
            return self.tr("May not fit into the memory of this machine")
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

    changed = Signal()
    """Another family, or other settings: what fits may have changed."""

    soundsAsked = Signal()
    searchAsked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, role="panel")
        self.setFixedWidth(WIDTH)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._families: tuple[FamilyFacts, ...] = ()
        self._cards = QButtonGroup(self)
        self._changes: dict[str, dict[str, Any]] = {}  # family → settings that differ from recommended
        self._plan: dict[str, Any] = {}
        self._presets: tuple[Preset, ...] = ()
        self._lighter: tuple[dict[str, Any], dict[str, Any]] = ({}, {})  # settings, and what of them must change to fit
        self._name = ""
        head = QLabel(self.tr("What do you want to make?"))
        theme.mark(head, role="strong")
        self._list = QVBoxLayout()
        self._list.setSpacing(theme.HALF)
        self.waiting = QLabel(self.tr("Looking at what this machine can do…"))
        self.waiting.setWordWrap(True)
        theme.mark(self.waiting, role="dim")
        self._list.addWidget(self.waiting)
        self.data = QLabel()
        self.data.setWordWrap(True)
        self.data.setTextFormat(Qt.TextFormat.RichText)
        self.data.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.data.linkActivated.connect(self._go_sounds)
        theme.mark(self.data, role="caption")
        self.data.hide()
        self.fit = FitBar()
        self.plan_box = PlanBox()
        self.plan_box.changed.connect(self._count)
        self.preset = QComboBox()
        self.preset.setAccessibleName(self.tr("Settings that were found or kept"))
        self.preset.activated.connect(self._take_preset)
        self.preset.hide()
        self.train = QPushButton(self.tr("Train"))
        self.train.setEnabled(False)
        theme.mark(self.train, role="primary")
        self.train.clicked.connect(self._ask)
        self.more = QPushButton(self.tr("Settings…"))
        self.more.setToolTip(self.tr("Everything that can be set, with what is recommended"))
        self.more.clicked.connect(self._open_settings)
        self.search = QPushButton(self.tr("Find better ones…"))
        self.search.setToolTip(self.tr("Try out settings for a while and keep the best"))
        self.search.clicked.connect(self.searchAsked)
        further = QHBoxLayout()
        further.setSpacing(2)
        for button in (self.more, self.search):
            button.setEnabled(False)
            button.setStyleSheet("padding: 0 8px;")
            theme.mark(button, role="quiet")
            further.addWidget(button)
        self.note = QLabel()
        self.note.setWordWrap(True)
        theme.mark(self.note, role="caption")
        self.note.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, theme.SPACE, 12, 12)
        column.setSpacing(theme.HALF)
        column.addWidget(head)
        column.addWidget(self._scroll(), 1)
        for widget in (self.data, self.fit, self.plan_box, self.preset, self.train):
            column.addWidget(widget)
        column.addLayout(further)
        column.addWidget(self.note)

    def _scroll(self) -> QScrollArea:
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
        return scroll

    def set_width(self, width: int) -> None:
        self.setFixedWidth(width)
        for card in self._family_cards():
            card.set_width(width - INSET)

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
            card.set_width(self.width() - INSET)
            self._cards.addButton(card)
            self._list.addWidget(card)
            card.setChecked(facts.info.id == chosen)
        if families and self._cards.checkedButton() is None:
            cards = self._family_cards()
            first = next((card for card in cards if card.facts.ready), cards[0])
            first.setChecked(True)
        self._enable()
        self._cards.buttonClicked.connect(self._enable, Qt.ConnectionType.UniqueConnection)

    def set_findings(self, findings: Sequence[Finding]) -> None:
        """What is to be said about the sounds before one trains on them, in one line; the worst first."""
        worth = [finding for finding in findings if finding.severity != "info"]
        self.data.setVisible(bool(worth))
        if not worth:
            return
        more = self.tr("{0} more to look at").format(len(worth) - 1) if len(worth) > 1 else ""
        text = "; ".join(filter(None, (worth[0].sentence, more)))
        self.data.setText(f"{text}. <a href='sounds'>{self.tr('See Sounds')}</a>")
        theme.mark(self.data, state=worth[0].severity)

    def set_presets(self, presets: Sequence[Preset]) -> None:
        self._presets = tuple(presets)
        self._enable()

    def show_fit(self, facts: FitFacts) -> None:
        """What a few real steps said; what must be smaller to fit is taken over."""
        family, fit = self.family, facts.fit
        if family is None or (facts.family, facts.config) != (family.info.id, self.own_config):
            return
        self._lighter = (facts.config, dict(fit.changes))
        chosen = self.tr("{0} sounds a step, {1}").format(fit.batch, fit.precision) if fit.batch else ""
        card = self._cards.checkedButton()
        if isinstance(card, FamilyCard) and fit.measured:
            card.set_first_sound(fit.first_sound)
        self.fit.show_fit(fit.bytes, fit.others, fit.total, chosen, fit.measured, fit.fits)
        self._count()

    @Slot()
    def _enable(self, *_: object) -> None:
        family = self.family
        self.train.setEnabled(family is not None and family.ready)
        self.more.setEnabled(family is not None)
        self.search.setEnabled(family is not None and family.ready)
        self.train.setToolTip("" if family is None or family.ready else family.reason)
        found = self._offered
        self.preset.setVisible(bool(found))
        chosen = self.preset.currentData()
        self.preset.clear()
        self.preset.addItem(self.tr("Recommended settings"), "")
        for name in found:
            self.preset.addItem(name, name)
        self.preset.setCurrentIndex(max(0, self.preset.findData(chosen)))
        self._count()
        self.changed.emit()

    @Slot()
    def _count(self) -> None:
        """Say how much differs from what is recommended, and why."""
        family = self.family
        changed = len(self._changes.get(family.info.id, {})) + len(self._plan) if family is not None else 0
        lines = [self.tr("{0} settings differ from the recommended ones").format(changed)] if changed > 1 else []
        lines += [self.tr("One setting differs from the recommended ones")] if changed == 1 else []
        lines += [self.tr("Made smaller, so that it fits into the memory")] if self._changes_to_fit else []
        self.note.setText("\n".join(lines))
        self.note.setVisible(bool(lines))

    def _family_cards(self) -> list[FamilyCard]:
        return [card for card in self._cards.buttons() if isinstance(card, FamilyCard)]

    def facts(self, family: str) -> FamilyFacts | None:
        return next((facts for facts in self._families if facts.info.id == family), None)

    @property
    def family(self) -> FamilyFacts | None:
        card = self._cards.checkedButton()
        return card.facts if isinstance(card, FamilyCard) else None

    @property
    def _offered(self) -> dict[str, Preset]:
        """Presets of the chosen family by name: those that come with it, and the project's own."""
        family = self.family
        if family is None:
            return {}
        ours = (preset for preset in self._presets if preset.family == family.info.id)
        return {preset.name: preset for preset in (*family.presets, *ours)}

    @property
    def own_config(self) -> dict[str, Any]:
        """What is asked for, whether or not it fits."""
        family = self.family
        return {} if family is None else {**family.recommended, **self._changes.get(family.info.id, {})}

    @property
    def _changes_to_fit(self) -> dict[str, Any]:
        tried, changes = self._lighter
        return changes if tried == self.own_config else {}

    @property
    def config(self) -> dict[str, Any]:
        return {**self.own_config, **self._changes_to_fit}

    @property
    def plan(self) -> dict[str, Any]:
        return {**self._plan, **self.plan_box.plan}

    # ---- the hand
    def _ask(self) -> None:
        if self.family is not None:
            self.asked.emit(self.family.info.id, self.config, self.plan, self._name)
            self._name = ""

    def _go_sounds(self, _: str) -> None:
        self.soundsAsked.emit()

    @Slot(int)
    def _take_preset(self, _: int) -> None:
        preset = self._offered.get(self.preset.currentData())
        self._take(dict(preset.config) if preset else {}, dict(preset.plan) if preset else {}, self._name)

    def use(self, preset: Preset) -> None:
        """Train with these settings from now on."""
        for card in self._family_cards():
            if card.facts.info.id == preset.family:
                card.setChecked(True)
        self._enable()
        self.preset.setCurrentIndex(max(0, self.preset.findData(preset.name)))
        self._take(dict(preset.config), dict(preset.plan), self._name)

    def _open_settings(self) -> None:
        if self.family is not None:
            dialog = SettingsDialog(self.family, self.own_config, self._plan, self._name, self, hidden=FIELDS)
            dialog.taken.connect(self._take)
            dialog.open()

    def _take(self, changes: dict[str, Any], plan: dict[str, Any], name: str) -> None:
        if self.family is not None:
            self._changes[self.family.info.id] = changes
        self._plan = {key: value for key, value in plan.items() if key not in FIELDS}
        self._name = name
        self._count()
        self.changed.emit()
