"""What to ask of a model to hear a sound in its words: Explore, previews and evaluation say sounds again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio.audio import analysis
from studio.audio.sound import Sound
from studio.models.controls import Controls
from studio.project.recipe import Request


def said_again(
    controls: Controls,
    sound: Sound,
    latent: NDArray[np.floating],
    label: str = "",
    pitch: float | None = None,
    velocity: float | None = None,
) -> Request:
    """For `sound` at `latent`, (D,) or (frames, D), where the model hears it: as long as it is, and at its note (MIDI), by ear
    where `pitch` is not known. Fields that the model does not listen to stay as they are."""
    if controls.pitch and (pitch is None or not np.isfinite(pitch)):
        hertz = analysis.facts(sound).pitch
        pitch = analysis.hz_to_midi(hertz) if hertz else None
    if velocity is not None and not np.isfinite(velocity):
        velocity = None
    return Request(
        latent=tuple(tuple(map(float, row)) for row in np.atleast_2d(latent)),
        classes={label: 1.0} if label in controls.classes else {},
        seconds=sound.seconds if controls.seconds else None,
        pitch=controls.pitch.within(pitch) if controls.pitch and pitch is not None else None,
        velocity=controls.velocity.within(velocity) if controls.velocity and velocity is not None else None,
    )
