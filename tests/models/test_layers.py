"""The parts that families are built of: filter banks rebuild, distances behave, critics and priors learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.models.labelled import finish
from studio.models.layers.augment import augment
from studio.models.layers.blocks import Upsample
from studio.models.layers.decoders import DECODERS, FRAME, Tones
from studio.models.layers.discriminators import Critics
from studio.models.layers.flow import Flow
from studio.models.layers.istft import ISTFT, stft
from studio.models.layers.losses import Mel, MelDistance, mel_filters, roughness
from studio.models.layers.partials import Partials
from studio.models.layers.pqmf import BANDS, PQMF, filters

RATE = 44100


def db(wrong: torch.Tensor, right: torch.Tensor) -> float:
    return float(10 * torch.log10(wrong.square().mean() / right.square().mean()))


def test_the_filter_bank_rebuilds_noise_to_59_db() -> None:
    torch.manual_seed(0)
    audio = torch.randn(2, 2, 8192)
    bank = PQMF()
    bands = bank.analysis(audio)
    assert bands.shape == (2, 2 * BANDS, 512)
    again = bank.synthesis(bands)
    assert db((again - audio)[..., 256:-256], audio) < -59


def test_the_polyphase_form_is_the_filters_themselves() -> None:
    rng = np.random.default_rng(0)
    audio = rng.standard_normal(2048)
    analysis, synthesis = filters()
    bands = np.stack([np.convolve(audio, h, "same")[::BANDS] for h in analysis])
    ours = PQMF().analysis(torch.from_numpy(audio).float()[None, None])[0].numpy()
    assert np.allclose(ours, bands, atol=1e-5)
    stuffed = np.zeros((BANDS, 2048))
    stuffed[:, ::BANDS] = bands * BANDS
    whole = sum(np.convolve(row, h, "same") for row, h in zip(stuffed, synthesis))
    again = PQMF().synthesis(torch.from_numpy(bands).float()[None])[0, 0].numpy()
    assert np.allclose(again, whole, atol=1e-4)


@pytest.mark.parametrize("band", [0, 5, 15])
def test_a_tone_stays_in_its_band(band: int) -> None:
    hertz = (band + 0.5) * RATE / 2 / BANDS
    tone = torch.sin(2 * torch.pi * hertz * torch.arange(16384) / RATE) * torch.hann_window(16384)
    power = PQMF().analysis(tone[None, None])[0].square().mean(1)
    near = power[max(0, band - 1) : band + 2].sum()
    assert power.argmax() == band
    assert near / power.sum() > 1 - 1e-6


@pytest.mark.parametrize(("n_fft", "hop"), [(1024, 256), (512, 64), (64, 16)])
def test_the_inverse_transform_inverts(n_fft: int, hop: int) -> None:
    torch.manual_seed(0)
    audio = torch.randn(2, 4096)
    spectrum = stft(audio, n_fft, hop)
    again = ISTFT(n_fft, hop)(spectrum.real, spectrum.imag)
    assert again.shape == audio.shape
    assert torch.allclose(again[:, n_fft:-n_fft], audio[:, n_fft:-n_fft], atol=1e-5)


def test_few_bins_are_the_same_as_all_with_silent_ones() -> None:
    torch.manual_seed(0)
    real, imaginary = torch.randn(2, 20, 16), torch.randn(2, 20, 16)
    rest = (0, 0, 0, 257 - 20)
    whole = ISTFT(512, 128)(torch.nn.functional.pad(real, rest), torch.nn.functional.pad(imaginary, rest))
    assert torch.allclose(ISTFT(512, 128, 20)(real, imaginary), whole, atol=1e-5)


def test_constant_features_are_a_constant_tone() -> None:
    tones = Tones(4, 1).requires_grad_(False)
    assert tones.out.bias is not None
    tones.out.bias.view(3, -1)[0] = -20
    tones.out.bias.view(3, -1)[0, 20] = 2
    tone = tones(torch.zeros(1, 4, 64))[0, 0, 8192:24576] * torch.hann_window(16384)
    power = torch.fft.rfft(tone).abs().square()
    peak = int(power.argmax())
    assert peak * RATE / 16384 == pytest.approx(20 * RATE / 2048, abs=RATE / 16384)
    assert float(power[peak - 3 : peak + 4].sum() / power.sum()) > 1 - 1e-5


def test_a_hop_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="hop"):
        ISTFT(1024, 300)


@pytest.mark.parametrize(("n_fft", "n_mels"), [(32, 5), (256, 40), (2048, 320)])
def test_mel_filters_have_unit_sum_and_leave_no_band_empty(n_fft: int, n_mels: int) -> None:
    bank = mel_filters(RATE, n_fft, n_mels)
    assert bank.shape == (n_mels, n_fft // 2 + 1)
    assert np.allclose(bank.sum(1), 1, atol=1e-6)
    assert (bank >= 0).all()


@settings(max_examples=20, deadline=None)
@given(st.floats(-12, 12), st.integers(0, 2**31 - 1))
def test_the_distance_of_a_gain_is_that_gain(gain_db: float, seed: int) -> None:
    noise = torch.randn(1, 1, 8192, generator=torch.Generator().manual_seed(seed)) * 0.1
    distance = MelDistance(RATE).eval()
    assert float(distance(noise * 10 ** (gain_db / 20), noise)) == pytest.approx(abs(gain_db) / 20, abs=0.03)


def test_the_distance_does_not_hear_what_is_100_db_down() -> None:
    tone = torch.sin(torch.arange(16384) * 0.1)[None, None]
    hiss = tone + 1e-5 * torch.randn(1, 1, 16384, generator=torch.Generator().manual_seed(0))
    louder = tone + 1e-2 * torch.randn(1, 1, 16384, generator=torch.Generator().manual_seed(0))
    distance = MelDistance(RATE).eval()
    assert float(distance(hiss, tone)) < 0.02 < 0.3 < float(distance(louder, tone))


def test_training_minds_the_hit_more_than_the_tail() -> None:
    torch.manual_seed(0)
    sound = torch.randn(1, 1, 32768) * (-torch.arange(32768) / 2000).exp()
    soft, dull = sound.clone(), sound.clone()
    soft[..., :1024] *= 0.3  # the hit
    dull[..., -1024:] *= 0.3  # as much of the tail
    distance = MelDistance(RATE)
    hit, tail = (float(distance.eval()(x, sound)) for x in (soft, dull))
    assert float(distance.train()(soft, sound)) / float(distance(dull, sound)) > 1.5 * hit / tail


def test_training_and_measuring_distances_agree() -> None:
    torch.manual_seed(0)
    a = torch.randn(4, 1, 16384) * 0.1
    distance = MelDistance(RATE)
    for b, rest in ((0.3 * a, 0.02), (torch.randn(4, 1, 16384) * 0.03, 0.1)):  # two draws differ a little in roughness
        sparse = torch.stack([distance.train()(a, b) for _ in range(4)]).mean()
        assert float(sparse) == pytest.approx(float(distance.eval()(a, b).mean()), rel=rest)


def test_all_draws_of_a_noise_are_as_rough_and_what_lies_between_them_is_smooth() -> None:
    torch.manual_seed(0)
    mel = Mel(RATE, 1024, 80, 512)
    draws = [(mel(0.1 * torch.randn(1, 32768))[None] + 1e-4).log10() for _ in range(24)]
    one, other, between = (float(roughness(x).mean()) for x in (draws[0], draws[1], torch.stack(draws).mean(0)))
    assert other == pytest.approx(one, rel=0.1)
    assert between < 0.5 * one


def test_distance_to_and_from_silence_has_a_finite_slope() -> None:
    silent = torch.zeros(1, 1, 4096, requires_grad=True)
    loud = torch.randn(1, 1, 4096, generator=torch.Generator().manual_seed(0))
    distance = MelDistance(RATE).eval()
    (to,) = torch.autograd.grad(distance(silent, loud).sum(), silent)
    (back,) = torch.autograd.grad(distance(silent, torch.zeros_like(loud)).sum(), silent)
    assert torch.isfinite(to).all()
    assert torch.isfinite(back).all()


def test_upsampling_starts_as_a_held_sample() -> None:
    torch.manual_seed(0)
    held = Upsample(4, 2, 8)(torch.randn(1, 4, 5))
    assert held.shape == (1, 2, 40)
    assert torch.allclose(held.unflatten(2, (5, 8)).std(3), torch.zeros(1, 2, 5), atol=1e-6)


@pytest.mark.parametrize("kind", list(DECODERS))
@pytest.mark.parametrize("channels", [1, 2])
def test_a_decoder_starts_near_the_level_it_is_told(kind: str, channels: int) -> None:
    torch.manual_seed(0)
    decoder = DECODERS[kind](8, 2, channels, 8, 64).eval()
    noise = 0.02 * torch.randn(1, channels, 8 * FRAME)
    decoder.set_level(PQMF().analysis(noise).square().mean((0, 2)).sqrt())
    made = decoder(torch.randn(1, 8), torch.zeros(1, 2), torch.randn(1, channels * BANDS, 8 * FRAME // BANDS))
    assert made.shape == noise.shape
    quiet = 0.1 if kind == "pqmf" else 0.3  # its noise begins fainter
    assert quiet < float(made.detach().std() / noise.std()) < 6


@pytest.mark.parametrize("kind", list(DECODERS))
def test_a_short_decode_is_the_beginning_of_a_long_one(kind: str) -> None:
    """Where the columns to the right don't reach: lengths are cut after decoding."""
    torch.manual_seed(0)
    decoder = DECODERS[kind](8, 0, 1, 32, 32).eval()
    latent, none, noise = torch.randn(1, 8), torch.zeros(1, 0), torch.randn(1, BANDS, 32 * FRAME // BANDS)
    long = decoder(latent, none, noise)
    short = decoder(latent, none, noise[..., : 16 * FRAME // BANDS])
    assert torch.allclose(long[..., : 8 * FRAME], short[..., : 8 * FRAME], atol=1e-5)


@pytest.mark.parametrize("kind", list(DECODERS))
def test_partials_sound_at_the_note_that_is_asked(kind: str) -> None:
    """With everything else silenced, at every note; without one, at the note of the sound itself."""
    torch.manual_seed(0)
    decoder = DECODERS[kind](8, 0, 1, 16, 32, 4).eval()
    assert decoder.partials is not None and decoder.height is not None
    for part in (decoder.out, *((decoder.tones.out, *decoder.outlines) if kind == "pqmf" else ())):
        torch.nn.init.zeros_(part.weight)
        torch.nn.init.constant_(part.bias, -30.0)
    latent, none, noise = torch.randn(1, 8), torch.zeros(1, 0), torch.zeros(1, BANDS, 16 * FRAME // BANDS)
    own = float(decoder.note(decoder.columns(latent, none)[0]).detach())
    for asked in (0.0, 40.0, 57.3, 71.0):
        heard = decoder(latent, none, noise, torch.tensor([asked])).detach()[0, 0, 4096:-4096]
        spectrum = torch.fft.rfft(heard * torch.hann_window(len(heard)), 1 << 18).abs()
        hertz = float(spectrum.argmax()) * RATE / (1 << 18)
        assert abs(12 * math.log2(hertz / 440) + 69 - (asked or own)) < 0.1


@given(note=st.floats(24, 96), first=st.integers(0, 300))
@settings(max_examples=30, deadline=None)
def test_partials_are_sines_of_one_phase_wherever_they_begin(note: float, first: int) -> None:
    partials = Partials(2, 1, 20)
    hz = 440 * 2 ** ((note - 69) / 12)
    made = partials.waves(torch.tensor([[hz]]), torch.tensor([first]), 3)[0].double()
    time = (first * 128 + torch.arange(384, dtype=torch.float64)) * 4 / RATE
    turns = float(torch.tensor(hz, dtype=torch.float32)) * time
    wanted = (2 * math.pi * torch.arange(1, 21)[:, None] * turns).sin()
    audible = partials.heard(torch.tensor([[hz]]))[0] > 0
    assert (made - wanted)[audible].abs().max() < 0.02  # a millionth of the frequency off


@pytest.mark.parametrize("n_fft,n_mels,hop", [(32, 5, 16), (512, 64, 128), (2048, 320, 1024), (4096, 96, 2048)])
def test_mels_and_their_way_back_are_those_of_plain_operations(n_fft: int, n_mels: int, hop: int) -> None:
    torch.manual_seed(0)
    mel = Mel(RATE, n_fft, n_mels, hop)
    audio = torch.randn(3, 9000)
    audio[0], audio[1, 3000:] = 0, 0
    audio.requires_grad_()
    found = mel(audio)
    half, short = n_fft // 2, -9000 % hop
    frames = torch.nn.functional.pad(audio, (half, half + short)).unfold(1, n_fft, hop) * mel.taper
    plain = torch.fft.rfft(frames).abs() @ torch.from_numpy(mel_filters(RATE, n_fft, n_mels).T.copy())
    assert found.shape == plain.shape and torch.allclose(found, plain, atol=1e-6)
    assert torch.equal(mel(audio.detach()), found)
    weights = torch.rand_like(plain)
    (way,) = torch.autograd.grad((found.square() * weights).sum(), audio, create_graph=True)
    (back,) = torch.autograd.grad((plain.square() * weights).sum(), audio)
    assert torch.allclose(way, back, atol=1e-5 * float(back.abs().max())) and not way[0].any()
    with pytest.raises(RuntimeError, match="once_differentiable"):
        way.sum().backward()


def test_critics_learn_to_tell_noise_from_tones() -> None:
    torch.manual_seed(0)
    critics = Critics(RATE, 1, 0, 4)
    optimiser = torch.optim.Adam(critics.parameters(), 3e-3)
    none = torch.zeros(8, 0)
    right = 0.0
    for _ in range(40):
        hertz = 200 + 2000 * torch.rand(8, 1, 1)
        real = 0.3 * torch.sin(2 * torch.pi * hertz * torch.arange(8192) / RATE)
        made = 0.3 * torch.randn(8, 1, 8192)
        said = critics.judge(critics.look(real), critics.look(made), none)
        optimiser.zero_grad()
        said["critic/hinge"].backward()
        optimiser.step()
        right = float(said["critic/right"])
    assert right > 0.9


def test_the_same_sound_matches_itself() -> None:
    critics = Critics(RATE, 1, 2, 4)
    sound, classes = torch.randn(2, 1, 8192), torch.eye(2)
    critics.requires_grad_(False)
    seen = critics.look(sound)
    assert float(critics.teach(seen, seen, classes)["adversarial/match"]) == 0
    assert float(critics.teach(seen, critics.look(0.1 * sound), classes)["adversarial/match"]) > 0


def test_augmentation_is_the_same_for_both_and_differentiable() -> None:
    torch.manual_seed(0)
    sound = torch.randn(3, 2, 4096, requires_grad=True)
    a, b = augment(sound, 2 * sound)
    assert torch.allclose(2 * a, b)
    (slope,) = torch.autograd.grad(a.sum(), sound)
    assert torch.isfinite(slope).all()
    assert a.abs().amax((1, 2)).ne(sound.abs().amax((1, 2))).all()


def prior(centres: list[list[float]], spread: float) -> Flow:
    """A flow that has learned a cluster around each centre, a fifth of the time without being told which."""
    torch.manual_seed(0)
    flow = Flow(2, 2, 64)
    flow.std.fill_(float(torch.tensor(centres).std()))
    optimiser = torch.optim.Adam(flow.parameters(), 3e-3)
    for _ in range(400):
        label = torch.randint(2, (128,))
        data = torch.tensor(centres)[label] + spread * torch.randn(128, 2)
        loss = flow.loss(data, torch.eye(2)[label] * (torch.rand(128, 1) > 0.2))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return flow


def test_guidance_draws_what_is_more_of_a_class_and_spreads_no_wider() -> None:
    flow = prior([[0.7, 0.0], [-0.7, 0.0]], 1.0)
    noise, classes = torch.randn(2000, 2), torch.eye(2)[:1].expand(2000, 2)
    plain, guided = flow.draw(noise, classes), flow.draw(noise, classes, 3.0)
    right, more = (float((drawn[:, 0] > 0).float().mean()) for drawn in (plain, guided))
    assert 0.65 < right < 0.85, "clusters overlap"
    assert more > right + 0.03
    assert float(guided.std(0).max()) < float(plain.std(0).max()) * 1.1
    nothing = torch.zeros(2000, 2)
    assert torch.allclose(flow.draw(noise, nothing, 3.0), flow.draw(noise, nothing), atol=1e-4), "no class leads nowhere"


def test_the_prior_learns_two_clusters_by_class() -> None:
    centres = torch.tensor([[3.0, 0.0], [-3.0, 1.0]])
    flow = prior(centres.tolist(), 0.2)
    for label in range(2):
        drawn = flow.draw(torch.randn(200, 2), torch.eye(2)[label].expand(200, 2))
        assert torch.allclose(drawn.mean(0), centres[label], atol=0.3)
        assert float(drawn.std(0).max()) < 0.8


def test_a_sound_ends_where_it_is_over_unless_a_length_is_asked_for() -> None:
    sound = torch.zeros(1, 44100)
    sound[:, :8820] = 2 * torch.sin(torch.arange(8820) * 0.1)
    sound[:, 8820:] = 1e-4
    assert finish(sound, 40000, RATE, trim=True).shape[1] == pytest.approx(8820 + 441, abs=40)
    whole = finish(sound, 40000, RATE, trim=False)
    assert whole.shape[1] == 40000
    assert float(whole.abs().max()) == 1
    assert float(whole[0, -1]) == 0
    assert finish(torch.full((2, 9000), torch.nan), 9000, RATE, trim=True).shape == (2, 2205)
