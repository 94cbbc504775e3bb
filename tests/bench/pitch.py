"""Whether a model that is asked for a note plays it: new sounds at random notes, their pitch measured as in any file."""

from __future__ import annotations

import argparse

import msgspec
import numpy as np

from studio import metrics
from studio.audio import analysis
from studio.errors import NotOffered
from studio.generate import Instrument, best_checkpoint
from studio.project.folder import ProjectFolder
from studio.project.recipe import Request
from tests.bench import scene
from tests.bench.results import Table

OCTAVES = ((36, 48), (48, 60), (60, 72), (72, 84))
EACH = 64


def run(args: argparse.Namespace) -> Table:
    with ProjectFolder.open(scene.project(args)) as project:
        instrument = Instrument.open(best_checkpoint(project.runs()[0]), compile=False)
        checkpoint = instrument.checkpoint
    if instrument.controls.pitch is None:
        raise NotOffered(name="a note", known=", ".join(instrument.controls.offered()))
    model = instrument.model
    table = Table(
        f"Notes that are asked for: {EACH} new sounds in each octave",
        ("notes", "within 50 cents", "wrong octave", "no pitch heard", "median cents off"),
    )
    rng = np.random.default_rng(0)
    for octave, (low, high) in enumerate(OCTAVES):
        asked, heard = [], []
        for one in model.resolve(Request(seed=EACH * octave, count=EACH)):
            asked.append(rng.uniform(low, high))
            made = next(iter(instrument.render(msgspec.structs.replace(one, pitch=asked[-1], seconds=1.0))))
            pitch = analysis.facts(made).pitch
            heard.append(analysis.hz_to_midi(pitch) if pitch is not None else np.nan)
        found = metrics.cents(heard, asked)
        span = f"{analysis.note_name(low)} to {analysis.note_name(high)}"
        table.add(span, found["correct"], found["octave"], found["unpitched"], found["error"])
    table.notes = [
        f"a model of {model.data.count} sounds after {checkpoint.minutes:.0f} minutes ({checkpoint.step} steps)",
        "notes are drawn between the keys too; pitch by `studio.audio.analysis`, which knows nothing of models",
    ]
    return table
