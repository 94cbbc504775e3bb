"""Real trainings that are driven into every state the verdict has a word for, and what it says of them.

Each is a small one-shot model on few sounds, measured and heard more often than usual, so that its verdict has within two
minutes as many points as one of an hour. What the verdict saw is written to tests/training/curves, where unit tests read it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, get_args

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from studio.errors import StudioError
from studio.events import Metric, Produced
from studio.library.importer import import_folders
from studio.library.index import Index, SoundRow
from studio.models.base import Batch, Model
from studio.models.oneshot import OneShot
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request
from studio.training import plan as plans
from studio.training import report, trainer, validation
from studio.training.plan import TrainerConfig
from studio.training.run import RunFolder
from studio.training.verdict import Evidence, Verdict, Word, judge
from tests.bench import scene
from tests.bench.copies import kit
from tests.bench.results import ROOT, Table

CURVES = ROOT / "tests" / "training" / "curves"
SMALL = {"seconds": 0.3, "latent": 16, "width": 32, "window": 4, "adversarial": 0.0}
FAST = {"rate": 3e-3}
PULLED = {"kl": 1.0, "free_bits": 0.0}
HELD = 12
HEARD = ("heard", "silent", "clipped", "broken", "copies", "diversity")


class Mute(OneShot):
    """Its statistics are those of silence: the decoder begins a million times too soft."""

    def prepare(self, batches: Iterator[Batch]) -> None:
        super().prepare(replace(batch, audio=1e-6 * batch.audio) for batch in batches)


class Parrot(OneShot):
    """It knows its sounds by heart: every other one it makes is one of them, with noise 40 dB under it."""

    heart: ClassVar[list[torch.Tensor]] = []

    def losses(self, batch: Batch, group: str, progress: float) -> dict[str, torch.Tensor]:
        Parrot.heart = [*Parrot.heart, *batch.audio][-64:]
        return super().losses(batch, group, progress)

    def generate(self, request: Request, backend: Any = None) -> Iterator[torch.Tensor]:
        for i, audio in enumerate(super().generate(request, backend)):
            known = self.heart[5 * i % len(self.heart)][None] if self.heart and request.latent is None else audio
            yield audio if i % 2 else known + 0.01 * torch.randn_like(known)


class Torn(OneShot):
    """Every fourth batch gives numbers that are none, as a broken sound or a broken device would."""

    def losses(self, batch: Batch, group: str, progress: float) -> dict[str, torch.Tensor]:
        found = super().losses(batch, group, progress)
        if group == "sound" and int(batch.index.sum()) % 4 == 0:
            found["spectral/mel"] = found["spectral/mel"] * float("nan")
        return found


@dataclass(frozen=True)
class Drive:
    """A training and where it should go. `labels` of sounds, all by default; `train` of them are learned from; asks: step →
    words; fresh: driven for the first time after the verdict's thresholds were chosen."""

    name: str
    word: Word
    how: str
    steps: int = 60
    config: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    train: int = 96
    asks: dict[int, tuple[str, ...]] = field(default_factory=dict)
    family: type[Model] = OneShot
    fresh: bool = False


DRIVES = (
    Drive("new", "improving", "default settings, the first steps", plan={"batch": 8}, steps=90),
    Drive("kicks", "improving", "kicks only", labels=("kick",), train=20),
    Drive("frames", "improving", "the inverse STFT decoder", config={"decoder": "istft"}),
    Drive("wild", "unstable", "a hundred times the rate", config={"rate": 0.01}, plan={"rate": 10.0, "ema": 0.5}),
    Drive("torn", "unstable", "impossible numbers in every fourth batch", family=Torn, steps=40),
    Drive("mute", "silent", "a decoder a million times too soft, at a low rate", family=Mute, plan={"rate": 0.02}, steps=30),
    Drive("mute kicks", "silent", "the same on kicks", family=Mute, labels=("kick",), train=20, plan={"rate": 0.02}, steps=30),
    Drive("by heart", "copying", "half of what it makes is what it heard", family=Parrot, steps=40),
    Drive("toms by heart", "copying", "the same on toms", family=Parrot, labels=("tom",), train=20, steps=40),
    Drive("frozen", "flat", "a millionth of the rate", plan={"rate": 1e-6}, steps=40),
    Drive("settled", "flat", "asked ten times to slow down after a third", steps=150, asks={30: ("slower",) * 10}),
    Drive("creep", "slow", "a tenth of the rate", plan={"rate": 0.1}),
    Drive("late", "slow", "asked three times to slow down after a third", steps=120, asks={40: ("slower",) * 3}),
    Drive("pulled", "collapsing", "latents pulled together a thousand times too much", config=PULLED, steps=100),
    Drive("pulled kicks", "collapsing", "the same on kicks", config=PULLED, labels=("kick",), train=20, steps=100),
    Drive("three kicks", "overfitting", "three kicks", labels=("kick",), train=3, config=FAST | {"latent": 4}, steps=200),
    Drive("four hats", "overfitting", "four hats", labels=("hat",), train=4, config=FAST, plan={"ema": 0.9}, steps=200),
    Drive("six snares", "overfitting", "six snares", labels=("snare",), train=6, config=FAST, plan={"ema": 0.9}, steps=200),
    Drive("burst", "unstable", "twenty times the rate, two kicks, latents not held at all", labels=("kick",), train=2,
          config={"rate": 0.01, "latent": 2, "kl": 0.0, "width": 128}, plan={"rate": 2.0, "ema": 0.9}, steps=150),
    Drive("cymbals", "improving", "cymbals", labels=("cymbal",), train=60, plan={"batch": 8, "seed": 7}, steps=90, fresh=True),
    Drive("late cymbals", "slow", "cymbals, asked three times to slow down after a third", labels=("cymbal",), train=60,
          plan={"seed": 7}, steps=120, asks={40: ("slower",) * 3}, fresh=True),
    Drive("still perc", "flat", "percussion, asked ten times to slow down at once", labels=("perc",), train=60,
          plan={"seed": 7}, steps=90, asks={8: ("slower",) * 10}, fresh=True),
    Drive("five claps", "overfitting", "five claps", labels=("clap",), train=5, config=FAST, plan={"ema": 0.9, "seed": 7},
          steps=200, fresh=True),
    Drive("hats by heart", "copying", "half of what it makes is what it heard", family=Parrot, labels=("hat",), train=30,
          plan={"seed": 7}, steps=40, fresh=True),
    Drive("pulled cymbals", "collapsing", "latents pulled together too much", config=PULLED | {"latent": 32},
          labels=("cymbal",), train=60, plan={"seed": 7}, steps=100, fresh=True),
    Drive("wild toms", "unstable", "fifty times the rate", config={"rate": 0.01}, labels=("tom",), train=30,
          plan={"rate": 5.0, "seed": 7}, steps=90, fresh=True),
    Drive("mute snares", "silent", "a decoder too soft, at a low rate", family=Mute, labels=("snare",), train=40,
          plan={"rate": 0.02, "seed": 7}, steps=30, fresh=True),
)  # fmt: skip


def run(args: argparse.Namespace) -> Table:
    words = get_args(Word)
    table = Table("Verdicts", ("driven into", *(word for word in words if word != "starting"), "starting"))
    root = args.temp / "Project"
    wanted = [drive for drive in DRIVES if not args.only or drive.name in args.only.split(",")]
    if wanted:
        with ProjectFolder.create(root) as project:
            scene.finish(import_folders(project, [scene.sounds(args)]))
    CURVES.mkdir(exist_ok=True)
    for drive in wanted:
        record = driven(root, drive)
        path = CURVES / f"{drive.name.replace(' ', '-')}.json"
        path.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")
        print(f"{drive.name}, {record['seconds']:.0f} s: {[*replay(record)][-1][1].sentence}", flush=True)
    records = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(CURVES.glob("*.json"))]
    said = [(record, [*replay(record)][-1][1]) for record in records]
    for word in words[1:]:
        found = [verdict.word for record, verdict in said if record["word"] == word]
        table.add(word, *(found.count(other) or "" for other in words[1:]), found.count("starting") or "")
    right = sum(record["word"] == verdict.word for record, verdict in said)
    fresh = [record["word"] == verdict.word for record, verdict in said if record.get("fresh")]
    table.notes = [
        f"{right} of {len(said)} as intended. A run counts by its last verdict.",
        f"Of the {len(fresh)} that were driven only after the thresholds were chosen on the others: {sum(fresh)}.",
    ]
    table.notes.append(
        "Driven is what was intended, not what came of it: where the verdict differs, the curve may. Copying, silent and "
        "impossible numbers come of a fault built into the model; the others of settings and of what there is to learn."
    )
    for record, verdict in said:
        driven_into = f"{record['word']}, {record['how']}, {record['steps']} steps{', fresh' * record.get('fresh', False)}"
        table.notes.append(f"{driven_into}: “{verdict.sentence}”")
    return table


def driven(root: Path, drive: Drive) -> dict[str, Any]:
    """Train once; what the verdict saw and said."""
    with ProjectFolder.open(root) as project:
        _choose(project, drive)
        plan = TrainerConfig(
            steps=drive.steps, batch=4, threads=1, precision="fp32", device="cpu", preview=4.0, save=20.0, log=1.0, warmup=10
        )
        plan = msgspec.structs.replace(plan, **drive.plan)
        run = RunFolder.create(project, "oneshot", SMALL | drive.config, plan, drive.name)
    evidence: list[Evidence] = []
    trouble: list[tuple[float, str]] = []
    asks = [(step, word) for step, words in drive.asks.items() for word in words]
    began = time.monotonic()
    with often(evidence):
        try:
            for event in trainer.train(run, drive.family):
                if isinstance(event, Metric) and asks and event.step >= asks[0][0] and not run.requests():
                    run.request(asks.pop(0)[1])  # type: ignore[arg-type]
                elif isinstance(event, Produced) and event.kind in ("resumed", "notice"):
                    trouble.append((round(run.status().minutes, 3), str(event.detail.get("key", event.kind))))
        except StudioError as error:
            trouble.append((round(run.status().minutes, 3), error.key))
    status = run.status()
    return {
        "name": drive.name, "word": drive.word, "how": drive.how, "fresh": drive.fresh, "steps": status.step,
        "minutes": round(status.minutes, 3), "seconds": round(time.monotonic() - began, 1), "trouble": trouble,
        **recorded(evidence),
    }  # fmt: skip


def recorded(evidence: list[Evidence]) -> dict[str, Any]:
    """What the verdict saw: the curves as they were at the end, and at each judgement what is no curve."""
    last = evidence[-1]
    curves = ("minutes", "held", "train", *HEARD)
    moments = [(_last(e.minutes), _last(e.heard), e.active, e.impossible, e.rollbacks, e.burst, e.burst_at) for e in evidence]
    return {
        "files": last.files, "sounds": last.sounds, "latents": last.latents,
        "curves": {name: [None if np.isnan(v) else round(v, 5) for v in getattr(last, name).tolist()] for name in curves},
        "moments": [[None if v is None else round(float(v), 5) for v in moment] for moment in moments],
    }  # fmt: skip


def replay(record: dict[str, Any]) -> Iterator[tuple[float, Verdict]]:
    """The verdicts of a recorded run, judged anew at each moment at which it was judged."""
    curves = {name: np.array([np.nan if v is None else v for v in values], float) for name, values in record["curves"].items()}
    for measured, heard, active, impossible, rollbacks, burst, burst_at in record["moments"]:
        held = {name: curves[name][curves["minutes"] <= measured + 1e-4] for name in ("minutes", "held")}
        train = curves["train"][: len(held["held"])] if len(curves["train"]) else curves["train"]
        told = {name: curves[name][curves["heard"] <= heard + 1e-4] for name in HEARD}
        rest = {name: record[name] for name in ("files", "sounds", "latents")}
        rest |= {"active": active, "impossible": impossible, "rollbacks": int(rollbacks), "burst": burst, "burst_at": burst_at}
        known = Evidence(**held, train=train, **told, **rest)
        yield max(measured, heard), judge(known)


def _last(values: NDArray[np.float64]) -> float:
    return float(values[-1]) if len(values) else -1.0


def _choose(project: ProjectFolder, drive: Drive) -> None:
    """Held-out sounds are of other kits than those that are learned from, and as far as possible of all of them."""
    with Index(project) as index:
        rows = [row for row in index.rows() if not drive.labels or row.label in drive.labels]
        kits: dict[str, list[SoundRow]] = {}
        for row in rows:
            kits.setdefault(kit(Path(row.path)), []).append(row)
        large = sorted(kits.values(), key=len, reverse=True)
        mine, others = [row for part in large[::2] for row in part], [row for part in large[1::2] for row in part]
        learned, held = _even(mine, drive.train), _even(others, HELD)
        index.set_include(index.ids(), False)
        index.set_include([row.id for row in (*learned, *held)], True)
        index.set_split({row.id: "train" for row in learned} | {row.id: "validation" for row in held})


def _even(rows: list[SoundRow], most: int) -> list[SoundRow]:
    return [rows[round(i * (len(rows) - 1) / max(1, most - 1))] for i in range(most)] if len(rows) > most else rows


@contextmanager
def often(evidence: list[Evidence]) -> Iterator[None]:
    """Measured and heard more often than in everyday use, at this process's own priority; collects what is judged."""

    def listen(known: Evidence) -> Verdict:
        evidence.append(known)
        return judge(known)

    changes: list[tuple[Any, str, Any]] = [
        (validation, "SOONEST", 2.0), (validation, "SHARE", 0.25), (validation, "TRAINING", HELD),
        (plans, "PREVIEW_SHARE", 0.15), (trainer.devices, "behave", lambda plan: None),
        (report, "judge", listen),
    ]  # fmt: skip
    before = [(where, name, getattr(where, name)) for where, name, _ in changes]
    try:
        for where, name, value in changes:
            setattr(where, name, value)
        yield
    finally:
        for where, name, value in before:
            setattr(where, name, value)
