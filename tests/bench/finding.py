"""What is found in sounds whose truth is known: loops of real notes, the tempo of loops named by it, onsets of planted hits."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np

from studio.audio import files, loops, onsets
from studio.audio.repair.prediction import predictor
from studio.audio.sound import Sound
from studio.audio.tempo import tempo as found_tempo
from tests.bench import planted
from tests.bench.results import Table

COUNT = 60
CLOSE = 0.025
"""Seconds within which an onset is met; a beat within twice as many."""


# ---- loops


def loop(args: argparse.Namespace) -> Table:
    table = Table(
        "Loops of real notes", ("the best loop", "seam, median dB", "under −60 dB", "click, median dB", "clicks over 0 dB")
    )
    paths = planted.drawn(args.notes, COUNT, np.random.default_rng(2)) if args.notes else []
    raw, baked, places = [], [], []
    for path in paths:
        sound = files.read(path)
        best = loops.find(sound)
        if not best:
            continue
        start, end = best[0].start, best[0].end
        smooth = loops.loop(sound, start / sound.rate, (end + 1) / sound.rate)
        places.append((end + 1 - start) / sound.rate)
        for of, into in ((sound, raw), (smooth, baked)):
            into.append((max(loops.seam(of.samples, start, end), -120.0), click(of, start, end)))
    for name, pairs in (("as it was", raw), ("with its crossfade of 50 ms", baked)):
        seams, heights = np.array(pairs).T if pairs else np.zeros((2, 0))
        table.add(name, *map(float, (np.median(seams), (seams < -60).mean(), np.median(heights), (heights > 0).mean())))
    table.notes = [
        f"{len(raw)} of {len(paths)} notes drawn from {len(planted.audio(args.notes)) if args.notes else 0} had a loop, median "
        f"{np.median(places):.2g} s long" if raw else "no --notes were given",
        "seam: the step at the seam against the usual one, dB of the loop’s RMS; click: the largest error of linear prediction "
        "within 4 frames of the seam, dB of the largest elsewhere in the loop",
    ]  # fmt: skip
    return table


def click(sound: Sound, start: int, end: int) -> float:
    """How much less foreseen the seam is than the least foreseen moment of the rest of the loop, in dB; the worst channel."""
    heights = []
    for channel in sound.samples.astype(np.float64):
        turn = np.tile(channel[start : end + 1], 3)
        order = min(32, (end + 1 - start) // 4)
        error = np.abs(np.convolve(turn, predictor(turn, order)[0], "valid"))
        at, length = 2 * (end + 1 - start) - order, end + 1 - start
        rest = error[at - length + 4 + order : at - 4]
        heights.append(20 * np.log10(error[at - 4 : at + 4 + order].max() / max(rest.max(), 1e-9) + 1e-9))
    return float(max(heights))


# ---- tempo


def tempo(args: argparse.Namespace) -> Table:
    columns = ("loops", "count", "tempo right", "half or double", "else", "share of beats met", "beats off, median ms")
    table = Table("Tempo and beats of loops named by their tempo", columns)
    for name, named in _folders(args.loops):
        right, octave, other, met, away = 0, 0, 0, [], []
        for path, bpm in named:
            sound = files.read(path)
            heard = found_tempo(sound)
            ratio = heard.bpm / bpm if heard else 0.0
            right += abs(ratio - 1) < 0.02
            octave += min(abs(ratio - 2), abs(ratio - 0.5)) < 0.02
            other += min(abs(ratio - k) for k in (0.5, 1, 2)) >= 0.02
            if heard and abs(ratio - 1) < 0.02:
                off = (heard.beats * bpm / 60 + 0.5) % 1 - 0.5
                met.append(float((np.abs(off) * 60 / bpm < 2 * CLOSE).mean()))
                away.append(float(np.median(np.abs(off)) * 60 / bpm))
        table.add(name, len(named), right, octave, other, float(np.mean(met)), 1e3 * float(np.median(away)))
    near = f"within {2000 * CLOSE:.0f} ms of the grid that begins with the file"
    table.notes = [f"every third loop; right: within 2 %; beats met: {near}, where the tempo is right"]
    return table


def _folders(root: str | None) -> list[tuple[str, list[tuple[Path, float]]]]:
    """Folders with their loops and tempos, every third loop: a tenth of an hour of sound is enough."""
    by: dict[str, list[tuple[Path, float]]] = {}
    for path in planted.audio(root)[::3] if root else []:
        if told := re.search(r"_(\d+(?:\.\d+)?)bpm", path.stem):
            by.setdefault(str(path.parent.relative_to(root or "")), []).append((path, float(told[1])))
    return sorted(by.items())


# ---- onsets


def onset(args: argparse.Namespace) -> Table:
    """Recorded hits are planted at random moments, with or without noise."""
    table = Table("Onsets of planted hits", ("sounds", "planted", "found", "false", "F", "off, median ms"))
    random = np.random.default_rng(3)
    for name, folder, apart in (("hits", args.drums, 0.12), ("notes", args.notes, 0.35)):
        for level in (None, 40, 20):
            truth = hit = false = 0
            away: list[float] = []
            for _ in range(4 if folder else 0):
                times, wave = _planted(folder, apart, random)
                wave = wave if level is None else planted.noise(wave, "pink", level, truth)
                heard = onsets.onsets(Sound(wave.astype(np.float32)[None], planted.RATE))
                seconds = np.array(heard) / planted.RATE + onsets.LEAD
                off = np.abs(seconds[:, None] - times[None]) if len(seconds) else np.ones((1, len(times)))
                truth, hit = truth + len(times), hit + int((off.min(axis=0) < CLOSE).sum())
                false += int((off.min(axis=1) >= CLOSE).sum())
                away += off.min(axis=0)[off.min(axis=0) < CLOSE].tolist()
            if truth:
                score = 2 * hit / (truth + hit + false)
                under = "no noise" if level is None else f"SNR {level} dB"
                table.add(f"{name}, {under}", truth, hit, false, score, 1e3 * float(np.median(away)))
    told = "hits 0.12 to 0.5 s apart, notes 0.35 to 0.8 s and sounding on, levels within 12 dB"
    table.notes = [f"found: within {1000 * CLOSE:.0f} ms; {told}"]
    return table


def _planted(folder: str, apart: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Where a sound is a hundredth of its peak for the first time is its onset."""
    out, at, times = np.zeros(10 * planted.RATE), 0.2, []
    for path in planted.drawn(folder, 60, random):
        wave = planted.mono(path)
        if at > 9 or not np.abs(wave).max(initial=0) > 0:
            continue
        wave = wave / np.abs(wave).max() * 10 ** (random.uniform(-12, 0) / 20)
        first = int(np.argmax(np.abs(wave) > 0.1 * np.abs(wave).max()))
        start = round(at * planted.RATE)
        wave = wave[max(0, first - 400) : max(0, first - 400) + len(out) - start]
        out[start : start + len(wave)] += wave
        times.append(at + min(first, 400) / planted.RATE)
        at += random.uniform(apart, apart + 0.4)
    return np.array(times), out / np.abs(out).max() / 2
