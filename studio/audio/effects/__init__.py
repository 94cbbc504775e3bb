"""The table of effects, for the rack in the editor, the command line and recipes; they meet the other steps in steps.py.

What pedalboard (JUCE) does well is its work; scipy does the rest. No effect shifts the sound in time, and the same sound gives
the same samples. An effect that rings, rings on for its `tail`.
"""

from __future__ import annotations

from studio.audio.effects import dirt, dynamics, movement, space, tone
from studio.audio.step import Step

STEPS: dict[str, Step] = {**tone.STEPS, **dynamics.STEPS, **space.STEPS, **movement.STEPS, **dirt.STEPS}
