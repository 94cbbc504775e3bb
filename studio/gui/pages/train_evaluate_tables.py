"""The tables of “How good is it?”: numbers beside those of real sounds, every label, every octave; exact names as tips."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QAbstractItemView, QCheckBox, QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from studio.audio.pitch import note_name
from studio.gui import theme
from studio.gui.pages import train_words as words
from studio.project.evaluation import MEASURES, Evaluation, Measure, likeness, shown

RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
TOKEN = Qt.ItemDataRole.UserRole
"""Where a cell keeps the name of its colour, which another theme draws anew."""
STATES = {"real": "good", "near": "text", "far": "warn", "": "dim"}
"""How the model stands → token of its word."""


class _Table(QTableWidget):
    """Read, not edited."""

    def __init__(self) -> None:
        super().__init__()
        self._numeric: list[bool] = []
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)

    def set_columns(self, *columns: tuple[str, int, bool]) -> None:
        """Of each its title, its width (0 takes what is left), and whether it holds numbers."""
        self._numeric = [numeric for _, _, numeric in columns]
        self.setColumnCount(len(columns))
        header = self.horizontalHeader()
        for at, (title, width, numeric) in enumerate(columns):
            item = QTableWidgetItem(title)
            item.setTextAlignment(RIGHT if numeric else LEFT)
            self.setHorizontalHeaderItem(at, item)
            header.setSectionResizeMode(at, QHeaderView.ResizeMode.Fixed if width else QHeaderView.ResizeMode.Stretch)
            if width:
                header.resizeSection(at, width)

    def fill(self, row: int, texts: tuple[str, ...], tip: str = "", token: str = "text") -> None:
        """One row; the last column that is not empty has the colour of `token`."""
        if row >= self.rowCount():
            self.insertRow(row)
        for at, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setTextAlignment(RIGHT if self._numeric[at] else LEFT)
            item.setToolTip(tip or text)
            item.setData(TOKEN, token if at == len(texts) - 1 else "text")
            item.setForeground(theme.color(item.data(TOKEN)))
            self.setItem(row, at, item)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.StyleChange:
            cells = (self.item(row, at) for row in range(self.rowCount()) for at in range(self.columnCount()))
            for item in filter(None, cells):
                item.setForeground(theme.color(item.data(TOKEN)))
        super().changeEvent(event)


class NumbersTable(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._found = Evaluation()
        self.table = _Table()
        self.table.setAccessibleName(self.tr("Numbers"))
        self.table.set_columns(
            (self.tr("What"), 0, False),
            (self.tr("This model"), 110, True),
            (self.tr("Likely between"), 150, True),
            (self.tr("Real sounds"), 110, True),
            (self.tr("So it is"), 130, False),
        )
        self.all = QCheckBox(self.tr("All measures, by their exact names"))
        self.all.toggled.connect(self._show)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.HALF)
        column.addWidget(self.table, 1)
        column.addWidget(self.all)

    def show_found(self, found: Evaluation) -> None:
        self._found = found
        self._show()

    def _show(self, *_: object) -> None:
        found = self._found
        told = [measure for measure in MEASURES if found.metrics.get(measure.name) is not None]
        known = {measure.name for measure in told}
        rest = [Measure(name, name, "", "real") for name in found.metrics if name not in known] if self.all.isChecked() else []
        self.table.setRowCount(0)
        for row, measure in enumerate([*told, *rest]):
            is_so = likeness(found, measure) if measure in told else ""
            title = measure.name if self.all.isChecked() else words.tr(measure.title)
            texts = (title, shown(found.metrics[measure.name], measure.unit), between(found, measure))
            floor = shown(found.floor.get(measure.name), measure.unit)
            self.table.fill(row, (*texts, floor, self._word(is_so)), self._tip(measure), STATES[is_so])

    def _word(self, is_so: str) -> str:
        texts = {"real": self.tr("like real sounds"), "near": self.tr("near"), "far": self.tr("far off"), "": ""}
        return texts[is_so]

    def _tip(self, measure: Measure) -> str:
        ways = {
            "less": self.tr("Less is better."),
            "more": self.tr("More is better."),
            "real": self.tr("Best near real sounds."),
        }
        says = f"{words.tr(measure.says)}. {ways[measure.better]}" if measure.says else ""
        return "\n".join(
            filter(None, (says, self.tr("Measure: {0}").format(measure.name), self._found.sets.get(measure.name, "")))
        )


class LabelsTable(_Table):
    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Labels"))
        self.set_columns(
            (self.tr("Label"), 0, False),
            (self.tr("New"), 76, True),
            (self.tr("Sounds like it"), 116, True),
            (self.tr("Real ones do"), 116, True),
            (self.tr("Variety"), 84, True),
            (self.tr("Closeness"), 92, True),
            (self.tr("Copies"), 84, True),
            (self.tr("Mistaken for"), 250, False),
        )

    def show_found(self, found: Evaluation) -> None:
        self.setRowCount(0)
        for at, row in enumerate(found.classes):
            others = ", ".join(f"{label} {shown(share, 'share')}" for label, share in row.mistaken_for)
            texts = (
                row.label,
                str(row.made) if row.made or row.heard is None else self.tr("{0} heard").format(row.heard),
                shown(row.agreement, "share"),
                shown(row.agreement_floor, "share"),
                shown(row.coverage, "share"),
                shown(row.frechet, ""),
                shown(row.copies, "share"),
                others,
            )
            counts = self.tr("{0} training and {1} held-out sounds").format(row.training, row.held_out)
            real = self.tr("Real sounds: Fréchet {0}, coverage {1}, copies {2}").format(
                shown(row.frechet_floor, ""), shown(row.coverage_floor, "share"), shown(row.copies_floor, "share")
            )
            missing = self.tr("Left out: {0}").format(row.left_out) if row.left_out else ""
            self.fill(at, texts, "\n".join(filter(None, (counts, real, others, missing))))


class OctavesTable(_Table):
    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Notes"))
        self.set_columns(
            (self.tr("Octave"), 0, False),
            (self.tr("Notes played"), 110, True),
            (self.tr("Right note"), 150, True),
            (self.tr("Wrong octave"), 150, True),
            (self.tr("No note heard"), 150, True),
            (self.tr("Out of tune"), 170, True),
        )

    def show_found(self, found: Evaluation) -> None:
        self.setRowCount(0)
        for at, row in enumerate(found.octaves):
            pairs = (("correct", "share"), ("octave", "share"), ("unpitched", "share"), ("error", "cents"))
            cells = [shown(getattr(row, name), unit) + self._real(row.floor.get(name), unit) for name, unit in pairs]
            tip = self.tr("In brackets: {0} held-out notes of yours, heard by the same tracker").format(row.held_out)
            self.fill(at, (f"{note_name(row.low)} – {note_name(row.high - 1)}", str(row.made), *cells), tip)

    def _real(self, value: float | None, unit: str) -> str:
        return "" if value is None else f"  ({shown(value, unit)})"


def between(found: Evaluation, measure: Measure) -> str:
    """The 95 % interval."""
    low, high = found.intervals.get(measure.name, (None, None))
    return "" if low is None or high is None else f"{shown(low, measure.unit)} – {shown(high, measure.unit)}"
