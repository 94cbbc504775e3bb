"""Wavewright from a fresh clone, in one command:

    python3 packaging/dev.py demo     set up, then the whole way once: sounds → two minutes of training → new WAVs → the window
    python3 packaging/dev.py test     set up, then every test; what follows goes to pytest
    python3 packaging/dev.py run      the window; what follows goes to `wavewright`
    python3 packaging/dev.py bench    measure this machine
    python3 packaging/dev.py lint     ruff and mypy

Setting up makes `.venv` beside pyproject.toml with the pinned packages of constraints.txt and, on Debian and its kin, the few
system libraries that Qt and PortAudio need. It is remembered: the second call starts at once. Standard library only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "wavewright-setup.txt"
OLDEST, NEWEST = (3, 11), (3, 13)

WINDOW_PACKAGES = (  # Debian's names: Qt without a screen, Qt under X11, sound
    *("libgl1", "libegl1", "libglib2.0-0", "libdbus-1-3", "libfontconfig1", "libxkbcommon0"),
    *("libxcb-cursor0", "libxcb-icccm4", "libxcb-keysyms1", "libxcb-shape0", "libxkbcommon-x11-0"),
    "libportaudio2",
)
TEST_PACKAGES = (  # a screen, a sound card, MIDI cables and plug-ins made of software
    *("xvfb", "xauth", "openbox", "xdotool"),
    *("pulseaudio", "pulseaudio-utils", "libasound2-plugins"),
    "jackd2",
    *("g++", "dpf-source"),
)


def main(arguments: list[str]) -> int:
    verb, rest = (arguments or ["help"])[0], arguments[1:]
    verbs = {"demo": demo, "test": test, "run": run, "bench": bench, "lint": lint}
    if verb not in verbs:
        print(__doc__)
        return 0 if verb in ("help", "-h", "--help") else 2
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found = ".".join(map(str, sys.version_info[:2]))
        print(f"Wavewright needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]}; this is {found}. Call this file with one of those.")
        return 1
    try:
        return verbs[verb](rest)
    except subprocess.CalledProcessError as error:
        command = " ".join(map(str, error.cmd))
        print(f"\nSetting up stopped: `{command}` ended with {error.returncode}. Its reason stands above.")
        return 1
    except KeyboardInterrupt:
        return 130


# -- the verbs ------------------------------------------------------------------------------------------------------------


def demo(rest: list[str]) -> int:
    set_up()
    return studio("demo", "--out", str(ROOT / "build" / "demo"), *rest)


def test(rest: list[str]) -> int:
    """All of them in two processes, file by file: each has its own home, screen and sound card."""
    set_up(TEST_PACKAGES)
    return call(PYTHON, "-m", "pytest", *(rest or ["-n", "2", "--dist", "loadfile", "--max-worker-restart", "2"]))


def run(rest: list[str]) -> int:
    set_up()
    return studio(*rest)


def bench(rest: list[str]) -> int:
    set_up(TEST_PACKAGES)
    return call(PYTHON, "-m", "tests.bench", *rest)


def lint(rest: list[str]) -> int:
    set_up()
    results = [call(PYTHON, "-m", "ruff", "check", *(rest or ["."])), call(PYTHON, "-m", "mypy")]
    return max(results)


def studio(*arguments: str) -> int:
    """In the caller's folder, so that paths mean what the caller means."""
    return subprocess.run([str(PYTHON), "-m", "studio", *arguments], check=False).returncode


def call(*command: str | Path) -> int:
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode


# -- setting up -------------------------------------------------------------------------------------------------------------


def set_up(more: tuple[str, ...] = ()) -> None:
    """Makes everything that a verb needs, once. Raises CalledProcessError."""
    begin = time.monotonic()
    changed = system_packages(WINDOW_PACKAGES + more)
    wanted = fingerprint()
    if not (PYTHON.exists() and STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted):
        environment()
        STAMP.write_text(wanted, encoding="utf-8")
        changed = True
    if changed:
        print(f"Set up in {(time.monotonic() - begin) / 60:.1f} minutes.", flush=True)


def fingerprint() -> str:
    """What the environment was made from."""
    digest = hashlib.sha256()
    for path in (ROOT / "pyproject.toml", HERE / "constraints.txt"):
        digest.update(path.read_bytes())
    return f"{sys.version}\n{ROOT}\n{digest.hexdigest()}\n"


def environment() -> None:
    """The virtual environment with Wavewright in it, editable."""
    say("Making .venv")
    again = ["--clear"] if STAMP.exists() and not STAMP.read_text(encoding="utf-8").startswith(sys.version) else []
    subprocess.run([sys.executable, "-m", "venv", *again, str(VENV)], check=True)
    say("Installing the pinned packages; most of the time goes into downloading PyTorch and Qt")
    install = ["-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--progress-bar", "off"]
    install += ["-c", str(HERE / "constraints.txt")]
    subprocess.run([str(PYTHON), *install, "-e", f"{ROOT}[dev]"], check=True)
    midi = [str(PYTHON), *install, "--only-binary", "python-rtmidi", "python-rtmidi"]
    if subprocess.run(midi, check=False, stderr=subprocess.DEVNULL).returncode:
        say("There is no ready package for MIDI keyboards here; everything else works without it")


def system_packages(names: tuple[str, ...]) -> bool:
    """Installs what of Debian's packages is missing, or says how to. True where something was installed."""
    if not sys.platform.startswith("linux") or shutil.which("dpkg-query") is None or shutil.which("apt-get") is None:
        return False
    missing = [name for name in names if not installed(name)]
    if not has_venv():
        missing.append(f"python3.{sys.version_info.minor}-venv")
    if not missing:
        return False
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:  # type: ignore[attr-defined,unused-ignore]  # Linux only
        print(f"Missing system packages. Install them with:\n\n    sudo {' '.join(command)}\n", flush=True)
        return False
    say(f"Installing system packages: {' '.join(missing)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=False, env=quiet, stdout=subprocess.DEVNULL)
    subprocess.run([*command, "-q"], check=True, env=quiet, stdout=subprocess.DEVNULL)
    return True


def installed(package: str) -> bool:
    """Whether Debian's package is there, under this name or the one of the 64-bit-time transition."""
    for name in (package, f"{package}t64"):
        answer = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", name], capture_output=True, text=True, check=False)
        if answer.stdout.endswith("ok installed"):
            return True
    return False


def has_venv() -> bool:
    """Debian splits the part of Python that makes environments into a package of its own."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        return False
    return True


def say(text: str) -> None:
    print(f"… {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
