"""What comes onto a person's list of plug-ins, and what a step of a stranger's can do with it: nothing that is not on it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio import steps
from studio.audio.plugins import finding, hosts, step, table
from studio.audio.plugins.table import Not, Plugin, Table
from studio.audio.redo import redo
from studio.audio.sound import Sound
from studio.errors import BrokenFile, MissingPlugin, NewerFormat, UsageError
from studio.events import Finished
from studio.project import chains
from studio.project.recipe import Recipe
from tests.plugins import compiled

SOUND = Sound(np.random.default_rng(0).uniform(-0.3, 0.3, (2, 2000)).astype(np.float32), 48_000)
STRANGE = {"do": "plugin", "plugin": "VST3-1f2e", "name": "Room", "maker": "Somebody", "size": 0.4, "tail": 3}


def result(work):
    return next(event for event in work if isinstance(event, Finished)).result


def test_effects_come_onto_the_list_and_the_rest_is_refused_with_a_reason(plugins):
    assert [plugin.name for plugin in plugins.plugins] == ["Many", "Mono", "Tame"]
    tame = plugins.named("tame")
    assert tame is not None and (tame.maker, tame.version) == ("Wavewright tests", "1.2.3")
    assert tame == plugins.find(tame.identifier) == table.find(tame.identifier)
    told = [(knob.key, knob.unit, knob.default) for knob in tame.knobs[:3]]
    assert told == [("gain", "dB", 0), ("cut_off", "Hz", 1000), ("feedback", "", 0)]
    assert tame.knobs[3].choices == ("Good", "Crash", "Hang", "Exit", "Print", "Not a number")
    assert len(plugins.plugins[0].knobs) == 128  # and no “Latency”, which is told and not turned
    assert {Path(no.path).stem: no.reason for no in plugins.refused} == {
        "Broken": "it crashed",
        "Synth": "it is an instrument, and no effect",
    }
    kind = steps.kind_of({"do": "plugin", **step.identity(tame)})
    assert [p.name for p in kind.parameters] == ["gain", "cut_off", "feedback", "mood", "tail"] and kind.within and kind.rings


def test_finding_looks_only_at_what_is_new_and_forgets_what_is_gone(no_plugins, plugins_once, tmp_path, monkeypatch):
    home = tmp_path / "vst3"
    monkeypatch.setattr(finding, "folders", lambda: (home, tmp_path / "none"))
    (home / "Maker").mkdir(parents=True)
    shutil.copytree(compiled() / "Mono.vst3", home / "Maker" / "Mono.vst3")
    (home / "Maker" / "Text.vst3").write_text("no plug-in")
    assert result(finding.find()) == {"found": 1, "refused": 1, "gone": 0}
    mono = table.load().named("Mono")
    assert mono is not None and mono.path == str(home / "Maker" / "Mono.vst3")
    monkeypatch.setattr(hosts, "Host", None)  # nothing is started for what is known
    assert result(finding.find()) == {"found": 0, "refused": 0, "gone": 0} and table.load().named("Mono") == mono
    shutil.rmtree(home)
    assert result(finding.find())["gone"] == 2 and table.load() == Table()
    with pytest.raises(UsageError):
        list(finding.find([tmp_path]))


def test_the_list_is_kept_whole_and_what_is_no_list_is_not_written_over(no_plugins, tmp_path):
    plugin = Plugin(identifier="VST3-1f2e", name="Room", path="/room.vst3")
    table.change(lambda kept: kept.looked_at("/room.vst3", (plugin,)))
    table.change(lambda kept: kept.looked_at("/bad.vst3", Not(path="/bad.vst3", reason="it crashed")))
    assert table.load().plugins == (plugin,) and table.find("VST3-1f2e") == plugin
    moved = Plugin(identifier="VST3-1f2e", name="Room", path="/elsewhere/room.vst3")
    assert table.change(lambda kept: kept.looked_at(moved.path, (moved,))).plugins == (moved,)
    for words, error in (("{", BrokenFile), ('{"kind": "settings"}', BrokenFile), ('{"format": 99}', NewerFormat)):
        table.default_path().write_text(words)
        with pytest.raises(error):
            table.change(lambda kept: kept.without("/room.vst3"))
        assert table.default_path().read_text() == words and table.find("VST3-1f2e") is None


def test_a_plug_in_that_is_not_here_is_named_and_can_be_left_out(no_plugins):
    with pytest.raises(MissingPlugin) as missing:
        steps.apply(SOUND, [STRANGE])
    assert "“Room” by Somebody" in missing.value.message and missing.value.advice
    assert steps.check(STRANGE) == STRANGE and steps.still([STRANGE])  # shown, moved and copied as any other
    left_out = steps.apply(SOUND, [STRANGE | {"off": True}, {"do": "gain", "db": -6}])
    assert np.array_equal(left_out.samples, steps.apply(SOUND, [{"do": "gain", "db": -6}]).samples)
    again = redo(SOUND, [STRANGE, {"do": "gain", "db": -6}])
    assert np.array_equal(again.sound.samples, left_out.samples) and again.left[0][0] == "plugin"
    chains.keep("Mine", [STRANGE])
    assert chains.load()[0].steps == (STRANGE,)


def test_what_comes_from_elsewhere_is_left_out_until_it_is_let_in(plugins):
    tame = plugins.named("Tame")
    assert tame is not None
    crash = {"do": "plugin", **step.identity(tame), "mood": "Crash"}
    recipe = Recipe(edits=({"do": "gain", "db": -6}, crash)).asleep()
    assert recipe.edits == ({"do": "gain", "db": -6}, crash | {"off": True})
    made = redo(SOUND, recipe.edits)
    assert made.left == () and made.steps == recipe.edits
    assert np.array_equal(made.sound.samples, steps.apply(SOUND, [{"do": "gain", "db": -6}]).samples)


@pytest.mark.parametrize(
    "values",
    [{"gain": 25}, {"gain": "loud"}, {"mood": "Happy"}, {"gain": True}, {"path": "/x.vst3"}, {"state": [1]}, {"tail": 1e9}],
)
def test_values_are_checked_against_the_list(plugins, values):
    tame = plugins.named("Tame")
    assert tame is not None
    with pytest.raises(UsageError):
        steps.apply(SOUND, [{"do": "plugin", **step.identity(tame), **values}])


VALUE = st.none() | st.booleans() | st.floats() | st.text(max_size=10) | st.lists(st.integers(), max_size=2)
KEYS = st.sampled_from(["plugin", "name", "maker", "path", "inside", "off", "from", "size"]) | st.text(max_size=5)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, VALUE, max_size=6))
def test_whatever_a_strangers_step_says_nothing_is_started(values):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hosts, "Host", None)
        try:
            found = steps.check({"do": "plugin", **values})
        except UsageError:
            return
        json.dumps(found)
        if not {"off", "from"} & set(found):  # what begins after the end of a sound is not done
            with pytest.raises(MissingPlugin):
                steps.apply(SOUND, [found])


def test_a_plug_in_step_is_said_in_words(plugins):
    parsed = steps.parse('plugin tame gain=-6dB cut_off=2kHz mood="Not a number" tail=500ms from=0.1')
    tame = plugins.named("Tame")
    assert tame is not None
    values = {"gain": -6.0, "cut_off": 2000.0, "mood": "Not a number", "tail": 0.5, "from": 0.1}
    assert parsed == {"do": "plugin", **step.identity(tame), **values}
    for words in ("plugin", "plugin Room", "plugin Tame volume=3", "plugin Tame gain=loud"):
        with pytest.raises(UsageError):
            steps.parse(words)
