"""The table of repairs, for the editor, the command line and recipes: what belongs to no music goes, the rest stays.

Each is a function of a sound like every other step, so that a trained cleaner is one more line here. Where there is nothing to
repair the sound comes back as it was.
"""

from __future__ import annotations

from studio.audio.repair import clicks, clipping, hum, noise
from studio.audio.step import Step

STEPS: dict[str, Step] = {**hum.STEPS, **clicks.STEPS, **clipping.STEPS, **noise.STEPS}
