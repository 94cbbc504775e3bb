"""`python -m tests.bench [NAME …]`: measure this machine and write the tables into RESULTS.md.

Without names everything short is measured: library, drawing, numbers, decoding, start. The long ones are asked for by name.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from tests.bench.results import RESULTS, Table, record

BENCHES: dict[str, tuple[str, str]] = {
    "library": ("library", "run"),
    "drawing": ("drawing", "run"),
    "numbers": ("numbers", "run"),
    "decoding": ("decoding", "run"),
    "start": ("window", "start"),
    "latency": ("window", "latency"),
    "jitter": ("window", "jitter"),
    "underruns": ("window", "underruns"),
    "quality": ("quality", "run"),
    "endurance": ("endurance", "run"),
    "faults": ("faults", "run"),
    "arms": ("arms", "run"),
    "copies": ("copies", "run"),
    "gesture": ("window", "gesture"),
    "determinism": ("determinism", "run"),
    "keys": ("keys", "run"),
    "factors": ("factors", "run"),
    "searching": ("searching", "run"),
    "pitch": ("pitch", "run"),
    "verdicts": ("verdicts", "run"),
    "scale": ("scale", "run"),
    "watching": ("watching", "run"),
    "speed": ("speed", "run"),
    "cadence": ("cadence", "run"),
    "recognise": ("recognise", "run"),
    "families": ("families", "run"),
    "guidance": ("guidance", "run"),
    "hour": ("hour", "run"),
    "hour-work": ("hour_work", "run"),
    "effects": ("effects", "run"),
    "exports": ("exports", "run"),
    "dither": ("exports", "dither"),
    "hum": ("repairs", "hum"),
    "clicks": ("repairs", "clicks"),
    "clipping": ("repairs", "clipping"),
    "noise": ("repairs", "noise"),
    "untouched": ("repairs", "untouched"),
    "loops": ("finding", "loop"),
    "tempo": ("finding", "tempo"),
    "onsets": ("finding", "onset"),
    "stretching": ("stretching", "run"),
}
SHORT = ("library", "drawing", "numbers", "decoding", "start")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--drums", help="a folder of drums; without it a few are made")
    parser.add_argument("--notes", help="repairs, loops, onsets: a folder of notes")
    parser.add_argument("--loops", help="repairs, tempo: a folder of loops, their tempo in their names (“_120bpm”)")
    parser.add_argument("--sounds", help="stretching: a folder of folders of real sounds, besides those that are made")
    parser.add_argument("--project", help="a project with a trained model; it is copied, never changed")
    parser.add_argument("--run", help="quality, cadence, recognise, guidance: this run or checkpoint, where it lies")
    parser.add_argument("--runs", nargs="+", default=[], metavar="RUN", help="families: runs of one project, where they lie")
    parser.add_argument("--section", help="name of the section, to keep several of one bench apart")
    parser.add_argument("--minutes", type=float, default=1.0, help="training of a model where none is given")
    parser.add_argument("--files", type=int, default=10_000, help="library, jitter: how many sounds to import")
    parser.add_argument("--hours", type=float, default=1.0, help="drawing, hour, hour-work: length of the long file")
    parser.add_argument("--repeats", type=int, default=100, help="decoding: sounds of each length")
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--moves", type=int, default=300, help="latency: moves on the map")
    parser.add_argument("--positions", type=int, default=500, help="gesture: positions of the hand")
    parser.add_argument("--seconds", type=float, default=300.0, help="jitter, underruns: how long")
    parser.add_argument("--count", type=int, default=256, help="quality, families: new sounds")
    parser.add_argument("--each", type=int, default=50, help="recognise: new sounds of each label")
    parser.add_argument("--seeds", type=int, default=5, help="recognise: repetitions with other real sounds")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=60, help="endurance: steps of the training that is killed")
    parser.add_argument("--standstill", type=float, default=60.0, help="faults: seconds for which a trainer is stopped")
    parser.add_argument("--patience", type=float, default=20.0, help="endurance: longest life of a trainer in seconds")
    parser.add_argument("--model", default="oneshot", help="arms: the family that learns")
    parser.add_argument("--arms", default="default; plain", help="arms: settings of each, by semicolons; see arms.py")
    parser.add_argument("--settings", default="", help="factors: further settings of its trainings, KEY=VALUE by spaces")
    parser.add_argument("--parallel", type=int, default=2, help="arms, searching: how many train at a time")
    parser.add_argument("--pairs", type=int, default=2, help="searching: comparisons from fresh seeds")
    parser.add_argument("--keep", type=Path, help="arms, factors: a folder for the project with the trained runs")
    parser.add_argument("--only", default="", help="verdicts: trainings to drive anew, by commas; “none” judges those recorded")
    parser.add_argument("--batch", type=int, default=8, help="speed: clips in a step")
    parser.add_argument("--rounds", type=int, default=5, help="speed: turns of two steps each")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the tables go")
    args = parser.parse_args()
    if unknown := sorted(set(args.names) - set(BENCHES)):
        parser.error(f"there is no bench {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    with tempfile.TemporaryDirectory(prefix="wavewright-bench-", ignore_cleanup_errors=True) as temp:
        args.temp = Path(temp)
        for name in args.names or SHORT:
            print(f"… {name}", file=sys.stderr, flush=True)
            module, function = BENCHES[name]
            measure: Callable[[argparse.Namespace], Table] = getattr(import_module(f"tests.bench.{module}"), function)
            table = measure(args)
            record(args.section or name, table, args.out)
            print(table.markdown(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
