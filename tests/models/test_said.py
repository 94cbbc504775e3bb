from __future__ import annotations

import numpy as np
import pytest

from studio.audio.sound import Sound
from studio.models.controls import Controls, Latent, Range
from studio.models.said import said_again

ALL = Controls(
    latent=Latent("global", 2),
    classes=("bass",),
    pitch=Range(24, 96, 60),
    velocity=Range(1, 127, 100),
    seconds=Range(0.05, 4, 1),
)


def tone(hertz: float) -> Sound:
    time = np.arange(22050) / 44100
    return Sound((0.5 * np.sin(2 * np.pi * hertz * time) * np.exp(-4 * time)).astype(np.float32)[None], 44100)


def test_a_note_that_is_known_is_taken_and_another_is_heard() -> None:
    request = said_again(ALL, tone(220), np.array([0.5, -1]), "bass", 59.0, 80.0)
    assert request.latent == ((0.5, -1.0),) and request.classes == {"bass": 1.0} and request.seconds == 0.5
    assert (request.pitch, request.velocity) == (59.0, 80.0)
    heard = said_again(ALL, tone(220), np.zeros(2), "harp", float("nan"), float("nan"))
    assert heard.pitch == pytest.approx(57, abs=0.1) and heard.velocity is None and heard.classes == {}


def test_notes_stay_within_what_the_model_plays() -> None:
    assert said_again(ALL, tone(220), np.zeros(2), "", 10.0, 0.0).pitch == 24
    assert said_again(ALL, tone(220), np.zeros(2), "", 10.0, 0.0).velocity == 1


def test_a_model_is_asked_for_nothing_that_it_does_not_listen_to() -> None:
    request = said_again(Controls(latent=Latent("series", 3)), tone(220), np.zeros((4, 3)), "bass", 59.0, 80.0)
    assert len(request.latent or ()) == 4
    assert (request.classes, request.seconds, request.pitch, request.velocity) == ({}, None, None, None)


def test_noise_has_no_note() -> None:
    noise = Sound(np.random.default_rng(0).standard_normal((1, 4410)).astype(np.float32) * 0.1, 44100)
    assert said_again(ALL, noise, np.zeros(2)).pitch is None
