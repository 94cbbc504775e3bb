"""Bitwig's and PreSonus's .multisample: one ZIP, its entries stored as they are, by the published description of the format
(github.com/bitwig/multisample).

Its schema wants key, velocity and select of every sample. Ends are exclusive here, and tuning is in semitones.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import studio
from studio.export import names
from studio.export.base import Item
from studio.export.instrument import Instrument, InstrumentOptions, Sample, title_of


class Multisample(Instrument):
    id = "multisample"
    name = "Bitwig multisample"
    sentence = "A playable instrument or drum kit in one file, for Bitwig Studio and Studio One"
    extension = ".multisample"
    samples = ""  # beside the text, in the root of the ZIP
    Options = InstrumentOptions

    def first(self, items: Sequence[Item], options: Any, template: str = names.DEFAULT) -> str:
        names.check(template)
        return title_of(items, options.title) + self.extension

    def predict(self, items: Sequence[Item], options: Any) -> int:
        return super().predict(items, options) + 400 * len(items)

    def bundle(self, stage: Path, title: str, text: str) -> Path:
        whole = stage / f"{title}{self.extension}"
        sounds = sorted(path for path in stage.rglob("*.wav"))
        with zipfile.ZipFile(whole, "x", zipfile.ZIP_STORED) as archive:
            archive.writestr("multisample.xml", text)
            for path in sounds:
                archive.write(path, path.relative_to(stage).as_posix())
                path.unlink()  # so that the disk holds them once
        return whole

    def text(self, title: str, samples: Sequence[Sample], options: Any) -> str:
        root = Xml.Element("multisample", name=title)
        drums = bool(samples) and not samples[0].zone.follows
        said = {"generator": f"Wavewright {studio.__version__}", "category": "Drums" if drums else "Keyboards", "creator": ""}
        for name, words in said.items():
            Xml.SubElement(root, name).text = words
        root.extend(_sample(sample) for sample in samples)
        Xml.indent(root)
        return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _sample(sample: Sample) -> Xml.Element:
    zone, frames = sample.zone, sample.shape.frames
    words = {"file": sample.path, "gain": "0.000", "sample-start": "0.000", "sample-stop": f"{frames:.3f}"}
    words["zone-logic"] = "round-robin" if zone.turns > 1 else "always-play"
    element = Xml.Element("sample", words)
    key = {"root": zone.root, "tune": f"{zone.tune / 100:.4f}", "track": "1.0000" if zone.follows else "0.0000"}
    _put(element, "key", {**key, "low": zone.low, "high": zone.high})
    _put(element, "velocity", {"low": zone.soft, "high": zone.hard})
    _put(element, "select", {"low": 0, "high": 127})
    start, stop = (sample.loop[0], sample.loop[1] + 1) if sample.loop else (0, frames)
    mode = "loop" if sample.loop else "off"
    _put(element, "loop", {"mode": mode, "start": f"{start:.3f}", "stop": f"{stop:.3f}", "fade": "0.0000"})
    return element


def _put(parent: Xml.Element, name: str, words: dict[str, Any]) -> None:
    Xml.SubElement(parent, name, {key: str(value) for key, value in words.items()})
