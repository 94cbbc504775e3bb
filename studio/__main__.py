"""`wavewright`, `python -m studio`: no argument, or a project, opens the window; a verb goes to the command line.

Neither Qt nor torch is imported before it is known that it is needed.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status."""
    multiprocessing.freeze_support()
    # Threads that spin while they wait make everything else slow; this only counts before torch and numpy are imported.
    # Beside other work the axes of a space took 0.6 s with numpy's threads and 0.03 s without. On ARM torch multiplies with
    # OpenBLAS too, and keeps them.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if platform.machine().lower() in ("x86_64", "amd64"):
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or (len(words) == 1 and (Path(words[0]) / "project.json").is_file()):
        from studio.gui import app

        return app.main(words[0] if words else None)
    from studio import cli

    return cli.main(words)


if __name__ == "__main__":
    sys.exit(main())
