"""The compiled decoder is the decoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from studio.models import fast
from studio.models.base import Model
from studio.project.recipe import Request
from tests.models.families import tiny


def exported(model: Model) -> fast.Backend:
    decoder = model.decoder()
    assert decoder is not None
    data = fast.export(decoder, model.example_inputs(), model.dynamic_axes())
    assert data is not None
    backend = fast.session(data)
    assert backend is not None
    return backend


@pytest.mark.parametrize("name", ["oneshot", "oneshot-stereo", "oneshot-istft"])
def test_one_graph_gives_every_length_to_80_db(name: str) -> None:
    model = tiny(name).eval()
    model.requires_grad_(False)
    backend = exported(model)
    for seconds in (0.05, 0.1, 0.2, 0.37):
        request = Request(seed=3, seconds=seconds)
        ours, theirs = next(iter(model.generate(request))), next(iter(model.generate(request, backend)))
        assert ours.shape == theirs.shape
        assert float((ours - theirs).abs().max()) < 1e-4 * float(ours.abs().max())


def test_the_same_graph_gives_the_same_bits() -> None:
    model = tiny("oneshot").eval().requires_grad_(False)
    backend = exported(model)
    a, b = (next(iter(model.generate(Request(seed=1), backend))) for _ in range(2))
    assert torch.equal(a, b)


def test_a_graph_is_kept_for_the_next_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny("oneshot").eval().requires_grad_(False)
    fast.compile(model, cache=tmp_path, key="a" * 64)
    (kept,) = tmp_path.glob("*.onnx")
    before = kept.read_bytes()
    monkeypatch.setattr(fast, "export", lambda *_: pytest.fail("exported again"))
    fast.compile(model, cache=tmp_path, key="a" * 64)
    assert kept.read_bytes() == before


def test_a_damaged_graph_is_made_again(tmp_path: Path) -> None:
    model = tiny("oneshot").eval().requires_grad_(False)
    (tmp_path / f"{'b' * 32}.onnx").write_bytes(b"not a graph")
    fast.compile(model, cache=tmp_path, key="b" * 64)
    assert len((tmp_path / f"{'b' * 32}.onnx").read_bytes()) > 1000


def test_a_graph_of_other_weights_is_not_used(tmp_path: Path) -> None:
    fast.compile(tiny("oneshot", seed=1).eval().requires_grad_(False), cache=tmp_path, key="c" * 64)
    other = tiny("oneshot", seed=2).eval().requires_grad_(False)
    backend = fast.compile(other, cache=tmp_path, key="c" * 64)
    if backend is not None:
        inputs = other.example_inputs() | {"latent": np.ones((1, 8), np.float32)}
        decoder = other.decoder()
        assert decoder is not None
        plain = decoder(**{k: torch.from_numpy(v) for k, v in inputs.items()}).numpy()
        assert np.abs(backend(inputs) - plain).max() < 1e-4


def test_what_is_slower_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny("oneshot").eval().requires_grad_(False)
    monkeypatch.setattr(fast, "seconds", lambda run, inputs: 1.0)
    assert fast.compile(model) is None


def test_a_model_without_a_decoder_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny("oneshot").eval()
    monkeypatch.setattr(type(model), "decoder", lambda self: None)
    assert fast.compile(model) is None
