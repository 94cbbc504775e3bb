"""A person's own chains of steps, kept with a name beside the settings: the rack in the editor keeps and offers them.

They belong to no project. Formats of chains.json. 1: the first, kind "chains": chains, each a name and its steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from studio import settings
from studio.audio import steps
from studio.errors import AlreadyThere, BrokenFile, UsageError
from studio.project import atomic

LONGEST = 80
"""Characters of a name."""


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Steps as `steps.apply` takes them, under a name."""

    name: str
    steps: tuple[dict[str, Any], ...]


class ChainFile(msgspec.Struct, frozen=True, kw_only=True):
    """chains.json."""

    kind: str = "chains"
    format: int = 1
    chains: tuple[Chain, ...] = ()


def default_path() -> Path:
    return settings.home() / "chains.json"


def load(path: Path | None = None) -> tuple[Chain, ...]:
    """Every chain, in the order of keeping; no file is none. Raises NewerFormat, and BrokenFile, also for an unknown step."""
    path = path or default_path()
    try:
        found = atomic.read_json(path, ChainFile, "chains", ()).chains
    except (FileNotFoundError, NotADirectoryError):
        return ()
    for chain in found:
        try:
            _check(chain)
        except UsageError as error:
            raise BrokenFile(name=path.name, reason=f"“{chain.name}”: {error.message}") from error
    return found


def keep(name: str, values: Sequence[Mapping[str, Any]], *, replace: bool = False, path: Path | None = None) -> Chain:
    """Add a chain. Raises AlreadyThere for a known name unless it is to be replaced, UsageError for what is no chain, NotSaved,
    DiskFull, and what `load` raises: a file that can't be read is not written over."""
    chain = Chain(name=name.strip(), steps=tuple(steps.check(step) for step in values))
    _check(chain)
    path = path or default_path()
    others = load(path)
    if not replace and any(other.name == chain.name for other in others):
        raise AlreadyThere(name=chain.name)
    _write(path, (*(other for other in others if other.name != chain.name), chain))
    return chain


def drop(name: str, path: Path | None = None) -> None:
    """Forget the chain of that name, if there is one. Raises as `keep`."""
    path = path or default_path()
    others = load(path)
    kept = tuple(other for other in others if other.name != name)
    if kept != others:
        _write(path, kept)


def _check(chain: Chain) -> None:
    if not chain.name or len(chain.name) > LONGEST or not chain.name.isprintable():
        raise UsageError(reason=f"A chain needs a name of at most {LONGEST} characters")
    if not chain.steps:
        raise UsageError(reason=f"There is nothing in “{chain.name}” yet")
    for step in chain.steps:
        if steps.kind_of(steps.check(step)).material:
            raise UsageError(reason=f"A chain fits every project, and the sound for {step['do']} is in one of them only")


def _write(path: Path, chains: tuple[Chain, ...]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise atomic.not_saved(path, error) from error
    atomic.write_json(path, ChainFile(chains=chains))
