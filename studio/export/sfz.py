"""SFZ: the text format that most samplers read (sfizz, ARIA, Bitwig, TX16Wx, Renoise …).

Notes are numbers, because names mean different octaves to different players. `loop_mode` always stands there: without it a file
with a loop in its chunks loops, and one without does not. `loop_end` is inclusive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import studio
from studio.export.instrument import Instrument, InstrumentOptions, Sample


class Sfz(Instrument):
    id = "sfz"
    name = "SFZ instrument"
    sentence = "A playable instrument or drum kit for most samplers, Bitwig among them"
    extension = ".sfz"
    Options = InstrumentOptions

    def text(self, title: str, samples: Sequence[Sample], options: Any) -> str:
        return text(title, samples, options)


def text(title: str, samples: Sequence[Sample], options: InstrumentOptions) -> str:
    """An SFZ file of these samples."""
    lines = [f"// {title}, made by Wavewright {studio.__version__}", ""]
    lines += ["<global>", f"ampeg_attack={options.attack:g}", f"ampeg_release={options.release:g}", ""]
    return "\n".join([*lines, *map(region, samples)]) + "\n"


def region(sample: Sample) -> str:
    """One sample in its zone, on a line of its own; its path comes last, because it may hold spaces."""
    zone = sample.zone
    words = {"lokey": zone.low, "hikey": zone.high, "pitch_keycenter": zone.root, "lovel": zone.soft, "hivel": zone.hard}
    if cents := round(zone.tune):
        words["tune"] = cents
    if not zone.follows:
        words["pitch_keytrack"] = 0
    if zone.turns > 1:
        words |= {"seq_length": zone.turns, "seq_position": zone.turn}
    if sample.loop:
        words |= {"loop_start": sample.loop[0], "loop_end": sample.loop[1]}
    mode = "loop_continuous" if sample.loop else "no_loop" if zone.follows else "one_shot"
    numbers = " ".join(f"{name}={value}" for name, value in words.items())
    return f"<region> {numbers} loop_mode={mode} sample={sample.path}"
