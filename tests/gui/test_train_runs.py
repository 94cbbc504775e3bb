"""What is asked of runs on Train: order, notes, repeating, comparing, going on, and what is said when one fails or ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication

from studio.engine.engine import FitFacts
from studio.engine.training import RunView
from studio.events import Failed
from studio.gui import notices
from studio.gui.notices import Notices
from studio.gui.pages import train_words as words
from studio.gui.pages.train import TrainPage
from studio.gui.pages.train_compare import CompareDialog, differing
from studio.gui.pages.train_run_list import RunRow, RunsModel
from studio.gui.pages.train_settings import SettingsDialog
from studio.gui.pages.train_start import StartPanel
from studio.gui.pages.train_trouble import TroubleDialog, safe_plan
from studio.gui.pages.train_verdict import VerdictPanel
from studio.gui.session import Session
from studio.library.check import Finding
from studio.project.state import RunStatus
from studio.training.fit import Fit
from studio.training.plan import TrainerConfig
from studio.training.presets import Preset
from studio.training.run import Moment, RunFolder
from tests.gui.trained import LEFT, facts, write_run


def view(tmp_path: Path, name: str = "r", **values: Any) -> RunView:
    place, alive, quiet = (values.pop(key, default) for key, default in (("place", None), ("alive", False), ("quiet", 0.0)))
    trial_of = values.pop("trial_of", "")
    status = RunStatus(**values)
    return RunView(name, "oneshot", tmp_path / name, status, alive, "", name, place=place, quiet=quiet, trial_of=trial_of)


@pytest.fixture
def waiting(train_page: TrainPage, session: Session, monkeypatch: pytest.MonkeyPatch) -> TrainPage:
    """Three runs in the queue, which nothing starts."""
    monkeypatch.setattr(session.training, "start_next", lambda: None)
    session.engine.families.disconnect(train_page.ready._families)
    train_page.start.set_families((facts(),), 24, 3)
    for name in ("One", "Two", "Three"):
        train_page.asks.train("oneshot", {"seed": 3, "device": "cpu"}, {"minutes": 5.0, "batch": 8}, name)
    return train_page


# ---- the queue


@given(st.lists(st.booleans(), min_size=1, max_size=7), st.data())
def test_dragging_moves_waiting_runs_among_themselves(waits: list[bool], data: st.DataObject) -> None:
    model, found = RunsModel(), []
    model.reordered.connect(found.append)
    places = iter(range(len(waits)))
    model.rows = [RunRow(view(Path(), f"r{i}", place=next(places) if on else None)) for i, on in enumerate(waits)]
    queue = [row.view.name for row in model.rows if row.view.place is not None]
    dragged = data.draw(st.lists(st.sampled_from(range(len(waits))), unique=True, min_size=1))
    mime = model.mimeData([model.index(i) for i in dragged])
    moved = [f"r{i}" for i in dragged if waits[i]]
    at = data.draw(st.integers(-1, len(waits)))
    assert not model.dropMimeData(mime, Qt.DropAction.MoveAction, at, 0, QModelIndex())
    if not moved:
        assert found == []
        return
    (order,) = found
    assert sorted(order) == sorted(queue)
    assert [name for name in order if name in moved] == moved
    assert [name for name in order if name not in moved] == [name for name in queue if name not in moved]
    before = [row.view.name for row in model.rows[: at if at >= 0 else len(waits)]]
    assert all((name in before) == (order.index(name) < order.index(moved[0])) for name in queue if name not in moved)


def test_a_dragged_order_is_that_of_the_queue(waiting: TrainPage, session: Session) -> None:
    model = waiting.runs.model
    titles = [row.view.title for row in model.rows]
    assert titles == ["One", "Two", "Three"]
    mime = model.mimeData([model.index(2)])
    model.dropMimeData(mime, Qt.DropAction.MoveAction, 0, 0, QModelIndex())
    assert [row.view.title for row in waiting.runs.model.rows] == ["Three", "One", "Two"]


# ---- notes, and runs of the same kind


def test_a_note_is_kept_shown_and_undone(shown: TrainPage, session: Session, qtbot: Any) -> None:
    run = RunFolder(session.training.views[0].path)
    shown.runs.note.setFocus()
    qtbot.keyClicks(shown.runs.note, "long snares")
    qtbot.keyClick(shown.runs.note, Qt.Key.Key_Return)
    assert run.note() == "long snares"
    qtbot.waitUntil(lambda: shown.runs.row is not None and shown.runs.row.note == "long snares")
    shown.runs.list.setFocus()
    session.undo.undo()
    assert run.note() == ""
    qtbot.waitUntil(lambda: shown.runs.note.text() == "")


def test_training_again_takes_what_the_run_was_told(waiting: TrainPage, session: Session) -> None:
    name = next(v.name for v in session.training.views if v.title == "Two")
    waiting.asks.ask("duplicate", name)
    dialog = waiting.findChild(SettingsDialog)
    assert dialog is not None and dialog.name.text() == "Two 2"
    assert dialog.trainer.values["batch"] == 8 and dialog.trainer.values["minutes"] == 5.0
    dialog.trainer.row("batch").setValue(4)  # type: ignore[attr-defined]
    dialog.accept()
    again = next(v for v in session.training.views if v.title == "Two 2")
    old, new = (RunFolder(session.project.run_path(n)).config for n in (name, again.name))  # type: ignore[union-attr]
    assert new.plan["batch"] == 4 and old.plan["batch"] == 8
    assert {k: v for k, v in new.plan.items() if k != "batch"} == {k: v for k, v in old.plan.items() if k != "batch"}
    assert new.config == old.config


def test_trials_of_a_search_are_shown_when_one_asks(train_page: TrainPage, tmp_path: Path, qtbot: Any) -> None:
    rows = [RunRow(view(tmp_path, "mine")), RunRow(view(tmp_path, "trial", trial_of="search"))]
    panel = train_page.runs
    panel.set_rows(rows)
    assert [row.view.name for row in panel.model.rows] == ["mine"] and "1" in panel.trials.text()
    qtbot.mouseClick(panel.trials, LEFT)
    assert [row.view.name for row in panel.model.rows] == ["mine", "trial"]
    qtbot.mouseClick(panel.trials, LEFT)
    panel.choose(("trial",))  # somebody goes to it by name
    assert panel.names == ("trial",)


# ---- comparing


def test_runs_are_compared_in_numbers_and_in_what_they_were_told(shown: TrainPage, session: Session, qtbot: Any) -> None:
    write_run(session, "Second", (10,), metrics={"held-out/mel": 0.02, "new/diversity": 0.5}, best={"held-out/mel": 0.01})
    assert session.project is not None
    RunFolder.create(session.project, "oneshot", {}, TrainerConfig(batch=4), "Third")
    session.training.look()
    qtbot.waitUntil(lambda: len(shown._found) == 3)
    shown.open_compare()
    dialog = shown.findChild(CompareDialog)
    assert dialog is not None
    table = dialog.table
    cells = [[table.item(i, j).text() for j in range(7)] for i in range(table.rowCount())]  # type: ignore[union-attr]
    assert cells[0][0] == "Second" and cells[0][3:5] == ["0.01", "50 %"]  # the best is above, none last
    assert cells[-1][3] == "–"
    assert [dialog.told.item(i, 0).text() for i in range(dialog.told.rowCount())] == ["Batch"]  # type: ignore[union-attr]
    note = table.item(0, 7)
    assert note is not None
    note.setText("the one")
    assert RunFolder(session.project.run_path(dialog._name(0))).note() == "the one"
    dialog.reject()


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 1)), min_size=1, max_size=4))
def test_only_what_differs_is_said(told: list[dict[str, Any]]) -> None:
    names = differing(told)
    assert all((len({str(one.get(name, None)) for one in told}) > 1) == (name in names) for one in told for name in one)


# ---- what the verdict offers


@pytest.mark.parametrize(
    ("values", "offered"),
    [
        ({"state": "training", "alive": True, "offers": ("continue", "slower", "stop")}, {"continue", "slower"}),
        ({"state": "training", "alive": True, "offers": ("best", "slower"), "quiet": 40.0}, {"end"}),
        ({"state": "stopped", "offers": ("best", "slower")}, set()),  # nobody is there to do it
        ({"state": "finished"}, {"continue"}),
        ({"state": "finished", "place": 0, "offers": ("continue",)}, set()),
        ({"state": "failed", "error": "The memory was not enough."}, {"retry", "details"}),
    ],
)
def test_what_can_be_done_is_offered_and_nothing_else(
    dressed: Any, qtbot: Any, tmp_path: Path, values: dict[str, Any], offered: set[str]
) -> None:
    panel = VerdictPanel()
    qtbot.addWidget(panel)
    panel.show()
    panel.show_run(view(tmp_path, **values), ())
    assert {what for what, button in panel.offers.items() if button.isVisible()} == offered
    for what in offered:
        with qtbot.waitSignal(panel.asked) as asked:
            qtbot.mouseClick(panel.offers[what], LEFT)
        assert asked.args == [what]


def test_what_is_only_to_be_played_is_not_gone_on_with(dressed: Any, qtbot: Any, tmp_path: Path) -> None:
    panel = VerdictPanel()
    qtbot.addWidget(panel)
    panel.show()
    for state, button in (("finished", panel.offers["continue"]), ("stopped", panel.resume)):
        for resumable in (False, True):
            moments = [Moment(5, tmp_path, False, False), Moment(9, tmp_path, False, resumable)]
            panel.show_run(view(tmp_path, state=state), moments)
            assert button.isVisible() == resumable and panel.explore.isVisible()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"state": "finished", "message": "Nothing has improved for 10 min.", "sentence": "Flat."}, "Nothing has improved"),
        ({"state": "finished", "message": "Finished", "sentence": "Flat."}, "Flat."),
        ({"state": "paused", "error": "The disk is full.", "hint": "Free some.", "sentence": "Slow."}, "The disk is full."),
        ({"state": "paused", "message": "Paused", "sentence": "Slow."}, "Slow."),
        ({"state": "training", "alive": True, "quiet": 70.0, "sentence": "Slow."}, "1 min"),
    ],
)
def test_the_first_words_are_those_that_matter_now(
    dressed: Any, qtbot: Any, tmp_path: Path, values: dict[str, Any], said: str
) -> None:
    panel = VerdictPanel()
    qtbot.addWidget(panel)
    panel.show_run(view(tmp_path, **values), ())
    assert said in panel.sentence.text() and "Finished" not in panel.sentence.text()


def test_what_may_end_a_plan_early_is_said() -> None:
    assert words.ends({"minutes": 20, "flat": 10, "quality": 0.25}) == ["or flat for 10 min", "or held-out 0.25"]
    assert words.ends({"minutes": 20, "flat": None}) == []


def test_more_minutes_let_a_finished_run_go_on(shown: TrainPage, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.training, "start_next", lambda: None)
    run = RunFolder(session.training.views[0].path)
    before = run.plan.minutes or 0
    shown.verdict.offers["continue"].click()
    assert run.plan.minutes is not None and run.plan.minutes >= before + 10
    session.training.look()
    assert session.training.views[0].place == 0


# ---- when it goes wrong


def test_what_went_wrong_can_be_copied_and_tried_again_safely(
    train_page: TrainPage, session: Session, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session.training, "start_next", lambda: None)
    run = write_run(session, "Bad", (), state="failed", key="Diverged", error="It fell apart.", hint="Try a lower rate.")
    run.append(Failed(key="Diverged", sentence="It fell apart.", details="Traceback: in the third line"))
    (run.path / "trainer.log").write_text("the last words\n")
    session.training.look()
    train_page.verdict.offers["details"].click()
    dialog = train_page.findChild(TroubleDialog)
    assert dialog is not None
    dialog.copy()
    copied = QGuiApplication.clipboard().text()
    for told in ("It fell apart.", "Try a lower rate.", "in the third line", "the last words", "batch=16"):
        assert told in copied
    dialog.reject()
    train_page.verdict.offers["retry"].click()
    again = next(v for v in session.training.views if v.title == "Bad, safer")
    plan = RunFolder(again.path).plan
    assert plan.batch == 8 and plan.rate == pytest.approx(1 / 3) and plan.precision == "fp32"


@given(st.integers(1, 1024), st.floats(0.01, 10))
def test_safe_settings_are_always_allowed(batch: int, rate: float) -> None:
    from studio.fields import decode

    plan = decode(TrainerConfig, safe_plan({"batch": batch, "rate": rate, "minutes": 5.0}))
    assert plan.batch <= batch and plan.rate <= rate and plan.minutes == 5.0


# ---- before it begins


def test_what_is_to_be_said_about_the_sounds_is_said_once(dressed: Any, qtbot: Any) -> None:
    panel = StartPanel()
    qtbot.addWidget(panel)
    found = [
        Finding(key="a", sentence="Something a", severity="bad"),
        Finding(key="b", sentence="Something b", severity="warn"),
        Finding(key="c", sentence="Something c", severity="info"),
    ]
    panel.set_findings(found)
    assert not panel.data.isHidden() and "Something a" in panel.data.text() and "1 more" in panel.data.text()
    with qtbot.waitSignal(panel.soundsAsked):
        panel.data.linkActivated.emit("sounds")
    panel.set_findings(found[2:])
    assert panel.data.isHidden()


def test_what_must_be_smaller_to_fit_is_taken_over(dressed: Any, qtbot: Any) -> None:
    panel = StartPanel()
    qtbot.addWidget(panel)
    panel.set_families((facts(),), 24, 3)
    fit = Fit(int(3e9), 1000, 20.0, total=int(8e9), others=int(2e9), batch=8, precision="fp32", changes={"seed": 1})
    panel.show_fit(FitFacts("oneshot", {"seed": 99}, fit))  # of other settings
    assert panel.config["seed"] == 3 and panel.fit.isHidden()
    panel.show_fit(FitFacts("oneshot", panel.own_config, fit))
    assert panel.config["seed"] == 1 and "3.0 of 8.0" in panel.fit.words.text() and "fit" in panel.note.text()
    panel._take({"seed": 5}, {}, "")
    assert panel.config["seed"] == 5


def test_a_preset_is_one_choice(dressed: Any, qtbot: Any) -> None:
    panel = StartPanel()
    qtbot.addWidget(panel)
    panel.set_families((facts(),), 24, 3)
    assert panel.preset.isHidden()
    preset = Preset(name="Found on Friday", family="oneshot", config={"seed": 7}, plan={"batch": 4, "minutes": 3.0})
    panel.set_presets([preset, Preset(name="Other", family="speech")])
    assert not panel.preset.isHidden() and panel.preset.count() == 2
    panel.use(preset)
    assert panel.preset.currentText() == "Found on Friday" and panel.config["seed"] == 7
    assert panel.plan == {"batch": 4, "minutes": 20.0}  # how long is chosen here
    panel.preset.setCurrentIndex(0)
    panel.preset.activated.emit(0)
    assert panel.config["seed"] == 3 and panel.plan == {"minutes": 20.0}


def test_presets_of_a_family_stand_before_the_projects_own(dressed: Any, qtbot: Any) -> None:
    panel = StartPanel()
    qtbot.addWidget(panel)
    theirs = (Preset(name="As published", family="oneshot", config={"seed": 1}), Preset(name="Both", family="oneshot"))
    panel.set_families((replace(facts(), presets=theirs),), 24, 3)
    panel.set_presets([Preset(name="Both", family="oneshot", config={"seed": 2})])
    assert [panel.preset.itemText(i) for i in range(1, panel.preset.count())] == ["As published", "Both"]
    for place, seed in ((1, 1), (2, 2)):
        panel.preset.setCurrentIndex(place)
        panel.preset.activated.emit(place)
        assert panel.config["seed"] == seed


def test_a_plan_may_end_when_flat_or_good_enough(dressed: Any, qtbot: Any) -> None:
    panel = StartPanel()
    qtbot.addWidget(panel)
    box = panel.plan_box
    box.suggest(0.3)
    box.ends_flat.click()
    box.ends_good.click()
    assert box.plan == {"minutes": 20.0, "flat": 10.0, "quality": 0.3}
    box.suggest(0.1)  # what one has asked for stays
    assert box.plan["quality"] == 0.3


# ---- when it is over


@pytest.mark.parametrize(
    ("state", "said"), [("finished", "finished"), ("failed", "could not"), ("stopped", ""), ("paused", "")]
)
def test_an_end_is_told_unless_somebody_asked_for_it(
    window: Any, session: Session, tmp_path: Path, state: str, said: str
) -> None:
    told: list[str] = []
    session.told.connect(told.append)
    made = Notices(session, window)
    session.training.ended.emit(view(tmp_path, "Night kit", state=state))
    assert len(told) == bool(said) and all(said in text and "Night kit" in text for text in told)
    made.deleteLater()


def test_the_computer_sleeps_unless_one_says_no(
    window: Any, session: Session, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[str] = []
    monkeypatch.setattr(session.training.power, "leave", lambda rest: left.append(rest) or True)
    made = Notices(session, window)
    made._countdown.setInterval(20)
    session.training.leaving.emit("sleep")
    assert window.quiet.isVisible() and str(notices.COUNT) in window.quiet.sentence
    made.stay()
    qtbot.wait(60)
    assert left == []
    session.training.leaving.emit("sleep")
    qtbot.waitUntil(lambda: left == ["sleep"])
    made.deleteLater()


def test_sleeping_is_offered_only_where_it_can_be_done(train_page: TrainPage, session: Session, qtbot: Any) -> None:
    panel = train_page.runs
    panel.set_rest(frozenset(), "")
    assert panel.rest.isHidden()
    session.training.power.able = frozenset({"sleep"})
    panel.set_rest(session.training.power.able, "")
    assert [panel.rest.itemData(i) for i in range(panel.rest.count())] == ["", "sleep"]
    panel.rest.setCurrentIndex(1)
    panel.rest.activated.emit(1)
    assert session.training.after == "sleep"
    panel.rest.activated.emit(0)
    assert session.training.after is None
