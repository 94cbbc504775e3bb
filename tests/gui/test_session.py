"""The session: what is open, what sounds, what can be undone; every problem is said, none is thrown at the user."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.audio.analysis import facts
from studio.audio.sound import Sound
from studio.errors import DeviceError, UnreadableAudio
from studio.gui import files
from studio.gui.loudness import even_gain
from studio.gui.session import Current, Problem, Session
from studio.project.folder import ProjectFolder
from studio.project.recipe import Recipe, Request
from studio.settings import Settings, load


@pytest.fixture
def problems(bare_session: Session) -> list[Problem]:
    heard: list[Problem] = []
    bare_session.problem.connect(heard.append)
    return heard


class Silent:
    """A player that plays into nothing, for what the session makes of it."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []
        self.playing, self.lost, self.position, self.level = False, False, 0.25, (-6.0, -7.0)

    def play(self, sound: Sound, *, loop: bool, gain: float, at: float) -> None:
        if self.lost:
            raise DeviceError(reason="the sound device went away")
        self.playing = True
        self.said.append(("play", sound, loop, gain, at))

    def stop(self) -> None:
        self.playing = False

    def set_volume(self, volume: float) -> None:
        self.said.append(("volume", volume))

    def set_loop(self, loop: bool) -> None:
        self.said.append(("loop", loop))


def test_a_project_is_opened_remembered_and_let_go(session: Session, tmp_path: Path, problems: list[Problem]) -> None:
    root = tmp_path / "Test sounds"
    assert session.project is not None and session.project.root == root
    assert load(tmp_path / "home" / "settings.json").recent == (str(root),)
    assert session.open(root) and not problems
    session.close()
    assert session.project is None
    with ProjectFolder.open(root) as again:
        assert again.name == "Test sounds"


def test_a_project_that_is_open_elsewhere_is_said_quietly(session: Session, tmp_path: Path, problems: list[Problem]) -> None:
    other = tmp_path / "Other"
    ProjectFolder.create(other).close()
    code = "import sys; from studio.project.folder import ProjectFolder; p = ProjectFolder.open(sys.argv[1])"
    code += "; print('open', flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", code, str(other)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None and holder.stdout.readline()
        assert not session.open(other)
        assert session.project is not None and session.project.name == "Test sounds"
        assert len(problems) == 1 and "Other" in problems[0].sentence and problems[0].hint
    finally:
        holder.communicate()


def test_a_folder_that_is_none_leaves_what_was_open(session: Session, tmp_path: Path, problems: list[Problem]) -> None:
    assert not session.open(tmp_path / "nothing here")
    assert session.project is not None and len(problems) == 1
    assert str(tmp_path / "nothing here") not in session.settings.recent


def test_keeping_is_a_clip_that_can_be_undone(session: Session, tone: Sound, qtbot: Any) -> None:
    recipe = Recipe(family="oneshot", model="abc", request=Request(seed=3))
    with qtbot.waitSignal(session.clipsChanged, timeout=20_000):
        session.keep(Current(tone, "Soft kick", recipe))
    project = session.project
    assert project is not None
    (clip,) = project.clips()
    assert clip.name == "Soft kick" and clip.recipe == recipe
    assert np.array_equal(project.clip_sound(clip.id).samples, tone.samples)
    session.undo.undo()
    assert project.clips() == []
    session.undo.redo()
    assert [found.id for found in project.clips()] == [clip.id]


def test_steps_are_done_once_undone_and_redone(session: Session) -> None:
    values: list[int] = []
    session.do("Add", lambda: values.append(1), values.pop)
    assert values == [1] and session.undo.canUndo()
    session.undo.undo()
    assert values == []
    session.undo.redo()
    assert values == [1]
    session.close()
    assert not session.undo.canUndo()


def test_the_project_is_renamed_and_back(session: Session) -> None:
    session.rename("Better name")
    assert session.project is not None and session.project.name == "Better name"
    session.undo.undo()
    assert session.project.name == "Test sounds"
    session.rename("  ")
    assert session.project.name == "Test sounds"


def test_playing_stopping_and_the_end(session: Session, tone: Sound, qtbot: Any) -> None:
    player, states, places = Silent(), [], []
    session.set_player(player)  # type: ignore[arg-type]
    session.playingChanged.connect(states.append)
    session.positionChanged.connect(places.append)
    session.play(Current(tone, "A"), at=0.1)
    assert player.said[-1] == ("play", tone, False, 1.0, 0.1) and states == [True] and session.playing
    qtbot.waitUntil(lambda: places == [0.25] * len(places) and len(places) > 1)
    player.playing = False
    qtbot.waitUntil(lambda: states == [True, False])
    assert places[-1] is None
    session.toggle()
    session.toggle()
    assert states == [True, False, True, False]
    session.set_player(None)


def test_a_lost_device_is_said_once_and_plays_nothing(
    session: Session, tone: Sound, problems: list[Problem], qtbot: Any
) -> None:
    player = Silent()
    session.set_player(player)  # type: ignore[arg-type]
    player.lost = True
    session.play(Current(tone))
    session.play()
    assert len(problems) == 1 and problems[0].button and problems[0].action is not None
    wanted: list[Any] = []
    session.wanted.connect(wanted.append)
    problems[0].action()
    assert wanted[0].page == "settings"
    session.set_player(None)


def test_without_a_device_a_sound_is_still_shown(session: Session, tone: Sound, problems: list[Problem]) -> None:
    shown: list[Current] = []
    session.currentChanged.connect(shown.append)
    session.play(Current(tone, "A"))
    session.toggle()
    session.stop()
    assert [current.name for current in shown] == ["A"] and not session.playing and not problems


def test_comparing_is_at_one_loudness_and_never_clips(session: Session, tone: Sound) -> None:
    quiet = Sound(tone.samples * np.float32(0.4), tone.rate)

    noise = Sound(0.05 * np.random.default_rng(0).standard_normal((2, 30_000)).astype(np.float32), 48_000)
    for sound in (tone, quiet, noise, Sound(noise.samples[:, :5000], 48_000)):
        heard = facts(Sound(sound.samples * np.float32(even_gain(sound)), sound.rate))
        assert heard.loudness == pytest.approx(-18, abs=0.3) or heard.peak_db == pytest.approx(-1, abs=0.01)
    click = Sound(np.eye(1, 1000, dtype=np.float32), 44100)
    assert np.abs(click.samples).max() * even_gain(click) <= 1.0 + 1e-6
    assert even_gain(Sound(np.zeros((1, 100), np.float32), 44100)) == 1.0
    player = Silent()
    session.set_player(player)  # type: ignore[arg-type]
    session.play(Current(tone), compare=True)
    assert player.said[-1][3] == pytest.approx(even_gain(tone)) != 1.0
    session.play(Current(tone, even=True))
    assert player.said[-1][3] == pytest.approx(even_gain(tone))
    session.change(loudness_match=False)
    session.play(Current(tone, even=True))
    assert player.said[-1][3] == 1.0  # one of several, but the user wants them as they are
    session.play(Current(tone), compare=True)
    assert player.said[-1][3] == pytest.approx(even_gain(tone))  # one against another is always even
    session.stop()
    session.set_player(None)


def test_settings_are_checked_saved_and_told(session: Session, tmp_path: Path, problems: list[Problem]) -> None:
    told: list[Settings] = []
    session.settingsChanged.connect(told.append)
    session.change(volume=0.5)
    session.change(volume=0.5)
    assert [value.volume for value in told] == [0.5] and load(tmp_path / "home" / "settings.json").volume == 0.5
    session.change(theme="pink")
    assert session.settings.theme == "dark" and len(problems) == 1 and "theme" in problems[0].sentence


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"kind": "settings", "format": 99}', b'{"volume": 7}', b"[]"])
def test_settings_that_can_not_be_read_are_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    assert load(path) == Settings()
    assert (tmp_path / "settings.unreadable.json").read_bytes() == content


@pytest.mark.parametrize(("name", "safe"), [("Kick 1", "Kick 1"), ("a/b\\c:d", "a b c d"), ("  ..", "Sound"), ("", "Sound")])
def test_names_become_file_names(name: str, safe: str) -> None:
    assert files.safe_name(name) == safe
    assert len(files.safe_name("x" * 500)) == 64


def test_errors_become_problems(session: Session, problems: list[Problem]) -> None:
    session.complain(UnreadableAudio(name="a.wav", reason="it is torn"))
    try:
        raise ValueError("odd")
    except ValueError as error:
        session.complain(error)
    assert "a.wav" in problems[0].sentence and problems[0].hint and not problems[0].details
    assert "odd" in problems[1].sentence and "Traceback" in problems[1].details
