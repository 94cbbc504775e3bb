"""MIDI: messages, taking over without a jump, and inputs that come and go over a real JACK server where there is one."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.audio import midi
from studio.audio.midi import Message, MidiInputs, PickUp, parse
from studio.errors import MidiError
from tests import jack as wires
from tests.jack import Instrument


def test_a_message_is_what_the_hand_did() -> None:
    assert parse([0x90, 60, 100]) == Message("on", 0, 60, 100)
    assert parse([0x93, 60, 0]) == Message("off", 3, 60, 0)
    assert parse([0x80, 61, 64]) == Message("off", 0, 61, 64)
    assert parse([0xB2, 64, 127]) == Message("control", 2, 64, 127)
    assert [parse([0xE0, low, high]).value for low, high in ((0, 0), (0, 64), (127, 127))] == [-1, 0, 1]  # type: ignore[union-attr]


@given(st.lists(st.integers(-10, 300), max_size=6))
def test_no_bytes_do_harm(data: list[int]) -> None:
    message = parse(data)
    if message is not None:
        assert 0 <= message.channel < 16 and 0 <= message.number < 128 and -1 <= message.value < 128


def test_a_control_takes_over_where_the_fader_stands() -> None:
    pick, fader, moves = PickUp(), 0.5, []
    for control in [0.0, 0.1, 0.3, 0.45, 0.495, 0.6, 0.7]:
        to = pick.move(control, fader)
        moves.append(to)
        fader = fader if to is None else to
    assert moves == [None, None, None, None, 0.495, 0.6, 0.7]
    fader = 0.1  # another hand moved it
    assert pick.move(0.72, fader) is None and pick.move(0.3, fader) is None
    assert pick.move(0.05, fader) == 0.05  # it has come past
    assert PickUp().move(0.9, 0.1) is None


@given(st.floats(0, 1), st.lists(st.integers(0, 127), min_size=2, max_size=40))
def test_a_fader_never_jumps_further_than_the_hand(fader: float, controls: list[int]) -> None:
    pick, last = PickUp(), controls[0]
    for control in controls:
        to = pick.move(control / 127, fader)
        if to is not None:
            assert abs(to - fader) <= max(abs(control - last) / 127, PickUp.NEAR) + 1e-9
            fader = to
        last = control


def test_names_stay_the_same_when_the_cable_is_plugged_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert midi._plain("Keystation 49:Keystation 49 MIDI 1 24:0") == "Keystation 49:Keystation 49 MIDI 1"
    assert midi._plain("IAC Driver Bus 2") == "IAC Driver Bus 2"
    monkeypatch.setattr(sys, "platform", "win32")
    assert midi._plain("Keystation 49 3") == "Keystation 49"


def test_without_the_package_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    assert "not installed" in midi.missing()
    with pytest.raises(MidiError, match="not installed"):
        MidiInputs(print)


jack = wires.jack


# -- over a server ------------------------------------------------------------------------------------------------------


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


@pytest.fixture
def inputs(jack: Any) -> Iterator[tuple[MidiInputs, list[Message]]]:
    got: list[Message] = []
    made = MidiInputs(got.append)
    yield made, got
    made.close()


def played(instrument: Instrument, number: int, got: list[Message]) -> None:
    """Until it arrives: a cable just plugged may lose what is played in its first moment."""

    def arrived() -> bool:
        instrument.port.send_message([0x90, number, 1])
        return any(message.number == number for message in got)

    until(arrived)
    count = -1
    while count != len(got):  # the rest is still on its way
        count = len(got)
        time.sleep(0.05)


def test_what_is_played_arrives_in_order(jack: Any, inputs: tuple[MidiInputs, list[Message]]) -> None:
    made, got = inputs
    piano = Instrument(jack, "Piano")
    made.choose(midi.ALL)
    assert made.names == made.open == ("Piano:keys",)
    played(piano, 30, got)
    got.clear()
    for note in range(40, 60):
        piano.port.send_message([0x90, note, note])
        piano.port.send_message([0xF8])  # the clock is nobody's hand
        piano.port.send_message([0x80, note, 0])
    until(lambda: len(got) == 40)
    assert got == [Message(kind, 0, n, n if kind == "on" else 0) for n in range(40, 60) for kind in ("on", "off")]
    piano.unplug()


def test_inputs_come_and_go(jack: Any, inputs: tuple[MidiInputs, list[Message]]) -> None:
    made, got = inputs
    assert made.names == ()
    made.choose("Pads:keys")
    piano, pads = Instrument(jack, "Piano"), Instrument(jack, "Pads")
    assert set(made.scan()) == {"Piano:keys", "Pads:keys"} and made.open == ("Pads:keys",)
    piano.port.send_message([0x90, 60, 1])
    played(pads, 61, got)
    pads.unplug()
    assert made.scan() == ("Piano:keys",) and made.open == ()
    pads = Instrument(jack, "Pads")
    made.scan()
    played(pads, 62, got)
    assert list(dict.fromkeys(message.number for message in got)) == [61, 62]
    made.choose(midi.NONE)
    assert made.open == ()
    piano.unplug()
    pads.unplug()


def test_closing_while_it_rains_messages_ends(jack: Any) -> None:
    piano = Instrument(jack, "Piano")
    stop = threading.Event()

    def rain() -> None:
        while not stop.is_set():
            piano.port.send_message([0xB0, 1, 1])
            time.sleep(0.0002)

    thread = threading.Thread(target=rain)
    thread.start()
    try:
        for _ in range(10):
            got: list[Message] = []
            made = MidiInputs(got.append)
            made.choose(midi.ALL)
            until(lambda got=got: len(got) > 20)  # type: ignore[misc]
            made.close()
    finally:
        stop.set()
        thread.join()
        piano.unplug()
