"""A person's list of plug-ins, kept beside the settings. What is not on it is never loaded, whatever a recipe says.

    plugins.table.load()                  # every Plugin and everything refused, in the order of their names
    plugins.table.find("VST3-1f2e")  # the Plugin a step names, or None

Formats of plugins.json. 1: the first, kind "plugins": plugins (with the table of their parameters) and refused files.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from studio import settings
from studio.audio.plugins.knobs import Knob
from studio.errors import BrokenFile, NewerFormat, NotSaved

FORMAT = 1


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """An effect that may be used. path: its file; inside: which of those in the file, empty for the only one; looked: the
    file's time of change when its parameters were asked for."""

    identifier: str
    name: str
    maker: str = ""
    version: str = ""
    path: str
    inside: str = ""
    looked: float = 0.0
    knobs: tuple[Knob, ...] = ()


class Not(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was looked at and can't be used."""

    path: str
    reason: str
    looked: float = 0.0


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """plugins.json."""

    kind: str = "plugins"
    format: int = FORMAT
    plugins: tuple[Plugin, ...] = ()
    refused: tuple[Not, ...] = ()

    def find(self, identifier: str) -> Plugin | None:
        return next((plugin for plugin in self.plugins if plugin.identifier == identifier), None)

    def named(self, words: str) -> Plugin | None:
        """The one of that identifier, or else the only one of that name, in any case."""
        same = [plugin for plugin in self.plugins if plugin.name.casefold() == words.casefold()]
        return self.find(words) or (same[0] if len(same) == 1 else None)

    def without(self, path: str) -> Table:
        """Nothing of that file."""
        plugins = tuple(plugin for plugin in self.plugins if plugin.path != path)
        return msgspec.structs.replace(self, plugins=plugins, refused=tuple(n for n in self.refused if n.path != path))

    def looked_at(self, path: str, found: tuple[Plugin, ...] | Not) -> Table:
        """With what came of looking at that file, in the place of what was known of it and of these plug-ins."""
        rest = self.without(path)
        if isinstance(found, Not):
            return msgspec.structs.replace(rest, refused=tuple(sorted((*rest.refused, found), key=lambda n: n.path)))
        ids = {plugin.identifier for plugin in found}
        kept = [plugin for plugin in rest.plugins if plugin.identifier not in ids]
        plugins = sorted((*kept, *found), key=lambda plugin: (plugin.name.casefold(), plugin.identifier))
        return msgspec.structs.replace(rest, plugins=tuple(plugins))


def default_path() -> Path:
    return settings.home() / "plugins.json"


_known: tuple[object, Table] | None = None
_changing = threading.Lock()


def load(path: Path | None = None) -> Table:
    """The list as it is kept; an empty one where there is none. Read again only where it has changed.

    Raises BrokenFile, NewerFormat.
    """
    global _known
    path = path or default_path()
    try:
        facts = path.stat()
    except OSError:
        return Table()
    mark = (path, facts.st_mtime_ns, facts.st_size, facts.st_ino)
    known = _known
    if known is not None and known[0] == mark:
        return known[1]
    try:
        data = path.read_bytes()
        found = msgspec.json.decode(data, type=Table)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BrokenFile(name=path.name, reason=error) from error
    if found.kind != "plugins":
        raise BrokenFile(name=path.name, reason=f"it is a {found.kind}")
    if found.format > FORMAT:
        raise NewerFormat(name=path.name, found=found.format, known=FORMAT)
    _known = (mark, found)
    return found


def find(identifier: str) -> Plugin | None:
    """The plug-in of that identifier on this person's list; None where it is not on it, or there is none that can be read."""
    with contextlib.suppress(BrokenFile, NewerFormat):
        return load().find(identifier)
    return None


def change(how: Callable[[Table], Table], path: Path | None = None) -> Table:
    """Keep the list as `how` makes it, and give that. Raises NotSaved, and what `load` raises: what can't be read is not
    written over."""
    path = path or default_path()
    with _changing:
        before = load(path)
        after = how(before)
        if after != before:
            try:
                settings.write(path, msgspec.json.encode(after))
            except OSError as error:
                raise NotSaved(name=path.name, reason=error.strerror or error) from error
        return after
