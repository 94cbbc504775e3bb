"""What every family promises, checked for each of them by their list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from studio.errors import NotOffered
from studio.fields import decode, describe
from studio.models import checkpoint
from studio.models.base import families, family
from studio.models.controls import DataFacts, Material
from studio.project.recipe import Request
from tests.models.families import LABELS, TAUGHT, TINY, batch, step, tiny

ALL = pytest.mark.parametrize("name", list(TINY))


def sounds(model: object, request: Request) -> list[torch.Tensor]:
    return list(model.eval().generate(request))  # type: ignore[attr-defined]


def test_every_family_is_in_the_list() -> None:
    assert {kind for kind, _ in TINY.values()} == set(families())


@pytest.mark.parametrize("kind", list(families()))
def test_a_family_introduces_itself(kind: str) -> None:
    model = families()[kind]
    assert model.info.id == kind
    assert all(getattr(model.info, part) for part in ("name", "sentence", "method", "wants"))
    assert all(field.help for field in describe(model.Config))


@pytest.mark.parametrize("kind", list(families()))
@pytest.mark.parametrize("count", [2, 30, 3000])
@pytest.mark.parametrize("seconds", [0.02, 0.7, 9.0])
@pytest.mark.parametrize("pitched", [0.0, 1.0])
def test_what_it_recommends_is_allowed(kind: str, count: int, seconds: float, pitched: float) -> None:
    model = families()[kind]
    data = DataFacts(count=count, labels=("a",), seconds=seconds, pitched=pitched, channels=2)
    config = model.recommended(data)
    assert decode(model.Config, msgspec.to_builtins(config)) == config
    material = model.material(config, data)
    assert isinstance(material, Material)
    assert material.frames > 0


@ALL
def test_config_to_json_and_back(name: str) -> None:
    kind, config = TINY[name]
    data = msgspec.json.decode(msgspec.json.encode(config))
    assert decode(family(kind).Config, data) == config


@ALL
@pytest.mark.parametrize("progress", [0.0, 0.5, 1.0])
def test_losses_are_finite(name: str, progress: float) -> None:
    model = tiny(name)
    examples = batch(model)
    model.prepare(iter([examples]))
    for group in model.phases()[0].groups:
        for loss, value in model.losses(examples, group.name, progress).items():
            assert torch.isfinite(value).all(), loss


@ALL
def test_silence_has_finite_gradients(name: str) -> None:
    model = tiny(name)
    loud = batch(model)
    silent = replace(loud, audio=torch.zeros_like(loud.audio))
    model.prepare(iter([silent]))
    for group in model.phases()[0].groups:
        losses = model.losses(silent, group.name, 1.0)
        weights = model.weights(1.0)
        total = sum(weights[key] * value for key, value in losses.items() if key in weights)
        for gradient in torch.autograd.grad(total, group.parameters, allow_unused=True):  # type: ignore[arg-type]
            assert gradient is None or torch.isfinite(gradient).all()


@ALL
def test_a_step_changes_every_group(name: str) -> None:
    model = tiny(name)
    examples = batch(model)
    model.prepare(iter([examples]))
    before = {g.name: [p.detach().clone() for p in g.parameters] for g in model.phases()[0].groups}
    step(model, examples, 1.0)
    for group in model.phases()[0].groups:
        assert any(not torch.equal(a, b) for a, b in zip(before[group.name], group.parameters)), group.name


@ALL
def test_groups_share_no_parameter_and_leave_none_out(name: str) -> None:
    model = tiny(name)
    for phase in model.phases():
        ids = [id(p) for g in phase.groups for p in g.parameters]
        assert len(ids) == len(set(ids))
    trained = {id(p) for phase in model.phases() for g in phase.groups for p in g.parameters}
    assert trained == {id(p) for p in model.parameters()}


@pytest.mark.parametrize("name", [name for name in TINY if name not in TAUGHT])
def test_it_can_learn_one_batch_by_heart(name: str) -> None:
    model = tiny(name)
    examples = batch(model)
    model.prepare(iter([examples]))
    first = next(iter(model.eval().measure(examples).values()))
    for _ in range(60):
        step(model, examples, 0.0)
    last = next(iter(model.eval().measure(examples).values()))
    assert last < 0.7 * first


@ALL
def test_the_same_draws_give_the_same_losses(name: str) -> None:
    found = []
    for _ in range(2):
        model = tiny(name)
        examples = batch(model)
        torch.manual_seed(5)
        losses = model.losses(examples, model.phases()[0].groups[0].name, 1.0)
        found.append({key: float(value.detach()) for key, value in losses.items()})
    assert found[0] == found[1]


@ALL
def test_saved_and_loaded_sounds_identical(name: str, tmp_path: Path) -> None:
    model = tiny(name)
    examples = batch(model)
    model.prepare(iter([examples]))
    step(model, examples, 1.0)
    checkpoint.save(tmp_path / "step", model, meta={"step": 1})
    again = checkpoint.load(tmp_path / "step")
    request = Request(seed=3, count=2)
    for a, b in zip(sounds(model, request), sounds(again, request)):
        assert torch.equal(a, b)


@ALL
def test_same_seed_same_sound_and_another_seed_another(name: str) -> None:
    model = tiny(name)
    one, two, other = (sounds(model, Request(seed=seed))[0] for seed in (7, 7, 8))
    assert torch.equal(one, two)
    assert one.shape != other.shape or not torch.equal(one, other)


@ALL
def test_many_are_the_ones(name: str) -> None:
    model = tiny(name)
    many = sounds(model, Request(seed=20, count=3))
    for i, sound in enumerate(many):
        assert torch.equal(sound, sounds(model, Request(seed=20 + i))[0])


@ALL
def test_a_resolved_request_is_the_same_sound(name: str) -> None:
    model = tiny(name)
    request = Request(seed=11, count=2, temperature=0.8)
    for one, sound in zip(model.resolve(request), sounds(model, request)):
        again = msgspec.json.decode(msgspec.json.encode(one), type=Request)
        assert torch.equal(sounds(model, again)[0], sound)


@ALL
def test_sounds_are_as_the_material_says(name: str) -> None:
    model = tiny(name)
    material = type(model).material(model.config, model.data)
    for sound in sounds(model, Request(seed=1, count=2)):
        assert sound.dtype == torch.float32
        assert sound.shape[:2] == (1, material.channels)
        assert 0 < sound.shape[2] <= material.frames
        assert sound.abs().max() <= 1
        assert torch.isfinite(sound).all()


@ALL
def test_controls_are_kept(name: str) -> None:
    model = tiny(name)
    examples = batch(model)
    model.prepare(iter([examples]))
    for _ in range(3):
        step(model, examples, 0.5)
    controls = model.controls
    plain = sounds(model, Request(seed=2))[0]
    if controls.seconds:
        rate = type(model).material(model.config, model.data).rate
        assert sounds(model, Request(seed=2, seconds=0.1))[0].shape[2] == pytest.approx(0.1 * rate, abs=1)
    if controls.classes:
        low, high = (sounds(model, Request(seed=2, classes={c: 1.0}, seconds=0.2))[0] for c in LABELS)
        assert not torch.equal(low, high)
    if controls.latent:
        size = controls.latent.size
        a, b = (sounds(model, Request(latent=(tuple([v] * size),), seconds=0.2))[0] for v in (0.0, 1.0))
        assert not torch.equal(a, b)
    if controls.temperature:
        cold = sounds(model, Request(seed=2, temperature=0.0))[0]
        assert cold.shape != plain.shape or not torch.equal(cold, plain)


@ALL
def test_what_it_does_not_offer_is_refused(name: str) -> None:
    model = tiny(name)
    offered = model.controls.offered()
    wrong = {"pitch": {"pitch": 60.0}, "velocity": {"velocity": 100.0}, "text": {"text": "hello"}, "speakers": {"speaker": "x"},
             "prompt": {"prompt": "a.wav"}, "input": {"input": "a.wav"}}  # fmt: skip
    for control, values in wrong.items():
        if control not in offered:
            with pytest.raises(NotOffered):
                sounds(model, Request(**values))  # type: ignore[arg-type]
    with pytest.raises(NotOffered):
        sounds(model, Request(classes={"no such class": 1.0}))


@ALL
def test_encoding_gives_the_latent_it_promises(name: str) -> None:
    model = tiny(name).eval()
    if model.controls.latent is None:
        with pytest.raises(NotOffered):
            model.encode(batch(model).audio)
        return
    examples = batch(model)
    latent = model.encode(examples.audio)
    assert latent.shape[0] == 4
    assert latent.shape[-1] == model.controls.latent.size
    alone = torch.cat([model.encode(examples.audio[i : i + 1]) for i in range(4)])
    assert torch.allclose(latent, alone, atol=1e-4)


@ALL
def test_it_works_without_labels(name: str) -> None:
    model = tiny(name, labels=())
    examples = batch(model)
    model.prepare(iter([examples]))
    step(model, examples, 1.0)
    assert model.controls.classes == ()
    assert sounds(model, Request(seed=1))[0].shape[2] > 0


@ALL
def test_one_example_is_enough_to_start(name: str) -> None:
    model = tiny(name)
    examples = batch(model, size=1)
    model.prepare(iter([examples]))
    said = step(model, examples, 1.0)
    assert all(np.isfinite(list(said.values())))


@ALL
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_cpu_and_gpu_agree(name: str) -> None:
    model = tiny(name).eval()
    request = Request(seed=4, latent=(tuple([0.3] * model.controls.latent.size),) if model.controls.latent else None)
    here = sounds(model, request)[0]
    there = sounds(model.cuda(), request)[0]
    assert torch.allclose(here, there, atol=1e-3)
