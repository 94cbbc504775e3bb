"""The command line: the same functions without a window. It parses, calls a verb and shows its events.

    wavewright VERB … [--json]

Exit status: 0 done, 1 a named error (one sentence and a hint on stderr), 2 a command that can't be understood, 130 stopped
with Ctrl-C. With --json every event is one line on stdout and the last line is {"event": "result", "result": {…}}; on a
terminal there is a progress bar, elsewhere a line per stage.

A verb is a function of its name in library.py, training.py, sounds.py, edit.py, plugins.py or models.py: parsed words in,
events out, and the result of its Finished is stable, because others script against it; paths in it are absolute.
`say_<verb>` turns a result into lines for people. Nothing heavy is imported before a verb needs it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from studio.cli.faces import Face, Lines, Terminal
from studio.cli.grammar import parser
from studio.errors import StudioError, UsageError
from studio.events import Work, failed
from studio.training.ranks import ranks


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="replace")  # a console that can't write “↔” writes “?”
    try:
        args = parser().parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    module = importlib.import_module(f"studio.cli.{args.module}")
    name = {"import": "import_"}.get(args.verb, args.verb)
    face = Lines() if args.json else Terminal(getattr(module, f"say_{name}", None))
    if ranks().size > 1 and not (args.verb == "train" and (Path(args.target) / "config.json").is_file()):
        face.fail(failed(UsageError(reason="Several processes train a run folder; `train PROJECT --prepare` makes one")))
        return 2
    try:
        return drive(getattr(module, name)(args), face)
    except BrokenPipeError:  # the reader of our output is gone; so are we
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def drive(work: Work, face: Face) -> int:
    """Let `work` run to its end and show it; the one place that turns errors and Ctrl-C into words and a status."""
    try:
        for event in work:
            face.show(event)
        return 0
    except KeyboardInterrupt:
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # tidying up is not interrupted
        _close(work)
        face.stop("Stopped.")
        return 130
    except StudioError as error:
        face.fail(failed(error))
        return 2 if isinstance(error, UsageError) else 1
    except BrokenPipeError:
        _close(work)
        raise
    except Exception as error:
        traceback.print_exc()
        face.fail(failed(error, traceback.format_exc()))
        return 1


def _close(work: Work) -> None:
    if (close := getattr(work, "close", None)) is not None:
        close()
