"""Whether named axes and descriptor sliders tell the truth: sounds with four planted factors, trained on with three seeds.

400 sounds vary in brightness, decay, pitch and noisiness, each drawn independently of the others. A factor counts as found
where an axis is named after what it is heard as, and as named rightly where the encoded sounds lie along that axis in the order
of the planted factor (|r| ≥ .5), and follow it more than any other. A slider is asked for a random value of its range from half
a hundred random sounds, as Explore does it; what comes out is measured in the rendered sound.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from studio.audio import analysis
from studio.audio.sound import Sound
from studio.events import Produced
from studio.explore import naming
from studio.explore.axes import Axes, correlations, heard
from studio.generate import Instrument, best_checkpoint, places
from studio.library import heard as measured
from studio.library.importer import import_folders
from studio.library.index import Index
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request
from tests.bench import scene
from tests.bench.results import Table

RATE = 44100
FACTORS = {
    "brightness": ("brightness",),
    "decay": ("length",),
    "pitch": ("pitch",),
    "noisiness": ("noisiness", "tonality"),
}
"""Planted factor → the descriptors whose names say it."""
SOUNDS = 400
SEEDS = (1, 2, 3)
ANCHORS = 50


def planted(count: int = SOUNDS, seed: int = 0) -> np.ndarray:
    """(count, 4) in the order of FACTORS, each uniform between −1 and 1 and independent of the others."""
    return np.random.default_rng(seed).uniform(-1, 1, (count, len(FACTORS)))


def sound(factors: np.ndarray, seed: int) -> Sound:
    """One struck tone, its partials falling as 1 / n. Brightness: corner of the spectrum, 0.6–7 kHz; length: 60 dB decay,
    0.18–0.72 s; pitch: MIDI 48–66; noisiness: amplitude of the noise, 0.02–0.6 of the whole. All are as loud (−26 LUFS)."""
    bright, long, high, noisy = factors
    corner, decay = 600 * 12 ** ((bright + 1) / 2), 0.18 * 4 ** ((long + 1) / 2)
    hz, share = analysis.midi_to_hz(57 + 9 * high), (0.31 + 0.29 * noisy) ** 2
    rng = np.random.default_rng((7, seed))
    time = np.arange(round(decay * RATE)) / RATE
    partials = np.arange(1, int(16000 / hz) + 1)
    tone = (_corner(partials * hz, corner) / partials) @ np.sin(2 * np.pi * hz * partials[:, None] * time)
    spectrum = np.fft.rfft(rng.standard_normal(2 * RATE))
    hiss = np.fft.irfft(spectrum * _corner(np.fft.rfftfreq(2 * RATE, 1 / RATE), corner))[: len(time)]
    mixed = np.sqrt(1 - share) * tone / tone.std() + np.sqrt(share) * hiss / hiss.std()
    mixed *= np.exp(-np.log(1000) * time / decay) * np.minimum(1, time / 0.002)
    mixed[-64:] *= np.linspace(1, 0, 64)
    made = Sound((mixed[None] / np.abs(mixed).max() / 4).astype(np.float32), RATE)
    gain = 10 ** ((-26 - analysis.facts(made).loudness) / 20)
    return Sound(made.samples * np.float32(gain), RATE)


def _corner(hz: np.ndarray, corner: float) -> np.ndarray:
    return 1 / (1 + (hz / corner) ** 2) * (hz > 20)


def write(folder: Path, count: int = SOUNDS, seed: int = 0) -> np.ndarray:
    """The sounds as WAVs named by number; their factors (count, 4)."""
    import soundfile

    folder.mkdir(parents=True, exist_ok=True)
    factors = planted(count, seed)
    for i, row in enumerate(factors):
        soundfile.write(folder / f"struck {i:03}.wav", sound(row, i).samples[0], RATE, subtype="PCM_24")
    return factors


@dataclass(frozen=True)
class Found:
    """What became of a planted factor. axis: its title; does: r of the axis with the descriptor it is named after, walking;
    lies: |r| of the encoded sounds along it with the factor; other: the largest |r| with any other factor."""

    factor: str
    axis: str = ""
    does: float = float("nan")
    lies: float = float("nan")
    other: float = float("nan")

    @property
    def rightly(self) -> bool:
        return bool(self.axis) and self.lies >= 0.5 and self.lies > self.other


def find(axes: Axes, factors: np.ndarray) -> list[Found]:
    """What of the factors (N, 4) of the sounds the named axes say."""
    told = np.abs(correlations(factors, axes.scores))  # (4, k)
    found = []
    for row, (factor, words) in enumerate(FACTORS.items()):
        named = [i for i, name in enumerate(axes.names) if name.descriptor in words]
        if not named:
            found.append(Found(factor))
            continue
        i = max(named, key=lambda i: told[row, i])
        others = max(told[other, i] for other in range(len(FACTORS)) if other != row)
        found.append(Found(factor, axes.names[i].title(i), axes.names[i].r, float(told[row, i]), float(others)))
    return found


def run(args: argparse.Namespace) -> Table:
    root, runs = project(args)
    table = Table(
        f"Planted factors: {SOUNDS} sounds, {args.minutes:g} minutes of training for each of {len(runs)} seeds",
        ("run", "what", "axis", "r along the axis", "r with the factor", "with another", "mean error", "90 % below", "right"),
    )
    rights = []
    for name, path in runs.items():
        with ProjectFolder.open(root) as opened:
            found, sliders = judge(opened, path)
        rights.append(sum(one.rightly for one in found))
        for one in found:
            right = "yes" if one.rightly else "no"
            table.add(name, one.factor, one.axis or "not named", one.does, one.lies, one.other, "", "", right)
        for what, errors in sliders.items():
            mean, most = (float(errors.mean()), float(np.percentile(errors, 90))) if len(errors) else (float("nan"),) * 2
            table.add(name, f"slider: {what}", f"{len(errors)} moves", "", "", "", mean, most, "yes" if mean <= 0.15 else "no")
    table.notes = [
        f"factors found and named rightly: {', '.join(map(str, rights))} of {len(FACTORS)}",
        "errors of sliders: |asked − achieved| as a share of the range, 5th to 95th percentile of the sounds as the model says "
        "them; right: 15 % or less on average; the model's own control of the length sets the seconds of a request",
        "factors: " + (sound.__doc__ or "").split(". ", 1)[1].replace("\n    ", " "),
    ]
    if args.keep:
        shutil.copytree(root, args.keep, ignore=shutil.ignore_patterns("lock", "*.partial"))
    return table


def project(args: argparse.Namespace) -> tuple[Path, dict[str, Path]]:
    """A project of the planted sounds and its runs: --project, one that an earlier bench kept, or a new one that is trained."""
    if args.project:
        root = scene.project(args)
        with ProjectFolder.open(root) as opened:
            return root, {path.name: path for path in opened.runs()}
    root = args.temp / "Planted"
    write(args.temp / "struck")
    with ProjectFolder.create(root) as made:
        scene.finish(import_folders(made, [args.temp / "struck"], copy=bool(args.keep)))
    runs = {}
    for seed in SEEDS:
        settings = ("--set", f"seed={seed}", "threads=1", "precision=bf16", *args.settings.split())
        runs[f"seed {seed}"] = Path(scene.studio("train", root, "--minutes", args.minutes, *settings)["run"])
    return root, runs


def judge(opened: ProjectFolder, path: Path) -> tuple[list[Found], dict[str, np.ndarray]]:
    """What became of each factor in a run, and the errors of its sliders."""
    instrument = Instrument.open(best_checkpoint(path), compile=False)
    here = places(instrument, opened)
    with Index(opened) as index:
        columns = index.columns("name", *measured.COLUMNS.values())
    rows = np.searchsorted(columns["id"], here.ids)
    axes = Axes.fit(here.latents, {name: values[rows] for name, values in measured.heard(columns).items()})
    render = instrument.at(here.labels)
    work = naming.walk(axes, here.latents, render)
    walk = next(event.value for event in work if isinstance(event, Produced))
    numbers = [int(str(name).split(".")[0].split()[-1]) for name in columns["name"][rows]]
    found = find(naming.named(axes, walk), planted()[numbers])
    return found, slide(instrument, here.latents, walk)


def slide(instrument: Instrument, latents: np.ndarray, walk: naming.Walk) -> dict[str, np.ndarray]:
    """Errors of ANCHORS moves of each slider, as shares of its range."""
    sliders = walk.descriptors()
    rng = np.random.default_rng(1)
    known = {tuple(z) for z in np.float32(walk.sounds).tolist()}
    fresh = [z for z in np.float32(latents) if tuple(z.tolist()) not in known] or list(np.float32(latents))
    chosen = [fresh[i] for i in rng.permutation(len(fresh))[:ANCHORS]]
    errors: dict[str, list[float]] = {name: [] for name in sliders.names}
    own, both = "length, by the model's own control", "length, by both at once"
    if instrument.controls.seconds is not None and "length" in sliders.names:
        errors |= {own: [], both: []}
    for z in chosen:
        request = Request(latent=(tuple(z.tolist()),))
        now = naming.measure(next(iter(instrument.render(request))))
        for what, list_ in errors.items():
            name = "length" if what in (own, both) else what
            low, high = sliders.span[name]
            asked, before = rng.uniform(low, high), float(heard(name, now.get(name, np.nan)))
            if not np.isfinite(before):
                continue
            moved = request
            if what != own:
                target = float(sliders.value(z, name)) + asked - before
                moved = msgspec.structs.replace(moved, latent=(tuple(sliders.move(z, name, target).tolist()),))
            if what in (own, both):
                moved = msgspec.structs.replace(moved, seconds=float(np.exp(asked)))
            after = naming.measure(next(iter(instrument.render(moved))))
            got = float(heard(name, after.get(name, np.nan)))
            list_.append(min(1.0, abs(got - asked) / (high - low)) if np.isfinite(got) else 1.0)
    return {what: np.array(list_) for what, list_ in errors.items()}
