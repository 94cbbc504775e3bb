"""Real plug-ins for tests: tests/audio/plugins/plugin.cpp, compiled with g++ against Debian's DPF sources.

They are compiled and looked at once for each state of the sources, in a folder that all test processes share.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from studio.audio.plugins import finding, hosts, table
from studio.audio.plugins.table import Table

SOURCES = Path(__file__).parent / "audio" / "plugins"
DPF = Path("/usr/share/dpf")
VARIANTS = {"Tame": 1, "Many": 2, "Mono": 3, "Synth": 4}
BROKEN = "__attribute__((constructor)) static void crash() { __builtin_trap(); }"


def missing() -> str:
    """Why there can be no plug-ins here; empty where there can."""
    if not sys.platform.startswith("linux"):
        return "the test plug-ins are compiled on Linux only"
    if shutil.which("g++") is None:
        return "there is no g++ to compile test plug-ins with"
    if not (DPF / "distrho" / "DistrhoPluginMain.cpp").is_file():
        return "the sources of DPF are not installed (Debian: dpf-source)"
    return ""


def compiled() -> Path:
    """A folder with one .vst3 for each of VARIANTS, and “Broken”, which crashes when it is loaded."""
    state = hashlib.blake2b(digest_size=8)
    for file in (Path(__file__), *sorted(SOURCES.glob("*.[ch]*")), *sorted(Path(hosts.__file__).parent.glob("*.py"))):
        state.update(file.read_bytes())
    folder = Path(tempfile.gettempdir()) / f"wavewright-test-plugins-{state.hexdigest()}"
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            making = folder.with_suffix(".partial")
            shutil.rmtree(making, ignore_errors=True)
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda name: _compile(making, name), [*VARIANTS, "Broken"]))
            making.rename(folder)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("WAVEWRIGHT_HOME", str(folder))
                list(finding.find([folder]))
    return folder


def _compile(folder: Path, name: str) -> None:
    out = folder / f"{name}.vst3" / "Contents" / f"{platform.machine()}-linux" / f"{name}.so"
    out.parent.mkdir(parents=True)
    command = ["g++", "-std=c++17", "-O0", "-w", "-fPIC", "-shared", "-fvisibility=hidden", "-o", str(out)]
    if name == "Broken":
        subprocess.run([*command, "-x", "c++", "-"], input=BROKEN, text=True, check=True)
        return
    includes = [f"-I{path}" for path in (SOURCES, DPF / "distrho", DPF)]
    sources = [SOURCES / "plugin.cpp", DPF / "distrho" / "DistrhoPluginMain.cpp"]
    target = [f"-DVARIANT={VARIANTS[name]}", "-DDISTRHO_PLUGIN_TARGET_VST3"]
    subprocess.run([*command, *target, *includes, *sources], check=True)


@pytest.fixture(scope="session")
def plugins_once() -> bytes:
    """The list after the test plug-ins have been looked at. Skips where there can be none."""
    if reason := missing():
        pytest.skip(reason)
    return (compiled() / table.default_path().name).read_bytes()


@pytest.fixture
def no_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    """A person without plug-ins, and an end to every process that waits for another sound."""
    monkeypatch.setenv("WAVEWRIGHT_HOME", str(tmp_path / "home"))
    yield table.load()
    hosts.close()


@pytest.fixture
def plugins(plugins_once: bytes, no_plugins: Table) -> Table:
    """A person whose list holds the test plug-ins."""
    table.default_path().parent.mkdir(parents=True, exist_ok=True)
    table.default_path().write_bytes(plugins_once)
    return table.load()
