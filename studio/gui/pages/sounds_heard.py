"""“What the model will hear”: the included sounds in numbers, and each finding as a sentence with its fix."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.gui import theme
from studio.library.check import Finding, Heard

ICONS = {"bad": "warn", "warn": "warn", "info": "info"}
TOKENS = {"bad": "bad", "warn": "warn", "info": "dim"}


class HeardPanel(QFrame):
    fixed = Signal(object)
    """Finding: its button was pressed."""

    shown = Signal(object)
    """Finding: show the sounds, or files, it means."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.mark(self, role="panel")
        title = QLabel(self.tr("What the model will hear"))
        theme.mark(title, role="title")
        self.amount = QLabel()
        theme.mark(self.amount, role="strong")
        self.spread = QLabel()
        self.spread.setWordWrap(True)
        theme.mark(self.spread, role="caption")
        self._rows = QVBoxLayout()
        self._rows.setContentsMargins(0, 0, 4, 0)
        self._rows.setSpacing(theme.HALF)
        self._inside = QWidget()
        self._inside.setProperty("role", "clear")
        self._inside.setLayout(self._rows)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(self._inside)
        self.area.setAccessibleName(self.tr("Findings"))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 8, 8)
        column.setSpacing(theme.SMALL)
        column.addWidget(title)
        column.addWidget(self.amount)
        column.addWidget(self.spread)
        column.addWidget(self.area, 1)
        self.findings: tuple[Finding, ...] = ()
        self._names = {
            "unreadable": self.tr("{n} files can't be read"),
            "vanished": self.tr("{n} sounds are no longer where they were"),
            "nan": self.tr("{n} sounds hold broken samples that would be heard as gaps"),
            "silent": self.tr("{n} sounds are silent"),
            "duplicate": self.tr("{n} sounds are the same as another, perhaps at another level or in another format"),
            "head": self.tr("{n} sounds start with silence"),
            "clipped": self.tr("{n} sounds are clipped: their loudest moments are cut flat"),
            "dc": self.tr("{n} sounds sit off the zero line (DC offset)"),
            "truncated": self.tr("{n} files end before their headers say; what is there is used"),
            "short": self.tr("{n} sounds are too short to learn from (under 30 ms)"),
            "quiet": self.tr("{n} sounds are very quiet; they are turned up for learning, and their noise with them"),
            "long": self.tr("{n} recordings are longer than a minute; cut them at onsets or in windows"),
        }
        self._fixes = {
            "forget": self.tr("Forget them"),
            "trim": self.tr("Trim when learning"),
            "exclude": self.tr("Leave out"),
        }
        self.show_heard(Heard(), ())

    def show_heard(self, heard: Heard, findings: Sequence[Finding]) -> None:
        """Show these numbers and findings in place of what was shown."""
        self.amount.setText(self._amount(heard))
        self.spread.setText(self._spread(heard))
        self.spread.setVisible(bool(heard.count))
        if tuple(findings) == self.findings and self._rows.count():
            return
        self.findings = tuple(findings)
        while self._rows.count():
            item = self._rows.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for finding in findings:
            self._rows.addWidget(_Row(self, finding, self.sentence(finding), self.fix_label(finding)))
        if not findings and heard.count:
            fine = QLabel(self.tr("Nothing to mend: these sounds are ready."))
            fine.setWordWrap(True)
            theme.mark(fine, state="good")
            self._rows.addWidget(fine)
        self._rows.addStretch(1)

    def row(self, key: str) -> _Row | None:
        """The row of a finding, for tests and for the keyboard."""
        rows = self._inside.findChildren(_Row)
        return next((row for row in rows if row.finding.key == key and not row.isHidden()), None)

    def sentence(self, finding: Finding) -> str:
        """The finding in the window's language, the core's own words where there are none."""
        text = self._names.get(finding.key)
        return text.replace("{n}", finding.values["n"]) if text and finding.values.get("n", "1") != "1" else finding.sentence

    def fix_label(self, finding: Finding) -> str:
        if finding.key == "duplicate":
            return self.tr("Keep one of each")
        return self._fixes.get(finding.fix or "", finding.fix_label)

    def _amount(self, heard: Heard) -> str:
        if not heard.count:
            return self.tr("Nothing yet") if not heard.total else self.tr("Nothing: every sound is left out")
        minutes = heard.seconds / 60
        if minutes < 1:
            long = self.tr("{0} seconds").format(f"{heard.seconds:.0f}")
        else:
            long = self.tr("{0} minutes").format(f"{minutes:.1f}" if minutes < 100 else f"{minutes:,.0f}")
        if heard.count == heard.total:
            return self.tr("{0} in {1} sounds").format(long, f"{heard.count:,}")
        return self.tr("{0} in {1} of {2} sounds").format(long, f"{heard.count:,}", f"{heard.total:,}")

    def _spread(self, heard: Heard) -> str:
        lengths = self.tr("{0} to {1} s long, half under {2} s").format(
            f"{heard.shortest:.2f}", f"{heard.longest:.1f}", f"{heard.median:.2f}"
        )
        low, high = (f"{value:.0f}".replace("-", "−") for value in (heard.quietest, heard.loudest))
        loud = self.tr("{0} to {1} LUFS").format(low, high)
        labels = self.tr("{0} labels").format(heard.labels) if heard.labels > 1 else ""
        stereo = heard.count - heard.mono
        width = self.tr("{0} mono, {1} stereo").format(f"{heard.mono:,}", f"{stereo:,}") if stereo and heard.mono else ""
        return "  ·  ".join(part for part in (lengths, loud, labels, width) if part)


class _Row(QWidget):
    """One finding: its sentence, and buttons to see what it means and to mend it."""

    def __init__(self, panel: HeardPanel, finding: Finding, sentence: str, fix: str) -> None:
        super().__init__()
        self._panel, self.finding = panel, finding
        self._icon = QLabel()
        self._icon.setPixmap(theme.pixmap(ICONS[finding.severity], TOKENS[finding.severity], 16, self.devicePixelRatioF()))
        self._icon.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text = QLabel(sentence)
        self.text.setWordWrap(True)
        self.show_ = QPushButton(self.tr("Show"))
        theme.mark(self.show_, role="quiet")
        self.show_.setVisible(bool(finding.ids) or finding.key == "unreadable")
        self.show_.setAccessibleName(self.tr("Show: {0}").format(sentence))
        self.show_.clicked.connect(self._show)
        self.fix = QPushButton(fix)
        self.fix.setVisible(bool(finding.fix))
        self.fix.setAccessibleName(f"{fix}: {sentence}")
        self.fix.clicked.connect(self._fix)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.SMALL)
        buttons.addWidget(self.fix)
        buttons.addWidget(self.show_)
        buttons.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(theme.SMALL)
        words.addWidget(self.text)
        if finding.fix or finding.ids or finding.key == "unreadable":
            words.addLayout(buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.HALF)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)

    def _show(self) -> None:
        self._panel.shown.emit(self.finding)

    def _fix(self) -> None:
        self._panel.fixed.emit(self.finding)


class Unreadable(QDialog):
    """The files that could not be read, each with its reason, to copy."""

    def __init__(self, problems: Sequence[tuple[str, str]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Files that can't be read"))
        self.resize(640, 360)
        hint = QLabel(self.tr("They stay where they are. Check that they play elsewhere, or convert them to WAV."))
        hint.setWordWrap(True)
        theme.mark(hint, role="dim")
        self.list = QListWidget()
        self.list.setAccessibleName(self.windowTitle())
        self.list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        for path, reason in problems:
            self.list.addItem(f"{path}: {reason}")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton(self.tr("Copy the list"), QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.clicked.connect(self._copy)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(hint)
        column.addWidget(self.list, 1)
        column.addWidget(buttons)

    def _copy(self) -> None:
        from PySide6.QtGui import QGuiApplication

        rows = [self.list.item(i).text() for i in range(self.list.count())]
        QGuiApplication.clipboard().setText("\n".join(rows))
