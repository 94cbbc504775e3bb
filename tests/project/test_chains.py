"""A person's chains survive, are never written over unasked, and a stranger's file is refused in words."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from studio.audio import presets
from studio.errors import AlreadyThere, BrokenFile, NewerFormat, NotSaved, UsageError
from studio.project import atomic, chains

STEPS = [{"do": "high-pass", "hz": 100.0}, {"do": "reverb", "mix": 0.2}]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "chains.json"


def test_what_was_kept_is_loaded(path: Path) -> None:
    assert chains.load(path) == () and not path.exists()
    first = chains.keep(" Mine ", STEPS, path=path)
    assert first.name == "Mine"
    second = chains.keep("Größe", presets.CHAINS["Telephone"], path=path)
    assert chains.load(path) == (first, second)
    chains.drop("Mine", path)
    chains.drop("never was", path)
    assert chains.load(path) == (second,)


def test_they_lie_beside_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path))
    chains.keep("Mine", STEPS)
    assert (tmp_path / "chains.json").exists() and chains.load()[0].name == "Mine"


def test_nothing_is_written_over_unasked(path: Path) -> None:
    chains.keep("Mine", STEPS, path=path)
    before = path.read_bytes()
    with pytest.raises(AlreadyThere):
        chains.keep("Mine", STEPS[:1], path=path)
    assert path.read_bytes() == before
    chains.keep("Mine", STEPS[:1], path=path, replace=True)
    assert [len(chain.steps) for chain in chains.load(path)] == [1]


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("", STEPS),
        ("x" * 81, STEPS),
        ("two\nlines", STEPS),
        ("empty", []),
        ("unknown", [{"do": "polish"}]),
        ("range", [{"do": "reverb", "mix": 7}]),
        ("elsewhere", [{"do": "convolution", "sound": "5f1c"}]),
    ],
)
def test_what_is_no_chain_is_refused(path: Path, name: str, steps: list) -> None:
    with pytest.raises(UsageError):
        chains.keep(name, steps, path=path)
    assert not path.exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"kind": "pins", "format": 1}',
        '{"kind": "chains", "format": 1, "chains": 4}',
        '{"kind": "chains", "format": 1, "chains": [{"name": "a", "steps": [{"do": "plugin", "path": "/bin/sh"}]}]}',
        '{"kind": "chains", "format": 1, "chains": [{"name": "a", "steps": []}]}',
    ],
)
def test_a_damaged_file_is_told_and_left(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    for attempt in (lambda: chains.load(path), lambda: chains.keep("Mine", STEPS, path=path), lambda: chains.drop("a", path)):
        with pytest.raises(BrokenFile):
            attempt()
    assert path.read_text() == text


def test_a_newer_file_is_left(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(msgspec.json.encode({"kind": "chains", "format": 2, "chains": {}}))
    with pytest.raises(NewerFormat):
        chains.keep("Mine", STEPS, path=path)


def test_a_write_that_fails_leaves_what_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chains.keep("Mine", STEPS, path=path)
    before = path.read_bytes()

    def refuse(*_: object) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr(atomic, "put", refuse)
    with pytest.raises(NotSaved):
        chains.keep("Another", STEPS, path=path)
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == ["chains.json"]
    monkeypatch.undo()
    (path.parent / "file").write_text("")
    with pytest.raises(NotSaved):
        chains.keep("Mine", STEPS, path=path.parent / "file" / "chains.json")
