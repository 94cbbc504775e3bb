"""What every format of the list keeps: whole things under new names, nothing of anybody's touched, nothing left when it does
not end."""

from __future__ import annotations

import errno
import resource
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio import events, fields
from studio.audio.sound import Sound
from studio.errors import ExportError, NoRoom, StudioError
from studio.export import base, making
from studio.export.base import Exporter, Item
from tests.audio.make import noise, sine
from tests.export.test_wav import RECIPE
from tests.faults.test_project_writes import Refusal

FORMATS = base.exporters()
QUICK = {"wavetable": {"frames": 2}, "pack": {"cover": False}}
"""Options that keep the tests short."""


def options_of(exporter: Exporter) -> msgspec.Struct:
    return fields.configure(exporter.Options(), QUICK.get(exporter.id, {}))


def exported(exporter: Exporter, items: list[Item], folder: Path, template: str = "{name}") -> list[events.Event]:
    return list(exporter.write(items, folder, options_of(exporter), template))


def content(root: Path) -> dict[str, bytes | None]:
    """Every file and folder below, by its path."""
    return {p.relative_to(root).as_posix(): p.read_bytes() if p.is_file() else None for p in root.rglob("*")}


@pytest.fixture(params=FORMATS)
def exporter(request: pytest.FixtureRequest) -> Exporter:
    return FORMATS[request.param]


def test_every_format_keeps_the_contract(exporter, tmp_path):
    assert exporter.name and exporter.sentence and exporter.extension.startswith(".")
    items = [Item(sine(220, 0.2), "a", RECIPE), Item(noise(0.2), "b")]
    told = exported(exporter, items, tmp_path / "new")
    assert isinstance(told[0], events.Started) and isinstance(told[-1], events.Finished)
    assert told[-1].result["problems"] == []
    written = told[-1].result["files"]
    assert written[0].endswith(exporter.extension)
    assert sorted(written) == sorted(str(p) for p in (tmp_path / "new").rglob("*") if p.is_file())
    produced = [Path(e.path) for e in told if isinstance(e, events.Produced)]
    assert sorted(produced) == sorted((tmp_path / "new").iterdir())
    assert exporter.whole == (len(produced) == 1)
    first = exporter.first(items, options_of(exporter))
    assert produced[0] == tmp_path / "new" / first and produced[0].is_dir() == first.endswith("/")
    for event in told:
        assert events.from_json(events.to_json(event)).time == event.time
    assert {field.name for field in exporter.fields} == {field.name for field in fields.describe(exporter.Options)}
    msgspec.json.decode(msgspec.json.encode(exporter.Options()), type=exporter.Options)


def test_nothing_to_export_is_nothing(exporter, tmp_path):
    told = exported(exporter, [], tmp_path / "out")
    assert told[-1].result == {"files": [], "problems": []} and list(tmp_path.iterdir()) == []


NAMES = st.sampled_from(["Kick", "kick", "Kick 2", "Snare", "Kick.wav", "a/b", "CON", "é"])


@settings(deadline=None, max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(there=st.lists(NAMES, max_size=5), sounds=st.lists(NAMES, min_size=1, max_size=3), slash=st.booleans())
def test_nothing_that_exists_is_ever_overwritten(exporter, there, sounds, slash):
    root = Path(tempfile.mkdtemp(prefix="wavewright-export-"))
    try:
        for number, name in enumerate(there):  # files and folders with the names that an export would take
            for path in (root / f"{name.replace('/', '_')}{exporter.extension}", root / name.replace("/", "_")):
                if number % 2 and not path.exists():
                    path.mkdir()
                elif not path.exists():
                    path.write_bytes(f"mine {number}".encode())
        before = content(root)
        template = "{name}/{name}" if slash else "{name}"
        for _ in range(2):
            told = exported(exporter, [Item(sine(200, 0.05), name) for name in sounds], root, template)
            assert len(told[-1].result["files"]) >= (1 if exporter.whole else len(sounds))
            after = content(root)
            assert {path: after[path] for path in before} == before
            before = after
    except ExportError:  # a folder of the template stands where there is a file: refused, and nothing is changed
        assert slash and content(root) == before
    finally:
        shutil.rmtree(root)


def test_closing_it_at_any_event_leaves_nothing(exporter, tmp_path):
    items = [Item(sine(200 + 20 * i, 0.1), f"{i}", RECIPE) for i in range(3)]
    count = len(exported(exporter, items, tmp_path / "whole", "{name}/{name}"))
    shutil.rmtree(tmp_path / "whole")
    (tmp_path / "other.txt").write_text("mine")
    for stop in range(1, count):
        work = exporter.write(items, tmp_path / "new" / "deeper", options_of(exporter), "{name}/{name}")
        for _ in range(stop):
            if isinstance(next(work), events.Finished):
                return  # one that was slow tells more of its progress
        work.close()
        assert [p.name for p in tmp_path.iterdir()] == ["other.txt"]


def test_once_it_is_finished_closing_takes_nothing_back(exporter, tmp_path):
    work = exporter.write([Item(sine(200, 0.1), "a")], tmp_path / "new", options_of(exporter))
    while not isinstance(event := next(work), events.Finished):
        pass
    work.close()
    assert all(Path(path).is_file() for path in event.result["files"])
    assert not list(tmp_path.rglob("*.partial"))


@pytest.fixture
def refusal(monkeypatch) -> Refusal:
    return Refusal(monkeypatch)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_whatever_the_system_refuses_leaves_nothing_half_written(exporter, tmp_path, refusal, code):
    """Each call that reaches the disk fails once; then either it is told and nothing is there, or all is."""
    item = Item(sine(200, 0.05), "a", RECIPE)
    told = exported(exporter, [item], tmp_path / "whole")
    expected = {Path(path).name: Path(path).stat().st_size for path in told[-1].result["files"]}
    shutil.rmtree(tmp_path / "whole")
    refused = 0
    for at in range(60):
        refusal.inside, refusal.at, refusal.code, refusal.count = tmp_path, at, code, 0
        try:
            told = exported(exporter, [item], tmp_path / "out" / "in")
        except StudioError as error:
            refused += 1
            assert error.message
            left = content(tmp_path)
        else:
            left = {}
            assert {Path(p).name: Path(p).stat().st_size for p in told[-1].result["files"]} == expected
        finally:
            refusal.inside, refusal.at, made = Path("/nowhere"), -1, refusal.count
        assert left == {}
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        if at >= made:
            break
    assert refused >= 3


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file of this process may grow beyond 8 kB, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_up_is_named_and_leaves_nothing(exporter, tmp_path, small_files):
    with pytest.raises(ExportError):
        exported(exporter, [Item(noise(2.0, channels=2), "a"), Item(noise(2.0, channels=2), "b")], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_too_little_room_is_said_before_anything_is_written(exporter, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=making.SPARE + 1000))
    with pytest.raises(NoRoom, match="room"):
        exported(exporter, [Item(noise(2.0), "a")], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_destination_that_can_not_be_is_named(exporter, tmp_path):
    (tmp_path / "out").write_text("not a folder")
    for folder in (tmp_path / "out", tmp_path / "out" / "deeper"):
        with pytest.raises(ExportError):
            exported(exporter, [Item(sine(200, 0.1), "a")], folder)
    assert content(tmp_path) == {"out": b"not a folder"}


def test_a_folder_that_vanishes_meanwhile_is_named(exporter, tmp_path):
    work = exporter.write([Item(lambda: vanish(tmp_path / "out"), "a")], tmp_path / "out", options_of(exporter))
    with pytest.raises(StudioError):
        list(work)
    assert list(tmp_path.iterdir()) == []


def vanish(folder: Path) -> Sound:
    shutil.rmtree(folder)
    return sine(200, 0.1)


def test_one_broken_sound_of_many_is_told_and_the_rest_written(exporter, tmp_path):
    items = [Item(sine(200, 0.1), "good"), Item(tmp_path / "gone.wav", "bad"), Item(sine(300, 0.1), "fine")]
    result = exported(exporter, items, tmp_path / "out")[-1].result
    assert [problem["name"] for problem in result["problems"]] == ["bad"] and "gone" in result["problems"][0]["reason"]
    assert result["files"]
    with pytest.raises(StudioError):
        exported(exporter, items[1:2], tmp_path / "none")
    assert not (tmp_path / "none").exists()


EXACT = {"wav", "wavetable"}


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    frames=st.integers(2000, 30_000),
    channels=st.integers(1, 2),
    rate=st.sampled_from([44_100, 48_000, 96_000]),
    choices=st.lists(st.integers(0, 5), min_size=12, max_size=12),
)
def test_the_predicted_size_is_what_it_takes(exporter, frames, channels, rate, choices):
    """Exactly, where nothing is compressed; else within a factor."""
    chosen = {}
    for field, choice in zip([f for f in fields.describe(exporter.Options) if f.kind in ("choice", "bool")], choices):
        if field.name not in ("table", "mapping", "together", "cover"):
            chosen[field.name] = field.choices[choice % len(field.choices)] if field.kind == "choice" else bool(choice % 2)
    options = fields.configure(options_of(exporter), chosen)
    sound = noise(frames / rate, rate=rate, channels=channels)
    items = [
        Item(sound, "a", RECIPE, root=61.2, loop=(10, 1000), tempo=120.0, marks=(0, 500)),
        Item(noise(0.5), "b", tags=("x", "y")),
    ]
    with tempfile.TemporaryDirectory() as folder:
        result = list(exporter.write(items, Path(folder), options))[-1].result
        size = sum(Path(path).stat().st_size for path in result["files"])
    predicted = exporter.predict(items, options)
    if exporter.id in EXACT:
        assert predicted == size
    else:
        assert 0.4 * size < predicted < 2.5 * size
