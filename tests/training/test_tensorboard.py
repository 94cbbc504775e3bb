"""The event file, read by Google's own protocol buffers with the shape that TensorBoard publishes."""

from __future__ import annotations

import io
import random
import struct
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import given, settings
from hypothesis import strategies as st

from studio import cli
from studio.audio import files
from studio.errors import AlreadyThere
from studio.events import Metric
from studio.training import tensorboard
from studio.training.run import RunFolder
from studio.training.tensorboard import ROWS, crc32c, record
from studio.training.trainer import train
from tests.training.conftest import Make
from tests.training.tiny import Tiny

FIELDS = {  # tensorflow/core/util/event.proto and framework/summary.proto, as far as a curve and a sound need them
    "Event": {"wall_time": (1, "DOUBLE"), "step": (2, "INT64"), "file_version": (3, "STRING"), "summary": (5, "Summary")},
    "Summary": {"value": (1, "*Value")},
    "Value": {"tag": (1, "STRING"), "simple_value": (2, "FLOAT"), "audio": (6, "Audio")},
    "Audio": {
        "sample_rate": (1, "FLOAT"), "num_channels": (2, "INT64"), "length_frames": (3, "INT64"),
        "encoded_audio_string": (4, "BYTES"), "content_type": (5, "STRING"),
    },
}  # fmt: skip


def reader() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="events.proto", package="seen", syntax="proto3")
    kinds = descriptor_pb2.FieldDescriptorProto
    for name, parts in FIELDS.items():
        message = file.message_type.add(name=name)
        for part, (number, kind) in parts.items():
            label = kinds.LABEL_REPEATED if kind.startswith("*") else kinds.LABEL_OPTIONAL
            if kind.isupper():
                message.field.add(name=part, number=number, label=label, type=getattr(kinds, f"TYPE_{kind}"))
            else:
                message.field.add(
                    name=part, number=number, label=label, type=kinds.TYPE_MESSAGE, type_name=f".seen.{kind.lstrip('*')}"
                )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("seen.Event"))


def unmasked(value: int) -> int:
    value = (value - 0xA282EAD8) & 0xFFFFFFFF
    return (value >> 17 | value << 15) & 0xFFFFFFFF


def read(path: Path) -> list[Any]:
    kind, data, found = reader(), io.BytesIO(path.read_bytes()), []
    while head := data.read(12):
        length, crc = struct.unpack("<QI", head)
        assert unmasked(crc) == crc32c(head[:8])
        body = data.read(length)
        assert unmasked(*struct.unpack("<I", data.read(4))) == crc32c(body)
        found.append(kind.FromString(body))
        assert not len(UnknownFieldSet(found[-1]))
    return found


@pytest.fixture
def run(make: Make) -> RunFolder:
    run = make(steps=12)
    list(train(run, Tiny))
    return run


def test_every_number_and_every_preview_is_in_the_file(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["export", str(run.path), "--as", "tensorboard", "--out", str(tmp_path / "logs")]) == 0
    (path,) = (tmp_path / "logs" / run.name).iterdir()
    assert str(path) in capsys.readouterr().out and ".tfevents." in path.name
    first, *rest = read(path)
    assert first.file_version == "brain.Event:2"
    told = [e for e in run.events()[0] if isinstance(e, Metric)]
    numbers = [(e.step, v.tag, v.simple_value, e.wall_time) for e in rest for v in e.summary.value if not v.HasField("audio")]
    assert numbers == [(e.step, e.name, struct.unpack("<f", struct.pack("<f", e.value))[0], e.time) for e in told]
    (preview,) = run.previews()
    sounds = {v.tag: v.audio for e in rest for v in e.summary.value if v.HasField("audio")}
    assert sounds.keys() == {f"{cell.kind}/{cell.name}" for cell in preview.cells}
    for cell in preview.cells:
        audio = sounds[f"{cell.kind}/{cell.name}"]
        info = files.probe(preview.path(cell))
        assert (audio.sample_rate, audio.num_channels, audio.length_frames) == (info.rate, info.channels, info.frames)
        assert audio.encoded_audio_string == preview.path(cell).read_bytes() and audio.content_type == "audio/wav"


def test_a_run_that_went_on_is_added_to_and_a_strange_file_is_left_alone(run: RunFolder, tmp_path: Path) -> None:
    list(tensorboard.export([run], tmp_path))
    (path,) = tmp_path.rglob("*tfevents*")
    before = path.read_bytes()
    run.append(Metric(step=13, name="mel", value=0.5))
    list(tensorboard.export([run], tmp_path))
    assert path.read_bytes().startswith(before) and len(read(path)) == len(list(tensorboard.records(run)))
    path.write_bytes(b"somebody's own" + before)
    with pytest.raises(AlreadyThere):
        list(tensorboard.export([run], tmp_path))
    assert path.read_bytes() == b"somebody's own" + before


def test_checksums_as_published() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # RFC 3720, B.4 holds the next two
    assert crc32c(bytes(32)) == 0x8A9136AA and crc32c(b"\xff" * 32) == 0x62A8AB43
    assert record(b"").hex() == "0000000000000000" + "29039807" + "d8ea82a2"


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 3 * ROWS), st.integers(0, 2**32))
def test_long_checksums_are_the_same_as_short_ones(extra: int, seed: int) -> None:
    data = random.Random(seed).randbytes(ROWS * ROWS + extra)
    crc, table = 0xFFFFFFFF, tensorboard._table().tolist()
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    assert crc32c(data) == crc ^ 0xFFFFFFFF
