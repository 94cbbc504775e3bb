"""Notes are in tune before anything is learned, pictures tell a tone from a noise, and names move with what is moved."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from studio.audio import analysis
from studio.audio.sound import Sound
from studio.errors import NoNotes
from studio.models.base import family
from studio.models.controls import DataFacts
from studio.models.gansynth import GanSynth, GanSynthConfig
from studio.models.layers.harmonics import ROWS, Drawn, HarmonicPicture, hertz, spread
from studio.models.layers.transpose import resampled, transposed
from studio.project.recipe import Request
from tests.models.families import batch, step, tiny

RATE, N_FFT, HOP = 16000, 2048, 512


def sine(note: float, frames: int, amplitude: float = 0.5) -> torch.Tensor:
    time = torch.arange(frames, dtype=torch.float64) / RATE
    return (amplitude * (2 * math.pi * 440 * 2 ** ((note - 69) / 12) * time).sin())[None].float()


@settings(max_examples=20, deadline=None)
@given(note=st.floats(36, 84), row=st.integers(0, 5))
def test_a_drawn_partial_is_a_sine_of_its_level_and_frequency(note: float, row: int) -> None:
    level = torch.full((1, ROWS, 24), -30.0)
    level[:, row] = math.log(0.5)
    audio = Drawn(RATE, N_FFT, HOP)(level, None, None, torch.zeros(1, 24), torch.tensor([note]))[0, 2048:-2048].double()
    hz = float(hertz(torch.tensor(note)).double()) * (row + 1)
    angle = 2 * math.pi * hz / RATE * torch.arange(len(audio), dtype=torch.float64)
    basis = torch.stack([angle.cos(), angle.sin()], 1)
    found = torch.linalg.lstsq(basis, audio[:, None]).solution
    assert float(found.norm()) == pytest.approx(0.5, rel=0.01)
    assert float((basis @ found - audio[:, None]).abs().max()) < 0.005


@settings(max_examples=20, deadline=None)
@given(note=st.floats(40, 84))
def test_a_picture_reads_level_and_steadiness_of_the_asked_note(note: float) -> None:
    picture = HarmonicPicture(RATE, N_FFT, HOP)
    asked = torch.tensor([note])
    tone = picture(sine(note, 16384), asked)[0, :, 0, 4:-4]
    assert tone[0].numpy() == pytest.approx(math.log10(0.5), abs=0.01)
    assert tone[2].numpy() == pytest.approx(1.0, abs=0.01) and tone[3].numpy() == pytest.approx(0.0, abs=0.02)
    torch.manual_seed(0)
    noise = picture(0.2 * torch.randn(1, 16384), asked)[0, :, 8:, 4:-4]
    assert float(noise[2].mean().abs()) < 0.5  # overlapping frames of noise are alike by a third
    sharp = picture(sine(note + 0.3, 16384), asked)[0, 3, 0, 4:-4]
    turned = 2 * math.pi * float(hertz(torch.tensor(note + 0.3)) - hertz(torch.tensor(note))) * HOP / RATE
    assert sharp.numpy() == pytest.approx(math.sin(turned), abs=0.02)


def test_every_harmonic_has_a_share_of_two_rows() -> None:
    assert spread().sum(1).numpy() == pytest.approx(1.0)
    assert int((spread() > 0).sum(1).max()) <= 2


@pytest.mark.parametrize("note", [43.0, 60.5, 72.0])
def test_it_is_in_tune_before_it_has_learned(note: float) -> None:
    model = tiny("gansynth").eval()
    model.prepare(iter([batch(model)]))
    made = next(iter(model.generate(Request(seed=3, pitch=note))))[0].numpy()
    heard = analysis.facts(Sound(made, RATE)).pitch
    assert heard is not None and abs(analysis.hz_to_midi(heard) - note) < 0.5


def test_a_window_is_what_the_whole_has_there() -> None:
    torch.manual_seed(0)
    model = GanSynth(GanSynthConfig(seconds=1.5, rate=16000, latent=4, width=4, critic_width=4), DataFacts(count=2)).eval()
    maker, N = model.maker, model.config.frames
    with torch.no_grad():  # bent partials go on from a phase of their own
        for layer, row in ((maker.out, 1), (maker.slow, 0)):
            layer.weight[row] = 0
    latent, note, velocity = torch.randn(1, 4), torch.tensor([57.0]), torch.tensor([90.0])
    white = maker.white(latent, (0, N))
    whole = maker(latent, note, velocity, white)
    first, last = maker.around((16, 32))
    part = maker(latent, note, velocity, white[..., 4 * first : 4 * last], (16, 32))
    assert part.shape[-1] == 16 * HOP
    assert torch.allclose(part, whole[..., 16 * HOP : 32 * HOP], atol=1e-4)


@settings(max_examples=15, deadline=None)
@given(note=st.floats(45, 75), semitones=st.floats(-6, 6))
def test_a_moved_note_is_called_what_it_is(note: float, semitones: float) -> None:
    moved, by = resampled(sine(note, 16000), semitones)
    assert moved.shape == (1, 16000) and by == pytest.approx(semitones, abs=0.2)
    heard = HarmonicPicture(RATE, N_FFT, HOP)(moved[:, :8192], torch.tensor([note + by]))[0, :, 0, 3:-3]
    assert heard[0].numpy() == pytest.approx(math.log10(0.5), abs=0.02)
    assert heard[3].numpy() == pytest.approx(0.0, abs=0.03)


def test_some_notes_are_moved_and_none_further_than_asked() -> None:
    torch.manual_seed(0)
    notes = torch.full((64,), 60.0)
    audio, moved = transposed(sine(60, 2048).expand(64, 1, -1), notes, 3.0)
    assert 0 < int((moved != 60).sum()) < 40 and float((moved - 60).abs().max()) < 4
    assert all(
        torch.allclose(a, b, atol=1e-4) == bool(m == 60) for a, b, m in zip(audio, sine(60, 2048).expand(64, 1, -1), moved)
    )


def test_notes_are_drawn_as_they_were_heard() -> None:
    model = tiny("gansynth")
    examples = batch(model, size=8)
    model.prepare(iter([examples]))
    heard = {
        label: {round(float(p)) for p, at in zip(examples.pitch, examples.label) if at == i}
        for i, label in enumerate(("high", "low"))
    }
    for label, notes in heard.items():
        assert {round(one.pitch or 0) for one in model.resolve(Request(count=20, classes={label: 1.0}))} <= notes
    assert model.controls.velocity is None


def test_velocity_is_offered_where_it_was_heard_and_changes_the_sound() -> None:
    kind = family("gansynth")
    torch.manual_seed(0)
    model = kind(tiny("gansynth").config, DataFacts(count=4, struck=0.7))
    examples = batch(model)
    model.prepare(iter([examples]))
    step(model, examples, 0.0)
    assert model.controls.velocity is not None
    assert {one.velocity for one in model.resolve(Request(count=12))} == {50.0, 100.0}
    latent = ((0.5,) * 4,)
    soft, hard = (next(iter(model.eval().generate(Request(latent=latent, pitch=60.0, velocity=v)))) for v in (20.0, 120.0))
    assert soft.shape != hard.shape or not torch.equal(soft, hard)


def test_between_two_instruments_the_note_stays() -> None:
    model = tiny("gansynth").eval()
    model.prepare(iter([batch(model)]))
    ends = [np.array(next(iter(model.resolve(Request(seed=1, classes={c: 1.0})))).latent) for c in ("high", "low")]
    for share in (0.0, 0.5, 1.0):
        latent = (tuple(((1 - share) * ends[0] + share * ends[1])[0].tolist()),)
        heard = analysis.facts(Sound(next(iter(model.generate(Request(latent=latent, pitch=55.0))))[0].numpy(), RATE)).pitch
        assert heard is not None and abs(analysis.hz_to_midi(heard) - 55) < 0.5


def test_sounds_without_a_note_teach_nothing() -> None:
    model = tiny("gansynth")
    examples = batch(model)
    none = replace(examples, pitch=torch.full_like(examples.pitch, math.nan))
    with pytest.raises(NoNotes):
        model.prepare(iter([none]))
    model.prepare(iter([examples]))
    assert all(model.losses(none, group.name, 0.5) == {} for group in model.phases()[0].groups)
    some = replace(examples, pitch=torch.where(torch.arange(4) == 1, math.nan, examples.pitch))
    assert all(math.isfinite(value) for value in step(model, some, 0.5).values())
    assert math.isfinite(model.eval().measure(none)["energy"])


def test_it_says_what_it_needs() -> None:
    assert GanSynth.missing(DataFacts(count=100, pitched=0.9)) == ""
    assert "pitch" in GanSynth.missing(DataFacts(count=100, pitched=0.0))
    assert "two" in GanSynth.missing(DataFacts(count=1, pitched=1.0))


@pytest.mark.parametrize("loss", ["nonsaturating", "hinge", "wasserstein", "relativistic"])
def test_every_loss_teaches_both_sides(loss: str) -> None:
    torch.manual_seed(0)
    config = GanSynthConfig(seconds=0.3, rate=16000, latent=4, width=4, critic_width=4, loss=loss)  # type: ignore[arg-type]
    model = GanSynth(config, DataFacts(count=4, seconds=0.3))
    examples = batch(model)
    model.prepare(iter([examples]))
    said: dict[str, float] = {}
    for _ in range(12):
        said |= step(model, examples, 0.5, 0.1)
    assert {"adversarial/score", "critic/score", "critic/slope", "place/latent"} <= said.keys()
    assert all(math.isfinite(value) for value in said.values())


@settings(max_examples=10, deadline=None)
@given(note=st.floats(45, 80), off=st.floats(-60, 60))
def test_cents_are_measured_from_the_sound(note: float, off: float) -> None:
    away = abs(float(hertz(torch.tensor(note + off / 100)) - hertz(torch.tensor(note))))
    assume(away < 0.45 * RATE / HOP)  # half a turn per frame is as far as it can see
    picture = HarmonicPicture(RATE, N_FFT, HOP)
    found = picture.cents(picture(sine(note + off / 100, 16384), torch.tensor([note])), torch.tensor([note]))
    assert float(found) == pytest.approx(abs(off), abs=3)
