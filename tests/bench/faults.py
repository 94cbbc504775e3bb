"""Everything that can happen to a training, made to happen: what is said, what is lost, and whether it goes on as if nothing
had been. Real processes, a real small disk where one can be mounted, the tests' tiny family."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from studio.errors import ProjectBusy
from studio.events import Metric, Produced
from studio.library.importer import import_folders
from studio.project.folder import ProjectFolder
from studio.training.plan import TrainerConfig
from studio.training.run import RunFolder
from tests.bench import scene
from tests.bench.results import ROOT, Table

STEPS = 400
PLAN = TrainerConfig(steps=STEPS, batch=4, log=0.0, precision="fp32", threads=1, preview=1.0, save=0.3)
Losses = dict[tuple[int, str], float]


def run(args: argparse.Namespace) -> Table:
    return _Faults(args).table()


class _Faults:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.root = args.temp / "Project"
        with ProjectFolder.create(self.root) as made:
            scene.finish(import_folders(made, [scene.sounds(args)]))
        whole = self.make()
        self.train(whole)
        self.whole = _losses(whole)
        self.rows = Table("Faults", ("what happens", "what it says", "it is then", "steps to do again", "goes on"))

    # ---- tools
    def make(self, root: Path | None = None, **plan: object) -> RunFolder:
        config = TrainerConfig(**{name: getattr(PLAN, name) for name in PLAN.__struct_fields__} | plan)
        return RunFolder.create(ProjectFolder.open(root or self.root, lock=False), "tiny", {}, config)

    def start(self, run: RunFolder, what: str = "", step: int = 150) -> subprocess.Popen[bytes]:
        log = (run.path / "trainer.log").open("ab") if what != "fill" else subprocess.DEVNULL
        words = [sys.executable, "-m", "tests.bench.faulty", str(run.path), what, str(step)]
        return subprocess.Popen(words, cwd=ROOT, env=scene.environment(), stdout=log, stderr=log)

    def train(self, run: RunFolder, what: str = "") -> None:
        self.start(run, what).wait()

    def until(self, run: RunFolder, step: int, process: subprocess.Popen[bytes]) -> None:
        scene.wait(lambda: run.status().step >= step and run.checkpoints(), 300, process)

    def row(self, what: str, run: RunFolder, at: int, said: str = "", same: bool = True, state: str = "") -> None:
        """The state now, then the rest of the training."""
        status, before = run.status(), len(run.events()[0])
        state = state or ("interrupted" if status.state in ("training", "preparing") and not run.alive() else status.state)
        said = said or status.error
        if status.state != "finished":
            self.train(run)
        events = run.events()[0][before:]
        back = [e.detail["step"] for e in events if isinstance(e, Produced) and e.kind == "resumed"]
        told = [e.detail["sentence"] for e in events if isinstance(e, Produced) and e.kind == "notice"]
        end = run.status()
        equal = _losses(run) == self.whole
        goes = "bit for bit" if equal else f"to the end, {end.batch} sounds a step, rate changed: {_rolled(run)}"
        if end.state != "finished" or (same and not equal):
            goes = f"**NO** ({end.state})"
        self.rows.add(what, said or "; ".join(told), state, max(0, at - back[0]) if back else 0, goes)
        print("  ", *self.rows.rows[-1], sep=" | ", file=sys.stderr, flush=True)

    # ---- what happens
    def table(self) -> Table:
        for fault in (self.killed, self.terminated, self.stopped, self.clock, self.full, self.full_at_once, self.read_only):
            fault()
        for name, harm in (("torn", _tear), ("one bit of it turned", _turn), ("full of zeros", _zero)):
            self.damaged(name, harm)
        for fault in (
            self.all_damaged,
            self.status_lost,
            self.elsewhere,
            self.two_windows,
            self.out_of_memory,
            self.nan,
            self.lost,
        ):
            fault()
        self.rows.notes = [
            f"Each row is a training of {STEPS} steps of the tests' tiny family in a process of its own, saving every 0.3 s; "
            "“bit for bit”: every loss of every step equals those of a training to which nothing happened.",
            "Killed, stopped, filled and remounted for real; the clock, the name of the machine, the device's errors and its "
            "lack of memory are put into the trainer's process.",
        ]
        return self.rows

    def killed(self) -> None:
        run = self.make()
        process = self.start(run)
        self.until(run, 150, process)
        process.kill()
        process.wait()
        self.row("kill -9", run, run.status().step, "its process was killed")

    def terminated(self) -> None:
        run = self.make()
        process = self.start(run)
        self.until(run, 150, process)
        process.terminate()
        process.wait()
        self.row("the computer shuts down (SIGTERM)", run, run.status().step)

    def stopped(self) -> None:
        run = self.make()
        process = self.start(run)
        self.until(run, 100, process)
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(0.3)
        minutes, alive = run.status().minutes, run.alive()
        time.sleep(self.args.standstill)
        os.kill(process.pid, signal.SIGCONT)
        process.wait()
        aged = (run.status().minutes - minutes) * 60
        said = f"{'not answering' if alive else 'GONE'}; then {aged:.1f} s of training, without the standstill"
        self.row(f"stopped for {self.args.standstill:.0f} s (SIGSTOP), then on", run, 0, said)

    def clock(self) -> None:
        run = self.make()
        self.train(run, "clock")
        self.row("the clock jumps by a day or a month, every second", run, 0, "nothing")

    def full(self) -> None:
        with _Disk(self) as disk:
            if disk is not None:
                run = self.make(disk / "Project")
                self.train(run, "fill")
                status = run.status()
                (disk / "filler").unlink()
                self.row("the disk fills up", run, status.step)

    def full_at_once(self) -> None:
        with _Disk(self) as disk:
            if disk is not None:
                run = self.make(disk / "Project")
                from tests.bench.faulty import fill

                fill(disk)
                process = self.start(run, "fill", 10**9)
                process.wait()
                status = run.status()
                (disk / "filler").unlink()
                self.row("the disk is full before it begins", run, status.step)

    def read_only(self) -> None:
        with _Disk(self) as disk:
            if disk is not None:
                run = self.make(disk / "Project")
                subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
                done = subprocess.run(
                    [sys.executable, "-m", "studio", "train", run.path], cwd=ROOT, env=scene.environment(),
                    capture_output=True, text=True, check=False,
                )  # fmt: skip
                subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
                self.row("a read-only project", run, 0, done.stderr.strip().splitlines()[0])

    def damaged(self, how: str, harm: Callable[[Path], None]) -> None:
        run = self.paused()
        harm(run.checkpoints()[-1].path / "training.safetensors")
        self.row(f"the newest save is {how}", run, run.status().step)

    def all_damaged(self) -> None:
        run = self.paused()
        kept = {path: path.read_bytes() for path in run.path.rglob("training.safetensors")}
        for path in kept:
            _tear(path)
        self.train(run)
        said, untouched = run.status().error, all(path.exists() for path in kept)
        for path, data in kept.items():
            path.write_bytes(data)
        self.row(
            "every save is torn (then put back)",
            run,
            run.status().step,
            said,
            state=f"failed, {'nothing' if untouched else 'SAVES'} deleted",
        )

    def status_lost(self) -> None:
        run = self.paused()
        step = run.status().step
        _zero(run.path / "status.json")
        self.row("status.json is empty after a power cut", run, step, "told by the saves")

    def elsewhere(self) -> None:
        run = self.make()
        process = self.start(run, "elsewhere")
        self.until(run, 100, process)
        seen = f"at work on {run.status().host}" if run.alive() else "NOT SEEN"
        os.kill(process.pid, signal.SIGSTOP)  # there is a little to try out
        try:
            scene.studio("train", run.path)
            seen += ", AND TRAINED TWICE"
        except SystemExit:
            seen += "; here: refused"
        run.request("stop")
        os.kill(process.pid, signal.SIGCONT)
        process.wait()
        self.row("a trainer on another machine, stopped from here", run, run.status().step, seen)

    def two_windows(self) -> None:
        run = self.make()
        with ProjectFolder.open(self.root) as first:
            try:
                ProjectFolder.open(self.root).close()
                said = "BOTH OPEN"
            except ProjectBusy as error:
                said = error.message
            process = self.start(run)
            self.until(run, 100, process)
            second = self.start(run)
            code = second.wait()
            said += " A second trainer: " + ("refused" if code else "LET IN")
            process.wait()
            assert first.name
        self.row("two windows on one project, two trainers on one run", run, 0, said.replace(str(os.getpid()), "…"))

    def out_of_memory(self) -> None:
        run = self.make()
        self.train(run, "memory")
        self.row("the device's memory runs out", run, 0, _notices(run), same=False)

    def nan(self) -> None:
        run = self.make()
        self.train(run, "nan")
        self.row("impossible numbers (NaN) five times running", run, 0, _notices(run), same=False)

    def lost(self) -> None:
        run = self.make()
        self.train(run, "lost")
        self.row("the graphics card or its driver is lost", run, run.status().step)

    def paused(self) -> RunFolder:
        """A run with several saves."""
        run = self.make()
        process = self.start(run)
        for step in (80, 150):
            self.until(run, step, process)
            run.request("star" if step == 80 else "pause")
        process.wait()
        return run


class _Disk:
    """A disk of 16 MB with a copy of the project on it; None where one can't be mounted."""

    def __init__(self, faults: _Faults) -> None:
        self.path = faults.args.temp / "small"
        self.source = faults.root

    def __enter__(self) -> Path | None:
        self.path.mkdir(exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", self.path], capture_output=True, check=False)
        self.mounted = not done.returncode
        if not self.mounted:
            print("no right to mount a small disk: left out", file=sys.stderr)
            return None
        shutil.copytree(self.source, self.path / "Project", ignore=shutil.ignore_patterns("lock", "runs"))
        (self.path / "Project" / "runs").mkdir()
        return self.path

    def __exit__(self, *_: object) -> None:
        if self.mounted:
            subprocess.run(["umount", "-l", self.path], check=True)


def _losses(run: RunFolder) -> Losses:
    return {(e.step, e.name): e.value for e in run.events()[0] if isinstance(e, Metric) and e.name in ("mel", "critic/score")}


def _notices(run: RunFolder) -> str:
    return " ".join(e.detail["sentence"] for e in run.events()[0] if isinstance(e, Produced) and e.kind == "notice")


def _rolled(run: RunFolder) -> str:
    return "yes" if "rate" in _notices(run) else "no"


def _tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _turn(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3] ^= 4
    path.write_bytes(data)


def _zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))
