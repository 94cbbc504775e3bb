"""What long work says while it runs. Every long function is a generator of these, and nothing else.

A well-behaved generator yields one `Started`, then any number of `Progress`, `Metric` and `Produced`, and ends with one
`Finished` that carries the result. It fails by raising a StudioError and is cancelled by being closed; its driver turns
these into `Failed` and `Cancelled`. Drivers: engine/jobs.py (signals), cli.py (a bar, or JSON lines), the trainer
(events.jsonl), tests (`list(...)`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import msgspec

from studio.errors import StudioError


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=str.lower):
    """A past-tense fact. `time` is seconds since the epoch."""

    time: float = msgspec.field(default_factory=time.time)


class Started(Event, frozen=True, kw_only=True):
    what: str
    total: int | None = None


class Progress(Event, frozen=True, kw_only=True):
    """`done` of `total` units (total None: unknown); `note` is what is being worked on."""

    done: int
    total: int | None = None
    note: str = ""


class Metric(Event, frozen=True, kw_only=True):
    """One number of a training step; names are paths like `held-out/mel`."""

    step: int
    name: str
    value: float


class Produced(Event, frozen=True, kw_only=True):
    """Something came out: a file (`path`), or a value for this process only (`value`, never written to JSON)."""

    kind: str
    path: str = ""
    detail: dict[str, Any] = {}
    value: Any = None


class Finished(Event, frozen=True, kw_only=True):
    result: dict[str, Any] = {}


class Failed(Event, frozen=True, kw_only=True):
    key: str
    sentence: str
    hint: str = ""
    values: dict[str, str] = {}
    details: str = ""


class Cancelled(Event, frozen=True, kw_only=True):
    pass


AnyEvent = Started | Progress | Metric | Produced | Finished | Failed | Cancelled
Work = Iterator[Event]
_decoder = msgspec.json.Decoder(AnyEvent)


def to_json(event: Event) -> bytes:
    """One JSON line without its newline. A `Produced.value` stays in the process."""
    data = msgspec.to_builtins(event if not isinstance(event, Produced) else msgspec.structs.replace(event, value=None))
    if isinstance(event, Produced):
        del data["value"]
    return msgspec.json.encode(data)


def from_json(line: bytes | str) -> Event:
    """Inverse of `to_json`. Raises msgspec.DecodeError on a torn or foreign line."""
    return _decoder.decode(line)


def failed(error: BaseException, details: str = "") -> Failed:
    """The fact that `error` ended the work."""
    if isinstance(error, StudioError):
        return Failed(key=error.key, sentence=error.message, hint=error.advice, values=error.values, details=details)
    return Failed(
        key="Unexpected",
        sentence=f"Something unexpected went wrong ({type(error).__name__}: {error}).",
        hint="Nothing of yours was changed. Copy the details and tell us.",
        details=details,
    )
