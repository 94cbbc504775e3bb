"""One of several processes that train runs one after another: python -m tests.training.member RUN[:PORT] …

With a port they meet there; else where torchrun says.
Writes what it is after each step into the run, as rank-N.txt, so that a test sees that all processes stay the same.
"""

import hashlib
import os
import signal
import sys
from typing import Any

from torch import Tensor

from studio.errors import StudioError
from studio.models.base import Batch, Model
from studio.training.distributed import Member
from studio.training.learner import Outcome
from studio.training.ranks import ranks
from studio.training.run import RunFolder
from studio.training.trainer import train
from tests.training.tiny import Tiny

RANK = ranks().rank


class Troubled(Tiny):
    """trouble: "nan" (five steps on the second process), "die" (the second process, in its first life, after a checkpoint)."""

    heard = 0
    run: RunFolder

    def losses(self, batch: Batch, group: str, progress: float) -> dict[str, Tensor]:
        if group == "sound" and RANK == 1:
            Troubled.heard += 1
            if self.config.trouble == "nan" and Troubled.heard == 20:
                Tiny.poisoned = 5
            if self.config.trouble == "die" and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
                saved = self.run.checkpoints()
                if saved and Troubled.heard > saved[0].step + 10:
                    os.kill(os.getpid(), signal.SIGKILL)
        return super().losses(batch, group, progress)


def main(folders: list[str]) -> int:
    step = Member.step

    def told(self: Member, *args: Any) -> Outcome:
        outcome = step(self, *args)
        data = b"".join(value.numpy().tobytes() for _, value in sorted(self.tensors().items()))
        with (Troubled.run.path / f"rank-{RANK}.txt").open("a") as file:
            file.write(f"{args[0]} {hashlib.sha256(data).hexdigest()}\n")
        return outcome

    Member.step = told  # type: ignore[method-assign]
    failed = 0
    for folder in folders:
        path, _, port = folder.partition(":")
        os.environ["MASTER_PORT"] = port or os.environ["MASTER_PORT"]
        Troubled.run, Troubled.heard = RunFolder(path), 0
        family: type[Model] | None = Troubled if Troubled.run.config.family == "tiny" else None
        try:
            for _ in train(Troubled.run, family):
                pass
        except StudioError as error:
            print(RANK, error.message, file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
