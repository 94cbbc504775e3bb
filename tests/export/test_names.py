"""A template gives names that every disk, sampler and musician can live with."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.errors import UsageError
from studio.export import base, names
from studio.export.base import Item
from studio.project.recipe import Recipe, Request
from tests.audio.make import hit

RECIPE = Recipe(family="oneshot", run="Drums-1", step=900, request=Request(classes={"snare": 0.3, "kick": 0.7}, seed=7))


def test_tokens_are_filled():
    item = Item(hit(), "Soft kick", RECIPE, root=61.0)
    assert names.preview("{label}_{name}_{model}-{step}-{seed}_{note}_{n}", [item]) == ["kick_Soft kick_Drums-1-900-7_Cs3_01"]
    assert names.preview("{name} {note}", [item], octave="C4") == ["Soft kick Cs4"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", names.preview("{date}", [item])[0])


def test_tempo_key_velocity_rate_and_takes_are_facts_where_they_are_known():
    shape = base.Shape(48_000, 1, 480)
    one = Item(hit(), "Loop", root=61.2, tempo=120.0, velocity=100.0, tags=("deep", "warm"), label="bass", extent=shape)
    template = "{pack}_{name}_{note}_{key}_{bpm}_{velocity}_{rate}_{tag}_{label}_{take}"
    assert names.preview(template, [one, one], pack="Set") == [
        "Set_Loop_Cs3_Cs_120bpm_v100_48k_deep_bass_01", "Set_Loop_Cs3_Cs_120bpm_v100_48k_deep_bass_02"
    ]  # fmt: skip
    assert names.preview("{rate}", [one], rate=44_100) == ["44.1k"]
    assert names.preview("{key}{n}", [Item(hit(), "low", root=0.0)], octave="C4") == ["C01"]


@pytest.mark.parametrize(
    ("template", "folder", "name"),
    [
        ("{label}/{name}", "", "kick/Soft kick"),
        ("{label}/{name}", "Drums/1", "Drums/1/kick/Soft kick"),
        ("{tag}/{name}", "", "Soft kick"),  # a folder without a name is none
        ("/{name}/", "", "Soft kick/sound"),
        ("../{name}", "../..", "Soft kick"),
        ("a/../{name}", "/etc", "etc/a/Soft kick"),
        ("{name}", "C:/x", "x/Soft kick"),
    ],
)
def test_a_slash_makes_folders_that_lead_nowhere_else(template, folder, name):
    item = Item(hit(), "Soft kick", RECIPE, folder=folder)
    assert names.preview(template, [item]) == [name]
    assert names.fill(template, names.values(item, 1), folder) == name


@pytest.mark.parametrize("token", names.TOKENS)
def test_a_token_without_a_value_leaves_no_gap(token):
    (name,) = names.preview(f"x_{{{token}}}_y", [Item(hit(), "")])
    assert name.startswith("x_") and name.endswith("_y") and "__" not in name


@pytest.mark.parametrize("template", ["{tempo}", "{", "name}", "{name", "{{name}}", "{name.real}", "{0}"])
def test_what_is_no_template_is_refused_in_words(template):
    with pytest.raises(UsageError):
        names.check(template)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Ü/..\\x:*?", "U_.._x"),
        ("CON", "_CON"),
        ("nul.wav", "_nul.wav"),
        ("", "sound"),
        ("鼓", "sound"),
        ("..hidden", "hidden"),
        ("F# minor", "Fs minor"),
        ("Snaré – 2", "Snare - 2"),
        ("a" * 100, "a" * 64),
        ("  trim me. ", "trim me"),
    ],
)
def test_safe_names(text, safe):
    assert names.safe(text) == safe


@given(st.text(max_size=120))
def test_any_text_becomes_a_name_for_every_disk(text):
    name = names.safe(text)
    assert 0 < len(name) <= names.LONGEST
    assert re.fullmatch(r"[A-Za-z0-9 ._+()-]+", name)
    assert name == name.strip(" .") and names.safe(name) == name


@given(st.lists(st.sampled_from(["a", "A", "b", "a 2", "x" * 70, "x" * 80]), max_size=12))
def test_no_two_sounds_of_an_export_share_a_name(sounds):
    found = names.preview("{name}", [Item(hit(), name) for name in sounds])
    assert len({name.lower() for name in found}) == len(sounds)
    assert all(len(name) <= names.LONGEST for name in found)


@given(st.lists(st.sampled_from(["{name}", "{n}", "{label}", "_", " ", "é", "/"]), max_size=8).map("".join))
def test_any_template_of_tokens_makes_a_name(template):
    (name,) = names.preview(template, [Item(hit(), "Kick", RECIPE)])
    assert 0 < len(name) <= names.LONGEST
