"""DecentSampler: a .dspreset text and its samples in a folder, by the format's Developers Guide (decentsamples.com).

There is one <groups>; sounds that take turns stand in a group of their own, which says so. `loopEnabled` always stands there,
because the sampler else believes the loops in the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as Xml

from studio.export.instrument import Instrument, InstrumentOptions, Sample

_KNOBS = (("Attack", "attack", 4.0, "ENV_ATTACK"), ("Release", "release", 20.0, "ENV_RELEASE"))


class DecentSampler(Instrument):
    id = "dspreset"
    name = "DecentSampler"
    sentence = "A playable instrument or drum kit for the free DecentSampler"
    extension = ".dspreset"
    Options = InstrumentOptions

    def text(self, title: str, samples: Sequence[Sample], options: Any) -> str:
        root = Xml.Element("DecentSampler", minVersion="1.0.0")
        root.append(_knobs(options))
        groups = Xml.SubElement(root, "groups", attack=f"{options.attack:g}", release=f"{options.release:g}")
        turns: dict[int, list[Sample]] = {}
        for sample in samples:
            turns.setdefault(sample.zone.turns, []).append(sample)
        for length, members in turns.items():
            group = Xml.SubElement(groups, "group")
            if length > 1:
                group.attrib |= {"seqMode": "round_robin", "seqLength": str(length)}
            if not members[0].zone.follows:
                group.set("pitchKeyTrack", "0")
            group.extend(_sample(sample) for sample in members)
        Xml.indent(root)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _sample(sample: Sample) -> Xml.Element:
    zone = sample.zone
    words = {"path": sample.path, "rootNote": zone.root, "loNote": zone.low, "hiNote": zone.high}
    words |= {"loVel": zone.soft, "hiVel": zone.hard}
    if zone.tune:
        words["tuning"] = f"{zone.tune / 100:g}"  # semitones
    if zone.turns > 1:
        words["seqPosition"] = zone.turn
    words["loopEnabled"] = "true" if sample.loop else "false"
    if sample.loop:
        words |= {"loopStart": sample.loop[0], "loopEnd": sample.loop[1]}
    if not zone.follows:  # a drum plays out, whenever the key is let go
        words["release"] = f"{sample.shape.seconds:.3f}"
    return Xml.Element("sample", {name: str(value) for name, value in words.items()})


def _knobs(options: Any) -> Xml.Element:
    """Attack and release, to be turned in the sampler."""
    ui = Xml.Element("ui", width="812", height="375")
    tab = Xml.SubElement(ui, "tab", name="main")
    for number, (label, field, most, parameter) in enumerate(_KNOBS):
        place = {"x": str(330 + 90 * number), "y": "120", "width": "90", "textSize": "16"}
        value = {"type": "float", "minValue": "0.0", "maxValue": f"{most:g}", "value": f"{getattr(options, field):g}"}
        knob = Xml.SubElement(tab, "labeled-knob", {**place, "label": label, **value})
        Xml.SubElement(knob, "binding", type="amp", level="instrument", position="0", parameter=parameter)
    return ui
