"""Every setting of a family and of the trainer, as a form made from their types; and training again with changes."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
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
from studio.gui.widgets.config_form import ConfigForm
from studio.training.plan import TrainerConfig


class SettingsDialog(QDialog):
    """Every field of the family and of the trainer. `hidden`: fields of the trainer that are asked for elsewhere."""

    taken = Signal(object, object, str)
    """Changed settings of the family, changed settings of the trainer, the run's name."""

    def __init__(
        self,
        family: FamilyFacts,
        config: dict[str, Any],
        plan: dict[str, Any],
        name: str,
        parent: QWidget,
        *,
        hidden: tuple[str, ...] = (),
        title: str = "",
        button: str = "",
    ) -> None:
        super().__init__(parent)
        self.family = family
        self.setWindowTitle(title or self.tr("Settings of {0}").format(family.info.name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 600)
        self.model = ConfigForm(family.fields, config, family.recommended)
        trainer = [field for field in describe(TrainerConfig) if field.name not in hidden]
        self.trainer = ConfigForm(trainer, {**msgspec.to_builtins(TrainerConfig()), **plan})
        self.name = QLineEdit(name)
        self.name.setPlaceholderText(self.tr("Named by itself"))
        self.name.setAccessibleName(self.tr("Name of the training"))
        tabs = QTabWidget()
        tabs.addTab(_scrolled(self.model), self.tr("The model"))
        tabs.addTab(_scrolled(self.trainer), self.tr("The training"))
        reset = QPushButton(self.tr("Reset to recommended"))
        reset.clicked.connect(self._reset)
        use = QPushButton(button or self.tr("Use these"))
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
