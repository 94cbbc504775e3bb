"""The verb `plugins`: the person's list of plug-ins, which the window's Settings show as well.

wavewright plugins --find
wavewright plugins --add ~/Downloads/Room.vst3
wavewright plugins --remove VST3-1f2e
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.errors import UsageError
from studio.events import Finished, Work


def plugins(args: Namespace) -> Work:
    from studio.audio.plugins import finding, table

    if args.remove:
        found = table.load().named(args.remove)
        if found is None:
            raise UsageError(reason=f"There is no plug-in “{args.remove}” on the list")
        table.change(lambda kept: kept.without(found.path))
    elif args.find or args.add:
        for event in finding.find([Path(path) for path in args.add] or None):
            if not isinstance(event, Finished):
                yield event
    kept = table.load()
    yield Finished(
        result={
            "plugins": [
                {
                    "identifier": plugin.identifier,
                    "name": plugin.name,
                    "maker": plugin.maker,
                    "version": plugin.version,
                    "path": plugin.path,
                    "parameters": len(plugin.knobs),
                }
                for plugin in kept.plugins
            ],
            "refused": [{"path": no.path, "reason": no.reason} for no in kept.refused],
        }
    )


def say_plugins(result: dict[str, Any]) -> Iterator[str]:
    for plugin in result["plugins"]:
        words = " ".join(filter(None, (plugin["version"], f"by {plugin['maker']}" if plugin["maker"] else "")))
        yield f"  {plugin['name']:24} {words:36} {plugin['identifier']}"
    for no in result["refused"]:
        yield f"  not used: {no['path']}: {no['reason']}"
    if not result["plugins"]:
        yield "There is no plug-in on the list. --find looks where they are installed, --add at a file or folder."
