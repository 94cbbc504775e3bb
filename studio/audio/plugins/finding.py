"""Where plug-ins lie on this system, and looking at them before they come onto the list: each in a process of its own.

    for event in find(): …                 # every standard folder; Progress, then Finished with what is new
    for event in find([path]): …           # one file, or a folder of them

Looking at one means loading it, which is why only a person's “Find” or “Add” does it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from studio.audio.plugins import hosts, table, wire
from studio.audio.plugins.knobs import Asked, Knob, clean, knob
from studio.audio.plugins.table import Not, Plugin, Table
from studio.errors import PluginRefused, UsageError
from studio.events import Finished, Produced, Progress, Started, Work

FIND = "plugins"
DEEPEST = 4
"""Folders inside folders that are looked into: makers sort theirs."""
RESERVED = ("do", "plugin", "name", "maker", "sound", "from", "to", "off", "tail")
"""Keys of a step that no parameter may have."""


def folders() -> tuple[Path, ...]:
    """Where plug-ins are installed on this system, those of this person first."""
    home = Path.home()
    if sys.platform == "darwin":
        kinds = ("VST3", "Components")
        return tuple(base / "Library/Audio/Plug-Ins" / kind for base in (home, Path("/")) for kind in kinds)
    if sys.platform == "win32":
        common = Path(os.environ.get("COMMONPROGRAMFILES", r"C:\Program Files\Common Files"))
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
        return (local / "Programs" / "Common" / "VST3", common / "VST3")
    return (home / ".vst3", Path("/usr/lib/vst3"), Path("/usr/local/lib/vst3"))


def is_plugin(path: Path) -> bool:
    """Whether it is named like one: a .vst3 (a file or a folder that is one), on a Mac also a .component."""
    return path.suffix.lower() in ((".vst3", ".component") if sys.platform == "darwin" else (".vst3",))


def inside(folder: Path, deepest: int = DEEPEST) -> Iterator[Path]:
    """Every plug-in in a folder, in the order of their names. What can't be opened is left out."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if is_plugin(entry):
            yield entry
        elif deepest > 0 and entry.is_dir() and not entry.is_symlink():
            yield from inside(entry, deepest - 1)


def find(paths: Sequence[Path] | None = None) -> Work:
    """Look at every plug-in in the standard folders that is new or has changed, or at all that `paths` name, and keep what was
    found. Told as each Plugin or Not; the result counts them: found, refused, gone.

    Raises UsageError where `paths` name none, NotSaved, BrokenFile, NewerFormat.
    """
    yield Started(what=FIND)
    known = table.load()
    times = {plugin.path: plugin.looked for plugin in known.plugins} | {no.path: no.looked for no in known.refused}
    gone: list[str] = []
    if paths is None:
        every = list(dict.fromkeys(path for folder in folders() for path in inside(folder)))
        wanted = [path for path in every if times.get(str(path)) != _time(path)]
        gone = [path for path in times if not Path(path).exists()]
    else:
        wanted = [found.absolute() for path in paths for found in ([path] if is_plugin(path) else inside(path))]
        if not wanted:
            raise UsageError(reason="There is no plug-in in what was named; it ends in .vst3, on a Mac also in .component")
    for lost in gone:
        table.change(partial(Table.without, path=lost))
    found = refused = 0
    for done, path in enumerate(wanted):
        yield Progress(done=done, total=len(wanted), note=path.stem)
        seen = looked_at(path)
        table.change(partial(Table.looked_at, path=str(path), found=seen))
        if isinstance(seen, Not):
            refused += 1
            yield Produced(kind="refused", value=seen)
            continue
        found += len(seen)
        for plugin in seen:
            yield Produced(kind="plugin", value=plugin)
    yield Finished(result={"found": found, "refused": refused, "gone": len(gone)})


def looked_at(path: Path) -> tuple[Plugin, ...] | Not:
    """The effects in a file, or why there are none. Raises nothing."""
    looked = _time(path)
    found: list[Plugin] = []
    reason = ""
    try:
        first, asked = hosts.look(path)
        names = first.names if isinstance(first, wire.Several) else ("",)
        for name in names:
            try:
                loaded, told = (first, asked) if not name else hosts.look(path, name)
                found.append(_plugin(path, name, loaded, told, looked))
            except PluginRefused as error:
                reason = reason or error.values["reason"]
    except PluginRefused as error:
        reason = error.values["reason"]
    return tuple(found) or Not(path=str(path), reason=reason, looked=looked)


def _plugin(path: Path, name: str, loaded: wire.Loaded | wire.Several, asked: Sequence[Asked], looked: float) -> Plugin:
    """Raises PluginRefused for an instrument."""
    if isinstance(loaded, wire.Several) or not loaded.effect:
        raise PluginRefused(name=path.stem, reason="it is an instrument, and no effect")
    knobs: dict[str, Knob] = {}
    for one in asked:
        if (made := knob(one, {*RESERVED, *knobs})) is not None:
            knobs[made.key] = made
    return Plugin(
        identifier=loaded.uid,
        name=clean(loaded.name) or path.stem,
        maker=clean(loaded.maker),
        version=clean(loaded.version),
        path=str(path),
        inside=name,
        looked=looked,
        knobs=tuple(knobs.values()),
    )


def _time(path: Path) -> float:
    """When the file last changed; of a folder that is a plug-in, when the newest file in it did. 0 where it is gone."""
    try:
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        return max((file.stat().st_mtime for file in files), default=0.0)
    except OSError:
        return 0.0
