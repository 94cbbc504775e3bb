"""The adversarial family: what critics see and are told, lengths that are steered, and a number that knows better."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from studio.models.labelled import middle_side
from studio.models.layers.decoders import FRAME
from studio.models.layers.endings import PEAK, ended
from studio.models.layers.energy import Ears, energy_distance, energy_score, natural
from studio.models.layers.heads import Head
from studio.models.layers.lengths import Lengths
from studio.models.layers.pqmf import BANDS
from studio.models.layers.scorers import CROP, BandScorer, PictureScorer, cropped
from studio.models.layers.wavegan import WaveCritic, WaveGenerator, shuffled
from studio.models.placed import ALIKE
from studio.models.wavegan import BUCKETS, WaveGAN
from studio.project.recipe import Request
from studio.training.learner import Learner
from studio.training.plan import TrainerConfig
from tests.models.families import LABELS, batch, step, tiny

RATE = 44100


@pytest.mark.parametrize("samples", BUCKETS)
def test_the_classic_networks_mirror_each_other(samples: int) -> None:
    generator, critic = WaveGenerator(5, 2, 1, samples, 2), WaveCritic(1, samples, 2, 2, 2, True)
    sound = generator(torch.randn(2, 5), torch.eye(2))
    assert sound.shape == (2, 1, samples)
    assert critic(sound, torch.eye(2)).shape == (2, 1)


def test_the_classic_networks_have_the_papers_sizes() -> None:
    assert sum(p.numel() for p in WaveGenerator(100, 0, 1, 16384, 64).parameters()) / 1e6 == pytest.approx(19.1, abs=0.1)
    assert sum(p.numel() for p in WaveGenerator(100, 0, 1, 65536, 64).parameters()) / 1e6 == pytest.approx(73.2, abs=1.6)


def test_phase_shuffle_moves_each_sound_by_a_few_frames_and_mirrors_its_edge() -> None:
    torch.manual_seed(0)
    line = torch.arange(10.0).expand(64, 1, 10)
    moved = shuffled(line, 2)
    shift = (line - moved)[:, 0, 5]
    assert set(shift.tolist()) == {-2.0, -1.0, 0.0, 1.0, 2.0}
    assert ((line - moved)[:, 0, 2:8] == shift[:, None]).all()
    late = moved[shift == 2][0, 0]
    assert late.tolist() == [2, 1, 0, 1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("concat", [False, True])
def test_a_head_scores_by_what_it_is_told(concat: bool) -> None:
    torch.manual_seed(0)
    head = Head(8, 3, concat)
    x = torch.randn(2, 8, 4, 5)
    one, other = (head(x, F.one_hot(torch.tensor([i, i]), 3).float()) for i in (0, 1))
    assert one.shape == (2, 20)
    assert not torch.allclose(one, other)
    assert Head(8, 0, concat)(x, torch.zeros(2, 0)).shape == (2, 20)


def test_crops_begin_where_they_are_told() -> None:
    audio = torch.arange(3.0 * CROP).expand(2, 1, -1)
    assert cropped(audio, torch.tensor([0, 777]))[:, 0, 0].tolist() == [0, 777]
    assert cropped(audio[..., :5000], torch.tensor([0, 0])).shape == (2, 1, 5000)


@pytest.mark.parametrize("kind", ["crop", "whole", "bands"])
def test_scorers_learn_to_tell_noise_from_tones_and_have_slopes_of_slopes(kind: str) -> None:
    torch.manual_seed(0)
    scorer: torch.nn.Module = (
        BandScorer(1, 4, 0, False)
        if kind == "bands"
        else PictureScorer(RATE, 1, (1024, 64, 512), 4, 0, False, whole=kind == "whole")
    )
    told = torch.zeros(4, 0)
    noise = scorer.look(0.1 * torch.randn(4, 1, CROP), torch.zeros(4, dtype=torch.long))  # type: ignore[operator]
    hertz = 200 * 2 ** (2 * torch.rand(4, 1, 1))
    tones = 0.1 * torch.sin(2 * math.pi * hertz * torch.arange(CROP) / RATE)
    tones = scorer.look(tones, torch.zeros(4, dtype=torch.long)).requires_grad_()  # type: ignore[operator]
    optimiser = torch.optim.Adam(scorer.parameters(), 2e-3)
    for _ in range(30):
        optimiser.zero_grad()
        yes, no = scorer(tones, told), scorer(noise, told)
        (slope,) = torch.autograd.grad(yes.sum(), tones, create_graph=True)
        (F.softplus(no.mean(1) - yes.mean(1)).mean() + 1e-6 * slope.square().sum()).backward()
        optimiser.step()
    assert (scorer(tones, told).mean(1) > scorer(noise, told).mean(1)).all()


def test_lengths_go_there_and_back_and_are_drawn_as_they_were() -> None:
    torch.manual_seed(0)
    lengths = Lengths(2, 0.05, 3.0)
    label = torch.arange(400) % 2
    seconds = torch.where(label == 0, 0.2, 1.0) * torch.exp(0.2 * torch.randn(400))
    lengths.fit(seconds, label)
    assert torch.allclose(lengths.seconds(lengths.number(seconds)), seconds, rtol=1e-4)
    for classes, wanted in (([1.0, 0.0], 0.2), ([0.0, 1.0], 1.0)):
        drawn = lengths.seconds(lengths.draw(torch.randn(2000), torch.tensor([classes]).expand(2000, -1))).log()
        assert float(drawn.mean()) == pytest.approx(math.log(wanted), abs=0.05)
        assert float(drawn.std()) == pytest.approx(0.2, abs=0.05)
    between = lengths.seconds(lengths.draw(torch.zeros(1), torch.tensor([[0.5, 0.5]])))
    assert 0.3 < float(between) < 0.65


def test_the_energy_score_is_lowest_for_what_is_spread_as_the_real_ones() -> None:
    torch.manual_seed(0)
    real = torch.randn(4000, 3)

    def score(spread: float, offset: float = 0.0) -> float:
        return float(energy_score(real, *(spread * torch.randn(4000, 3) + offset for _ in range(2))).mean())

    best = score(1.0)
    assert best < min(score(0.0), score(0.5), score(1.6), score(1.0, 0.5))
    assert float(natural(real[:800], torch.zeros(800))) == pytest.approx(best, rel=0.03)


def test_what_real_sounds_would_score_takes_no_more_memory_than_their_distances() -> None:
    """A thousand sounds are heard before learning begins; all differences of their features would be 12 GB."""
    largest = 0

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            nonlocal largest
            found = function(*args, **(kwargs or {}))
            largest = max(largest, found.numel() if isinstance(found, torch.Tensor) else 0)
            return found

    with Watch():
        natural(torch.randn(100, 300), torch.arange(100) % 3)
    assert 10_000 <= largest <= 30_000


def test_the_energy_distance_draws_to_sounds_of_the_label_and_apart_from_each_other() -> None:
    torch.manual_seed(0)
    label = torch.arange(32) % 2
    real = torch.randn(32, 2) + 6.0 * label[:, None]
    made = (0.1 * torch.randn(32, 2)).requires_grad_()
    for _ in range(150):
        made = (made - 3.0 * torch.autograd.grad(energy_distance(real, made, label), made)[0]).detach().requires_grad_()
    for value in (0, 1):
        assert (made[label == value].mean(0) - real[label == value].mean(0)).abs().max() < 0.6
        assert made[label == value].std(0).min() > 0.4
    assert energy_distance(real[:2], made[:2], label[:2]) == 0  # a label that occurs once says nothing


def test_ears_hear_a_short_sound_as_one_with_silence_after_it() -> None:
    torch.manual_seed(0)
    ears, sound = Ears(RATE, 32768), torch.randn(2, 1, 16384)
    assert torch.allclose(ears(sound), ears(F.pad(sound, (0, 16384))))


def test_new_sounds_are_as_long_as_asked() -> None:
    model = tiny("wavegan").eval()
    model.prepare(iter([batch(model, 16)]))
    for seconds in (0.1, 0.3):
        (sound,) = model.generate(Request(seed=1, seconds=seconds))
        assert sound.shape[2] == pytest.approx(seconds * RATE, abs=1)


def test_a_sound_is_encoded_with_its_length() -> None:
    model = tiny("wavegan").eval()
    assert isinstance(model, WaveGAN)
    examples = batch(model, 8)
    model.prepare(iter([examples]))
    latent = model.encode(examples.audio)
    assert torch.allclose(model.lengths.seconds(latent[:, 0]), examples.seconds, atol=0.03)


def test_a_made_sound_ends_with_the_real_one_beside_it() -> None:
    model = tiny("wavegan-stereo")
    assert isinstance(model, WaveGAN)
    examples = batch(model)
    model.prepare(iter([examples]))
    real, made, conditions, latent = model._pair(examples)
    assert real.shape == made.shape
    assert torch.equal(real, middle_side(examples.audio)[..., : real.shape[-1]])
    assert conditions.shape == (4, len(LABELS) + 1)
    assert torch.allclose(model.lengths.seconds(latent[:, 0]), examples.seconds, atol=1e-3)
    for row, seconds in enumerate(examples.seconds.tolist()):
        assert made[row, :, math.ceil(seconds * RATE) :].abs().sum() == 0


def test_sounds_are_made_as_far_as_they_are_heard_whatever_their_group() -> None:
    model = tiny("wavegan").eval()
    assert isinstance(model, WaveGAN)
    examples = batch(model, 8)
    model.prepare(iter([examples]))
    latent = torch.randn(8, model.config.latent)
    classes, frames = model.one_hot(examples.label), model._frames(examples.seconds)
    quiet = torch.zeros(8, BANDS, frames * FRAME // BANDS)
    model._noise = lambda count, n: quiet[:count, :, : n * FRAME // BANDS]  # type: ignore[method-assign]
    with torch.no_grad():
        together = model._ended(model._decode(latent, classes, frames), examples.seconds)
        grouped = model._made(latent, classes, examples.seconds, frames)
    for row, seconds in enumerate(examples.seconds.tolist()):
        end = max(1, int(seconds * RATE) - 4 * FRAME)  # near its end a group knows nothing of what would follow
        assert torch.allclose(grouped[row, :, :end], together[row, :, :end], atol=0.05)


def test_penalties_come_every_few_turns() -> None:
    model = tiny("wavegan")
    examples = batch(model)
    model.prepare(iter([examples]))
    came = ["critic/penalty" in step(model, examples, 1.0) for _ in range(model.config.lazy + 1)]
    assert came == [True, *[False] * (model.config.lazy - 1), True]


def test_the_classic_critic_learns_to_tell_the_batch_from_what_is_made() -> None:
    model = tiny("wavegan-classic")
    examples = batch(model)
    model.prepare(iter([examples]))
    first = step(model, examples, 0.0, rates=30)
    for _ in range(6):
        last = step(model, examples, 0.0, rates=30)
    assert last["critic/loss"] < first["critic/loss"] - 0.05
    assert {"critic/norm", "critic/penalty"} <= set(last)


def test_made_sounds_end_where_they_are_asked_to_around_zero_and_at_their_peak() -> None:
    seconds = torch.tensor([0.02, 0.1, 0.05])
    found = ended(torch.rand(3, 2, 4410) + 0.2, seconds, RATE)
    for one, length in zip(found, seconds.tolist()):
        n = round(length * RATE)
        assert one[:, n + 1 :].abs().sum() == 0
        assert abs(float(one[:, :n].mean())) < 0.02
    assert found.abs().amax((1, 2)).tolist() == pytest.approx([PEAK] * 3)
    assert ended(torch.zeros(3, 2, 4410), seconds, RATE).abs().max() == 0


def test_new_sounds_are_learned_on_the_way_between_real_ones_of_a_class_and_length() -> None:
    model = tiny("wavegan")
    assert isinstance(model, WaveGAN)
    examples = batch(model, 8)
    model.prepare(iter([examples]))
    number = model.lengths.number(examples.seconds)
    model.remember(examples, torch.stack([number, *[examples.label.float()] * 7], 1))
    for _ in range(20):
        latent = model._prior(examples)
        assert torch.equal(latent[:, 1:], examples.label.float()[:, None].expand(-1, 7)), "of its class"
        assert float((latent[:, 0] - number).abs().max()) < 4 * ALIKE, "about as long"


def test_a_mixture_of_classes_lies_between_what_one_noise_gives_in_each() -> None:
    model = tiny("wavegan").eval()
    assert isinstance(model, WaveGAN)
    for parameter in model.flow.parameters():
        torch.nn.init.normal_(parameter, std=0.2, generator=torch.Generator().manual_seed(0))

    def drawn(*weights: float) -> torch.Tensor:
        return model._from(np.random.Generator(np.random.PCG64(5)), torch.tensor([weights]), 1.0)

    kick, snare, none = drawn(1, 0), drawn(0, 1), drawn(0, 0)
    assert not torch.allclose(kick, snare, atol=0.1) and not torch.allclose(kick, none, atol=0.1)
    assert torch.allclose(drawn(0.25, 0.75), 0.25 * kick + 0.75 * snare, atol=1e-5)

    normal, classes = torch.randn(1, model.config.latent), torch.tensor([[1.0, 0.0]])
    plain = model.flow.draw(normal, classes)
    assert not torch.allclose(model.place(normal, classes), plain, atol=0.01), "guided, as measured"


def test_a_step_of_the_trainer_goes_through_with_critics_in_it() -> None:
    """Each group's turn ends its own graph: what critics are told must not lead back into the generator's."""
    model = tiny("wavegan")
    model.prepare(iter([batch(model)]))
    learner = Learner(model, TrainerConfig(batch=4), "fp32")
    for number in range(2):
        outcome = learner.step(number, 0.9, lambda n: batch(model, seed=n))
        assert outcome.sound and "critic/loss" in outcome.values and "anchor/mel" in outcome.values
    early = learner.step(2, 0.1, lambda n: batch(model, seed=n)).values
    assert "critic/loss" not in early and "adversarial/score" not in early
