"""From a key to the device: making a note, striking it over fifteen others, and what sixteen voices cost."""

from __future__ import annotations

import argparse
import time

import numpy as np

from studio.audio.notes import root_of, transposed
from studio.audio.player import Player
from studio.audio.sound import Sound
from tests import sound as rig
from tests.bench.results import Table, spread, timed
from tests.sound import RATE, Sink

STRIKES = 400
VOICES = 16


def run(args: argparse.Namespace) -> Table:
    table = Table("Playing notes", ("what", "p50", "p95", "p99", "most", "unit"))
    t = np.arange(round(1.5 * RATE)) / RATE
    tone = Sound((0.05 * np.sin(2 * np.pi * 220 * t) * np.exp(-t)).astype(np.float32)[None], RATE)
    root_of(tone)  # the first one imports
    table.add("the pitch of a sound of 1.5 s", *spread([1e3 * timed(lambda: root_of(tone), 1) for _ in range(20)]), "ms")
    for semitones in (-12, 7, 12):
        found = [1e3 * timed(lambda s=semitones: transposed(tone, s, RATE), 1) for _ in range(30)]
        table.add(f"a note of it, {semitones:+d} semitones", *spread(found), "ms")
    if rig.missing():
        table.notes.append(f"nothing was played: {rig.missing()}")
        return table
    sink = Sink(args.temp / "keys")
    sink.plug()
    with sink:
        player = Player.open(rate=RATE)
        _play(player, [transposed(tone, s, RATE) for s in range(-12, 25)], table)
        player.close()
    sink.unplug()
    return table


def _play(player: Player, notes: list[Sound], table: Table) -> None:
    for note in notes:
        player.note_on("first", note)  # brought into the player's form
    player.notes_off()
    time.sleep(0.3)
    calls, lifts, ahead = [], [], []
    for i in range(STRIKES):
        out = player._out
        assert out is not None
        read, start = out.read, time.perf_counter()
        player.note_on(i % VOICES, notes[i % len(notes)])
        calls.append(1e3 * (time.perf_counter() - start))
        ahead.append(1e3 * (player._chord.notes[-1].voice.start - read) / out.rate)
        time.sleep(0.01)
        if i % 4 == 3:
            start = time.perf_counter()
            player.note_off((i - VOICES // 2) % VOICES)
            lifts.append(1e3 * (time.perf_counter() - start))
    table.add("note_on over fifteen others", *spread(calls), "ms")
    table.add("note_off", *spread(lifts), "ms")
    table.add("from the call to the note's place in the strip", *spread(ahead), "ms")
    busy, wall, end = time.process_time(), time.perf_counter(), time.perf_counter() + 5
    i = 0
    while time.perf_counter() < end:
        player.note_on(i % VOICES, notes[i % len(notes)])
        i += 1
        time.sleep(0.05)
    share = 100 * (time.process_time() - busy) / (time.perf_counter() - wall)
    table.add("processor time, 16 voices and 20 strikes a second", share, *3 * [float("nan")], "% of a core")
    assert player.device is not None
    stated = 1e3 * player.latency
    words = f"as “{player.device.name}” states it, {stated:.1f} ms from note_on to the first frame leaving; dry {player.dry}"
    table.notes.append(words)
