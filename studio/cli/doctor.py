"""What of this machine Wavewright can use, and what is missing, in plain words with the one thing to do about it.

Every fact is found by trying: libraries by loading them, the GPU by asking its driver and torch, the disk by its free space.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import sys
from importlib import metadata
from typing import Any

import msgspec

import studio
from studio import settings

NEEDED_FREE = 5 << 30
"""Bytes a project with a few runs takes."""

PACKAGES = ("torch", "numpy", "PySide6-Essentials", "onnxruntime", "soundfile", "rtmixer")

WINDOW_LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon.so.0": "libxkbcommon0",
}
SCREEN_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""What Qt loads on Linux → the package of Debian and its kin that brings it."""


class Check(msgspec.Struct, frozen=True):
    """One fact. `hint` says what to do where something is missing."""

    name: str
    ok: bool
    sentence: str
    hint: str = ""


def examine() -> dict[str, Any]:
    """{"ok", "checks": [{"name", "ok", "sentence", "hint"}], "versions": {package: version}}."""
    checks = [python(), processor(), graphics(), audio(), *window(), disk(), decoder()]
    versions = {
        name: _version(name) for name in ("torch", "numpy", "PySide6-Essentials", "onnxruntime", "soundfile", "rtmixer")
    }
    return {
        "ok": all(check.ok for check in checks),
        "checks": [msgspec.to_builtins(check) for check in checks],
        "versions": {"wavewright": studio.__version__, **versions},
    }


def python() -> Check:
    ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
    hint = "" if ok else "Use Python 3.11, 3.12 or 3.13."
    return Check("Python", ok, f"Python {platform.python_version()} on {platform.platform(terse=True)}", hint)


def processor() -> Check:
    import psutil

    memory = psutil.virtual_memory()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    ok = memory.total > 3.5e9
    sentence = f"{cores} processor cores, {memory.total / 2**30:.0f} GB of memory, {memory.available / 2**30:.0f} GB free"
    return Check("Computer", ok, sentence, "" if ok else "Training wants 4 GB of memory or more; use short sounds.")


def graphics() -> Check:
    """The GPU as its driver sees it against what torch was built for."""
    import torch

    built = torch.version.cuda
    if torch.backends.mps.is_available():
        return Check("GPU", True, "The Apple GPU is used")
    found = _nvidia()
    if found is None:
        if torch.cuda.is_available():  # for example an AMD card with a ROCm build
            return Check("GPU", True, f"{torch.cuda.get_device_name(0)} is used")
        return Check("GPU", True, "No NVIDIA GPU is found; training runs on the processor, which takes longer")
    name, driver, newest = found
    card = f"{name} with driver {driver}"
    if torch.cuda.is_available():
        return Check("GPU", True, f"{card}, used through CUDA {built}")
    if built is None:
        index = "cu128" if newest >= (12, 8) else "cu126"
        hint = f"pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/{index}"
        return Check("GPU", False, f"{card} is there, but this PyTorch was built for processors only", hint)
    wanted = tuple(int(part) for part in built.split(".")[:2])
    if newest < wanted:
        known = ".".join(map(str, newest))
        hint = f"Install a newer driver (CUDA {built} or later) from NVIDIA or your system."
        return Check("GPU", False, f"{card} knows CUDA up to {known}, but this PyTorch needs {built}", hint)
    hint = "Restart the computer; after a driver update the old one may still be loaded."
    return Check("GPU", False, f"{card} is there, but CUDA {built} does not start", hint)


def _nvidia() -> tuple[str, str, tuple[int, int]] | None:
    """Name, driver and newest CUDA of the first NVIDIA card, or None."""
    try:
        import pynvml

        pynvml.nvmlInit()
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(0)
            texts = [pynvml.nvmlDeviceGetName(handle), pynvml.nvmlSystemGetDriverVersion()]
            newest = pynvml.nvmlSystemGetCudaDriverVersion()
        finally:
            pynvml.nvmlShutdown()
    except (ImportError, pynvml.NVMLError):
        return None
    name, driver = (text.decode() if isinstance(text, bytes) else str(text) for text in texts)
    return name, driver, (newest // 1000, newest % 1000 // 10)


def audio() -> Check:
    try:
        import sounddevice

        outputs = [d for d in sounddevice.query_devices() if d["max_output_channels"] > 0]
    except OSError as error:
        apt = "Install it: sudo apt-get install libportaudio2" if sys.platform.startswith("linux") else "Install PortAudio."
        return Check("Sound", False, f"PortAudio is missing, so nothing can be heard ({error})", apt)
    except Exception as error:  # whatever PortAudio says about a broken sound system
        return Check("Sound", False, f"The sound system does not answer ({error})", "Everything else works without sound.")
    if not outputs:
        return Check("Sound", False, "There is no sound output", "Plug one in; everything else works without it.")
    return Check("Sound", True, f"{len(outputs)} sound outputs, the first is “{outputs[0]['name']}”")


def window() -> list[Check]:
    """Whether Qt finds what it loads, and a screen to show it on."""
    if _version("PySide6-Essentials") is None:
        return [Check("Window", False, "Qt is not installed", "pip install PySide6-Essentials")]
    if not sys.platform.startswith("linux"):
        return [Check("Window", True, "The window has all it needs")]
    screen = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    missing = [
        package for library, package in (WINDOW_LIBRARIES | (SCREEN_LIBRARIES if screen else {})).items() if not _loads(library)
    ]
    if missing:
        hint = f"sudo apt-get install --no-install-recommends {' '.join(missing)}"
        return [Check("Window", False, "Qt misses libraries of the system", hint)]
    shown = "there is a screen" if screen else "there is no screen here, so only the command line works"
    return [Check("Window", True, f"Qt has all its libraries; {shown}")]


def disk() -> Check:
    folder = settings.projects_folder()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    ok = free > NEEDED_FREE
    hint = "" if ok else "A project with a few runs takes about 5 GB; free some space or keep projects on another disk."
    return Check("Disk", ok, f"{free / 2**30:.0f} GB free where projects go ({folder})", hint)


def decoder() -> Check:
    """Whether sounds can be made quickly on this processor."""
    try:
        import onnxruntime
    except ImportError as error:
        return Check(
            "Playing", False, f"ONNX Runtime does not load ({error}); sounds are made more slowly", "pip install onnxruntime"
        )
    return Check("Playing", True, f"ONNX Runtime {onnxruntime.__version__} makes sounds on the processor")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
