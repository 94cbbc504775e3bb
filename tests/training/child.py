"""Train a run of the tiny family in a process of its own: python -m tests.training.child RUN."""

import sys

from studio.training.run import RunFolder
from studio.training.trainer import train
from tests.training.tiny import Tiny

if __name__ == "__main__":
    for _ in train(RunFolder(sys.argv[1]), Tiny):
        pass
