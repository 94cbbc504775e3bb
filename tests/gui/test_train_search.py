"""“Find better settings” over real search folders: what is asked becomes a search, what is shown is what its files say."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt

from studio.engine.engine import FamilyFacts
from studio.engine.search import Searches
from studio.engine.training import Training
from studio.fields import describe
from studio.gui.pages.train_search import SearchDialog
from studio.gui.pages.train_search_ask import AskPanel
from studio.gui.session import Session
from studio.models.controls import Info
from studio.models.oneshot import OneShotConfig
from studio.training import presets, process
from studio.training.searches import SearchFolder, SearchStatus, Trial, all_of
from studio.training.space import Span

LEFT = Qt.MouseButton.LeftButton
INFO = Info("oneshot", "One-shots", "Learns single hits.", "VAE", "30 to 3,000 single sounds")
USUAL = {"width": 512, "batch": 16}
SPANS = (
    Span(name="width", kind="int", usual=512, low=256, high=768),
    Span(name="batch", kind="int", usual=16, low=6, high=48, plan=True),
)
TRIALS = (
    Trial(number=0, role="default", state="finished", run="run-1", settings=USUAL, value=0.40, minutes=2.0),
    Trial(number=1, state="finished", run="run-2", settings={"width": 600, "batch": 9}, value=0.30, minutes=2.0),
    Trial(number=2, state="dropped", run="run-3", settings={"width": 300, "batch": 16}, value=0.60, minutes=0.3),
    Trial(number=3, state="training", run="run-4", settings={"width": 700, "batch": 12}, minutes=0.1),
)


def facts(ready: bool = True) -> FamilyFacts:
    recommended = msgspec.to_builtins(OneShotConfig())
    reason = "" if ready else "needs at least two sounds"
    return FamilyFacts(INFO, describe(OneShotConfig), recommended, 35.0, True, ready, reason)


def write(session: Session, **status: Any) -> SearchFolder:
    assert session.project is not None
    config = msgspec.to_builtins(OneShotConfig())
    folder = SearchFolder.create(session.project, "oneshot", SPANS, 20.0, config=config, own={"kl": 0.01})
    folder.write_status(SearchStatus(**{"metric": "held-out/mel", "spent": 8.0, "trials": TRIALS, "best": 1, **status}))
    return folder


def alive() -> dict[str, Any]:
    """As a search that this process leads would say it."""
    return {"state": "searching", **process.me()}


@pytest.fixture
def opened(session: Session) -> Iterator[Any]:
    """Opens the dialog; what it opens is closed."""
    made: list[SearchDialog] = []

    def open(family: FamilyFacts | None = None, **plan: Any) -> SearchDialog:
        family = family or facts()
        made.append(SearchDialog(session, family, dict(family.recommended), plan))
        made[-1].setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        made[-1].show()
        return made[-1]

    yield open
    for dialog in made:
        dialog.done(0)
        dialog.deleteLater()


@pytest.fixture
def quiet_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search whose process ends at once without a word."""
    monkeypatch.setattr(Searches, "command", staticmethod(lambda folder: [sys.executable, "-c", "print('it would not')"]))


def words(dialog: SearchDialog) -> list[list[str]]:
    table = dialog.trials.table
    cells = [[table.item(row, at) for at in range(table.columnCount())] for row in range(table.rowCount())]
    return [[cell.text() if cell is not None else "" for cell in row] for row in cells]


# ---- asking


def test_one_press_begins_a_search_from_the_settings_one_has(
    opened: Any, session: Session, quiet_process: None, qtbot: Any
) -> None:
    dialog = opened(balanced=True, minutes=5.0, quality=0.2)
    assert not dialog.ask.problem() and dialog.start.isEnabled()
    dialog.ask._ticks["decoder"].setChecked(False)
    dialog.ask.minutes.setValue(30)
    qtbot.mouseClick(dialog.start, LEFT)
    assert session.project is not None
    (folder,) = all_of(session.project)
    file = folder.file
    assert file.minutes == 30 and file.family == "oneshot" and file.plan == {"balanced": True}
    assert {"width", "batch", "rate"} <= {span.name for span in file.spans} and "decoder" not in {s.name for s in file.spans}
    assert file.config == facts().recommended and file.own == {}
    assert not dialog.start.isVisible() and dialog.trials.isVisible()
    qtbot.waitUntil(lambda: "before it began" in dialog.why.text(), timeout=20_000)
    assert "it would not" in dialog.why.text() and dialog.go_on.isVisible(), "and it can be tried again"


def test_what_hinders_is_said(opened: Any, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog = opened(facts(ready=False))
    assert not dialog.start.isEnabled() and "two sounds" in dialog.why.text()
    dialog = opened()
    for tick in dialog.ask._ticks.values():
        tick.setChecked(False)
    assert not dialog.start.isEnabled() and dialog.why.isVisible()
    dialog.ask._ticks["width"].setChecked(True)
    assert dialog.start.isEnabled() and not dialog.why.isVisible()
    monkeypatch.setattr(Training, "active", property(lambda self: object()))
    session.training.changed.emit(())
    assert not dialog.start.isEnabled() and "training" in dialog.why.text()


def test_every_number_says_between_which_values_it_is_tried(dressed: Any, qtbot: Any) -> None:
    panel = AskPanel(facts(), facts().recommended, {})
    qtbot.addWidget(panel)
    spans = {span.name: span for span in panel.wanted()["spans"]}
    assert spans["rate"].plan and not spans["width"].plan
    assert all(span.low <= span.usual <= span.high for span in spans.values() if not span.choices)
    panel.minutes.setValue(1)
    assert "s each" in panel.length.text()
    panel.minutes.setValue(240)
    assert panel._budgets.checkedId() == 240


# ---- watching


def test_trials_are_shown_newest_first_beside_the_usual_settings(opened: Any, session: Session) -> None:
    write(session, **alive())
    dialog = opened()
    assert dialog.stop.isVisible() and not dialog.go_on.isVisible() and not dialog.another.isEnabled()
    assert "8 min of 20 min" in dialog.trials.state.text() and "4 trials" in dialog.trials.state.text()
    assert dialog.trials.usual.value.text() == "0.4" and dialog.trials.best.value.text().split() == ["0.3", "−25%"]
    assert dialog.trials.best.settings.text() == "Width 600 · Batch 9"
    rows = words(dialog)
    assert [row[0] for row in rows] == ["4", "3", "2", "1"]
    assert rows[0][1:3] == ["training", "–"] and "dropped" in rows[1][1]
    assert rows[1][4] == "Width 300" and rows[3][4] == "the usual ones"


def test_it_grows_as_the_files_do_and_says_what_came_out(opened: Any, session: Session, qtbot: Any) -> None:
    folder = write(session, trials=(), best=None, **alive())
    dialog = opened()
    assert dialog.trials.table.rowCount() == 0 and not dialog.use.isEnabled()
    folder.write_status(SearchStatus(state="finished", trials=TRIALS[:3], best=1, better=True, sentence="Better: 0.3 it is."))
    qtbot.waitUntil(lambda: dialog.trials.table.rowCount() == 3)
    assert dialog.trials.state.text() == "Better: 0.3 it is." and dialog.use.isEnabled()
    assert not dialog.stop.isVisible() and not dialog.go_on.isVisible()


def test_stop_and_go_on_reach_the_search(opened: Any, session: Session, quiet_process: None, qtbot: Any) -> None:
    folder = write(session, **alive())
    dialog = opened()
    qtbot.mouseClick(dialog.stop, LEFT)
    assert folder.asked_to_stop() and not dialog.stop.isEnabled()
    folder.write_status(SearchStatus(state="stopped", trials=TRIALS, best=1, error="The disk is full.", hint="Free some."))
    qtbot.waitUntil(dialog.go_on.isVisible)
    assert dialog.why.text() == "The disk is full. Free some."
    qtbot.mouseClick(dialog.go_on, LEFT)
    qtbot.waitUntil(lambda: (folder.path / "search.log").exists() and bool((folder.path / "search.log").read_text()))


def test_the_best_can_be_used_before_the_end(opened: Any, session: Session, qtbot: Any) -> None:
    write(session, **alive())
    dialog = opened()
    with qtbot.waitSignal(dialog.used) as used:
        qtbot.mouseClick(dialog.use, LEFT)
    (preset,) = used.args
    assert preset.config == {"kl": 0.01, "width": 600} and preset.plan == {"batch": 9}
    assert session.project is not None and presets.read(session.project) == (preset,)


def test_a_trial_is_heard_on_the_page(opened: Any, session: Session, qtbot: Any) -> None:
    write(session, **alive())
    dialog = opened()
    item = dialog.trials.table.item(1, 0)
    with qtbot.waitSignal(session.wanted) as wanted:
        dialog.trials.table.itemActivated.emit(item)
    assert (wanted.args[0].page, wanted.args[0].payload) == ("train", "run-3")


def test_a_damaged_search_hides_no_other(opened: Any, session: Session) -> None:
    broken = write(session)
    (broken.path / "search.json").write_text("{}")
    write(session, state="stopped")
    assert len(opened().searches.views) == 1
