"""“How good is it?” over evaluations as they lie in a run's folder: what is shown is what the files say."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt

from studio.audio import picture
from studio.engine import evaluations as engine
from studio.gui import theme
from studio.gui.pages.train import TrainPage
from studio.gui.pages.train_evaluate import EvaluateDialog
from studio.gui.session import Session
from studio.project import evaluation
from studio.project.evaluation import ClassScores, Evaluation, OctaveScores
from tests.gui.trained import LEFT, write_run

FOUND = Evaluation(
    metrics={"frechet": 4.2, "coverage": 0.5, "copies": 0.0, "density": 0.7, "pitch_error": float("nan")},
    floor={"frechet": 1.0, "coverage": 0.9, "copies": 0.01},
    intervals={"frechet": (4.0, 4.5), "copies": (0.0, 0.012)},
    sets={"frechet": "132 of 256 new against 132 held-out sounds", "new": "256 new sounds"},
    classes=(
        ClassScores(label="kick", training=30, held_out=8, made=18, agreement=0.5, agreement_floor=1.0, left_out="too few"),
        ClassScores(
            label="tom", training=40, held_out=13, made=22, agreement=0.9, mistaken_for=(("perc", 0.41), ("kick", 0.05))
        ),
    ),
    step=1328,
    time=1_796_000_000.0,
)


def write(run: Path, name: str, found: Evaluation = FOUND) -> Path:
    """An evaluation of this run, with a picture of 60 × 40 pixels."""
    folder = run / evaluation.FOLDER / name
    folder.mkdir(parents=True)
    (folder / evaluation.FILE).write_bytes(msgspec.json.encode(found))
    (folder / evaluation.PICTURE).write_bytes(picture.png(np.full((40, 60, 3), 90, np.uint8)))
    return folder


@pytest.fixture
def run(session: Session) -> Path:
    made = write_run(session, "First")
    session.training.look()
    return made.path


@pytest.fixture
def opened(session: Session, run: Path) -> Iterator[Callable[[], EvaluateDialog]]:
    made: list[EvaluateDialog] = []

    def open() -> EvaluateDialog:
        made.append(EvaluateDialog(session, session.training.views[0]))
        made[-1].setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        made[-1].show()
        return made[-1]

    yield open
    for dialog in made:
        dialog.done(0)
        dialog.deleteLater()


def words(table: Any) -> list[list[str]]:
    return [[table.item(row, at).text() for at in range(table.columnCount())] for row in range(table.rowCount())]


def test_numbers_stand_beside_those_of_real_sounds(opened: Any, run: Path, qtbot: Any) -> None:
    folder = write(run, "step-00001328")
    dialog = opened()
    qtbot.waitUntil(lambda: dialog.kept is not None)
    assert dialog.kept.folder == folder and "step 1,328" in dialog.when.itemText(0) and dialog.sets.text() == "256 new sounds"
    rows = words(dialog.numbers.table)
    assert rows[0] == ["Closeness to your sounds", "4.2", "4 – 4.5", "1", "far off"]
    assert [row[0] for row in rows] == ["Closeness to your sounds", "Variety", "Copies"]
    assert rows[2] == ["Copies", "0 %", "0 % – 1.2 %", "1.0 %", "like real sounds"]
    tip = dialog.numbers.table.item(0, 0).toolTip()
    assert "frechet" in tip and "132 of 256" in tip and "Less is better" in tip
    dialog.numbers.all.setChecked(True)
    assert [row[0] for row in words(dialog.numbers.table)] == ["frechet", "coverage", "copies", "density", "pitch_error"]
    assert words(dialog.numbers.table)[-1][1] == "–"


def test_labels_and_the_picture_are_shown_and_notes_only_where_there_are_some(opened: Any, run: Path, qtbot: Any) -> None:
    write(run, "step-00001328")
    dialog = opened()
    qtbot.waitUntil(lambda: dialog.labels.rowCount() == 2)
    kick, tom = words(dialog.labels)
    assert kick[:4] == ["kick", "18", "50 %", "100 %"] and tom[-1] == "perc 41 %, kick 5.0 %"
    assert "too few" in dialog.labels.item(0, 0).toolTip()
    assert not dialog.tabs.buttons["octaves"].isVisible() and dialog.tabs.buttons["labels"].isVisible()
    dialog.tabs.show_tab("picture")
    qtbot.waitUntil(lambda: not dialog.picture.label.pixmap().isNull())
    assert dialog.picture.label.pixmap().width() == 60, "it is not blown up"


def test_another_theme_draws_the_tables_anew(opened: Any, run: Path, dressed: Any, qtbot: Any) -> None:
    write(run, "step-00001328")
    dialog = opened()
    qtbot.waitUntil(lambda: dialog.labels.rowCount() == 2)
    for look in ("light", "dark"):
        theme.apply(dressed, look)
        dressed.processEvents()
        cells = dialog.labels.item(0, 0), dialog.numbers.table.item(0, 4)
        assert [cell.foreground().color() for cell in cells] == [theme.color("text"), theme.color("warn")]


def test_earlier_measurements_are_opened_again(opened: Any, run: Path, qtbot: Any) -> None:
    write(run, "step-00001328", msgspec.structs.replace(FOUND, time=1_700_000_000.0))
    octave = OctaveScores(low=60, high=72, made=16, correct=0.9, error=12.0, held_out=3, floor={"correct": 1.0})
    write(
        run,
        "step-00001328 2",
        msgspec.structs.replace(FOUND, metrics={"copies": 0.5}, intervals={}, octaves=(octave,), classes=()),
    )
    broken = write(run, "step-00001328 3")
    (broken / evaluation.FILE).write_text("{}")
    (run / evaluation.FOLDER / "step-9.partial").mkdir()
    (run / evaluation.FOLDER / "step-9.partial" / evaluation.FILE).write_bytes(msgspec.json.encode(FOUND))
    dialog = opened()
    qtbot.waitUntil(lambda: dialog.when.count() == 2)
    assert words(dialog.numbers.table) == [["Copies", "50 %", "", "1.0 %", "far off"]]
    assert dialog.tabs.buttons["octaves"].isVisible() and not dialog.tabs.buttons["labels"].isVisible()
    assert words(dialog.octaves)[0][:3] == ["C3 – B3", "16", "90 %  (100 %)"]
    dialog.when.setCurrentIndex(1)
    dialog.when.activated.emit(1)
    assert len(words(dialog.numbers.table)) == 3


def test_measuring_goes_on_beside_and_its_end_is_shown(
    opened: Any, session: Session, run: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(run, "step-00001328", msgspec.structs.replace(FOUND, metrics={"copies": 0.25}))
    ready = write(run, "waits")
    hidden = ready.rename(ready.with_name("waits.partial"))
    said = (
        """print('{"event":"progress","done":1,"total":2,"note":"making new sounds"}', flush=True)\n"""
        f"import pathlib, time\nwhile not pathlib.Path({str(run / 'go')!r}).exists(): time.sleep(0.02)\n"
        f"pathlib.Path({str(hidden)!r}).rename({str(ready)!r})\n"
        f"""print('{{"event":"result","result":{{"picture":"{(ready / evaluation.PICTURE).as_posix()}"}}}}')"""
    )
    monkeypatch.setattr(engine, "command", lambda path, device: [sys.executable, "-c", said])
    dialog = opened()
    qtbot.waitUntil(lambda: dialog.when.count() == 1)
    assert not dialog.bar.isVisible() and dialog.measure.text() == "Measure again"
    qtbot.mouseClick(dialog.measure, LEFT)
    qtbot.waitUntil(lambda: dialog.note.text() == "Making new sounds" and dialog.bar.value() == 300, timeout=20_000)
    assert not dialog.measure.isEnabled() and dialog.cancel.isVisible()
    second = opened()
    assert second.bar.isVisible() and second.bar.value() == 300, "who opens it again sees how far it is"
    (run / "go").touch()
    qtbot.waitUntil(lambda: dialog.when.count() == 2, timeout=20_000)
    assert dialog.kept.folder == ready and dialog.measure.isEnabled() and not dialog.bar.isVisible()


def test_a_measurement_is_cancelled_and_one_that_fails_says_why(
    opened: Any, run: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "command", lambda path, device: [sys.executable, "-c", "import time; time.sleep(600)"])
    dialog = opened()
    assert "Not measured yet" in dialog.empty.text() and dialog.empty.isVisible()
    qtbot.mouseClick(dialog.measure, LEFT)
    qtbot.mouseClick(dialog.cancel, LEFT)
    qtbot.waitUntil(dialog.measure.isEnabled, timeout=20_000)
    assert dialog.why.text() == ""
    failed = """print('{"event":"failed","key":"x","sentence":"It broke.","hint":"Mend it."}')"""
    monkeypatch.setattr(engine, "command", lambda path, device: [sys.executable, "-c", failed])
    qtbot.mouseClick(dialog.measure, LEFT)
    qtbot.waitUntil(lambda: dialog.why.text() == "It broke. Mend it.", timeout=20_000)


def test_the_page_offers_it_for_a_run_that_has_ended(shown: TrainPage, session: Session, qtbot: Any) -> None:
    assert shown.verdict.measure.isVisible()
    qtbot.mouseClick(shown.verdict.measure, LEFT)
    dialog = shown.findChild(EvaluateDialog)
    assert dialog is not None and "First" in dialog.windowTitle()
    told: list[str] = []
    session.told.connect(told.append)
    run = session.training.views[0].path
    session.engine.evaluations.ended.emit(engine.Measured(run, run / "evaluations" / "x"))
    assert told == ["“First” was measured"]
    dialog.done(0)
