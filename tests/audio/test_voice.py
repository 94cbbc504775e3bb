"""Sounds at the stream's rate, placed on the stream, cut into pieces in every way the player may ask for them."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.audio import files, timeline_steps
from studio.audio import voice as module
from studio.audio.files import resample
from studio.audio.sound import Sound
from studio.audio.timeline import Timeline
from studio.audio.voice import Frames, Voice


def voice(samples: list[float], start: int, loop: bool, gain: float = 1.0) -> Voice:
    return Voice(Frames(Sound(np.array([samples], np.float32), 48_000), 48_000), start, loop, gain)


def noise(seconds: float, rate: int, channels: int = 2) -> Sound:
    rng = np.random.default_rng(3)
    return Sound(rng.standard_normal((channels, round(seconds * rate))).astype(np.float32) * 0.2, rate)


def test_silence_surrounds_a_sound() -> None:
    one = voice([1, 1, 1, 1], start=10, loop=False, gain=0.5)
    assert one.render(8, 8)[:, 0].tolist() == [0, 0, 0.5, 0.5, 0.5, 0.5, 0, 0]
    assert one.audible(13)
    assert not one.audible(14)


def test_a_loop_goes_round_from_any_frame() -> None:
    one = voice([0, 1, 2, 3, 4], start=100, loop=True)
    assert one.render(103, 9)[:, 1].tolist() == [3, 4, 0, 1, 2, 3, 4, 0, 1]
    assert one.audible(10**9)


def test_an_empty_sound_is_never_audible() -> None:
    assert not Voice(Frames(Sound(np.zeros((1, 0), np.float32), 48_000), 48_000), 0, True, 1.0).audible(0)


@settings(max_examples=60, deadline=None)
@given(
    length=st.integers(1, 50),
    start=st.integers(-60, 60),
    loop=st.booleans(),
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=8),
)
def test_pieces_join_to_the_whole(length: int, start: int, loop: bool, cuts: list[int]) -> None:
    one = voice(np.random.default_rng(length).standard_normal(length).tolist(), start, loop, gain=0.7)
    whole = one.render(0, sum(cuts))
    ends = np.cumsum(cuts)
    pieces = [one.render(int(end) - cut, cut) for end, cut in zip(ends, cuts)]
    assert np.array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize("own", [44_100, 22_254, 96_000])
def test_a_long_sound_resampled_in_pieces_is_the_whole_one(own: int) -> None:
    sound = noise(2.5 * module.PIECE, own)
    frames = Frames(sound, 48_000)
    whole = resample(sound, 48_000).samples.T
    assert abs(len(frames) - len(whole)) <= 1
    middle = frames.get(5 * 48_000, 9 * 48_000)  # across a border, before anything else was made
    assert np.abs(middle - whole[5 * 48_000 : 9 * 48_000]).max() < 3e-5  # −90 dB
    end = min(len(frames), len(whole))
    assert np.abs(frames.get(0, end) - whole[:end]).max() < 3e-5  # −90 dB


def test_only_what_is_asked_for_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = Frames._make
    monkeypatch.setattr(Frames, "_make", lambda self, piece: (made.append(piece), real(self, piece))[1])
    frames = Frames(noise(20, 8_000, 1), 48_000)
    frames.get(0, 48_000)
    frames.get(9 * 48_000, 10 * 48_000)
    frames.get(0, 48_000)
    assert made == [0, 2]


def test_many_channels_become_two() -> None:
    sound = noise(0.1, 48_000, 4)
    got = Frames(sound, 48_000).get(0, 100)
    assert np.allclose(got[:, 0], (sound.samples[0, :100] + sound.samples[2, :100]) / 2)
    assert np.allclose(got[:, 1], (sound.samples[1, :100] + sound.samples[3, :100]) / 2)


def test_frames_do_not_keep_their_sound_alive() -> None:
    sound = noise(0.1, 44_100)
    frames = Frames(sound, 48_000)
    watched = weakref.ref(sound)
    del sound
    gc.collect()
    assert watched() is None
    assert np.abs(frames.get(0, 1000)).max() > 0


@pytest.mark.parametrize("own", [44_100, 48_000])
def test_an_edited_file_is_heard_as_the_whole_of_it(
    tmp_path: Path, own: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    path = files.write(tmp_path / "x.wav", noise(18, own), subtype="FLOAT")
    edited = timeline_steps.applied(
        Timeline.of(files.stored(path)), [{"do": "cut", "start": 3, "end": 4.5}, {"do": "reverse", "from": 2, "to": 9}]
    )
    frames, whole = Frames(edited, 48_000), resample(edited.sound(), 48_000).samples.T
    heard = np.concatenate([frames.get(at, min(at + 30_000, len(whole))) for at in range(0, len(whole), 30_000)])
    assert 20 * np.log10(np.abs(heard - whole[: len(heard)]).max() + 1e-12) < -100
    jump = frames.get(2 * 48_000, 3 * 48_000)  # given back meanwhile, and made again
    assert np.abs(jump - whole[2 * 48_000 : 3 * 48_000]).max() < 1e-5


def test_a_file_that_goes_away_falls_silent(tmp_path: Path) -> None:
    path = files.write(tmp_path / "x.wav", noise(9, 44_100), subtype="FLOAT")
    frames = Frames(files.stored(path), 48_000)
    assert frames.get(0, 100).any()
    path.unlink()
    assert frames.get(0, 100).any() and not frames.get(5 * 48_000, 6 * 48_000).any()
