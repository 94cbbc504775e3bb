"""A sound goes through a real plug-in in a process of its own; whatever that does, we get a sound or a named error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from studio.audio import steps
from studio.audio.excerpt import excerpt
from studio.audio.plugins import hosts, wire
from studio.audio.plugins.step import identity
from studio.audio.plugins.table import Table
from studio.audio.sound import Sound
from studio.audio.timeline import Timeline
from studio.audio.timeline_steps import applied
from studio.errors import MissingPlugin, PluginStopped

RATE = 48_000
ECHO = 9600 / RATE  # seconds between the echoes of Tame


def sound(channels=2, frames=RATE // 2, seed=0):
    return Sound(np.random.default_rng(seed).uniform(-0.3, 0.3, (channels, frames)).astype(np.float32), RATE)


def step(plugins: Table, name: str, **values):
    found = plugins.named(name)
    assert found is not None
    return {"do": "plugin", **identity(found), **values}


def children():
    return [child for child in psutil.Process().children() if "studio.audio.plugins.host" in child.cmdline()]


def test_what_changes_nothing_is_the_same_to_the_bit_for_any_channels(plugins):
    for channels in (1, 2, 3, 5):  # Tame is late by 100 frames and takes two channels only
        for frames in (1, 99, 20_000):
            before = sound(channels, frames)
            after = steps.apply(before, [step(plugins, "Tame")])
            assert np.array_equal(after.samples, before.samples), (channels, frames)
    assert np.array_equal(steps.apply(sound(), [step(plugins, "Mono")]).samples, sound().samples)
    assert steps.apply(Sound(np.zeros((2, 0), np.float32), RATE), [step(plugins, "Tame")]).frames == 0


def test_values_are_what_they_say(plugins):
    for db in (-24, -6.5, 24):
        for name, channels in (("Tame", 2), ("Tame", 1), ("Mono", 2)):
            after = steps.apply(sound(channels), [step(plugins, name, gain=db)])
            np.testing.assert_allclose(after.samples, sound(channels).samples * 10 ** (db / 20), rtol=2e-6)
    assert np.array_equal(steps.apply(sound(), [step(plugins, "Tame")]).samples, sound().samples)  # and the next is as usual


def test_an_impulse_stays_where_it_is_and_rings_on_up_to_the_tail(plugins):
    impulse = Sound(np.zeros((2, 4800), np.float32), RATE)
    impulse.samples[:, 1000] = 1
    for tail, echoes in ((0, 0), (0.5, 2), (3, 13)):
        after = steps.apply(impulse, [step(plugins, "Tame", feedback=0.5, tail=tail)]).samples
        assert 4800 <= after.shape[1] <= 4800 + tail * RATE
        heard = np.flatnonzero(np.abs(after[0]) > 1e-4)
        assert list(heard) == [1000 + 9600 * echo for echo in range(len(heard))] and len(heard) == echoes + 1
    early = after[:, 10_600]
    np.testing.assert_allclose(early, 0.5, rtol=1e-4)


def test_on_a_stretch_only_that_is_changed_and_echoes_go_over_what_follows(plugins):
    placed = steps.apply(sound(), [step(plugins, "Tame", gain=-6, **{"from": 0.1, "to": 0.3})])
    first, last = round(0.1 * RATE), round(0.3 * RATE)
    assert np.array_equal(placed.samples[:, :first], sound().samples[:, :first])
    assert np.allclose(placed.samples[:, last:], sound().samples[:, last:])
    middle = slice(first + 500, last - 500)
    np.testing.assert_allclose(placed.samples[:, middle], sound().samples[:, middle] * 10**-0.3, rtol=1e-5)
    echoing = step(plugins, "Tame", feedback=0.5, **{"from": 0.1, "to": 0.3})
    assert steps.apply(sound(), [echoing]).frames > sound().frames
    long = applied(Timeline.of(sound()), [echoing]).sound()
    assert np.array_equal(long.samples, steps.apply(sound(), [echoing]).samples)
    piece = excerpt(sound(), [step(plugins, "Tame", gain=6)], 0.2, 0.1)
    np.testing.assert_allclose(piece.samples, sound().samples[:, 9600:14_400] * 10**0.3, rtol=1e-5)


@pytest.mark.parametrize("mood", ["Crash", "Exit", "Not a number"])
def test_a_plug_in_that_ends_badly_is_a_sentence_and_the_next_sound_goes_through(plugins, mood):
    with pytest.raises(PluginStopped) as stopped:
        steps.apply(sound(), [step(plugins, "Tame", mood=mood)])
    assert "“Tame”" in stopped.value.message and "as it was" in stopped.value.message and stopped.value.advice
    assert not children()
    assert np.array_equal(steps.apply(sound(), [step(plugins, "Tame")]).samples, sound().samples)


def test_what_a_plug_in_prints_and_reads_is_nobodys(plugins):
    after = steps.apply(sound(), [step(plugins, "Tame", mood="Print", gain=-6)])
    np.testing.assert_allclose(after.samples, sound().samples * 10**-0.3, rtol=1e-5)


def test_one_that_hangs_is_ended_and_not_tried_again_at_once(plugins, monkeypatch):
    monkeypatch.setattr(hosts, "PLAYING", 0.5)
    hanging = step(plugins, "Tame", mood="Hang", tail=0)
    with pytest.raises(PluginStopped, match="did not answer"):
        steps.apply(sound(frames=100), [hanging])
    assert not children()
    monkeypatch.setattr(hosts, "Host", None)  # nothing is started for the same again
    with pytest.raises(PluginStopped, match="did not answer"):
        steps.apply(sound(frames=100), [hanging])


def test_a_process_is_kept_for_the_next_turn_and_ends_by_itself_with_us(plugins):
    steps.apply(sound(), [step(plugins, "Tame")])
    (first,) = children()
    for gain in (1, 2, 3):
        steps.apply(sound(), [step(plugins, "Tame", gain=gain)])
    assert [child.pid for child in children()] == [first.pid]
    with ThreadPoolExecutor(4) as pool:  # an export beside an audition: each has one to itself
        made = list(pool.map(lambda n: steps.apply(sound(seed=n), [step(plugins, "Tame")]).samples, range(8)))
    assert all(np.array_equal(one, sound(seed=n).samples) for n, one in enumerate(made))
    assert len(children()) <= hosts.KEPT
    os.kill(children()[0].pid, signal.SIGKILL)
    hosts.close()
    assert not children()


def test_closing_the_window_does_not_wait_for_one_that_hangs(plugins):
    steps.apply(sound(frames=100), [step(plugins, "Tame")])  # loaded, so that the next hangs at once
    with ThreadPoolExecutor(1) as desk:
        job = desk.submit(steps.apply, sound(frames=100), [step(plugins, "Tame", mood="Hang", gain=1)])
        time.sleep(0.3)
        assert not job.done()
        hosts.close()
        with pytest.raises(PluginStopped):
            job.result(timeout=hosts.PLAYING / 2)
    assert not children()


def test_it_dies_with_its_parent_even_while_the_plug_in_hangs(plugins):
    text = "from studio.audio import steps; from studio.audio.sound import Sound; import numpy as np\n"
    text += f"steps.apply(Sound(np.zeros((2, 100), np.float32), 48000), [{step(plugins, 'Tame', mood='Hang')!r}])"
    parent = subprocess.Popen([sys.executable, "-c", text])
    try:
        end = time.monotonic() + 30
        found: list[psutil.Process] = []
        while not found and time.monotonic() < end:
            found = psutil.Process(parent.pid).children()
            time.sleep(0.05)
        (child,) = found
        while child.num_threads() < 2 and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.5)  # it may be loading or hanging by now; either will do
    finally:
        parent.kill()
        parent.wait()
    child.wait(timeout=30)


def test_a_file_that_is_gone_or_another_by_now_is_said(plugins, tmp_path):
    tame, mono = plugins.named("Tame"), plugins.named("Mono")
    assert tame is not None and mono is not None
    for plugin, error, words in (
        (replace(tame, path=str(tmp_path / "Tame.vst3")), MissingPlugin, "“Tame” by Wavewright tests"),
        (replace(tame, path=mono.path), PluginStopped, "another one now"),
        (replace(mono, knobs=tame.knobs), PluginStopped, "has changed"),
    ):
        with pytest.raises(error, match=words):
            hosts.play(plugin, sound().samples, RATE, {})


# ---- what is said


def test_frames_come_over_as_they_went():
    for head in (wire.Load("/x.vst3", "y"), wire.Play(RATE, 2, 3, ((1, "Gain", 0.5),)), wire.Describe()):
        stream = BytesIO()
        wire.write(stream, head, sound(2, 3).samples)
        stream.seek(0)
        found, body = wire.read(stream, wire.Request)
        assert found == head and np.array_equal(wire.samples_of(body, 2, 3), sound(2, 3).samples)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80))
def test_anything_else_ends_in_a_named_way(data):
    with pytest.raises((ValueError, EOFError)):
        wire.read(BytesIO(data), wire.Answer, most=16)
    framed = len(data).to_bytes(4, "little") + bytes(4) + data
    with pytest.raises((ValueError, EOFError)):
        wire.read(BytesIO(framed), wire.Answer, most=16)
    with pytest.raises(ValueError, match="no frame"):
        wire.read(BytesIO(b"\x01\0\0\0\x20\0\0\0" + data), wire.Answer, most=16)
