from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
import torch

from studio.errors import BrokenCheckpoint
from studio.library import reader
from studio.models.base import Batch, Phase
from studio.models.controls import DataFacts, Material
from studio.project.folder import ProjectFolder
from studio.training.average import Average
from studio.training.learner import Learner, Memory, build
from studio.training.plan import TrainerConfig
from tests.training.tiny import FRAMES, RATE, Config, Tiny

DATA = DataFacts(count=24, labels=("hat", "kick", "snare"))
CPU = torch.device("cpu")


@pytest.fixture
def draw(project: ProjectFolder) -> Callable[[int], Batch]:
    sounds = reader.load(project, Material(rate=RATE, channels=1, seconds=FRAMES / RATE))
    return lambda n: sounds.batch([(4 * n + i) % len(sounds) for i in range(4)])


def learner(precision: str = "fp32", **config: object) -> Learner:
    plan = TrainerConfig(warmup=0)
    return Learner(build(Tiny, Config(**config), DATA, plan, CPU), plan, precision)  # type: ignore[arg-type]


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_what_is_put_back_goes_on_the_same(draw: Callable[[int], Batch], precision: str) -> None:
    one = learner(precision)
    for step in range(5):
        assert one.step(step, step / 10, draw).sound
    tensors, memory = one.tensors(), one.memory()
    tensors |= {f"average/{n}": p.clone() for n, p in one.average.model.named_parameters()}
    other = learner(precision)
    other.restore(tensors, memory)
    assert other.memory() == memory and (precision != "fp16" or memory.scale > 1)
    for step in range(5, 9):
        a, b = one.step(step, step / 10, draw), other.step(step, step / 10, draw)
        assert a.values.keys() == b.values.keys() and all(torch.equal(a.values[n], b.values[n]) for n in a.values)
    assert all(torch.equal(one.tensors()[n], other.tensors()[n]) for n in tensors if not n.startswith("average/"))


def test_a_step_moves_only_the_weights_of_its_group(draw: Callable[[int], Batch]) -> None:
    one = learner()
    before = {n: p.detach().clone() for n, p in one.model.named_parameters()}
    one.step(1, 0.0, draw)  # the critic's turn comes at even steps
    moved = {n.split(".")[0] for n, p in one.model.named_parameters() if not torch.equal(p, before[n])}
    assert moved == {"enter", "leave"}
    assert all(p.grad is None for p in one.model.parameters())


def test_a_batch_is_drawn_once_a_step_and_only_for_those_who_hear_it(draw: Callable[[int], Batch]) -> None:
    drawn: list[int] = []
    one = learner()  # its critic steps twice at even steps

    def noted(number: int) -> Batch:
        drawn.append(number)
        return draw(number)

    for step in range(3):
        one.step(step, 0.0, noted)
    assert drawn == [0, 1, 2, 4, 5]
    drawn.clear()
    sound, critic = one.phases[0].groups
    one.phases = (Phase("both", (sound, dataclasses.replace(critic, hears=False))),)
    one._enter(0, 0)
    for step in range(3):
        one.step(step, 0.0, noted)
    assert drawn == [0, 1, 2]


@pytest.mark.parametrize("damage", ["missing", "shape", "foreign"])
def test_tensors_that_do_not_belong_are_refused(draw: Callable[[int], Batch], damage: str) -> None:
    one = learner()
    one.step(0, 0.0, draw)
    tensors = one.tensors() | {f"average/{n}": p for n, p in one.average.model.named_parameters()}
    if damage == "missing":
        del tensors["model/enter.weight"]
    elif damage == "shape":
        tensors["model/enter.weight"] = torch.zeros(3, 3)
    else:
        tensors["optimiser/sound/x/step"] = torch.zeros(())
    with pytest.raises(BrokenCheckpoint):
        learner().restore(tensors, Memory())


def test_the_average_follows_and_copies_buffers() -> None:
    model = build(Tiny, Config(), DATA, TrainerConfig(), CPU)
    average = Average(model, 0.9)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(1.0)
        model.seen.fill_(7.0)
    start = average.model.critic.bias.item()
    average.update()  # the first decay is 1/10
    assert average.model.critic.bias.item() == pytest.approx(start + 0.9)
    for _ in range(200):
        average.update()
    assert torch.allclose(average.settled().enter.weight, model.enter.weight, atol=1e-5)
    assert average.model.seen == 7.0 and average.finite() and not average.model.training
    average.model.critic.bias.data.fill_(float("nan"))
    assert not average.finite()
