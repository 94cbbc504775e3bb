"""The chunks say what samplers expect, and no bytes of a stranger do more than mislead us politely."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio import files, riff
from studio.errors import AudioError, UnreadableAudio
from tests.audio.make import noise

frames = st.integers(0, 2**32 - 1)


def wave(*chunks: bytes, magic: bytes = b"RIFF") -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return magic + struct.pack("<I", len(body)) + body


@given(root=st.floats(0, 127.999), loops=st.lists(st.tuples(frames, frames).map(sorted).map(tuple), max_size=3))
def test_smpl_comes_back(root, loops):
    content = riff.smpl(48_000, root, loops)
    assert len(content) == 36 + 24 * len(loops)
    found = riff.parse_smpl(content)
    assert found is not None
    assert found[0] == pytest.approx(root, abs=1e-9)
    assert found[1] == loops


def test_smpl_is_laid_out_as_samplers_read_it():
    fields = struct.unpack("<15I", riff.smpl(44_100, 60.5, [(100, 199)]))
    assert fields == (0, 0, 22_675, 60, 0x80000000, 0, 0, 1, 0, 0, 0, 100, 199, 0, 0)


@given(root=st.floats(0, 127))
def test_inst_comes_back_to_the_cent(root):
    content = riff.inst(root)
    assert len(content) == 7
    assert riff.parse_inst(content) == pytest.approx(root, abs=0.0051)
    assert content[3:] == bytes([0, 127, 1, 127])


@given(st.dictionaries(st.sampled_from(["INAM", "ICMT", "ISFT", "ICRD", "IGNR", "IKEY"]), st.text(max_size=20)))
def test_info_comes_back(texts):
    kept = {name: text.partition("\0")[0] for name, text in texts.items() if text}
    assert riff.parse_info(riff.info(texts)) == kept


@given(st.lists(frames, max_size=5))
def test_cue_comes_back(points):
    assert riff.parse_cue(riff.cue(points)) == points


@given(st.binary(max_size=200))
def test_chunk_contents_of_strangers_never_raise(content):
    for parse in (riff.parse_smpl, riff.parse_inst, riff.parse_info, riff.parse_cue):
        parse(content)


def test_sampler_and_information_of_a_file(tmp_path):
    path = files.write(tmp_path / "x.wav", noise(0.1), root=33.25, loop=(5, 500), info={"INAM": "é", "ICMT": ""})
    assert riff.sampler(path) == (33.25, [(5, 500)])
    assert riff.information(path) == {"INAM": "é"}
    assert riff.embedded_recipe(path) is None
    assert [id for id, _, _ in riff.chunks(path)] == ["fmt ", "data", "smpl", "inst", "LIST"]


def test_inst_alone_gives_the_root(tmp_path):
    (tmp_path / "x.wav").write_bytes(wave(riff.chunk("inst", riff.inst(47.5))))
    assert riff.sampler(tmp_path / "x.wav") == (47.5, [])


def test_an_odd_chunk_is_skipped_with_its_padding(tmp_path):
    (tmp_path / "x.wav").write_bytes(wave(riff.chunk("odd ", b"123"), riff.chunk(riff.RECIPE, b"{}")))
    assert riff.embedded_recipe(tmp_path / "x.wav") == b"{}"


def test_other_content_has_no_chunks_and_a_vanished_file_is_named(tmp_path):
    (tmp_path / "x.wav").write_bytes(b"fLaC" + bytes(100))
    assert riff.chunks(tmp_path / "x.wav") == []
    assert riff.sampler(tmp_path / "x.wav") == (None, [])
    for ask in (riff.chunks, riff.sampler, riff.embedded_recipe, riff.information):
        with pytest.raises(UnreadableAudio):
            ask(tmp_path / "gone.wav")


def test_a_chunk_larger_than_any_recipe_is_not_read(tmp_path):
    path = tmp_path / "x.wav"
    with path.open("wb") as file:
        file.write(b"RIFF\xff\xff\xff\xffWAVE" + riff.RECIPE.encode() + struct.pack("<I", riff.LARGEST_CHUNK + 2))
        file.truncate(riff.LARGEST_CHUNK + 100)
    assert riff.embedded_recipe(path) is None


def test_a_file_of_endless_empty_chunks_ends(tmp_path):
    path = tmp_path / "x.wav"
    path.write_bytes(wave(b"nope\0\0\0\0" * (riff.MOST_CHUNKS + 1000)))
    assert len(riff.chunks(path)) == riff.MOST_CHUNKS


pieces = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda id, size, content: id + struct.pack("<I", size) + content,
        st.sampled_from([b"fmt ", b"data", b"smpl", b"inst", b"LIST", b"wwrc", b"ds64", b"SSND"]),
        st.one_of(st.integers(0, 100), st.integers(0, 2**32 - 1)),
        st.binary(max_size=60),
    ),
)
magics = st.sampled_from([b"RIFF", b"RF64", b"BW64", b"FORM"])


@settings(max_examples=300, deadline=None)
@given(magic=magics, kind=st.sampled_from([b"WAVE", b"AIFF", b"AIFC", b"junk"]), parts=st.lists(pieces, max_size=8))
def test_files_of_strangers_never_raise_and_never_lie_about_what_is_there(tmp_path_factory, magic, kind, parts):
    path = Path(tmp_path_factory.getbasetemp()) / "stranger.wav"
    data = magic + b"\xff\xff\xff\xff" + kind + b"".join(parts)
    path.write_bytes(data)
    for id, offset, size in riff.chunks(path):
        assert 0 <= offset <= offset + size <= len(data)
        read = riff.read_chunk(path, id)
        assert read is not None and len(read) <= len(data)
    riff.sampler(path)
    riff.information(path)
    riff.embedded_recipe(path)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_sound_files_are_read_or_refused_by_name(tmp_path_factory, data):
    path = Path(tmp_path_factory.getbasetemp()) / "damaged.wav"
    whole = bytearray(riff.head(44_100, 2, 16, 500) + bytes(2000) + riff.chunk("LIST", riff.info({"INAM": "x"})))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, 60))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        info = files.probe(path)
        found = files.read(path)
        assert found.frames <= max(info.frames, 1)
        assert found.samples.nbytes < 1 << 20
        assert files.stored(path).read(0, 1 << 18).nbytes < 1 << 21
    except AudioError:
        pass
