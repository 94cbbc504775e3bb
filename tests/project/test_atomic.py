"""Files are whole or not there, whatever the system does in the middle; what is read is named when it is wrong."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.errors import AlreadyThere, BrokenFile, NewerFormat, NotSaved, ProjectError
from studio.project import atomic


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class Box(msgspec.Struct, frozen=True, kw_only=True):
    kind: str = "box"
    format: int = 1
    things: tuple[str, ...] = ()


def test_a_struct_comes_back(tmp_path: Path) -> None:
    atomic.write_json(tmp_path / "box.json", Box(things=("a", "ü")))
    assert atomic.read_json(tmp_path / "box.json", Box, "box", ()) == Box(things=("a", "ü"))
    assert names(tmp_path) == ["box.json"]


def test_an_older_format_is_brought_up_step_by_step(tmp_path: Path) -> None:
    def split(data: dict) -> dict:
        return {**data, "words": data.pop("text").split()}

    def rename(data: dict) -> dict:
        return {**data, "things": data.pop("words")}

    path = atomic.write_bytes(tmp_path / "old.json", b'{"kind": "box", "format": 1, "text": "a b"}')
    assert atomic.read_json(path, Box, "box", (split, rename)) == Box(format=3, things=("a", "b"))
    with pytest.raises(BrokenFile, match="not what its format promises"):
        atomic.write_bytes(path, b'{"kind": "box", "format": 1}')
        atomic.read_json(path, Box, "box", (split, rename))


def test_a_newer_format_is_refused_by_its_number_before_its_content_is_looked_at(tmp_path: Path) -> None:
    path = atomic.write_bytes(tmp_path / "new.json", b'{"kind": "box", "format": 2, "things": {"now": "a map"}}')
    with pytest.raises(NewerFormat) as caught:
        atomic.read_json(path, Box, "box", ())
    assert caught.value.values == {"name": "new.json", "found": "2", "known": "1"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        b"[]",
        b"{}",
        b'{"kind": "box"}',
        b'{"kind": "lid", "format": 1}',
        b'{"kind": "box", "format": 0}',
        b'{"kind": "box", "format": "1"}',
        b'{"kind": "box", "format": 1, "things": 3}',
        b'{"kind": "box", "format": 1',
        b'{"kind": "box", "format": 1, "things": ["\xff"]}',
        b'{"kind": "box", "format": 1, "more": ' + b"[" * 100_000,
        b'{"kind": "box", "format": 1e99}',
    ],
)
def test_what_is_no_project_file_is_named(tmp_path: Path, data: bytes) -> None:
    path = atomic.write_bytes(tmp_path / "box.json", data)
    with pytest.raises(BrokenFile) as caught:
        atomic.read_json(path, Box, "box", ())
    assert "box.json" in caught.value.message and caught.value.message.endswith(".")


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=50).map(str.encode)), st.integers(0, 40), st.integers(0, 3))
def test_no_bytes_bring_another_error_than_a_named_one(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int, cut: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.json"
    whole = msgspec.json.encode(Box(things=("one", "two")))
    path.write_bytes(whole[:at] + noise + whole[at + cut * 9 :])
    try:
        assert isinstance(atomic.read_json(path, Box, "box", ()), Box)
    except ProjectError as error:
        assert error.message


def test_a_file_too_large_to_be_ours_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "LARGEST", 10)
    path = atomic.write_json(tmp_path / "box.json", Box())
    with pytest.raises(BrokenFile, match="too large"):
        atomic.read_json(path, Box, "box", ())


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    with atomic.folder(tmp_path / "run") as folder:
        (folder / "in").mkdir()
        (folder / "in" / "a").write_bytes(b"1")
        assert folder.name.endswith(".partial") and not (tmp_path / "run").exists()
    assert (tmp_path / "run" / "in" / "a").read_bytes() == b"1"
    assert names(tmp_path) == ["run"]


def test_a_folder_that_fails_leaves_nothing_and_one_that_is_there_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), atomic.folder(tmp_path / "run") as folder:
        (folder / "a").write_bytes(b"1")
        raise ZeroDivisionError
    assert names(tmp_path) == []
    (tmp_path / "run").mkdir()
    with pytest.raises(AlreadyThere), atomic.folder(tmp_path / "run"):
        pass
    assert names(tmp_path) == ["run"]


def test_moving_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(AlreadyThere):
        atomic.move(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"b"
    with pytest.raises(NotSaved):
        atomic.move(tmp_path / "none", tmp_path / "c")


def test_a_file_that_somebody_reads_is_replaced_when_they_are_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Windows has it, for which a file that is open can't be replaced."""
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    real, readers = Path.replace, [3]

    def replace(self: Path, target: Path) -> Path:
        if readers[0]:
            readers[0] -= 1
            raise PermissionError(13, "The process cannot access the file because it is being used by another process")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(atomic, "WINDOWS", True)
    atomic.write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    readers[0] = 100
    with pytest.raises(NotSaved):
        atomic.write_bytes(path, b"newer")
    assert path.read_bytes() == b"new" and [p.name for p in tmp_path.iterdir()] == ["a.json"]
