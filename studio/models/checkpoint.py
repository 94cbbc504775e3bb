"""A trained model on disk: a folder with config.json (what it is) and weights.safetensors (its numbers), whole or not at all.

The trainer writes it, generate.py opens it. Nothing in it can run code, and whatever a damaged or hostile one holds ends in
BrokenCheckpoint (or NewerFormat). `describe` needs no torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

import studio
from studio.errors import BadConfig, BrokenCheckpoint, BrokenFile, UnknownFamily
from studio.fields import decode
from studio.models.controls import DataFacts
from studio.project import atomic
from studio.project.state import CheckpointFile

if TYPE_CHECKING:
    import torch

    from studio.models.base import Model

CONFIG, WEIGHTS = "config.json", "weights.safetensors"
LARGEST = 4 << 30
"""Bytes of weights. No family comes near."""
MOST_LABELS = 10_000


def save(folder: Path, model: Model, *, meta: Mapping[str, Any] | None = None) -> CheckpointFile:
    """Write `model` to the new `folder`. Raises AlreadyThere, DiskFull, NotSaved; then there is no folder."""
    with atomic.folder(folder) as partial:
        return write(partial, model, meta=meta)


def write(folder: Path, model: Model, *, meta: Mapping[str, Any] | None = None, half: bool = False) -> CheckpointFile:
    """The two files into an existing folder that its owner puts in place. `meta`: step, minutes, metrics.

    `half` keeps weights in 16 bits: half the size, and a sound that differs by about −60 dB.
    """
    import torch
    from safetensors.torch import save as to_bytes

    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    if half:
        tensors = {name: value.half() if value.dtype == torch.float32 else value for name, value in tensors.items()}
    data = to_bytes(tensors)
    file = CheckpointFile(
        app=studio.__version__,
        family=model.info.id,
        config=msgspec.to_builtins(model.config),
        data=msgspec.to_builtins(model.data),
        model=hashlib.sha256(data).hexdigest(),
        **(meta or {}),
    )
    atomic.write_bytes(folder / WEIGHTS, data)
    atomic.write_json(folder / CONFIG, file)
    return file


def describe(folder: Path) -> CheckpointFile:
    """What a checkpoint is. Raises BrokenCheckpoint, NewerFormat."""
    folder = Path(folder)
    try:
        return atomic.read_json(folder / CONFIG, CheckpointFile, "checkpoint")
    except (FileNotFoundError, NotADirectoryError):
        raise BrokenCheckpoint(name=folder.name, reason="it has no config.json") from None
    except BrokenFile as error:
        raise BrokenCheckpoint(name=folder.name, reason=error.values.get("reason", "it is damaged")) from error


def load(folder: Path, device: str | torch.device = "cpu") -> Model:
    """The model in evaluation mode, its parameters frozen. Raises BrokenCheckpoint, NewerFormat, UnknownFamily."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    from studio.models.base import family

    folder = Path(folder)
    file = describe(folder)
    try:
        kind = family(file.family)
        config = decode(kind.Config, file.config)
        data = msgspec.convert(file.data, DataFacts)
        if len(data.labels) > MOST_LABELS or data.count < 0 or len(set(data.labels)) != len(data.labels):
            raise BrokenCheckpoint(name=folder.name, reason="its list of classes makes no sense")
        if (folder / WEIGHTS).stat().st_size > LARGEST:
            raise BrokenCheckpoint(name=folder.name, reason="its weights are far too large")
        raw = (folder / WEIGHTS).read_bytes()
        if file.model and hashlib.sha256(raw).hexdigest() != file.model:
            raise BrokenCheckpoint(name=folder.name, reason="its weights are not those it was saved with")
        tensors = from_bytes(raw)
    except UnknownFamily:
        raise
    except (BadConfig, msgspec.ValidationError) as error:
        raise BrokenCheckpoint(name=folder.name, reason=f"its settings are out of range ({error})") from error
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise BrokenCheckpoint(name=folder.name, reason=f"its weights can't be read ({error})") from error

    model = kind(config, data)  # not on torch's "meta" device first: its initialisers import the compiler, 0.8 s
    wanted = model.state_dict()
    if set(wanted) != set(tensors):
        raise BrokenCheckpoint(name=folder.name, reason="its weights belong to another model")
    for name, value in tensors.items():
        like = wanted[name]
        if value.shape != like.shape or value.is_floating_point() != like.is_floating_point():
            raise BrokenCheckpoint(name=folder.name, reason=f"{name} has the wrong shape")
        if not torch.isfinite(value).all():
            raise BrokenCheckpoint(name=folder.name, reason=f"{name} holds impossible numbers")
    model.load_state_dict(tensors)
    model.requires_grad_(False)
    return model.to(device).eval()
