from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from studio.training import compiling
from studio.training.compiling import Compiler, outermost
from studio.training.trainer import train
from tests.training.conftest import Make, losses, produced
from tests.training.tiny import Tiny


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile after a few steps, without a C++ compiler."""
    for name, steps in (("WARM", 3), ("HEARD", 3), ("BUILDING", 3)):
        monkeypatch.setattr(compiling, name, steps)
    monkeypatch.setattr(compiling, "BACKEND", "eager")


def model() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)]))


def told(compiler: Compiler, before: float, after: float) -> list[str]:
    return [said for seconds in 6 * [before] + 6 * [after] if (said := compiler.stepped(seconds))]


def test_what_is_called_is_compiled_and_lists_are_looked_into() -> None:
    first, second, third = outermost(model())
    assert all(isinstance(one, nn.Linear) for one in (first, second, third))


def test_it_stays_where_it_pays() -> None:
    compiler = Compiler(model())
    assert told(compiler, 1.0, 0.5) == ["Compiled: a step takes 50% of the time it took."]
    assert compiler.settled and len(compiler.compiled) == 3
    assert all(one._compiled_call_impl is not None for one in compiler.compiled)
    assert compiler.stepped(9.0) == ""


def test_it_goes_where_it_does_not_pay() -> None:
    compiler = Compiler(model())
    (sentence,) = told(compiler, 1.0, 1.1)
    assert "did not pay" in sentence and compiler.settled and not compiler.compiled
    assert all(one._compiled_call_impl is None for one in outermost(compiler.model))


def test_a_compiled_training_learns_as_the_plain_one(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "PAYS", 1e9)
    plain, compiled = (list(train(make(steps=20, **more), Tiny)) for more in ({}, {"compile": True}))
    (notice,) = produced(compiled, "notice")
    assert notice.detail["key"] == "Compiled" and notice.detail["step"] == 12
    assert losses(compiled) == pytest.approx(losses(plain), rel=1e-4)


def test_what_only_fails_when_it_runs_goes_on_uncompiled(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slopes of slopes, for one: the compiler refuses them in the backward pass."""
    step = Tiny.losses

    def refuse(self: Tiny, *args: object) -> dict[str, Tensor]:
        if self.enter._compiled_call_impl is not None:
            raise RuntimeError("torch.compile with aot_autograd does not currently support double backward")
        return step(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Tiny, "losses", refuse)
    told = list(train(make(steps=20, compile=True), Tiny))
    assert told[-1].result["state"] == "finished" and len(losses(told)) == 20
    torch._dynamo.reset()
