"""Instruments as samplers read them: SFZ by a parser of its own and played by sfizz; DecentSampler by the attributes its guide
documents; Bitwig's multisample by the published schema."""
from __future__ import annotations

import re
import shutil
import subprocess
import time
import zipfile
from pathlib import Path
from xml.etree import ElementTree as Xml

import numpy as np
import pysfizz
import pytest

from studio.audio import analysis, files, riff
from studio.audio.sound import Sound
from studio.errors import UsageError
from studio.export import base
from studio.export.base import Item
from studio.export.instrument import InstrumentOptions
from studio.project.recipe import Recipe, Request
from tests.audio.make import RATE, noise, sine

NOTES = (48.0, 55.3, 60.0, 66.8)
"""Roots with fractions: what is played has to be put in tune."""


def hz(note: float) -> float:
    return 440 * 2 ** ((note - 69) / 12)


def note(root: float, *, seconds: float = 1.0, velocity: float | None = None, name: str = "", level: float = 0.4) -> Item:
    """A tone with partials that a model was asked for; its loop is a whole number of periods."""
    t = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * hz(root) * k * t) / k for k in (1, 2, 3, 4))
    recipe = Recipe(family="gansynth", run="Notes-1", request=Request(pitch=root, velocity=velocity))
    sound = Sound((level * wave / 2).astype(np.float32)[None], RATE)
    period = RATE / hz(root)
    loop = (round(20 * period), round(20 * period) + round(40 * period) - 1)
    return Item(sound, name or f"Tone {root:g}", recipe, root=root, loop=loop)


def export(format: str, items: list[Item], folder: Path, template: str = "{name}", **options) -> list[Path]:
    told = list(base.exporter(format).write(items, folder, InstrumentOptions(**options), template))
    assert told[-1].result["problems"] == []
    return [Path(path) for path in told[-1].result["files"]]


# ---- SFZ


def parsed(path: Path) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The <global> opcodes and the regions of an SFZ file: a value goes on to the next opcode, as the format says."""
    text = re.sub(r"//[^\n]*", "", path.read_text())
    common: dict[str, str] = {}
    regions: list[dict[str, str]] = []
    for header, body in re.findall(r"<(\w+)>([^<]*)", text):
        words = {k: v.strip() for k, v in re.findall(r"(\w+)=(.*?)(?=\s+\w+=|\s*$|\n)", body, re.M)}
        if header == "region":
            regions.append({**common, **words})
        else:
            assert header == "global"
            common |= words
    return common, regions


def test_an_sfz_says_where_each_sample_plays_and_how(tmp_path):
    made = export("sfz", [note(n) for n in NOTES], tmp_path, title="My keys", attack=0.01, release=0.5)
    assert made[0] == tmp_path / "My keys" / "My keys.sfz"
    common, regions = parsed(made[0])
    assert common == {"ampeg_attack": "0.01", "ampeg_release": "0.5"}
    assert [(r["lokey"], r["pitch_keycenter"], r["hikey"]) for r in regions] == [
        ("0", "48", "51"), ("52", "55", "57"), ("58", "60", "63"), ("64", "67", "127")
    ]  # fmt: skip
    for region, root in zip(regions, NOTES):
        sample = made[0].parent / region["sample"]
        assert sample.is_file() and "\\" not in region["sample"]
        assert int(region.get("tune", 0)) == round(100 * (round(root) - root))
        found, loops = riff.sampler(sample)
        assert found == pytest.approx(root, abs=1e-6)
        assert [(int(region["loop_start"]), int(region["loop_end"]))] == loops
        assert region["loop_mode"] == "loop_continuous"


def test_what_must_not_loop_says_so(tmp_path):
    _, regions = parsed(export("sfz", [note(60.0)], tmp_path, loops=False)[0])
    assert regions[0]["loop_mode"] == "no_loop" and "loop_start" not in regions[0]
    drums = [Item(noise(0.2), "Hat"), Item(noise(0.3, seed=1), "Snare A1")]
    _, regions = parsed(export("sfz", drums, tmp_path, title="Kit")[0])
    assert [(r["lokey"], r["hikey"], r["pitch_keytrack"], r["loop_mode"]) for r in regions] == [
        ("36", "36", "0", "one_shot"), ("37", "37", "0", "one_shot")
    ]  # fmt: skip


def test_velocities_and_turns(tmp_path):
    items = [note(60.0, velocity=v, name=f"{v}") for v in (40, 100)] + [note(60.0, velocity=100, name="again")]
    _, regions = parsed(export("sfz", items, tmp_path)[0])
    assert [(r["lovel"], r["hivel"], r.get("seq_length"), r.get("seq_position")) for r in regions] == [
        ("0", "70", None, None), ("71", "127", "2", "1"), ("71", "127", "2", "2")
    ]  # fmt: skip


def test_roots_by_names_by_chunks_and_by_ear(tmp_path):
    tone = sine(hz(57.2), 0.6)
    root = files.write(tmp_path / "x.wav", tone, root=57.2)
    cases = [
        (Item(tone, "Piano A2"), 57.2),  # the name and what is heard agree within a quarter-tone: the finer one
        (Item(root, "x", root=riff.sampler(root)[0]), 57.2),
        (Item(tone, "nameless"), 57.2),
    ]
    for number, (item, expected) in enumerate(cases):
        (region,) = parsed(export("sfz", [item], tmp_path / str(number))[0])[1]
        assert int(region["pitch_keycenter"]) - int(region.get("tune", 0)) / 100 == pytest.approx(expected, abs=0.06)


def test_a_sound_without_a_note_makes_a_kit_unless_asked_otherwise(tmp_path):
    items = [note(50.0), Item(noise(0.3), "hiss")]
    for mapping, follows in (("auto", False), ("pitched", True), ("drums", False)):
        _, regions = parsed(export("sfz", items, tmp_path / mapping, mapping=mapping)[0])
        assert len(regions) == 2 and all(("pitch_keytrack" not in region) == follows for region in regions)


def test_more_drums_than_keys_are_refused_and_leave_nothing(tmp_path):
    with pytest.raises(UsageError, match="128"):
        export("sfz", [Item(noise(0.01), f"{i}") for i in range(129)], tmp_path / "out", mapping="drums")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", [36, 50, 58, 60, 64, 79])
def test_sfizz_plays_it_at_the_right_pitch(tmp_path, key):
    """Held for 2.5 s, longer than the samples are: the loop has to be right too."""
    made = export("sfz", [note(n) for n in NOTES], tmp_path, title="Keys")
    player = pysfizz.Synth(sample_rate=48000)
    assert player.load_sfz_file(made[0])
    for _ in range(50):  # it reads in a thread of its own, and on a busy machine plays silence until that is done
        sound = Sound(player.render_note(key, 100, 2.5, 3.0).astype(np.float32), 48000)
        held = Sound(sound.samples[:, round(1.2 * sound.rate) : round(2.4 * sound.rate)], sound.rate)
        heard = analysis.facts(held).pitch
        if heard is not None:
            break
        time.sleep(0.1)
    assert heard is not None
    assert 1200 * abs(np.log2(heard / hz(key))) < 1
    assert 1200 * abs(np.log2(strongest(held, hz(key)) / hz(key))) < 1


def strongest(sound: Sound, near: float) -> float:
    """Hz of the largest peak within a fourth of `near`, by the FFT with a parabola through its logarithm."""
    wave = sound.mono() * np.hanning(sound.frames)
    level = np.log(np.abs(np.fft.rfft(wave, 4 * sound.frames)) + 1e-12)
    step = sound.rate / (4 * sound.frames)
    low, high = int(near * 0.75 / step), int(near * 1.33 / step)
    top = low + int(level[low:high].argmax())
    a, b, c = level[top - 1 : top + 2]
    return float((top + 0.5 * (a - c) / (a - 2 * b + c)) * step)


# ---- DecentSampler

GUIDE: dict[str, set[str]] = {
    "DecentSampler": {"minVersion"},
    "ui": {"width", "height"},
    "tab": {"name"},
    "labeled-knob": {"x", "y", "width", "textSize", "label", "type", "minValue", "maxValue", "value"},
    "binding": {"type", "level", "position", "parameter"},
    "groups": {"attack", "release", "volume"},
    "group": {"seqMode", "seqLength", "pitchKeyTrack", "release"},
    "sample": {
        "path", "rootNote", "loNote", "hiNote", "loVel", "hiVel", "tuning", "seqMode", "seqLength", "seqPosition",
        "loopEnabled", "loopStart", "loopEnd", "pitchKeyTrack", "release",
    },
}  # fmt: skip
"""Elements and attributes of the Developers Guide that we use."""
INSIDE = {"DecentSampler": {"ui", "groups"}, "ui": {"tab"}, "tab": {"labeled-knob"}, "labeled-knob": {"binding"}}
INSIDE |= {"groups": {"group"}, "group": {"sample"}, "sample": set(), "binding": set()}


def test_decent_sampler_finds_what_its_guide_documents(tmp_path):
    items = [note(n) for n in NOTES] + [note(60.0, name="again")]
    made = export("dspreset", items, tmp_path, title="Keys & “more”", release=0.7)
    root = Xml.parse(made[0]).getroot()
    assert root.tag == "DecentSampler" and len(root.findall("groups")) == 1
    for element in root.iter():
        assert set(element.attrib) <= GUIDE[element.tag] and {child.tag for child in element} <= INSIDE[element.tag]
    assert root.find("groups").attrib == {"attack": "0", "release": "0.7"}
    assert {k.get("label"): k.get("value") for k in root.iter("labeled-knob")} == {"Attack": "0", "Release": "0.7"}
    samples = list(root.iter("sample"))
    assert len(samples) == 5
    for sample in samples:
        path = made[0].parent / sample.get("path")
        info, (found, loops) = files.probe(path), riff.sampler(path)
        assert int(sample.get("rootNote")) - float(sample.get("tuning", 0)) == pytest.approx(found, abs=0.001)
        assert int(sample.get("loNote")) <= int(sample.get("rootNote")) <= int(sample.get("hiNote"))
        assert sample.get("loopEnabled") == "true"
        assert [(int(sample.get("loopStart")), int(sample.get("loopEnd")))] == loops and loops[0][1] < info.frames
    turns = [group for group in root.iter("group") if group.get("seqMode") == "round_robin"]
    assert [(group.get("seqLength"), [s.get("seqPosition") for s in group]) for group in turns] == [("2", ["1", "2"])]


def test_drums_for_decent_sampler_keep_their_pitch_and_play_out(tmp_path):
    made = export("dspreset", [Item(noise(0.5), "Hat")], tmp_path)
    (group,) = Xml.parse(made[0]).getroot().iter("group")
    (sample,) = group
    assert group.get("pitchKeyTrack") == "0" and sample.get("loNote") == sample.get("hiNote") == "36"
    assert sample.get("loopEnabled") == "false" and float(sample.get("release")) == pytest.approx(0.5)


# ---- Bitwig

SCHEMA = Path(__file__).with_name("multisample.xsd")
XS = "{http://www.w3.org/2001/XMLSchema}"
SIMPLE = {
    "xs:int": lambda text: re.fullmatch(r"-?\d+", text),
    "xs:double": lambda text: re.fullmatch(r"-?\d+(\.\d+)?", text),
    "xs:string": lambda text: True,
    "xs:boolean": lambda text: text in ("true", "false"),
}


def validate(element: Xml.Element, kind: str, schema: Xml.Element) -> None:
    """The part of XML Schema that multisample.xsd uses: sequences with their counts, attributes, enumerations, extensions."""
    if kind in SIMPLE:
        assert not len(element) and not element.attrib and SIMPLE[kind](element.text or "")
        return
    definition = schema.find(f"{XS}complexType[@name='{kind}']")
    assert definition is not None, kind
    attributes = {a.get("name"): a for a in definition.iter(f"{XS}attribute")}
    base_kind = next((e.get("base") for e in definition.iter(f"{XS}extension")), None)
    if base_kind:
        parent = schema.find(f"{XS}complexType[@name='{base_kind}']")
        attributes |= {a.get("name"): a for a in parent.iter(f"{XS}attribute")}
    for name, value in element.attrib.items():
        allowed = schema.find(f"{XS}simpleType[@name='{attributes[name].get('type')}']")
        if allowed is None:
            assert SIMPLE[attributes[name].get("type")](value), (element.tag, name, value)
        else:
            assert value in {e.get("value") for e in allowed.iter(f"{XS}enumeration")}
    assert {name for name, a in attributes.items() if a.get("use") == "required"} <= set(element.attrib)
    children = list(element)
    for child in definition.iter(f"{XS}element"):
        name = child.get("name") or child.get("ref")
        here = list(iter(lambda name=name: children.pop(0) if children and children[0].tag == name else None, None))
        low = int(child.get("minOccurs", 1))
        assert low <= len(here) and (child.get("maxOccurs") == "unbounded" or len(here) <= 1), (element.tag, name, len(here))
        for one in here:
            validate(one, child.get("type") or child.get("ref"), schema)
    assert not children, [child.tag for child in children]


def test_a_multisample_is_a_stored_zip_whose_text_keeps_the_schema(tmp_path):
    items = [note(n) for n in NOTES] + [note(60.0, name="again"), note(48.0, velocity=20, name="soft")]
    (path,) = export("multisample", items, tmp_path, title="Keys")
    assert path.name == "Keys.multisample" and [p.name for p in tmp_path.iterdir()] == ["Keys.multisample"]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        assert "multisample.xml" in archive.namelist()
        root = Xml.fromstring(archive.read("multisample.xml"))
        archive.extractall(tmp_path / "all")
    validate(root, "multisample", Xml.parse(SCHEMA).getroot())
    if shutil.which("xmllint"):
        command = ["xmllint", "--noout", "--schema", str(SCHEMA), str(tmp_path / "all" / "multisample.xml")]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert root.get("name") == "Keys" and len(root.findall("sample")) == 6
    for sample in root.iter("sample"):
        wav = tmp_path / "all" / sample.get("file")
        info, (found, loops) = files.probe(wav), riff.sampler(wav)
        key, loop = sample.find("key"), sample.find("loop")
        assert float(sample.get("sample-stop")) == info.frames
        assert int(key.get("root")) - float(key.get("tune")) == pytest.approx(found, abs=0.001)
        assert (float(loop.get("start")), float(loop.get("stop")) - 1) == loops[0] and loop.get("mode") == "loop"
    logic = {sample.get("file"): sample.get("zone-logic") for sample in root.iter("sample")}
    assert logic["again.wav"] == logic["Tone 60.wav"] == "round-robin" and logic["Tone 66.8.wav"] == "always-play"


def test_the_schema_notices_what_is_missing():
    schema = Xml.parse(SCHEMA).getroot()
    lacking = Xml.fromstring('<sample file="a.wav"><key root="60"/><velocity/></sample>')  # no select
    with pytest.raises(AssertionError):
        validate(lacking, "sample", schema)
    validate(Xml.fromstring('<sample file="a.wav"><key root="60"/><velocity/><select/></sample>'), "sample", schema)


# ---- all of them


@pytest.mark.parametrize("format", ["sfz", "dspreset", "multisample"])
def test_rates_names_and_folders(tmp_path, format):
    items = [Item(note(60.0).sound, "Ton/1", root=60.0, folder="sub"), Item(note(72.0).sound, "Ton/1", root=72.0)]
    made = export(format, items, tmp_path, "{name}_{note}_{rate}_{pack}", rate="96000", title="Set", mapping="pitched")
    if format == "multisample":
        with zipfile.ZipFile(made[0]) as archive:
            archive.extractall(tmp_path / "all")
    found = sorted(p.name for p in tmp_path.rglob("*.wav"))
    assert found == ["Ton_1_C3_96k_Set.wav", "Ton_1_C4_96k_Set.wav"]
    assert all(files.probe(p).rate == 96_000 for p in tmp_path.rglob("*.wav"))
