"""What went wrong with a training: everything one would paste into a question, and settings with which it will rather work."""

from __future__ import annotations

import platform
from typing import Any

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

import studio
from studio.engine.training import RunView
from studio.errors import StudioError
from studio.events import Event, Failed
from studio.gui import theme
from studio.training.plan import TrainerConfig
from studio.training.run import RunFolder

LINES = 60
"""Of the trainer's own output that are told."""

CAREFUL = {"precision": "fp32", "gentle": True}


def safe_plan(plan: dict[str, Any]) -> dict[str, Any]:
    """The same plan for a second try: half the sounds at a time, a third of the rate, full precision, room for others."""
    whole = {**msgspec.to_builtins(TrainerConfig()), **plan}
    return {**plan, **CAREFUL, "batch": max(1, whole["batch"] // 2), "rate": max(0.01, whole["rate"] / 3)}


def details(view: RunView) -> str:
    """What the run was told, how it ended, and what the trainer printed last."""
    run = RunFolder(view.path)
    lines = [f"Wavewright {studio.__version__}, Python {platform.python_version()}, {platform.platform()}"]
    lines += [f"{view.title} ({view.name}), {view.family}, step {view.status.step}, {view.status.device}"]
    lines += [f"{view.status.key}: {view.status.error}", view.status.hint, ""]
    try:
        for name, told in (("settings", run.config.config), ("plan", run.config.plan)):
            lines += [f"{name}: " + (", ".join(f"{key}={value}" for key, value in told.items()) or "as recommended")]
        lines.append("")
    except StudioError as error:
        lines += [error.message, ""]
    failures = [event for event in _last_events(run) if isinstance(event, Failed)]
    if failures and failures[-1].details:
        lines += [failures[-1].details.rstrip(), ""]
    lines += _tail(run, LINES)
    return "\n".join(lines).rstrip() + "\n"


def _last_events(run: RunFolder) -> list[Event]:
    try:
        size = (run.path / "events.jsonl").stat().st_size
    except OSError:
        return []
    return run.events(max(0, size - 200_000))[0]  # a line that is cut in two means nothing


def _tail(run: RunFolder, lines: int) -> list[str]:
    try:
        with (run.path / "trainer.log").open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 20_000))
            return file.read().decode("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        return []


class TroubleDialog(QDialog):
    """The sentence, and all of it to copy."""

    def __init__(self, view: RunView, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("What went wrong with {0}").format(view.title or view.name))
        self.resize(720, 460)
        sentence = QLabel(" ".join(filter(None, (view.status.error, view.status.hint))))
        sentence.setWordWrap(True)
        theme.mark(sentence, role="strong")
        self.text = QPlainTextEdit(text)
        self.text.setReadOnly(True)
        self.text.setAccessibleName(self.tr("Details"))
        copy = QPushButton(self.tr("Copy"))
        copy.setIcon(theme.icon("copy"))
        copy.clicked.connect(self.copy)
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.HALF)
        buttons.addWidget(copy)
        buttons.addStretch(1)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.SPACE, theme.SPACE, theme.SPACE, theme.SPACE)
        column.setSpacing(theme.HALF)
        column.addWidget(sentence)
        column.addWidget(self.text, 1)
        column.addLayout(buttons)

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
