"""Pins survive the next start, and nothing of theirs is lost in silence."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.errors import BrokenFile, NewerFormat
from studio.project import pins
from studio.project.folder import ProjectFolder
from studio.project.pins import LETTERS, Pin, PinFile
from studio.project.recipe import Recipe, Request


def pin(letter: str = "A", latent: object = ((0.5, 1.5),), x: float = 0.0, y: float = 0.0, run: str = "one") -> Pin:
    return Pin(letter=letter, recipe=Recipe(run=run, request=Request(latent=latent)), x=x, y=y, seconds=0.4)  # type: ignore[arg-type]


@pytest.fixture
def project(tmp_path: Path) -> ProjectFolder:
    return ProjectFolder.create(tmp_path / "Pinned")


places = st.floats(-1, 1)
latents = st.integers(1, 6).flatmap(lambda size: st.tuples(st.tuples(*[st.floats(-9, 9, width=32)] * size)))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.builds(pin, st.sampled_from(LETTERS), latents, places, places, st.sampled_from(["one", "two"])), max_size=16)
)
def test_what_was_saved_is_loaded(project: ProjectFolder, some: list[Pin]) -> None:
    pins.save(project, some)
    assert pins.load(project) == tuple(some)


def test_no_file_is_no_pin(project: ProjectFolder) -> None:
    assert pins.load(project) == () and not project.pins_path.exists()


@pytest.mark.parametrize(
    "bad",
    [
        pin("Z"), pin("AB"), pin(""), pin(latent=None), pin(latent=()), pin(latent=((),)), pin(latent=((1.0,), (1.0, 2.0))),
        pin(latent=((1e9,),)), pin(x=1.5), pin(y=-7.0),
    ],
)  # fmt: skip
def test_pins_without_sense_are_left_out(project: ProjectFolder, bad: Pin) -> None:
    project.pins_path.write_bytes(msgspec.json.encode(PinFile(pins=(bad, pin("B")))))
    assert pins.load(project) == (pin("B"),)


@pytest.mark.parametrize("text", ["", "[]", '{"kind": "pins", "format": 1, "pins": 5}', '{"kind": "clip", "format": 1}'])
def test_a_damaged_file_is_told_and_kept_aside(project: ProjectFolder, text: str) -> None:
    project.pins_path.write_text(text)
    with pytest.raises(BrokenFile):
        pins.load(project)
    pins.save(project, [pin()])
    assert pins.load(project) == (pin(),) and (project.backup / "pins.json").read_text() == text


def test_a_newer_file_is_not_guessed_at(project: ProjectFolder) -> None:
    project.pins_path.write_text('{"kind": "pins", "format": 9}')
    with pytest.raises(NewerFormat):
        pins.load(project)
