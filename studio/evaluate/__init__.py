"""How good a trained model is, in numbers that mean the same everywhere: `wavewright evaluate`, the Train page, the benches.

New sounds are held against the project's held-out sounds, and beside every number stands its floor: training sounds held
against the same held-out sounds at the same count, which is what a perfect model would score. Both sides go through the
same preparation (trimmed, peak −1 dBFS, the model's rate, mono). Nothing is downloaded; measures and sources are in metrics.py.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import msgspec
import numpy as np

from studio.audio import picture
from studio.evaluate import again, classes, measures, notes, page
from studio.evaluate.made import make
from studio.evaluate.reference import Reference, sets
from studio.evaluate.scores import Scores
from studio.events import Finished, Produced, Progress, Started, Work
from studio.generate import Instrument, best_checkpoint
from studio.project import atomic
from studio.project.evaluation import FILE, FOLDER, PICTURE, Evaluation
from studio.project.folder import ProjectFolder


def evaluate(
    target: Path | str,
    count: int = 256,
    *,
    project: ProjectFolder | None = None,
    device: str = "auto",
    seed: int = 0,
    reference: Reference | None = None,
) -> Work:
    """Measure the best checkpoint of a run, or a given checkpoint, with `count` new sounds.

    Finished: what an Evaluation holds, as plain data, and "picture"; the same is written into the run's `evaluations` folder.
    `project` is only needed for a checkpoint that lies outside one; with a `reference` several models are held against the
    same real sounds by the same judge. Raises NotAProject, BrokenCheckpoint, NothingToLearn.
    """
    checkpoint = best_checkpoint(Path(target).absolute())
    run = checkpoint.parent.parent
    sounds = project or ProjectFolder.open(run.parent.parent, lock=False)
    instrument = Instrument.open(checkpoint, device=_device(device), cache=sounds.cache, compile=count >= 50)
    yield Started(what="evaluate", total=count)
    reference = reference or Reference.gather(sounds, instrument.material, instrument.data.labels)
    real, known = reference.real, reference.known
    made = yield from make(instrument, reference, count, seed)

    scores = Scores(seed)
    scores.sets |= {
        "training": f"{len(known)} training sounds",
        "held-out": f"{len(real)} held-out sounds (validation and test)",
        "new": f"{len(made)} new sounds" + (", labels as often as in the training sounds" if any(made.asked) else ""),
    }
    yield Progress(done=count, total=count, note="comparing with real sounds")
    own = reference.held
    if instrument.material != reference.material:
        own = sets(sounds, instrument.material, instrument.data.labels)[1]
    measures.faults(scores, made.sounds, own)
    near = measures.copies(scores, made.heard, real, known)
    measures.distributions(scores, made.heard, real, known)
    yield Progress(done=0, total=1, note="learning the labels")
    ears = yield from reference.teach(seed)
    if ears is None:
        scores.sets |= dict.fromkeys(("label_agreement", "inception", "judge_frechet"), reference.deaf)
        heard = said = np.zeros(0, np.int64)
    else:
        heard, said = classes.agreement(scores, made, ears)
    confusion = classes.confusion(made, ears, heard, said)
    table = classes.each(made, reference, confusion, heard, near, seed)
    yield Progress(done=0, total=1, note="reconstructing held-out sounds")
    repeated = yield from again.reconstructions(scores, instrument, reference)
    octaves = yield from notes.pitches(scores, instrument, reference)
    again.own(scores, instrument, own)

    found = Evaluation(
        metrics=dict(scores.metrics), floor=dict(scores.floor), intervals=dict(scores.intervals), ceiling=dict(scores.ceiling),
        sets=scores.sets, classes=table, confusion=confusion, octaves=octaves, checkpoint=str(checkpoint),
        step=instrument.checkpoint.step, time=time.time(),
    )  # fmt: skip
    result = found.result()
    if (run / "config.json").exists():
        image = page.draw(found, reference, made, repeated, f"{run.name}, step {instrument.checkpoint.step:,}")
        folder = _free(run / FOLDER / checkpoint.name)
        with atomic.folder(folder) as part:
            atomic.write_bytes(part / PICTURE, picture.png(image))
            atomic.write_bytes(part / FILE, msgspec.json.format(msgspec.json.encode(found), indent=1))
        result["picture"] = str(folder / PICTURE)
        yield Produced(kind="picture", path=result["picture"])
    yield Finished(result=result)


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
