"""Train over real run folders: what is shown is what the files say, what is asked reaches the run."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QSplitter, QWidget

from studio.audio import files
from studio.engine.training import RunView
from studio.events import Metric, Produced
from studio.gui.pages import train_words as words
from studio.gui.pages.train import TrainPage
from studio.gui.pages.train_log import RunLogs
from studio.gui.pages.train_numbers import NumbersDialog, table_of
from studio.gui.pages.train_settings import SettingsDialog
from studio.gui.pages.train_start import StartPanel
from studio.gui.session import Current, Session
from studio.project import atomic
from studio.project.state import PreviewCell, PreviewFile, RunStatus
from studio.training.curves import Curves
from studio.training.run import RunFolder, step_folder
from tests.gui.trained import LEFT, facts, ready, tone, write_run

# ---- starting


def test_training_needs_nothing_but_one_press(dressed: Any, qtbot: Any) -> None:
    panel = StartPanel()
    qtbot.addWidget(panel)
    assert not panel.train.isEnabled()
    panel.set_families((facts(),), 668, 7)
    with qtbot.waitSignal(panel.asked) as asked:
        qtbot.mouseClick(panel.train, LEFT)
    assert asked.args == ["oneshot", {"seed": 3, "device": "cpu"}, {"minutes": 20.0}, ""]
    qtbot.mouseClick(panel.plan_box.usual.button(60), LEFT)
    assert panel.plan == {"minutes": 60.0}
    panel.plan_box.minutes.setValue(33)
    assert panel.plan == {"minutes": 33.0} and panel.plan_box.usual.checkedButton() is None


def test_a_family_that_lacks_sounds_cannot_be_trained(dressed: Any, qtbot: Any) -> None:
    panel = StartPanel()
    qtbot.addWidget(panel)
    panel.set_families((facts(False),), 1, 0)
    assert not panel.train.isEnabled() and "two sounds" in panel.train.toolTip()


def test_only_the_chosen_card_tells_everything(dressed: Any, qtbot: Any) -> None:
    panel = StartPanel()
    qtbot.addWidget(panel)
    one, other, lacking = facts(), facts(), facts(False)
    panel.set_families((one, other, lacking), 668, 7)
    first, second, third = panel._family_cards()
    assert first.height() > second.height()
    assert third.height() > second.height()  # what it lacks is told though it is not chosen
    second.click()
    assert second.height() > first.height() and panel.family is second.facts


def test_changed_settings_go_into_the_run_and_are_counted(dressed: Any, qtbot: Any) -> None:
    panel = StartPanel()
    qtbot.addWidget(panel)
    panel.show()
    panel.set_families((facts(),), 668, 7)
    panel._open_settings()
    dialog = panel.findChild(SettingsDialog)
    assert dialog is not None
    dialog.model.row("seed").setValue(9)  # type: ignore[attr-defined]
    dialog.trainer.row("batch").setValue(8)  # type: ignore[attr-defined]
    dialog.name.setText("Night run")
    dialog.accept()
    assert not panel.note.isHidden() and "2 settings" in panel.note.text()
    with qtbot.waitSignal(panel.asked) as asked:
        qtbot.mouseClick(panel.train, LEFT)
    assert asked.args == ["oneshot", {"seed": 9, "device": "cpu"}, {"batch": 8, "minutes": 20.0}, "Night run"]
    panel._open_settings()
    again = [d for d in panel.findChildren(SettingsDialog) if d is not dialog][-1]
    again._reset()
    again.accept()
    assert panel.note.isHidden() and panel.config == {"seed": 3, "device": "cpu"}


def test_the_page_tells_the_families_of_this_project(train_page: TrainPage, session: Session, qtbot: Any) -> None:
    session.engine.warm_up()
    train_page.ready.look()
    qtbot.waitUntil(lambda: train_page.start.family is not None, timeout=60_000)
    family = train_page.start.family
    assert family is not None and family.info.id == "oneshot" and not family.ready
    assert train_page.stack.currentIndex() == 0 and train_page.empty.button.text() == "Add sounds"
    with qtbot.waitSignal(session.wanted) as wanted:
        qtbot.mouseClick(train_page.empty.button, LEFT)
    assert wanted.args[0].page == "sounds"


def test_pressing_train_freezes_a_run_and_shows_it(
    train_page: TrainPage, session: Session, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session.training, "start_next", lambda: None)  # no trainer process here
    train_page.start.set_families((facts(),), 24, 3)
    qtbot.mouseClick(train_page.start.train, LEFT)
    session.training.look()
    view = train_page.shown
    assert view is not None and view.title == "One-shots 1" and view.place == 0
    config = RunFolder(view.path).config
    assert config.config == {"seed": 3, "device": "cpu"} and config.plan["minutes"] == 20.0
    qtbot.mouseClick(train_page.start.train, LEFT)
    session.training.look()
    assert train_page.shown is not None and train_page.shown.title == "One-shots 2" and train_page.shown.place == 1
    train_page.asks.ask("up", train_page.shown.name)
    assert [row.view.title for row in train_page.runs.model.rows] == ["One-shots 2", "One-shots 1"]
    train_page.asks.ask("stop", train_page.shown.name)
    assert train_page.shown.place is None


# ---- what is shown


def test_a_run_is_shown_in_words_sounds_and_curves(shown: TrainPage) -> None:
    assert shown.verdict.title.text() == "First" and shown.verdict.state.text() == "Finished"
    assert shown.verdict.sentence.text() == "Improving — 6 %."
    assert shown.timeline.slider.maximum() == 2 and shown.timeline.slider.value() == 2
    assert [s.name for s in shown.curves.plot._series] == ["held-out", "learned from"]
    assert [s.dashed for s in shown.curves.plot._series] == [False, True]
    held = shown.curves.plot._series[0]
    assert held.x == pytest.approx([1, 2, 4]) and held.y == pytest.approx([0.1, 0.05, 0.025])
    assert not shown.verdict.pause.isVisible() and shown.verdict.explore.isVisible()
    row = shown.runs.row
    assert row is not None and row.size > 0 and row.moments == 3


def test_walking_through_time_keeps_the_cell_sounding(shown: TrainPage, session: Session, qtbot: Any) -> None:
    heard: list[Current] = []
    session.currentChanged.connect(heard.append)
    qtbot.waitUntil(lambda: ready(shown))
    cell = shown.timeline.sounds.cells["new", "cell-1"]
    qtbot.mouseClick(cell, LEFT)
    assert heard[-1].path is not None and heard[-1].path.parent.name == step_folder(40) and heard[-1].path.name == "cell-1.wav"
    qtbot.keyClick(cell, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: heard[-1].path is not None and heard[-1].path.parent.name == step_folder(20))
    assert heard[-1].path is not None and heard[-1].path.name == "cell-1.wav"
    assert shown.curves.plot._marks == (2.0,)
    session.set_current(Current(tone(100)))  # something else is in the transport: the cell is silent now
    qtbot.keyClick(cell, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: ready(shown))
    qtbot.wait(50)
    assert heard[-1].path is None


def test_a_star_keeps_the_moment(shown: TrainPage, session: Session, qtbot: Any) -> None:
    shown.timeline.step(-2)
    qtbot.mouseClick(shown.timeline.star, LEFT)
    run = RunFolder(session.training.views[0].path)
    assert [m.starred for m in run.checkpoints()] == [True, False, False]
    qtbot.waitUntil(lambda: shown.timeline.slider.starred == {0})
    qtbot.waitUntil(lambda: shown.runs.row is not None and shown.runs.row.stars == 1)
    qtbot.mouseClick(shown.timeline.star, LEFT)
    assert not any(m.starred for m in run.checkpoints())


def test_a_moment_without_its_model_offers_neither_star_nor_explore(shown: TrainPage, session: Session, qtbot: Any) -> None:
    run = RunFolder(session.training.views[0].path)
    (run.path / "checkpoints" / step_folder(20) / "config.json").unlink()
    shown._found.clear()
    shown.look()
    shown.timeline.step(-1)
    qtbot.waitUntil(lambda: not shown.timeline.star.isEnabled())
    assert not shown.timeline.explore.isEnabled() and "not kept" in shown.timeline.star.toolTip()


def test_explore_opens_the_moment_that_is_heard(shown: TrainPage, session: Session, qtbot: Any) -> None:
    shown.timeline.step(-1)
    with qtbot.waitSignal(session.wanted) as wanted:
        qtbot.mouseClick(shown.timeline.explore, LEFT)
    assert wanted.args[0].page == "explore" and wanted.args[0].payload.name == step_folder(20)


def test_new_previews_are_followed_unless_one_looks_back(shown: TrainPage, session: Session, qtbot: Any) -> None:
    view = session.training.views[0]
    slider = shown.timeline.slider

    def grow(step: int) -> None:
        folder = view.path / "previews" / step_folder(step)
        file = files.write(folder / "cell-0.wav", tone(300)) if folder.mkdir() is None else None
        cell = PreviewCell(name="a", kind="new", path=str(file.relative_to(view.path)), seed=0)  # type: ignore[union-attr]
        atomic.write_json(folder / "preview.json", PreviewFile(step=step, minutes=step / 10, cells=(cell,)))
        shown._found.clear()
        shown.look()

    grow(50)
    qtbot.waitUntil(lambda: slider.maximum() == 3)
    assert slider.value() == 3
    shown.timeline.step(-2)
    grow(60)
    qtbot.waitUntil(lambda: slider.maximum() == 4)
    assert slider.value() == 1


def test_runs_are_compared_by_choosing_several(shown: TrainPage, session: Session, qtbot: Any) -> None:
    write_run(session, "Second", (10, 30))
    session.training.look()
    names = tuple(row.view.name for row in shown.runs.model.rows)
    shown.runs.choose(names)
    qtbot.waitUntil(lambda: len(shown.curves.plot._series) == 4)
    assert {s.name.split(",")[0] for s in shown.curves.plot._series} == {"First", "Second"}
    assert shown.shown is not None and shown.shown.name == names[0]


def test_a_deleted_run_comes_back_by_undo(shown: TrainPage, session: Session, qtbot: Any) -> None:
    name = session.training.views[0].name
    shown.runs.list.setFocus()
    qtbot.keyClick(shown.runs.list, Qt.Key.Key_Delete)
    assert session.training.views == () and shown.stack.currentIndex() == 0
    session.undo.undo()
    assert [view.name for view in session.training.views] == [name]
    qtbot.waitUntil(lambda: shown.timeline.preview is not None)


def test_a_failed_run_says_why_and_offers_to_go_on(train_page: TrainPage, session: Session, qtbot: Any) -> None:
    write_run(session, "Bad", (), state="failed", error="The disk is full.", hint="Free some space.", step=5)
    session.training.look()
    assert train_page.verdict.sentence.text() == "The disk is full. Free some space."
    assert train_page.verdict.state.text() == "Failed"
    assert train_page.verdict.resume.isVisible() and not train_page.verdict.explore.isVisible()
    assert train_page.timeline.empty.isVisible()


# ---- numbers


def test_every_number_can_be_saved_and_nothing_is_overwritten(
    shown: TrainPage, session: Session, qtbot: Any, tmp_path: Path
) -> None:
    qtbot.mouseClick(shown.curves.all, LEFT)
    dialog = shown.findChild(NumbersDialog)
    assert dialog is not None
    assert [dialog.table.item(i, 0).text() for i in range(dialog.table.rowCount())] == ["held-out/mel", "rate", "training/mel"]  # type: ignore[union-attr]
    (tmp_path / "numbers.csv").write_text("mine")
    saved = dialog.save(str(tmp_path / "numbers.csv"))
    assert saved is not None and saved.name != "numbers.csv" and (tmp_path / "numbers.csv").read_text() == "mine"
    rows = list(csv.DictReader(io.StringIO(saved.read_text())))
    assert len(rows) == 9 and rows[0] == {"step": "10", "minutes": "1.0", "name": "held-out/mel", "value": "0.1"}
    assert dialog.save(str(tmp_path / "no such folder" / "a.csv")) is None
    dialog.accept()


def test_csv_holds_what_was_measured() -> None:
    curves = Curves()
    curves.add(
        [Metric(step=5, name="b", value=2.0), Metric(step=5, name="a,b", value=1.0), Metric(step=1, name="b", value=3.0)]
    )
    rows = list(csv.reader(io.StringIO(table_of(curves).decode())))
    assert rows[0] == ["step", "minutes", "name", "value"]
    assert [(r[0], r[2], r[3]) for r in rows[1:]] == [("1", "b", "3.0"), ("5", "a,b", "1.0"), ("5", "b", "2.0")]


def test_logs_follow_a_growing_file_without_gap_or_repeat(train_page: TrainPage, session: Session, qtbot: Any) -> None:
    run = write_run(session, "Long", ())
    logs = RunLogs(train_page)
    logs.watch({"r": run.path})
    for step in range(30):
        run.append(Metric(step=step, name="held-out/mel", value=float(step)))
        if step % 7 == 0:
            logs.look()
            qtbot.wait(5)
    qtbot.waitUntil(lambda: (logs.look(), len(logs.curves("r").values("held-out/mel")[0]) == 30)[1])
    assert logs.curves("r").values("held-out/mel")[0].tolist() == list(range(30))
    run.append(Produced(kind="resumed", detail={"step": 9}))  # it went back to a checkpoint
    qtbot.waitUntil(lambda: (logs.look(), len(logs.curves("r").values("held-out/mel")[0]) == 10)[1])


# ---- words


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "30 s"), (1, "1 min"), (119, "119 min"), (120, "2 h"), (200, "3 h 20 min"), (0, "0 s")]
)
def test_lengths_of_training_in_words(value: float, text: str) -> None:
    assert words.minutes(value) == text


def test_the_rest_of_a_plan_is_a_range() -> None:
    assert (
        words.left(None, None) == "" and words.left(3.2, 5.1) == "3–5 min left" and words.left(0.5, 5.1) == "30 s to 5 min left"
    )
    assert words.left(4.6, 5.2) == "about 5 min left" and words.left(0.2, 0.5) == "about 30 s left"


def test_every_state_has_words(tmp_path: Path) -> None:
    for state in ("queued", "preparing", "training", "paused", "stopped", "finished", "failed"):
        view = RunView("r", "oneshot", tmp_path, RunStatus(state=state), False, "", place=0 if state == "queued" else None)
        assert words.state_words(view) not in ("", state)
        cut = msgspec.structs.replace(view.status, state="training")
        assert words.state_words(RunView("r", "f", tmp_path, cut, False, "", interrupted=True)) == "Interrupted"


def test_sizes_are_short() -> None:
    assert [words.size(n) for n in (0, 999, 1200, 45_000_000, 3_100_000_000)] == ["0 B", "999 B", "1.2 KB", "45 MB", "3.1 GB"]


def test_the_page_fits_the_smallest_window_and_names_what_one_can_reach(shown: TrainPage) -> None:
    assert shown.minimumSizeHint().width() <= 1004 and shown.minimumSizeHint().height() <= 548
    reachable = [w for w in shown.findChildren(QWidget) if w.isVisible() and w.focusPolicy() != Qt.FocusPolicy.NoFocus]
    reachable = [w for w in reachable if not w.objectName().startswith("qt_") and not isinstance(w, (QScrollArea, QSplitter))]
    nameless = [w for w in reachable if not (w.accessibleName() or getattr(w, "text", str)() or w.toolTip())]
    assert len(reachable) > 12 and nameless == []
