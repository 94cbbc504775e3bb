"""A search under a clock of the test's own: what it tries, drops, compares and keeps, and how it goes on after anything."""

from __future__ import annotations

from typing import Any

import pytest

from studio.errors import DiskFull, TrainingError
from studio.events import Event, Finished, Produced
from studio.project.folder import ProjectFolder
from studio.project.state import RunConfig
from studio.training import presets, search, searches
from studio.training.run import RunFolder
from studio.training.searches import SearchFolder, SearchStatus
from studio.training.space import Span
from tests.training.simulated import World

SPANS = (
    Span(name="latent", kind="int", usual=8, low=2, high=64),
    Span(name="rate", kind="float", usual=1.0, low=0.1, high=10.0, plan=True),
)


@pytest.fixture(autouse=True)
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at the trainings every ten seconds of the test's clock."""
    monkeypatch.setattr(search, "LOOK", 10.0)


def make(project: ProjectFolder, **words: Any) -> SearchFolder:
    """Ten minutes for trials of one and a half; kept in the journal, which is quicker to make."""
    usual = {"workers": 2, "shared": True, "trial": 1.5}
    return SearchFolder.create(project, "tiny", SPANS, 10.0, config={"latent": 8, "phases": 2}, **{**usual, **words})


def more_is_better(config: RunConfig) -> float:
    """Lower where the latent is larger; the usual 8 come to 3.1."""
    return 1 + 0.1 * config.plan["rate"] + 16 / config.config["latent"]


def found(events: list[Event]) -> dict[str, Any]:
    assert isinstance(events[-1], Finished)
    return events[-1].result


def runs(project: ProjectFolder) -> list[RunFolder]:
    return [RunFolder(path) for path in project.runs()]


# ---- a whole search


def test_better_settings_are_found_compared_and_kept(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(more_is_better).rule(monkeypatch)
    folder = make(project, shared=False)
    events = list(search.search(folder))
    result, status = found(events), folder.status()
    assert result["state"] == status.state == "finished" and result["better"] is True
    assert result["metric"] == "held-out/mel" and result["default"]["value"] == pytest.approx(3.1)
    assert result["best"]["settings"]["latent"] > 8 and result["best"]["value"] < 3.1
    assert world.now - 1000 <= 10 * 60 + 60, "it keeps to its time"
    assert status.trials[0].role == "default" and status.trials[0].settings == {"latent": 8, "rate": 1.0}
    assert [trial.role for trial in status.trials[-2:]] == ["check", "check"]
    tried = [trial for trial in status.trials if trial.role == "search"]
    assert len(tried) > 6 and any(trial.state == "dropped" for trial in tried)
    assert all(trial.minutes < folder.file.trial for trial in tried if trial.state == "dropped")
    told = [event.detail["number"] for event in events if isinstance(event, Produced) and event.kind == "trial"]
    assert sorted(told) == [trial.number for trial in status.trials]
    preset = presets.find(project, result["preset"])
    assert preset.family == "tiny" and preset.config == {"latent": result["best"]["settings"]["latent"]}
    assert preset.plan == {"rate": result["best"]["settings"]["rate"]}


def test_trials_are_ordinary_runs_with_the_searchs_settings(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    World(more_is_better).rule(monkeypatch)
    folder = make(project, plan={"seed": 5, "balanced": True})
    list(search.search(folder))
    status = folder.status()
    by_name = {run.name: run for run in runs(project)}
    assert {trial.run for trial in status.trials} == set(by_name)
    for trial in status.trials:
        run = by_name[trial.run]
        assert run.config.trial_of == folder.name and run.config.family == "tiny"
        assert run.config.config == {"latent": trial.settings["latent"], "phases": 2}
        assert run.plan.rate == trial.settings["rate"] and run.plan.balanced and run.plan.minutes == folder.file.trial
        assert run.plan.seed == (6 if trial.role == "check" else 5), "what is compared in the end begins from a fresh seed"


def test_usual_settings_that_are_best_stay_and_it_is_said(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    World(lambda config: 2 + abs(config.config["latent"] - 8) + abs(config.plan["rate"] - 1)).rule(monkeypatch)
    folder = make(project)
    result = found(list(search.search(folder)))
    assert result["better"] is False and result["best"] == result["default"] and not result["preset"]
    assert "None of" in result["sentence"] and presets.read(project) == ()
    assert not [trial for trial in folder.status().trials if trial.role == "check"], "there is nothing to compare"


def test_luck_is_not_taken_for_better(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that win only with the seed of the search are no better ones."""

    def lucky(config: RunConfig) -> float:
        usual = config.config["latent"] == 8
        return 2.0 if usual else 1.5 if config.plan["seed"] == 0 else 2.5

    World(lucky).rule(monkeypatch)
    result = found(list(search.search(make(project))))
    assert result["best"]["value"] == pytest.approx(1.5) and result["better"] is False
    assert "nothing is surely better" in result["sentence"] and presets.read(project) == ()


def test_a_gain_below_the_noise_is_only_perhaps_one(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def noisy(config: RunConfig) -> float:
        return 2.0 + 0.3 * config.plan["seed"] - (0.1 if config.config["latent"] > 8 else 0.0)

    World(noisy).rule(monkeypatch)
    result = found(list(search.search(make(project))))
    assert result["better"] is True and result["sentence"].startswith("Perhaps better")


def test_an_objective_is_never_a_loss() -> None:
    from studio.events import Metric
    from studio.training.curves import Curves
    from studio.training.trial import metric_of

    curves = Curves()
    curves.add(Metric(step=1, name=name, value=0.0) for name in ("adversarial/score", "mel", "new/silent", "training/mel"))
    assert metric_of(curves) == "training/mel"
    curves.add([Metric(step=2, name="held-out/mel", value=0.0), Metric(step=2, name="held-out/a", value=0.0)])
    assert metric_of(curves) == "held-out/mel"


def test_only_the_usual_and_the_best_keep_their_models(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(more_is_better).rule(monkeypatch)
    plain = world.start

    def with_models(going: Any) -> None:
        for step in (1, 2):
            moment = going.run.path / "checkpoints" / f"step-{step:08d}"
            moment.mkdir(parents=True, exist_ok=True)
            (moment / "config.json").write_text("{}")
        if going.role == "search":
            going.run.star(2)
        plain(going)

    world.start = with_models  # type: ignore[method-assign]
    folder = make(project)
    list(search.search(folder))
    status = folder.status()
    assert status.default is not None and status.found is not None
    for trial in status.trials:
        left = [moment.step for moment in RunFolder(project.run_path(trial.run)).checkpoints()]
        kept = trial in (status.default, status.found)
        assert left == ([1, 2] if kept else [2] if trial.role == "search" else []), "but for starred ones"


# ---- stopped, killed, helped


def test_it_stops_at_a_safe_point_and_goes_on_there(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(more_is_better).rule(monkeypatch)
    folder = make(project)
    world.at.append((60.0, folder.ask_to_stop))
    first = found(list(search.search(folder)))
    assert first["state"] == "stopped" and not world.trainings
    resting = [run for run in runs(project) if run.status().state == "paused"]
    assert resting and len(resting) <= 2 and folder.status().spent == pytest.approx(60 / 60, abs=0.3)
    again = found(list(search.search(folder)))
    assert again["state"] == "finished" and all(run.status().state != "paused" for run in runs(project))
    assert all(world.begun[run.name] == 2 for run in resting) and sum(n > 1 for n in world.begun.values()) == 2
    assert folder.status().spent <= 11, "the pause costs none of its time"
    assert found(list(search.search(folder))) == again, "once it is finished it only says so"


def test_closing_it_lets_the_trainings_rest(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(more_is_better).rule(monkeypatch)
    folder = make(project)
    work = search.search(folder)
    while len(world.trainings) < 2:
        next(work)
    assert folder.alive()
    work.close()  # type: ignore[attr-defined]
    assert not world.trainings and not folder.alive() and folder.status().state == "stopped"


def test_a_killed_trial_is_started_again_and_a_hopeless_one_is_not(
    project: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fate(config: RunConfig) -> str:
        return "killed" if config.config["latent"] < 8 else "Diverged" if config.config["latent"] > 40 else ""

    world = World(more_is_better, fate).rule(monkeypatch)
    folder = make(project)
    assert found(list(search.search(folder)))["state"] == "finished"
    for trial in folder.status().trials:
        died = fate(RunFolder(project.run_path(trial.run)).config)
        assert world.begun[trial.run] == (2 if died == "killed" else 1)
        assert trial.state == "dropped" or died != "Diverged", "that counts against its settings"


@pytest.mark.parametrize(
    ("key", "error", "state"), [("OutOfMemory", TrainingError, "failed"), ("DiskFull", DiskFull, "stopped")]
)
def test_it_ends_in_a_sentence_and_can_go_on(
    project: ProjectFolder, monkeypatch: pytest.MonkeyPatch, key: str, error: type[Exception], state: str
) -> None:
    world = World(more_is_better, lambda config: key).rule(monkeypatch)
    folder = make(project)
    with pytest.raises(error):
        list(search.search(folder))
    status = folder.status()
    assert status.state == state and status.error and not folder.alive() and not world.trainings
    world.fate = lambda config: ""
    assert found(list(search.search(folder)))["better"] is True
    assert folder.status().error == ""


def test_trials_that_all_fail_end_it(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    World(more_is_better, lambda config: "" if config.config["latent"] == 8 else "Unexpected").rule(monkeypatch)
    folder = make(project, workers=1)
    with pytest.raises(TrainingError, match="in a row"):
        list(search.search(folder))
    assert len(runs(project)) == 1 + search.FAILURES


def test_others_help_and_leave_the_comparison_to_who_leads(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two searchers of one folder, as on two machines; both are driven by one clock."""
    world = World(more_is_better).rule(monkeypatch)
    folder = make(project)
    lead, helper = search.search(folder), search.search(SearchFolder(folder.path), workers=1)
    events, helped = [], []
    for _ in range(5):
        events.append(next(lead))
    more, most = True, 0
    for event in lead:
        events.append(event)
        if more and (said := next(helper, None)) is not None:
            helped.append(said)
        else:
            more = False
        most = max(most, len(world.trainings))
    helped += list(helper)
    assert found(helped)["search"] == found(events)["search"] and found(events)["better"] is True
    assert most == 3
    tried = {event.detail["number"] for event in helped if isinstance(event, Produced)}
    mine = {event.detail["number"] for event in events if isinstance(event, Produced)}
    assert tried and not tried & mine and 0 in mine
    status = folder.status()
    assert tried | mine <= {trial.number for trial in status.trials}
    assert {trial.number for trial in status.trials if trial.role == "check"} <= mine
    assert status.state == "finished" and max(world.begun.values()) == 1


# ---- what a folder says


def test_a_search_keeps_its_words(project: ProjectFolder) -> None:
    folder = make(project, own={"phases": 2}, plan={"ema": 0.9, "device": "cpu"}, shared=True)
    file = SearchFolder(folder.path).file
    assert file.spans == SPANS and file.shared and file.workers == 2
    trial = searches.Trial(number=3, settings={"latent": 9, "rate": 2.0})
    preset = searches.preset_of(file, trial)
    assert preset.config == {"phases": 2, "latent": 9} and preset.plan == {"ema": 0.9, "rate": 2.0}, "nothing of this machine"
    second = make(project)
    assert [f.name for f in searches.all_of(project)] == [folder.name, second.name]
    assert second.file.name == "Search 2" and not second.alive() and searches.going(project) is None
    (second.path / "status.json").write_text("{")
    assert second.status() == SearchStatus()


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("minutes", [2.0, 20.0, 600.0])
def test_the_time_is_enough_for_two_trials_and_the_comparison(workers: int, minutes: float) -> None:
    from math import ceil

    from studio.errors import BadConfig

    trial = searches.trial_length(minutes, workers)
    assert 2 * ceil(2 / workers) * (trial + searches.START) <= minutes * 1.0001
    with pytest.raises(BadConfig):
        searches.trial_length(minutes, workers, wanted=minutes / 2)
    with pytest.raises(BadConfig):
        searches.trial_length(0.2, workers)


def test_usual_settings_that_cannot_be_measured_end_it(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    World(lambda config: float("nan")).rule(monkeypatch)
    folder = make(project)
    with pytest.raises(TrainingError, match="measured"):
        list(search.search(folder))
    assert folder.status().state == "failed"


def test_a_trial_that_was_thrown_away_is_trained_anew(project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(more_is_better).rule(monkeypatch)
    folder = make(project)
    world.at.append((60.0, folder.ask_to_stop))
    list(search.search(folder))
    gone = next(run for run in runs(project) if run.status().state == "paused")
    project.trash_run(gone.name)
    assert found(list(search.search(folder)))["state"] == "finished"
    assert gone.name not in {trial.run for trial in folder.status().trials}
