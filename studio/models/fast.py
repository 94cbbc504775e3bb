"""The same decoder compiled for this CPU: ONNX Runtime on one thread, or nothing where that gains nothing.

One graph serves every length, and every checkpoint of one architecture: exporting takes 3 to 20 seconds, putting other weights
into a kept graph a twentieth of one. Whatever comes out is compared with PyTorch to −80 dB, and used only where it is faster.
Measured: two to three times faster than eager PyTorch for decoders of this size, and calm beside a training run, because one
thread that never spins does not wait for others.
"""

from __future__ import annotations

import hashlib
import logging
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

import studio
from studio.errors import StudioError
from studio.models.base import Backend, Model
from studio.project import atomic

TOLERANCE = 1e-4  # −80 dB
OPSET = 18


def compile(model: Model, *, cache: Path | None = None) -> Backend | None:
    """A compiled `model.decoder()`, or None where there is none, it does not match, or it is not faster.

    `cache`: a folder for graphs, so that the next model of the same architecture costs no export.
    """
    decoder = model.decoder()
    if decoder is None or model.device.type != "cpu":
        return None
    example, eager = model.example_inputs(), plain(decoder)
    path = cache / f"{architecture(model)}.onnx" if cache is not None else None
    wanted = eager(example)
    backend = _from_cache(path, decoder) if path is not None else None
    if backend is None or not same(backend(example), wanted):
        data = export(decoder, example, model.dynamic_axes())
        backend = session(data) if data is not None else None
        if data is None or backend is None or not same(backend(example), wanted):
            return None
        if path is not None:
            _keep(path, data)
    return backend if seconds(backend, example) < seconds(eager, example) else None


def architecture(model: Model) -> str:
    """A name for all that shapes a decoder's graph, whatever its weights."""
    shapes = {name: list(value.shape) for name, value in model.state_dict().items()}
    parts = (studio.__version__, str(torch.__version__), OPSET, model.info.id, msgspec.to_builtins(model.config), shapes)
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()[:32]


def export(decoder: nn.Module, example: Mapping[str, np.ndarray], axes: Mapping[str, Mapping[int, object]]) -> bytes | None:
    """The ONNX graph of a decoder, or None where the exporter can't. `axes` may vary in length.

    Not optimised here, so that every weight keeps its name; ONNX Runtime optimises when it opens the graph.
    """
    inputs = {name: torch.from_numpy(value) for name, value in example.items()}
    loud = logging.getLogger("torch.onnx").level
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                decoder, (), kwargs=inputs, dynamo=True, opset_version=OPSET, optimize=False, verbose=False,
                input_names=list(inputs), output_names=["audio"],
                dynamic_shapes={name: dict(axes.get(name, {})) for name in inputs},
            )  # fmt: skip
    except Exception:  # the exporter raises whatever its passes meet; PyTorch then simply stays in charge
        logging.getLogger(__name__).info("not exported", exc_info=True)
        return None
    finally:
        logging.getLogger("torch.onnx").setLevel(loud)
    assert program is not None
    return program.model_proto.SerializeToString()


def refill(data: bytes, weights: Mapping[str, Tensor]) -> bytes:
    """The graph with other weights of the same names and shapes. Raises ValueError where they don't fit."""
    import onnx

    graph = onnx.load_model_from_string(data)
    found = {tensor.name: tensor for tensor in graph.graph.initializer}
    for name, value in weights.items():
        tensor = found.get(name)
        if tensor is None or list(tensor.dims) != list(value.shape) or value.dtype != torch.float32:
            raise ValueError(f"{name} is not in the graph as it is in the model")
        tensor.raw_data = value.detach().cpu().contiguous().numpy().tobytes()
    return graph.SerializeToString()


def _from_cache(path: Path, decoder: nn.Module) -> Backend | None:
    try:
        return session(refill(path.read_bytes(), decoder.state_dict()))
    except FileNotFoundError:
        return None
    except Exception:  # protobuf raises its own kinds on damage; a cache is only a cache
        logging.getLogger(__name__).info("not taken from the cache", exc_info=True)
        return None


def _keep(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(path, data)
    except (OSError, StudioError):  # a full disk costs time at the next opening
        logging.getLogger(__name__).info("not kept", exc_info=True)


def session(data: bytes) -> Backend | None:
    """A graph ready to run on one thread, or None where it is damaged."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    try:
        session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception:  # a damaged cache or an operation this build lacks
        logging.getLogger(__name__).info("not loaded", exc_info=True)
        return None
    names = {value.name for value in session.get_inputs()}

    def run(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        return session.run(["audio"], {name: value for name, value in inputs.items() if name in names})[0]

    return run


def plain(decoder: nn.Module) -> Backend:
    """A decoder as PyTorch runs it, with the face of a compiled one."""

    def run(inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        with torch.no_grad():
            out: Tensor = decoder(**{name: torch.from_numpy(value) for name, value in inputs.items()})
            return out.numpy()

    return run


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and float(np.abs(a - b).max()) <= TOLERANCE * max(1e-3, float(np.abs(b).max()))


def seconds(run: Callable[[Mapping[str, np.ndarray]], np.ndarray], inputs: Mapping[str, np.ndarray], times: int = 5) -> float:
    """The shortest of some runs."""
    run(inputs)
    found = []
    for _ in range(times):
        start = time.perf_counter()
        run(inputs)
        found.append(time.perf_counter() - start)
    return min(found)
