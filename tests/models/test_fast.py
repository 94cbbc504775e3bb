"""The compiled decoder is the decoder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch

from studio.models import fast
from studio.project.recipe import Request
from tests.models.families import tiny


@cache
def graph(name: str) -> bytes:
    model = tiny(name).eval().requires_grad_(False)
    decoder = model.decoder()
    assert decoder is not None
    data = fast.export(decoder, model.example_inputs(), model.dynamic_axes())
    assert data is not None
    return data


def exported(name: str) -> fast.Backend:
    backend = fast.session(graph(name))
    assert backend is not None
    return backend


@pytest.mark.parametrize(
    "name", ["oneshot", "oneshot-stereo", "oneshot-istft", "wavegan", "wavegan-classic", "gansynth", "gansynth-complex"]
)
def test_one_graph_gives_every_length_to_80_db(name: str) -> None:
    model, backend = tiny(name).eval(), exported(name)
    for seconds in (0.05, 0.1, 0.2, 0.37):
        request = Request(seed=3, seconds=seconds)
        ours, theirs = next(iter(model.generate(request))), next(iter(model.generate(request, backend)))
        assert ours.shape == theirs.shape
        assert float((ours - theirs).abs().max()) < 1e-4 * float(ours.abs().max())


def test_the_same_graph_gives_the_same_bits() -> None:
    model, backend = tiny("oneshot").eval(), exported("oneshot")
    a, b = (next(iter(model.generate(Request(seed=1), backend))) for _ in range(2))
    assert torch.equal(a, b)


def test_a_kept_graph_plays_every_checkpoint_of_its_architecture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "export", lambda *_: graph("oneshot"))
    monkeypatch.setattr(fast, "seconds", lambda run, inputs: 1.0 if "session" in run.__qualname__ else 2.0)
    assert fast.compile(tiny("oneshot", seed=0).eval(), cache=tmp_path) is not None
    assert len(list(tmp_path.glob("*.onnx"))) == 1
    monkeypatch.setattr(fast, "export", lambda *_: pytest.fail("exported again"))
    other = tiny("oneshot", seed=2).eval()
    backend = fast.compile(other, cache=tmp_path)
    assert backend is not None
    request = Request(seed=3, seconds=0.2)
    ours, theirs = next(iter(other.generate(request))), next(iter(other.generate(request, backend)))
    assert float((ours - theirs).abs().max()) < 1e-4 * float(ours.abs().max())


def test_another_architecture_is_another_graph() -> None:
    names = {fast.architecture(tiny(name)) for name in ("oneshot", "oneshot-stereo", "oneshot-istft")}
    assert len(names) == 3
    assert fast.architecture(tiny("oneshot", seed=1)) == fast.architecture(tiny("oneshot", seed=2))
    assert fast.architecture(tiny("oneshot", labels=("a", "b", "c"))) != fast.architecture(tiny("oneshot"))


@pytest.mark.parametrize("damage", [b"not a graph", b""])
def test_a_damaged_graph_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes) -> None:
    monkeypatch.setattr(fast, "export", lambda *_: graph("oneshot"))
    model = tiny("oneshot").eval()
    path = tmp_path / f"{fast.architecture(model)}.onnx"
    path.write_bytes(damage)
    fast.compile(model, cache=tmp_path)
    assert path.read_bytes() == graph("oneshot")


def test_weights_that_do_not_fit_are_refused() -> None:
    decoder = tiny("oneshot").decoder()
    assert decoder is not None
    with pytest.raises(ValueError, match="not in the graph"):
        fast.refill(graph("oneshot"), {"no.such.weight": torch.zeros(1)})
    with pytest.raises(ValueError, match="not in the graph"):
        fast.refill(graph("oneshot"), {name: value[:1] for name, value in decoder.state_dict().items() if value.ndim})


def test_what_does_not_match_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "export", lambda *_: graph("oneshot"))
    other = tiny("oneshot", seed=2).eval()  # a graph with other weights than the model's
    assert fast.compile(other) is None


def test_what_is_slower_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "export", lambda *_: graph("oneshot"))
    monkeypatch.setattr(fast, "seconds", lambda run, inputs: 1.0)
    assert fast.compile(tiny("oneshot").eval()) is None


def test_a_model_without_a_decoder_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny("oneshot").eval()
    monkeypatch.setattr(type(model), "decoder", lambda self: None)
    assert fast.compile(model) is None
