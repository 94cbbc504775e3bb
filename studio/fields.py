"""Settings declared once: a config class's type, range, unit and help make the form, the flag, the file and the check.

A config is a frozen msgspec.Struct whose fields are annotated with `setting(...)`:

    class Config(msgspec.Struct, frozen=True):
        latent: Annotated[int, setting("Size of the latent space", ge=2, le=512)] = 64
"""

from __future__ import annotations

import types
import typing
from typing import Any, Literal, TypeVar

import msgspec

from studio.errors import BadConfig

C = TypeVar("C", bound=msgspec.Struct)


class Field(msgspec.Struct, frozen=True):
    """One setting as a form or a flag needs it. `kind` is int, float, bool, str or choice."""

    name: str
    kind: str
    default: Any
    help: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False
    expert: bool = False
    search: tuple[float, float] | bool = False


def setting(
    help: str, *, unit: str = "", expert: bool = False, search: tuple[float, float] | bool = False, **limits: float
) -> msgspec.Meta:
    """Annotation of a config field; `limits` are msgspec's ge, gt, le, lt.

    search: a field worth trying other values of: between which two, or True for every choice (training/space.py)
    """
    extra = {"unit": unit, "expert": expert, "search": search}
    return msgspec.Meta(description=help, extra=extra, **limits)  # type: ignore[call-overload]


def describe(config: type[msgspec.Struct]) -> tuple[Field, ...]:
    """The fields of a config class in the order they were declared."""
    hints = typing.get_type_hints(config, include_extras=True)
    return tuple(_field(f.name, hints[f.name], f) for f in msgspec.structs.fields(config))


def _field(name: str, hint: Any, info: Any) -> Field:
    meta = msgspec.Meta()
    optional = False
    if typing.get_origin(hint) in (typing.Union, types.UnionType):  # Annotated[float, setting(..., gt=0)] | None
        parts = [a for a in typing.get_args(hint) if a is not type(None)]
        optional, hint = len(parts) < len(typing.get_args(hint)), parts[0]
    if typing.get_origin(hint) is typing.Annotated:
        hint, *notes = typing.get_args(hint)
        meta = next((n for n in notes if isinstance(n, msgspec.Meta)), meta)
    choices = tuple(map(str, typing.get_args(hint))) if typing.get_origin(hint) is Literal else ()
    default = info.default if info.default is not msgspec.NODEFAULT else info.default_factory()
    extra = meta.extra or {}
    return Field(
        name=name,
        kind="choice" if choices else hint.__name__,
        default=default,
        help=meta.description or "",
        unit=extra.get("unit", ""),
        low=meta.ge if meta.ge is not None else meta.gt,
        high=meta.le if meta.le is not None else meta.lt,
        choices=choices,
        optional=optional,
        expert=extra.get("expert", False),
        search=extra.get("search", False),
    )


def configure(config: C, values: dict[str, Any]) -> C:
    """`config` with `values` (numbers or their text) put in and checked. Raises BadConfig naming the field."""
    known = {f.name: f for f in describe(type(config))}
    data = msgspec.structs.asdict(config)
    for name, value in values.items():
        if name not in known:
            raise BadConfig(name=name, reason=f"there is no such setting; known are {', '.join(known)}")
        data[name] = _parse(value) if isinstance(value, str) and known[name].kind not in ("str", "choice") else value
    return decode(type(config), data)


def decode(kind: type[C], data: dict[str, Any]) -> C:
    """A config from plain data. Raises BadConfig with the path and the reason."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        raise BadConfig(name=path.rstrip("`") or kind.__name__, reason=reason[0].lower() + reason[1:]) from error


def _parse(text: str) -> Any:
    try:
        return msgspec.json.decode({"on": "true", "off": "false", "none": "null"}.get(text.lower(), text.lower()))
    except msgspec.DecodeError:
        return text
