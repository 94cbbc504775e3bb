"""What this machine has, lacks and could do better, in plain words. `wavewright doctor` prints it.

PyTorch, ONNX Runtime and Qt are tried in a process of their own: a broken driver or a missing library may end that process,
never this one. Nothing is changed and nothing is sent anywhere.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

import msgspec
import platformdirs
import psutil

from studio.errors import DeviceError

State = Literal["good", "warn", "bad"]
GB = 1e9
PATIENCE = 120.0  # seconds a probe may take; the first import of torch from a cold disk is slow
PACKAGES = {  # what Qt loads on Linux → Debian's package for it
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon.so.0": "libxkbcommon0",
}
MIDI_HINT = "The mouse and the computer's keyboard play as well."
SCREEN_PACKAGES = {  # and what it loads besides where there is an X screen
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}


class Check(msgspec.Struct, frozen=True):
    """One thing looked at. "warn" costs comfort or speed, "bad" costs a part of Wavewright."""

    name: str
    state: State
    sentence: str
    hint: str = ""


def report(folder: Path | None = None) -> list[Check]:
    """Everything worth knowing, in the order a person would ask. `folder`: where projects are to lie (None: home)."""
    torch = probe(TORCH)
    return [
        python(),
        *compute(torch, graphics()),
        processor(torch),
        memory(),
        fast_decoding(probe(ONNX)),
        sound(),
        midi(),
        window(probe(QT, QT_QPA_PLATFORM="offscreen")),
        disk(folder or Path.home()),
        writing(),
    ]


def worst(checks: list[Check]) -> State:
    """The state of the whole."""
    return max((check.state for check in checks), key=("good", "warn", "bad").index, default="good")


# -- probes in a process of their own ----------------------------------------------------------------------------------

TORCH = """
import json, platform, torch
out = {"version": torch.__version__, "cuda": torch.version.cuda or "", "hip": torch.version.hip or "",
       "available": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(),
       "cpu": torch.backends.cpu.get_cpu_capability(), "threads": torch.get_num_threads()}
if out["available"]:
    out["archs"] = torch.cuda.get_arch_list()
    out["capability"] = list(torch.cuda.get_device_capability())
    out["name"] = torch.cuda.get_device_name()
    x = torch.nn.functional.conv1d(torch.ones(1, 1, 64, device="cuda"), torch.ones(1, 1, 3, device="cuda"))
    out["kernel"] = float(x.sum()) == 186.0
    out["bf16"] = torch.cuda.is_bf16_supported()
print(json.dumps(out))
"""
ONNX = """
import json, onnxruntime
print(json.dumps({"version": onnxruntime.__version__, "providers": onnxruntime.get_available_providers()}))
"""
QT = """
import json
from PySide6 import QtCore, QtGui, QtWidgets
app = QtWidgets.QApplication(["wavewright"])
print(json.dumps({"version": QtCore.qVersion()}))
"""


def probe(code: str, **environment: str) -> dict[str, Any]:
    """What `code` prints as JSON in a fresh interpreter, or {"error": its last words}."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"error": str(error)}
    if done.returncode == 0:
        with contextlib.suppress(msgspec.DecodeError, IndexError):
            found = msgspec.json.decode(done.stdout.splitlines()[-1])
            return found if isinstance(found, dict) else {}
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return {"error": lines[-1].strip() if lines else f"it ended with {done.returncode}"}


class Card(msgspec.Struct, frozen=True):
    """An NVIDIA GPU as its driver describes it. `memory` in bytes, `cuda` the newest CUDA that the driver serves."""

    name: str
    memory: int
    driver: str
    cuda: str


def graphics() -> list[Card]:
    """The NVIDIA GPUs of this machine, by the driver's own library; none where there is no driver."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # no driver, no library, a driver older than the library
        return []
    try:
        driver, newest = str(pynvml.nvmlSystemGetDriverVersion()), pynvml.nvmlSystemGetCudaDriverVersion_v2()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return [
            Card(
                name=str(pynvml.nvmlDeviceGetName(handle)),
                memory=int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
                driver=driver,
                cuda=f"{newest // 1000}.{newest % 1000 // 10}",
            )
            for handle in handles
        ]
    except pynvml.NVMLError:
        return []
    finally:
        pynvml.nvmlShutdown()


# -- judgements ---------------------------------------------------------------------------------------------------------


def python() -> Check:
    found = platform.python_version()
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Check("Python", "good", f"Python {found}.")
    return Check("Python", "bad", f"Python {found} is not one Wavewright is made for.", "Use Python 3.11, 3.12 or 3.13.")


def compute(torch: dict[str, Any], cards: list[Card]) -> list[Check]:
    """PyTorch itself, and whether it can use the GPU that is there."""
    if "error" in torch:
        hint = "Make the environment anew: delete .venv and call `python3 packaging/dev.py run`."
        return [Check("PyTorch", "bad", f"PyTorch does not start: {torch['error']}.", hint)]
    checks = [Check("PyTorch", "good", f"PyTorch {torch['version']}.")]
    return [*checks, _apple() if torch.get("mps") else _gpu(torch, cards)]


def _apple() -> Check:
    return Check("GPU", "good", "The GPU of this Apple chip is used.")


def _gpu(torch: dict[str, Any], cards: list[Card]) -> Check:
    if torch.get("available"):
        return _working_gpu(torch, cards)
    if not cards:
        return Check(
            "GPU",
            "warn",
            "No GPU that PyTorch can use was found: training runs on the processor and takes longer.",
            "Everything works without one. With an NVIDIA GPU, install its driver.",
        )
    card = cards[0]
    if not torch.get("cuda"):
        return Check(
            "GPU",
            "warn",
            f"There is an {card.name}, but this PyTorch is built for the processor only.",
            f"Install a build for CUDA {card.cuda} or older: https://pytorch.org/get-started/locally",
        )
    return Check(
        "GPU",
        "bad",
        f"There is an {card.name}, but PyTorch can't use it: it is built for CUDA {torch['cuda']}, "
        f"and driver {card.driver} serves up to CUDA {card.cuda}.",
        "Update the NVIDIA driver. Until then everything runs on the processor.",
    )


def _working_gpu(torch: dict[str, Any], cards: list[Card]) -> Check:
    name = torch.get("name", "GPU")
    major, minor = torch.get("capability", (0, 0))
    if not torch.get("kernel"):
        archs = ", ".join(torch.get("archs", ())) or "none"
        return Check(
            "GPU",
            "bad",
            f"The {name} (sm_{major}{minor}) does not compute with this PyTorch, which has code for {archs}.",
            "Install a PyTorch build for this card: https://pytorch.org/get-started/locally",
        )
    card = next((card for card in cards if card.name == name), None)
    size = f", {card.memory / GB:.0f} GB, driver {card.driver}" if card else ""
    if card and card.memory < 3.5 * GB:
        hint = "Wavewright halves the batch by itself where memory runs out."
        return Check("GPU", "warn", f"{name}{size}: small for training.", hint)
    return Check("GPU", "good", f"{name}{size}.")


def processor(torch: dict[str, Any]) -> Check:
    cores, threads = psutil.cpu_count(logical=False) or 1, psutil.cpu_count() or 1
    features = _features()
    said = f"{cores} core{'s' if cores > 1 else ''}, {threads} thread{'s' if threads > 1 else ''}"
    arm = platform.machine().lower() in ("arm64", "aarch64")
    vector = torch.get("cpu", "")
    if vector == "DEFAULT" and not arm:
        return Check("Processor", "warn", f"{said}, without AVX2: models run several times slower than they could.")
    extras = [name for name, flag in (("bf16", "bf16"), ("AMX", "amx_tile")) if any(flag in f for f in features)]
    said += f", {'NEON' if arm else vector or 'unknown vector unit'}{''.join(f', {extra}' for extra in extras)}"
    if threads < 2:
        return Check("Processor", "warn", f"{said}. Training and the window share one thread.")
    return Check("Processor", "good", f"{said}.")


def _features() -> set[str]:
    """The processor's flags as Linux lists them; none elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.lower().startswith(("flags", "features")) for flag in line.split(":", 1)[1].split()}


def memory() -> Check:
    facts = psutil.virtual_memory()
    said = f"{facts.total / GB:.0f} GB of memory, {facts.available / GB:.1f} GB free."
    if facts.total < 3.5 * GB:
        return Check("Memory", "bad", said, "Training needs about 4 GB.")
    if facts.available < 2 * GB:
        return Check("Memory", "warn", said, "Close other programs before training.")
    return Check("Memory", "good", said)


def fast_decoding(onnx: dict[str, Any]) -> Check:
    if "error" in onnx:
        return Check(
            "ONNX Runtime",
            "warn",
            f"ONNX Runtime does not start ({onnx['error']}): sounds come a little later on the processor.",
            "PyTorch is used in its place.",
        )
    return Check("ONNX Runtime", "good", f"ONNX Runtime {onnx['version']}.")


def sound() -> Check:
    """Opens the default output for a moment, without a sound."""
    from studio.audio import output

    try:
        out = output.Output(output.find(None))
    except DeviceError as error:
        return Check("Sound", "warn", error.message, error.advice)
    said = f"“{out.device.name}” ({out.device.api}) at {out.rate / 1000:g} kHz, {out.latency * 1000:.0f} ms."
    safe = out.safe_from_python
    out.close()
    if not safe:
        hint = "Install rtmixer to play without it."
        return Check("Sound", "warn", f"{said} rtmixer is missing, so sound has a delay.", hint)
    return Check("Sound", "good", said)


def midi() -> Check:
    """Whether a MIDI keyboard could be played. Nothing is missing without one."""
    from studio.audio import midi

    if reason := midi.missing():
        hint = f"To use one: pip install python-rtmidi. {MIDI_HINT}" if "installed" in reason else MIDI_HINT
        return Check("MIDI", "good", f"No MIDI keyboard can be used: {reason}. This is optional.", hint)
    return Check("MIDI", "good", "MIDI keyboards can be used.")


def window(qt: dict[str, Any]) -> Check:
    """Whether Qt starts, and whether there is a screen to show a window on. `qt`: what the probe found."""
    linux = sys.platform.startswith("linux")
    screen = not linux or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    wanted = {**PACKAGES, **(SCREEN_PACKAGES if os.environ.get("DISPLAY") else {})} if linux else {}
    missing = {library: package for library, package in wanted.items() if not _loads(library)}
    install = f"On Debian and its kin: sudo apt-get install --no-install-recommends {' '.join(missing.values())}"
    if "error" in qt:
        hint = install if missing else "Make the environment anew: delete .venv and call `python3 packaging/dev.py run`."
        return Check("Window", "bad", f"Qt does not start: {qt['error']}.", hint)
    said = f"Qt {qt.get('version', '')}"
    if missing:
        return Check("Window", "bad", f"{said} can't show a window: {', '.join(missing)} missing.", install)
    if not screen:
        hint = "The command line does everything but the window."
        return Check("Window", "warn", f"{said} works; there is no screen here.", hint)
    return Check("Window", "good", f"{said}.")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def disk(folder: Path) -> Check:
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    said = f"{free / GB:.0f} GB free in {there}." if free >= 10 * GB else f"{free / GB:.1f} GB free in {there}."
    if free < 0.5 * GB:
        return Check("Disk", "bad", said, "A training run needs about half a gigabyte. Free some space.")
    if free < 5 * GB:
        return Check("Disk", "warn", said, "A few training runs fit; more space is comfortable.")
    return Check("Disk", "good", said)


def writing() -> Check:
    """Whether settings and temporary files can be written."""
    for place in (Path(platformdirs.user_config_dir("wavewright", appauthor=False)), Path(tempfile.gettempdir())):
        there = next(p for p in (place, *place.absolute().parents) if p.exists())
        try:
            with tempfile.TemporaryFile(dir=there):
                pass
        except OSError as error:
            reason = error.strerror or "it is refused"
            return Check("Writing", "bad", f"Nothing can be written in {there}: {reason}.", "Check its permissions.")
    return Check("Writing", "good", "Settings and temporary files can be written.")
