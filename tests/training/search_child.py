"""A search in a process of its own, its trials of the tiny family in theirs: python -m tests.training.search_child SEARCH."""

import sys
from pathlib import Path

from studio.training import search, trial
from studio.training.searches import SearchFolder


def command(run: Path) -> list[str]:
    return [sys.executable, "-m", "tests.training.child", str(run)]


if __name__ == "__main__":
    trial.command = command
    search.LOOK = 0.1
    for _ in search.search(SearchFolder(sys.argv[1])):
        pass
