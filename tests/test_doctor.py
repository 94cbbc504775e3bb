"""The doctor: what it says about machines that are well, poor or ill."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from studio import doctor
from studio.doctor import Card, Check
from tests.sound import Sink

WORKING = {
    "version": "2.13.0",
    "cuda": "13.0",
    "hip": "",
    "available": True,
    "mps": False,
    "cpu": "AVX2",
    "name": "NVIDIA RTX 4070",
    "archs": ["sm_80", "sm_90"],
    "capability": [8, 9],
    "kernel": True,
    "bf16": True,
}
CARD = Card(name="NVIDIA RTX 4070", memory=12 * 10**9, driver="580.1", cuda="13.0")


def torch(**changes: Any) -> dict[str, Any]:
    return {**WORKING, **changes}


def gpu(facts: dict[str, Any], *cards: Card) -> Check:
    return doctor.compute(facts, list(cards))[-1]


def test_the_real_machine_is_looked_at_in_full() -> None:
    checks = {check.name: check for check in doctor.report()}
    assert list(checks) == [
        *("Python", "PyTorch", "GPU", "Processor", "Memory", "ONNX Runtime", "Sound", "MIDI", "Window", "Disk", "Writing"),
    ]
    assert checks["Python"].state == checks["PyTorch"].state == checks["ONNX Runtime"].state == "good"
    assert checks["Sound"].state == "warn"  # tests run on a machine without sound
    assert all(check.sentence.endswith((".", "!")) for check in checks.values())
    assert all(check.hint for check in checks.values() if check.state == "bad")


def test_the_worst_part_names_the_whole() -> None:
    assert doctor.worst([]) == "good"
    assert doctor.worst([Check("a", "good", ""), Check("b", "warn", "")]) == "warn"
    assert doctor.worst([Check("a", "bad", ""), Check("b", "warn", "")]) == "bad"


@pytest.mark.parametrize(
    ("facts", "cards", "state", "words"),
    [
        (torch(), [CARD], "good", "NVIDIA RTX 4070, 12 GB, driver 580.1"),
        (torch(), [Card("NVIDIA RTX 4070", 2 * 10**9, "580.1", "13.0")], "warn", "small for training"),
        (torch(available=False), [], "warn", "No GPU"),
        (torch(available=False, cuda=""), [CARD], "warn", "built for the processor only"),
        (torch(available=False), [Card("NVIDIA T4", 16 * 10**9, "470.0", "11.4")], "bad", "serves up to CUDA 11.4"),
        (torch(kernel=False, capability=[6, 1]), [CARD], "bad", "sm_61"),
        (torch(available=False, mps=True), [], "good", "Apple"),
    ],
)
def test_a_gpu_is_judged(facts: dict[str, Any], cards: list[Card], state: str, words: str) -> None:
    check = gpu(facts, *cards)
    assert check.state == state
    assert words in check.sentence


def test_a_broken_torch_is_told_once() -> None:
    (check,) = doctor.compute(doctor.probe("import torch.no_such_part"), [])
    assert check.state == "bad"
    assert "no_such_part" in check.sentence


def test_a_probe_that_dies_does_not_take_us_along() -> None:
    assert "error" in doctor.probe("import os; os.abort()")
    assert "error" in doctor.probe("print('no json')")
    assert doctor.probe("print('noise'); print('{\"a\": 1}')") == {"a": 1}


def test_a_probe_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PATIENCE", 0.2)
    assert "timed out" in doctor.probe("import time; time.sleep(60)")["error"]


def test_an_old_processor_is_named() -> None:
    check = doctor.processor({"cpu": "DEFAULT"})
    assert doctor.platform.machine().lower() in ("arm64", "aarch64") or check.state == "warn"


@pytest.mark.parametrize(("free", "state"), [(0.1e9, "bad"), (2e9, "warn"), (80e9, "good")])
def test_disk_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, state: str) -> None:
    usage = doctor.shutil.disk_usage(tmp_path)._replace(free=int(free))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage)
    assert doctor.disk(tmp_path / "not" / "yet" / "there").state == state


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux's Qt needs libraries of the system")


@linux
def test_qt_without_its_libraries_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(doctor.PACKAGES, "libNotThere.so.1", "libnotthere1")
    check = doctor.window({"error": "ImportError: libNotThere.so.1: cannot open shared object file"})
    assert check.state == "bad"
    assert "libNotThere.so.1" in check.sentence
    assert check.hint.endswith("libnotthere1")


@linux
def test_a_screen_without_its_libraries_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(doctor.SCREEN_PACKAGES, "libxcb-not-there.so.1", "libxcb-not-there1")
    assert doctor.window({"version": "6"}).state == "warn"  # without a screen it is not needed
    monkeypatch.setenv("DISPLAY", ":9")
    check = doctor.window({"version": "6"})
    assert check.state == "bad"
    assert "libxcb-not-there" in check.sentence


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="folders of the test are redirected as on Linux")
def test_a_place_that_refuses_writing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(file))
    check = doctor.writing()
    assert check.state == "bad"
    assert str(file) in check.sentence


@pytest.mark.sound
def test_sound_is_opened_for_a_moment(sink: Sink) -> None:
    check = doctor.sound()
    assert check.state == "good"
    assert "default" in check.sentence


def test_midi_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    check = doctor.midi()
    assert check.state == "good" and "not installed" in check.sentence and "pip install python-rtmidi" in check.hint
