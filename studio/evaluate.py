"""How good a trained model is, in numbers that mean the same everywhere: `wavewright evaluate`, the dashboard, the benches.

New sounds are held against the project's held-out sounds, and beside every number stands its floor: training sounds held
against the same held-out sounds at the same count, which is what a perfect model would score. Both sides go through the
same preparation (trimmed, peak −1 dBFS, the model's rate, mono). Nothing is downloaded; measures and sources are in metrics.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, SupportsFloat

import msgspec
import numpy as np

from studio import metrics
from studio.audio import analysis, picture
from studio.audio.images import Heard, hear
from studio.audio.sound import Sound
from studio.errors import NotOffered
from studio.events import Event, Finished, Produced, Progress, Started, Work
from studio.explore.similar import copy_threshold
from studio.generate import Instrument, best_checkpoint
from studio.library.reader import TrainingSet, examples, load
from studio.models.controls import Material
from studio.project import atomic
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request

FEWEST = 20
"""Held-out sounds below which a distance between distributions would be noise."""

RECONSTRUCTED = 64
"""At most this many held-out sounds are reconstructed."""


@dataclass
class Scores:
    """What is found: name → number of the model, of the floor, and the words that say what was compared."""

    metrics: dict[str, float] = field(default_factory=dict)
    floor: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    ceiling: dict[str, float] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: SupportsFloat, floor: SupportsFloat | None, words: str) -> None:
        self.metrics[name], self.sets[name] = float(value), words
        if floor is not None:
            self.floor[name] = float(floor)


def evaluate(
    target: Path | str, count: int = 256, *, project: ProjectFolder | None = None, device: str = "auto", seed: int = 0
) -> Work:
    """Measure the best checkpoint of a run, or a given checkpoint, with `count` new sounds.

    Finished: {"metrics", "floor", "sets", "intervals", "ceiling", "picture", "checkpoint"}; the same is written into the
    run's `evaluations` folder, with a picture of real sounds, their reconstructions and new ones. `project` is only needed
    for a checkpoint that lies outside one. Raises NotAProject, BrokenCheckpoint, NothingToLearn.
    """
    checkpoint = best_checkpoint(Path(target).absolute())
    run = checkpoint.parent.parent
    sounds = project or ProjectFolder.open(run.parent.parent, lock=False)
    instrument = Instrument.open(checkpoint, device=_device(device), cache=sounds.cache, compile=count >= 50)
    material = instrument.material
    yield Started(what="evaluate", total=count)
    train, held = _sets(sounds, material, instrument.data.labels)
    real, known = (hear([part.sound(i) for i in range(len(part))], material.frames) for part in (held, train))

    made_sounds: list[Sound] = []
    asked: list[str] = []
    for label, sound in _new(instrument, train, count, seed):
        made_sounds.append(sound)
        asked.append(label)
        yield Progress(done=len(made_sounds), total=count, note="making new sounds")
    made = hear(_prepared(made_sounds, material), material.frames)

    scores = Scores()
    scores.sets |= {
        "training": f"{len(known)} training sounds",
        "held-out": f"{len(real)} held-out sounds (validation and test)",
        "new": f"{len(made)} new sounds"
        + (", labels as often as in the training sounds" if instrument.controls.classes else ""),
    }
    yield Progress(done=count, total=count, note="comparing with real sounds")
    faults(scores, made_sounds, held)
    copies(scores, made, real, known)
    distributions(scores, made, real, known, seed)
    yield Progress(done=count, total=count, note="learning the labels")
    yield from labels(scores, made, asked, real, held, known, train, seed)
    yield Progress(done=count, total=count, note="reconstructing held-out sounds")
    again = yield from reconstructions(scores, instrument, held, real, known, material)
    pitches(scores, instrument, seed)
    _own(scores, instrument, held)

    image = picture.png(gallery(real, held, again, made, asked, f"{run.name}  step {instrument.checkpoint.step}"))
    result: dict[str, Any] = {
        "metrics": scores.metrics, "floor": scores.floor, "sets": scores.sets, "intervals": scores.intervals,
        "ceiling": scores.ceiling, "checkpoint": str(checkpoint), "step": instrument.checkpoint.step,
    }  # fmt: skip
    if (run / "config.json").exists():
        folder = _free(run / "evaluations" / checkpoint.name)
        with atomic.folder(folder) as part:
            atomic.write_bytes(part / "picture.png", image)
            data = {"kind": "evaluation", "format": 1, **result}
            atomic.write_bytes(part / "evaluation.json", msgspec.json.format(msgspec.json.encode(data), indent=1))
        result["picture"] = str(folder / "picture.png")
        yield Produced(kind="picture", path=result["picture"])
    yield Finished(result=result)


# ---- what is measured


def faults(scores: Scores, made: Sequence[Sound], held: TrainingSet) -> None:
    """Shares of sounds that are silent (peak under −60 dBFS), clipped (flat tops) or offset (DC above 1 % of the peak)."""
    ours, theirs = ([analysis.facts(sound) for sound in part] for part in (made, [held.sound(i) for i in range(len(held))]))
    words = f"{len(ours)} new sounds as they came; floor: {len(theirs)} held-out sounds as the model hears them"
    shares = {
        "silent": lambda f: f.peak_db < -60,
        "clipped": lambda f: f.clipped > 0,
        "offset": lambda f: abs(f.dc) > 0.01 * 10 ** (f.peak_db / 20),
    }
    for name, is_so in shares.items():
        scores.put(name, np.mean([is_so(f) for f in ours]), np.mean([is_so(f) for f in theirs]) if theirs else None, words)
    words = f"mean length of {len(ours)} new and {len(theirs)} held-out sounds"
    scores.put("seconds", np.mean([f.seconds for f in ours]), held.seconds.mean() if theirs else None, words)


def copies(scores: Scores, made: Heard, real: Heard, known: Heard) -> None:
    """How near new sounds come to training sounds, beside how near held-out ones, which nobody copied, come to them."""
    if not len(real):
        return
    flat = known.flat
    theirs, _ = metrics.nearest(real.flat, flat)
    ours, _ = metrics.nearest(made.flat, flat)
    usual = float(np.median(theirs))
    threshold = copy_threshold(theirs, usual)
    words = f"to the nearest of {len(known)} training sounds"
    scores.put(
        "copies",
        (ours <= threshold).mean(),
        (theirs <= threshold).mean(),
        f"{len(made)} new sounds {words}, ≤ {threshold:.2g} dB",
    )
    scores.put("nearest_db", np.median(ours), usual, f"median of {len(made)} new and {len(real)} held-out sounds {words}")
    scores.put(
        "diversity",
        metrics.diversity(made.flat) / max(metrics.diversity(flat), 1e-9),
        metrics.diversity(real.flat) / max(metrics.diversity(flat), 1e-9),
        f"mean distance among {len(made)} new sounds ÷ among {len(known)} training sounds",
    )


def distributions(scores: Scores, made: Heard, real: Heard, known: Heard, seed: int) -> None:
    """Fréchet, KID, precision, recall, density, coverage and NDB/K on log-mel statistics."""
    count = min(len(made), len(real), len(known))
    names = ("frechet", "kid", "precision", "recall", "density", "coverage", "ndb", "js")
    if count < FEWEST:
        scores.sets |= dict.fromkeys(names, f"left out: {count} held-out sounds are fewer than {FEWEST}")
        return
    whiten = metrics.Whitener.fit(known.statistics, count)
    ours, truth, theirs = whiten(made.statistics), some(whiten(real.statistics), count, seed), whiten(known.statistics)
    compare(scores, "", ours, truth, theirs, f"{whiten.size} mel statistics", seed)
    bins = max(2, min(50, len(known) // 20))
    values = [
        [
            metrics.ndb(theirs, pool[np.random.default_rng(seed + i).permutation(len(pool))[:count]], bins, seed)
            for i in range(4)
        ]
        for pool in (ours, whiten(real.statistics))
    ]
    words = f"{count} new sounds in {bins} bins of {len(known)} training sounds; floor: {count} held-out ones"
    for place, name in enumerate(("ndb", "js")):
        scores.put(name, np.mean([v[place] for v in values[0]]), np.mean([v[place] for v in values[1]]), words)


def compare(scores: Scores, prefix: str, ours: Any, truth: Any, theirs: Any, what: str, seed: int) -> None:
    """Distances of `ours` and of `theirs` (training sounds: the floor) from `truth`, each from random draws of equal count."""
    count = len(truth)
    words = (
        f"{count} of {len(ours)} new against {count} held-out sounds in {what}; floor: {count} of {len(theirs)} training sounds"
    )

    def around(name: str) -> Any:
        return lambda x: metrics.neighbourhoods(truth, x)[name]

    measures: dict[str, Any] = {"frechet": lambda x: metrics.frechet(truth, x), "kid": lambda x: metrics.kid(truth, x)}
    measures |= {name: around(name) for name in ("precision", "recall", "density", "coverage")}
    for name, measure in measures.items():
        value, low, high = metrics.repeated(measure, ours, count, seed=seed)
        scores.put(prefix + name, value, metrics.repeated(measure, theirs, count, seed=seed)[0], words)
        scores.intervals[prefix + name] = (low, high)
    scores.ceiling[prefix + "coverage"] = metrics.coverage_ceiling(count)


def labels(
    scores: Scores,
    made: Heard,
    asked: Sequence[str],
    real: Heard,
    held: TrainingSet,
    known: Heard,
    train: TrainingSet,
    seed: int,
) -> Iterator[Event]:
    """Does a classifier that knows the training sounds hear the labels that were asked for? And distances on its features."""
    from studio.models.layers import judge

    often = np.bincount(train.label[train.label >= 0], minlength=len(train.labels))
    kept = np.flatnonzero(often >= 8)
    names = [train.labels[i] for i in kept]
    here, there = np.isin(train.label, kept), np.isin(held.label, kept)
    if len(kept) < 2 or there.sum() < FEWEST:
        reason = "left out: fewer than two labels have eight training sounds each, or too few are held out"
        scores.sets |= dict.fromkeys(("label_agreement", "inception", "judge_frechet"), reason)
        return
    network = judge.new(len(kept), seed)
    taught = np.searchsorted(kept, train.label[here])
    for epoch, loss in enumerate(judge.train(network, known.images[here], taught, seed=seed)):
        yield Progress(done=epoch + 1, total=judge.EPOCHS, note=f"learning the labels, error {loss:.2f}")
    sure, truth = judge.hear(network, real.images[there])
    right = (sure.argmax(1) == np.searchsorted(kept, held.label[there])).mean()
    scores.sets["judge"] = (
        f"classifier of {len(kept)} labels, taught by {here.sum()} training sounds: {right:.0%} of {there.sum()} held-out right"
    )
    scores.metrics["judge_accuracy"] = float(right)
    ours, felt = judge.hear(network, made.images)
    meant = np.array([names.index(a) if a in names else -1 for a in asked])
    if (meant >= 0).any():
        agreed = (ours.argmax(1) == meant)[meant >= 0].mean()
        scores.put(
            "label_agreement",
            agreed,
            right,
            f"{(meant >= 0).sum()} new sounds heard as the label they were made for; floor: held-out",
        )
    scores.put(
        "inception",
        metrics.inception_score(ours),
        metrics.inception_score(sure),
        f"{len(made)} new and {there.sum()} held-out sounds",
    )
    scores.ceiling["inception"] = float(len(kept))
    _, theirs = judge.hear(network, known.images[here])
    count = min(len(felt), len(truth), len(theirs))
    whiten = metrics.Whitener.fit(theirs, count)
    compare(
        scores,
        "judge_",
        whiten(felt),
        some(whiten(truth), count, seed),
        whiten(theirs),
        f"{whiten.size} classifier features",
        seed,
    )


def reconstructions(
    scores: Scores, instrument: Instrument, held: TrainingSet, real: Heard, known: Heard, material: Material
) -> Generator[Event, None, dict[int, Sound]]:
    """How well held-out sounds come back from their own latents; the floor is what the nearest training sound would do.

    Returns the reconstructions, prepared, {row of the held-out set: Sound}; none where the model has no encoder.
    """
    from studio.models.layers.losses import MelDistance

    again: dict[int, Sound] = {}
    distance = MelDistance(material.rate)
    if not len(held):
        return again
    rows = np.linspace(0, len(held) - 1, min(len(held), RECONSTRUCTED)).round().astype(int)
    _, twin = metrics.nearest(real.flat, known.flat)
    found: list[list[float]] = []
    for done, row in enumerate(rows):
        sound = real.sounds[row]
        label = held.labels[held.label[row]] if held.label[row] >= 0 else ""
        try:
            latent = np.atleast_2d(instrument.encode(sound, label))
        except NotOffered:
            scores.sets["reconstruction"] = "left out: this model has no encoder"
            return again
        classes = {label: 1.0} if label in instrument.controls.classes else {}
        request = Request(latent=tuple(tuple(map(float, r)) for r in latent), classes=classes)
        again[int(row)] = _prepared([next(iter(instrument.render(request)))], material)[0]
        found.append(_apart(again[int(row)], sound, distance) + _apart(known.sounds[twin[row]], sound, distance))
        yield Progress(done=done + 1, total=len(rows), note="reconstructing held-out sounds")
    words = f"median of {len(found)} held-out sounds from their own latents; floor: the nearest training sound of each"
    middle = np.median(found, axis=0)
    for i, name in enumerate(("mel", "stft", "si_sdr")):
        scores.put(f"reconstruction_{name}", middle[i], middle[i + 3], words)
    return again


def _apart(made: Sound, real: Sound, distance: Any) -> list[float]:
    """Mel distance (log10), STFT distance and SI-SDR (dB) of two prepared sounds, the first moved by up to 20 ms to fit."""
    import torch

    size = max(made.frames, real.frames, 4096)
    s = np.pad(real.mono(), (0, size - real.frames))
    x = metrics.align(np.pad(made.mono(), (0, size - made.frames)), s, real.rate // 50)
    pair = [torch.from_numpy(np.asarray(a, np.float32))[None, None] for a in (x, s)]
    with torch.no_grad():
        return [float(distance(*pair)), metrics.stft_distance(x, s), metrics.si_sdr(x, s)]


def pitches(scores: Scores, instrument: Instrument, seed: int) -> None:
    """Notes asked for against the notes heard, where the model has a pitch control."""
    control = instrument.controls.pitch
    if control is None:
        return
    asked = np.round(np.linspace(control.low, control.high, 48))
    heard = []
    for i, note in enumerate(asked):
        pitch = analysis.facts(next(iter(instrument.render(Request(pitch=float(note), seed=seed + i))))).pitch
        heard.append(analysis.hz_to_midi(pitch) if pitch else np.nan)
    for name, value in metrics.cents(heard, asked).items():
        scores.put(f"pitch_{name}", value, None, f"{len(asked)} new notes from {asked[0]:.0f} to {asked[-1]:.0f}")


def _own(scores: Scores, instrument: Instrument, held: TrainingSet) -> None:
    """The family's own held-out numbers, as the trainer measures them."""
    import torch

    if not len(held):
        return
    sums: dict[str, float] = {}
    parts = np.array_split(np.arange(len(held)), max(1, len(held) // 16))
    with torch.inference_mode():
        for rows in parts:
            for name, value in instrument.model.measure(held.batch(rows, instrument.model.device)).items():
                sums[name] = sums.get(name, 0.0) + value * len(rows) / len(held)
    for name, value in sums.items():
        scores.put(f"own/{name}", value, None, f"{len(held)} held-out sounds, the model's own measure")


# ---- material


def some(points: Any, count: int, seed: int) -> Any:
    """`count` rows in random order: the sets are sorted by path, so their beginnings are all of one label."""
    return points[np.random.default_rng(seed).permutation(len(points))[:count]]


def _prepared(sounds: Sequence[Sound], material: Material) -> list[Sound]:
    """What the library would have made of these; a silent one stays, as silence."""
    whole = msgspec.structs.replace(material, slices="whole", trim=True)
    result = []
    for sound in sounds:
        found = examples(sound, whole)
        samples = found[0].samples if found else np.zeros((material.channels, 1), np.float32)
        result.append(Sound(samples, material.rate))
    return result


def _sets(project: ProjectFolder, material: Material, labels: tuple[str, ...]) -> tuple[TrainingSet, TrainingSet]:
    """Training and held-out sounds. Validation and test are one set here: together they are a fifth of the sounds."""
    everything = load(project, material, labels=labels)
    train = load(project, material, "train", labels=labels)
    inside = set(zip(train.ids.tolist(), train.begins.tolist()))
    rows = [i for i, key in enumerate(zip(everything.ids.tolist(), everything.begins.tolist())) if key not in inside]
    return train, _rows(everything, rows)


def _rows(sounds: TrainingSet, rows: Sequence[int]) -> TrainingSet:
    pick = {
        name: getattr(sounds, name)[rows]
        for name in ("start", "frames", "label", "pitch", "loudness", "brightness", "gain", "level", "ids", "begins")
    }
    return replace(sounds, paths=tuple(sounds.paths[i] for i in rows), **pick)


def _new(instrument: Instrument, train: TrainingSet, count: int, seed: int) -> Iterator[tuple[str, Sound]]:
    """New sounds with the label each was made for, labels as often as in the training sounds, every seed once."""
    often = [int((train.label == i).sum()) for i in range(len(train.labels))]
    if not instrument.controls.classes or not sum(often):
        for sound in instrument.render(Request(seed=seed, count=count)):
            yield "", sound
        return
    for label, share in zip(train.labels, metrics.proportional(often, count)):
        if share:
            for sound in instrument.render(Request(classes={label: 1.0}, seed=seed, count=share)):
                yield label, sound
        seed += share


def gallery(
    real: Heard, held: TrainingSet, again: dict[int, Sound], made: Heard, asked: Sequence[str], heading: str
) -> picture.Image:
    """Up to eight rows: two held-out sounds of a label with their reconstructions, and two new sounds of it."""
    names = [n for n in dict.fromkeys(asked) if n] or [""]
    cells: list[tuple[str, Sound]] = []
    empty = Sound(np.zeros((1, 1), np.float32), 44100)
    for name in names[:8]:
        rows = [
            r for r in again or range(len(real)) if not name or (held.label[r] >= 0 and held.labels[held.label[r]] == name)
        ][:2]
        for place in range(2):
            row = rows[place] if place < len(rows) else None
            cells.append((f"{name} real", real.sounds[row] if row is not None else empty))
            cells.append(("again", again.get(row, empty) if row is not None else empty))
        ours = [i for i, a in enumerate(asked) if a == name][:2]
        cells += [(f"{name} new", made.sounds[i]) for i in ours] + [("", empty)] * (2 - len(ours))
    return picture.grid(cells, 6, heading)


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _free(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    names = (path if n == 1 else path.with_name(f"{path.name} {n}") for n in range(1, 10_000))
    with contextlib.suppress(StopIteration):
        return next(name for name in names if not name.exists())
    return path
