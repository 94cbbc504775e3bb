"""When a training was heard, and what that cost: the previews, comparisons with held-out sounds and saves of a run that ended.

    python -m tests.bench cadence --run RUN
"""

from __future__ import annotations

import argparse
from pathlib import Path

from studio.training.plan import PREVIEW_SHARE
from studio.training.run import RunFolder
from tests.bench.results import Table


def run(args: argparse.Namespace) -> Table:
    folder = RunFolder(Path(args.run))
    status = folder.status()
    table = Table(f"Previews of a training of {status.minutes:.0f} minutes", ("after", "cost s", "sounds", "share so far"))
    spent = 0.0
    for preview in folder.previews():
        spent += preview.cost
        after = f"{preview.minutes * 60:.0f} s" if preview.minutes < 2 else f"{preview.minutes:.1f} min"
        table.add(after, preview.cost, len(preview.cells), f"{spent / max(preview.minutes * 60, 1e-9):.1%}")
    table.notes = [
        f"{status.preview_cost:.2%} of the time went into previews (at most {PREVIEW_SHARE:.0%} is allowed, but for the first),"
        f" {status.save_cost:.2%} into saves; {status.step:,} steps of {folder.config.family}, {status.device}",
        "each preview: up to four reconstructions, four new sounds and the user's own, decoded, measured and drawn",
    ]
    return table
