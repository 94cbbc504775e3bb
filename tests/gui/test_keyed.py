"""The computer's keys on a real X screen: by position on any layout, held without stuttering, silent when one looks away."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import screen as module
from tests.screen import Screen

pytestmark = [pytest.mark.screen, pytest.mark.skipif(bool(module.missing()), reason=module.missing())]


class Typist:
    """A window with keys, and what it has said."""

    def __init__(self, screen: Screen, words: Path) -> None:
        self.screen, self._words = screen, words

    def key(self, *command: str) -> None:
        self.screen.hand(*command)

    def said(self, count: int) -> list[str]:
        """All it said, once it has said that much."""
        end = time.monotonic() + 10
        while len(lines := self._words.read_text().splitlines()) < count and time.monotonic() < end:
            time.sleep(0.05)
        return lines


@pytest.fixture
def typist(tmp_path: Path) -> Iterator[Typist]:
    words = tmp_path / "said.txt"
    with Screen() as screen, words.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.gui.keyed", str(tmp_path)],
            env={**os.environ, **screen.environment(), "WAVEWRIGHT_HOME": str(tmp_path / "home")},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.DEVNULL,
        )
        try:
            screen.activate(screen.window("Only keys"))
            yield Typist(screen, words)
        finally:
            process.terminate()
            process.wait()


def test_a_held_key_is_one_note_until_it_is_up(typist: Typist) -> None:
    typist.key("keydown", "z")
    time.sleep(1.2)  # X repeats it some twenty times
    typist.key("keyup", "z")
    assert typist.said(2) == ["on 48", "off 48"]
    typist.key("key", "2")
    assert typist.said(4) == ["on 48", "off 48", "on 61", "off 61"]


def test_the_place_of_a_key_counts_on_any_layout(typist: Typist) -> None:
    environment = {**os.environ, **typist.screen.environment()}
    if subprocess.run(["setxkbmap", "de"], env=environment, check=False, capture_output=True).returncode:
        pytest.skip("no other layout here")
    typist.key("key", "y")  # where an English keyboard has Z
    assert typist.said(2) == ["on 48", "off 48"]
    typist.key("key", "z")  # and Y
    assert typist.said(4) == ["on 48", "off 48", "on 69", "off 69"]


def test_looking_away_ends_what_is_held(typist: Typist, tmp_path: Path) -> None:
    mine = typist.screen.window("Only keys")
    other = subprocess.Popen(
        [sys.executable, "-m", "tests.gui.keyed", str(tmp_path / "other")],
        env={**os.environ, **typist.screen.environment(), "WAVEWRIGHT_HOME": str(tmp_path / "other")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 20
        while len(windows := typist.screen.hand("search", "--onlyvisible", "--name", "Only keys").split()) < 2:
            assert time.monotonic() < end
            time.sleep(0.1)
        typist.screen.activate(mine)
        typist.key("keydown", "x")
        assert typist.said(1) == ["on 50"]
        typist.screen.activate(next(window for window in windows if window != mine))
        assert typist.said(2) == ["on 50", "off 50"]
        typist.key("keyup", "x")
    finally:
        other.terminate()
        other.wait()
