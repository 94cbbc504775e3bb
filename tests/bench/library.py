"""Importing: a folder of drums, and whether time stays in proportion up to ten thousand files."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from studio.audio import files
from studio.library.importer import import_folders
from studio.project.folder import ProjectFolder
from tests.bench import scene
from tests.bench.results import Table, timed


def run(args: argparse.Namespace) -> Table:
    table = Table("Importing", ("what", "files", "seconds", "ms a file", "again, seconds"))
    drums = scene.sounds(args)
    _measure(table, args, "given drums" if args.drums else "made drums", drums)
    paths = [p for p in sorted(drums.rglob("*")) if p.suffix.lower() in files.EXTENSIONS]
    seconds = timed(lambda: [files.read(path, rate=44_100) for path in paths], 1)
    table.add("reading and resampling alone, one thread", len(paths), seconds, 1e3 * seconds / len(paths), "")
    for count in (args.files // 10, args.files):
        folder = scene.many(args.temp / f"many {count}", count)
        _measure(table, args, "short synthetic sounds", folder)
    table.notes = ["Everything is in the time: decoding, facts, peaks, fingerprints, thumbnails, splits, the index."]
    return table


def _measure(table: Table, args: argparse.Namespace, what: str, folder: Path) -> None:
    count = sum(p.suffix.lower() in files.EXTENSIONS for p in folder.rglob("*"))
    with ProjectFolder.create(args.temp / f"import {len(table.rows)}") as project:
        start = time.perf_counter()
        result = scene.finish(import_folders(project, [folder]))
        first = time.perf_counter() - start
        start = time.perf_counter()
        scene.finish(import_folders(project, [folder]))
        again = time.perf_counter() - start
    assert result["imported"] + len(result["problems"]) == count, result
    table.add(what, count, first, 1e3 * first / count, again)
