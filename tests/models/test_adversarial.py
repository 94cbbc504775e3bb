"""Scores become losses as the papers have them, slopes are what they are, and changes grow where critics are too sure."""

from __future__ import annotations

import typing

import pytest
import torch
from torch.nn import functional as F

from studio.models.layers.ada import MOST, Ada
from studio.models.layers.adversarial import LOSSES, critic_loss, gradient_penalty, maker_loss, margin, zero_centred

KINDS = typing.get_args(LOSSES)
RATE = 44100


def test_losses_are_their_formulas() -> None:
    real, made = torch.tensor([[2.0], [-0.5]]), torch.tensor([[0.3], [-4.0]])
    both = real, made
    assert torch.isclose(critic_loss("wasserstein", *both), made.mean() - real.mean())
    assert torch.isclose(maker_loss("wasserstein", *both), -made.mean())
    assert critic_loss("hinge", *both) == pytest.approx((0 + 1.5) / 2 + (1.3 + 0) / 2)
    assert torch.isclose(maker_loss("hinge", *both), -made.mean())
    assert torch.isclose(critic_loss("nonsaturating", *both), -(real.sigmoid().log() + (1 - made.sigmoid()).log()).mean())
    assert torch.isclose(maker_loss("nonsaturating", *both), -made.sigmoid().log().mean())
    assert torch.isclose(critic_loss("relativistic", *both), -(real - made).sigmoid().log().mean())
    assert torch.isclose(maker_loss("relativistic", *both), -(made - real).sigmoid().log().mean())


@pytest.mark.parametrize("kind", KINDS)
def test_following_a_loss_tells_real_from_made_and_makes_it_likelier(kind: LOSSES) -> None:
    real, made = torch.zeros(4, 1, requires_grad=True), torch.zeros(4, 1, requires_grad=True)
    up, down = torch.autograd.grad(critic_loss(kind, real, made), (real, made))
    assert (up < 0).all() and (down > 0).all()
    (way,) = torch.autograd.grad(maker_loss(kind, real.detach(), made), made)
    assert (way < 0).all()
    assert critic_loss(kind, real.bfloat16(), made.bfloat16()).dtype == torch.float32


def test_margins_of_critics_that_know_differences_are_differences() -> None:
    real, made = torch.tensor([5.0, 5.0]), torch.tensor([4.0, 6.0])
    assert margin("hinge", real, made).tolist() == [5.0, 5.0]
    assert margin("relativistic", real, made).tolist() == [1.0, -1.0]


@pytest.mark.parametrize("precise", [True, False])
def test_the_penalty_of_a_linear_critic_is_how_far_its_weight_is_from_one(precise: bool) -> None:
    torch.manual_seed(0)
    weight = torch.randn(1, 12, requires_grad=True)
    real, made = torch.randn(3, 3, 4), torch.randn(3, 3, 4)
    with torch.autocast("cpu", torch.bfloat16, enabled=not precise):
        penalty, norm = gradient_penalty(lambda x: F.linear(x.flatten(1), weight), real, made)
    size = weight.detach().norm()
    assert torch.isclose(norm, size)
    assert torch.isclose(penalty, (size - 1) ** 2)
    (slope,) = torch.autograd.grad(penalty, weight)
    assert torch.allclose(slope, 2 * (size - 1) * weight.detach() / size, atol=1e-5)


def test_the_zero_centred_penalty_is_the_squared_slope() -> None:
    torch.manual_seed(0)
    x = torch.randn(5, 7).requires_grad_()
    weight = torch.tensor(3.0, requires_grad=True)
    penalty = zero_centred(weight * x.square().sum(1), x)  # ∇ = 2 w x
    assert torch.isclose(penalty, (2 * 3.0 * x).square().sum(1).mean())
    (slope,) = torch.autograd.grad(penalty, weight)
    assert torch.isclose(slope, 2 * penalty / 3.0)


def test_many_scores_of_a_sound_count_as_their_mean() -> None:
    x = torch.randn(2, 6).requires_grad_()
    assert torch.isclose(zero_centred(3 * x, x), torch.tensor(6 * (3 / 6) ** 2))


def test_changes_grow_while_critics_are_too_sure_and_go_where_they_are_not() -> None:
    ada = Ada(RATE, target=0.6, ramp=400)
    for _ in range(60):
        said = ada.adapt(torch.ones(16))
    grown = float(ada.strength)
    assert grown == pytest.approx(MOST)
    assert float(said["ada/overfit"]) > float(said["ada/target"])
    for _ in range(10):
        ada.adapt(torch.tensor([1.0, -1.0] * 8))
    assert float(ada.strength) < grown
    assert set(ada.state_dict()) == {"strength", "overfit"}


def test_without_strength_nothing_changes() -> None:
    sound = torch.randn(3, 2, 4096)
    assert torch.equal(Ada(RATE)(sound)[0], sound)


@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_changes_keep_silence_and_are_the_same_for_both_and_differentiable(strength: float) -> None:
    torch.manual_seed(0)
    ada = Ada(RATE)
    ada.strength.fill_(strength)
    sound = torch.randn(12, 2, 4096)
    silence, first, second = ada(torch.zeros_like(sound), sound.requires_grad_(), sound.detach())
    assert silence.abs().max() == 0
    assert torch.equal(first, second)
    assert first.shape == sound.shape
    changed = (first != sound).flatten(1).any(1).float().mean()
    assert (changed == 1) if strength == 1 else (changed > 0)
    (slope,) = torch.autograd.grad(first.square().sum(), sound)
    assert torch.isfinite(slope).all()
    assert (slope.flatten(1).abs().sum(1) > 0).all()


def test_changes_stay_small() -> None:
    torch.manual_seed(1)
    ada = Ada(RATE)
    ada.strength.fill_(1.0)
    tone = torch.sin(2 * torch.pi * 1000 * torch.arange(16384) / RATE).expand(32, 1, -1)
    (changed,) = ada(tone)
    spectrum = torch.fft.rfft(changed * torch.hann_window(16384)).abs()[:, 0]
    hertz = spectrum.argmax(1) * RATE / 16384
    assert (hertz - 1000).abs().max() < 1000 * (2 ** (30 / 1200) - 1) + 3
    level = 20 * torch.log10(spectrum.amax(1) / torch.fft.rfft(tone * torch.hann_window(16384)).abs()[:, 0].amax(1))
    assert level.abs().max() < 7.6  # 6 dB, 0.02 of tilt, and what a window misses between two bins
