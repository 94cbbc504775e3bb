"""What is not in memory is exported as what is: the same bytes, told how far it is, and gone when it is cancelled half-way."""

from __future__ import annotations

import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from studio import events, fields
from studio.audio import files
from studio.audio.sound import Audio, Samples, Sound
from studio.export import base
from studio.export.base import Exporter, Item
from tests.audio.make import noise, sine
from tests.export.test_wav import RECIPE

FORMATS = base.exporters()
SOUND = Sound(noise(7.0, channels=2, amplitude=0.2).samples + sine(220.0, 7.0).samples * 0.3, 44_100)
QUICK = {"wavetable": {"frames": 4}, "pack": {"cover": False}}
CHANGED = {"rate": "48000", "channels": "mono", "level": "loudness"}


class Away:
    """A sound that is anywhere but in memory; `reading` is called before each piece."""

    def __init__(self, sound: Sound) -> None:
        self.rate, self.channels, self.frames, self.seconds = sound.rate, sound.channels, sound.frames, sound.seconds
        self._sound = sound

    def reading(self) -> None: ...

    def read(self, start: int, frames: int) -> Samples:
        self.reading()
        return self._sound.read(start, frames).copy()


def written(exporter: Exporter, sound: Audio, folder: Path, **options: Any) -> dict[str, bytes]:
    asked = fields.configure(exporter.Options(), QUICK.get(exporter.id, {}) | options)
    list(exporter.write([Item(sound, "a", RECIPE, loop=(4000, 90_000), root=57.0)], folder, asked))
    return {path.relative_to(folder).as_posix(): held(path) for path in folder.rglob("*") if path.is_file()}


def held(path: Path) -> bytes:
    """The file's bytes; of an OGG, in which there is a random number, those of its sound, and of an archive, which knows the
    time, what is in it."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return b"".join(name.encode() + archive.read(name) for name in archive.namelist())
    return path.read_bytes() if path.suffix != ".ogg" else files.read(path).samples.tobytes()


@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize("id", FORMATS)
def test_the_bytes_are_those_of_the_sound_in_memory(id: str, changed: bool, tmp_path: Path) -> None:
    exporter = FORMATS[id]
    known = {field.name for field in exporter.fields}
    options = {name: value for name, value in CHANGED.items() if name in known and "rate" in known} if changed else {}
    if "bits" in known and changed:
        options["bits"] = "16"
    whole = written(exporter, SOUND, tmp_path / "whole", **options)
    assert whole and whole == written(exporter, Away(SOUND), tmp_path / "away", **options)


@pytest.mark.parametrize("id", ["wav", "flac", "mp3", "sfz", "pack"])
def test_it_is_left_off_within_a_piece_and_nothing_stays(id: str, tmp_path: Path) -> None:
    go, far = threading.Event(), threading.Event()

    class Slow(Away):
        count = 0

        def reading(self) -> None:
            self.count += 1
            if self.count > 1:
                far.set()
                go.wait(20)

    slow = Slow(SOUND)
    exporter = FORMATS[id]
    asked = fields.configure(exporter.Options(), QUICK.get(id, {}))
    work = exporter.write([Item(slow, "a", root=57.0)], tmp_path / "new", asked)
    told = next(event for event in work if far.is_set() and isinstance(event, events.Progress))
    assert told.total is not None and told.done < told.total
    threading.Timer(0.05, go.set).start()  # the piece that is being read comes to its end
    work.close()
    assert list(tmp_path.iterdir()) == [] and slow.count == 2


def test_a_long_file_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LONG", 5.0)
    for suffix, format in ((".wav", None), (".flac", "FLAC"), (".mp3", "MP3")):
        path = tmp_path / f"x{suffix}"
        if format is None:
            files.write(path, SOUND)
        else:
            files.write_as(path, SOUND, format)  # type: ignore[arg-type]
        found = files.opened(path)
        assert not isinstance(found, Sound)
        assert written(FORMATS["wav"], found, tmp_path / suffix) == written(FORMATS["wav"], files.read(path), tmp_path / "b")
        for one in (tmp_path / "b").iterdir():
            one.unlink()
