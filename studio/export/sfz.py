"""SFZ: the text format that most samplers read (sfizz, ARIA, Bitwig, TX16Wx, Renoise …).

Notes are numbers, because names mean different octaves to different players. `loop_mode` always stands there: without it a file
with a loop in its chunks loops, and one without does not. `loop_end` is inclusive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import studio
from studio.export.instrument import Instrument, InstrumentOptions, Sample
from studio.export.zones import LAST


class Sfz(Instrument):
    id = "sfz"
    name = "SFZ instrument"
    sentence = "A playable instrument or drum kit for most samplers, Bitwig among them"
    extension = ".sfz"
    Options = InstrumentOptions

    def text(self, title: str, samples: Sequence[Sample], options: Any) -> str:
        lines = [f"// {title}, made by Wavewright {studio.__version__}", ""]
        lines += ["<control>", f"default_path={self.samples}/", ""]
        lines += ["<global>", f"ampeg_attack={options.attack:g}", f"ampeg_release={options.release:g}", ""]
        return "\n".join([*lines, *(region(sample, f"{self.samples}/") for sample in samples)]) + "\n"


def region(sample: Sample, default_path: str = "") -> str:
    """One sample in its zone, on a line of its own."""
    zone = sample.zone
    words = {
        "lokey": zone.low,
        "hikey": zone.high,
        "pitch_keycenter": zone.root,
        "lovel": zone.soft,
        "hivel": zone.hard,
    }
    if zone.tune:
        words["tune"] = round(zone.tune)
    if not zone.follows:
        words["pitch_keytrack"] = 0
    if zone.turns > 1:
        words |= {"seq_length": zone.turns, "seq_position": zone.turn}
    mode = "loop_continuous" if sample.loop else "no_loop" if zone.follows else "one_shot"
    loop = f" loop_start={sample.loop[0]} loop_end={sample.loop[1]}" if sample.loop else ""
    keys = " ".join(f"{name}={value}" for name, value in words.items() if (name, value) not in _DEFAULTS)
    return f"<region> {keys} loop_mode={mode}{loop} sample={sample.path.removeprefix(default_path)}"


_DEFAULTS = {("lovel", 0), ("hivel", LAST)}
"""What need not be said."""
