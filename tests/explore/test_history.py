"""The history against a plain model of it: random walks, its bound, its file, and files of strangers."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.errors import BrokenFile, NewerFormat
from studio.explore import history as module
from studio.explore.history import POINTS, History, Node, pack, unpack
from studio.project.formats import current as format_of
from studio.project.recipe import Request

ACTIONS = ("add", "add", "add", "undo", "undo", "redo", "jump")


def place(number: int, size: int = 3) -> Request:
    return Request(latent=(tuple(float(np.float32(number / 7 + i)) for i in range(size)),), seed=number)


class Plain:
    """The same tree as lists that are searched."""

    def __init__(self) -> None:
        self.nodes: list[tuple[int, int | None, int]] = []  # id, parent, what is there
        self.visits: list[int] = []
        self.at: int | None = None

    def go(self, id: int | None) -> None:
        if id is not None:
            self.at = id
            self.visits.append(id)

    def parent(self, id: int) -> int | None:
        return next(p for i, p, _ in self.nodes if i == id)

    def add(self, number: int) -> None:
        self.nodes.append((len(self.nodes) + 1, self.at, number))
        self.go(len(self.nodes))

    def undo(self) -> None:
        self.go(self.parent(self.at) if self.at is not None else None)

    def redo(self) -> None:
        """To the child on the way to what was visited last of all that lies below."""
        for visited in reversed(self.visits):
            way = [visited]
            while (above := self.parent(way[-1])) is not None:
                way.append(above)
            if self.at in way[1:]:
                self.go(way[way.index(self.at) - 1])
                return

    def jump(self, id: int) -> None:
        self.go(id)


def same(history: History, plain: Plain) -> bool:
    found = [(n.id, n.parent, n.request.seed) for n in history.nodes.values()]
    here = history.current.id if history.current is not None else None
    return found == plain.nodes and here == plain.at


@pytest.mark.parametrize("seed", range(6))
def test_a_thousand_random_actions_are_those_of_a_plain_tree(seed: int) -> None:
    dice = random.Random(seed)
    history, plain = History(), Plain()
    for number in range(1000):
        action = dice.choice(ACTIONS)
        if action == "add":
            history.add(place(number), "Move")
            plain.add(number)
        elif action == "jump" and plain.nodes:
            to = dice.choice(plain.nodes)[0]
            history.jump(to)
            plain.jump(to)
        elif action in ("undo", "redo"):
            getattr(history, action)()
            getattr(plain, action)()
        if number % 50 == 0 or number == 999:
            assert same(history, plain), number
    assert History.from_json(history.to_json()) == history


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 10**6)), max_size=120))
def test_every_step_back_is_taken_forward_again(actions: list[tuple[str, int]]) -> None:
    history = History()
    for action, number in actions:
        walk(history, action, number)
    here = history.current
    depth = len(history.path())
    for _ in range(depth - 1):
        history.undo()
    assert [n.parent for n in history.path()] == [None] * bool(depth)
    for _ in range(depth - 1):
        history.redo()
    assert history.current == here


def walk(history: History, action: str, number: int) -> None:
    if action == "add":
        history.add(place(number), f"Move {number}", number, "model", root=number % 17 == 0)
    elif action == "jump" and history.nodes:
        history.jump(list(history.nodes)[number % len(history.nodes)])
    elif action in ("undo", "redo"):
        getattr(history, action)()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 10**6)), max_size=150), st.integers(1, 20))
def test_the_bound_holds_and_never_takes_the_way_to_here(actions: list[tuple[str, int]], most: int) -> None:
    history = History(most)
    for action, number in actions:
        before = [n.id for n in history.path()]
        walk(history, action, number)
        assert len(history) <= most
        way = [n.id for n in history.path()]
        if action == "add" and number % 17:
            assert way == [*before, way[-1]][-most:]  # only its beginning goes, and only where it alone is too long
        sound(history)
        assert all(bool(history.children(id)) == (history.forward(id) is not None) for id in history.nodes)
    assert History.from_json(history.to_json(), most) == history


def sound(history: History) -> None:
    """Parents are there and know their children, and nothing is left of what was forgotten."""
    for node in history.nodes.values():
        assert node.id in history.children(node.parent)
        assert all(history.nodes[child].parent == node.id for child in history.children(node.id))
        ahead = history.forward(node.id)
        assert ahead is None or ahead in history.children(node.id)
    assert history._size == sum(node.size for node in history.nodes.values())
    assert set(history._seen) == set(history.nodes) == set(history._children) - {None}


def test_what_was_not_visited_for_longest_is_forgotten_first() -> None:
    history = History(4)
    root = history.add(place(0), "Start")
    for number in (1, 2, 3):
        history.jump(root.id)
        history.add(place(number), "Move")
    history.jump(2)
    history.jump(root.id)
    history.add(place(4), "Move")
    assert sorted(history.nodes) == [1, 2, 4, 5]  # 3 went: 2 was looked at again


def test_long_latents_count_by_their_numbers() -> None:
    history = History(room=1000)
    for number in range(30):
        history.add(place(number, 90), "Move")
        history.undo()
    assert 1 < len(history) <= 11 and history.current is not None and history.current.id == 1


def test_what_was_forgotten_comes_back_when_it_is_wanted() -> None:
    history = History(3)
    root = history.add(place(0), "Start")
    gone = history.add(place(1), "Move")
    history.jump(root.id)
    history.add(place(2), "Move")
    history.add(place(3), "Move")
    assert gone.id not in history.nodes
    assert history.revive(gone).request == gone.request and history.current is not None
    assert history.current.id == gone.id and len(history) <= 3
    assert history.add(place(4), "Move").id == 5


def test_clearing_leaves_where_one_stands() -> None:
    history = History()
    for number in range(5):
        history.add(place(number), "Move")
    other = history.cleared()
    assert len(other) == 1 and other.current is not None and other.current.request == place(4) and other.current.parent is None
    assert other.add(place(9), "Move").id == 6 and len(history) == 5
    assert History().cleared() == History()


# ---- the file


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=4), max_size=4),
            st.text(max_size=30),
            st.binary(min_size=3 * POINTS, max_size=3 * POINTS),
        ),
        max_size=6,
    )
)
def test_the_file_gives_back_exactly_what_it_was_given(nodes: list[tuple[Any, str, bytes]]) -> None:
    history = History()
    for rows, what, outline in nodes:
        request = Request(latent=tuple(map(tuple, rows)) or None, classes={"kick": 0.25}, seconds=0.5, text=what)
        history.outline(history.add(request, what, 1e9, "m" * 64, "run").id, outline)
    again = History.from_json(history.to_json())
    assert again == history and again.damaged == 0
    assert json.loads(history.to_json())["kind"] == "history"


def test_two_thousand_nodes_are_a_small_file() -> None:
    history = History()
    for number in range(2100):
        node = history.add(place(number, 64), "Move “brighter ↔ darker”", 1.7e9, "m" * 64, "2026-11-20-oneshot-1")
        history.outline(node.id, bytes(3 * POINTS))
    data = history.to_json()
    assert len(history) == 2000 and len(data) < 3e6
    assert History.from_json(data) == history


def stored(**changed: Any) -> dict[str, Any]:
    return {"id": 1, "parent": None, "request": {"seed": 3}, "what": "Start"} | changed


def file(*nodes: Any, **changed: Any) -> bytes:
    return json.dumps({"kind": "history", "format": 1, "current": 1, "nodes": list(nodes)} | changed).encode()


@pytest.mark.parametrize(
    "node",
    [
        stored(id="one"),
        stored(id=0),
        stored(id=2**60),
        stored(request={"seed": "x"}),
        stored(request={"latent": [[1, "a"]]}),
        stored(request={"temperature": "nan"}),
        '{"id": 1, "request": {"pitch": 1e999}}',
        stored(time=[]),
        stored(rows=3, latent=base64.b64encode(b"12345678").decode()),
        stored(rows=1, latent=base64.b64encode(np.array([np.nan], "<f4").tobytes()).decode()),
        stored(rows=-7, latent=base64.b64encode(bytes(8)).decode()),
        stored(rows=2**40, latent=base64.b64encode(bytes(8)).decode()),
        stored(latent="$$$"),
        [],
        None,
        7,
    ],
)
def test_a_damaged_node_is_left_out_and_the_rest_stays(node: Any) -> None:
    good = stored(id=5, parent=1, what="Random")
    data = file(node, good, current=5)
    if isinstance(node, str):
        data = data.replace(json.dumps(node).encode(), node.encode())
    history = History.from_json(data)
    assert history.damaged == 1 and list(history.nodes) == [5]
    assert history.current is not None and history.current.parent is None and history.current.what == "Random"


def test_odd_parents_do_no_harm() -> None:
    nodes = [
        stored(id=1, parent=3, forward=1),  # younger parents make circles
        stored(id=2, parent=2),
        stored(id=3, parent=1, outline=base64.b64encode(b"short").decode(), what="x" * 5000, forward=77),
        stored(id=3, parent=2),
        stored(id=9, parent=-4),
    ]
    history = History.from_json(file(*nodes, current=1234))
    assert history.damaged == 1
    assert [(n.id, n.parent) for n in history.nodes.values()] == [(1, None), (2, None), (3, 1), (9, None)]
    assert history.current is not None and history.current.id == 9 and len(history.nodes[3].what) <= 200
    assert history.nodes[3].outline == b"" and history.forward(1) is None
    sound(history)
    assert history.add(place(1), "Move").id == 10


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"kind": "clip", "format": 1}',
        b'{"kind": "history", "format": 0, "nodes": []}',
        b'{"kind": "history", "format": "1", "nodes": []}',
        b'{"kind": "history", "format": 1}',
        b'{"kind": "history", "format": 1, "nodes": {}}',
        b'{"kind": "history", "format": 1, "nodes": [], "current": "x"}',
        b'{"kind": "history", "format": 1, "nodes": [{"id": 1}',
    ],
)
def test_what_is_no_history_is_a_broken_file(data: bytes) -> None:
    with pytest.raises(BrokenFile):
        History.from_json(data)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | st.integers(0, 400).flatmap(lambda n: st.tuples(st.just(n), st.binary(min_size=1, max_size=9))))
def test_any_damage_is_survived(damage: Any) -> None:
    history = History()
    for number in range(3):
        history.add(place(number), "Move")
    data = history.to_json()
    if isinstance(damage, tuple):
        at, put = damage
        data = data[:at] + put + data[at + len(put) :]
    else:
        data = damage
    try:
        found = History.from_json(data)
    except (BrokenFile, NewerFormat):
        return
    sound(found)


def test_a_newer_format_is_refused_by_name() -> None:
    with pytest.raises(NewerFormat):
        History.from_json(file(format=format_of("history") + 1))
    assert len(History.from_json(file())) == 0


def test_an_outline_is_the_shape_of_its_sound() -> None:
    wave = np.sin(np.linspace(0, 9, POINTS)) * 0.02
    low, high, rms = unpack(pack(-np.abs(wave), np.abs(wave), np.abs(wave) / 2))
    assert np.abs(high).max() == pytest.approx(1) and np.allclose(low, -high) and np.allclose(rms, high / 2, atol=0.01)
    silent = pack(np.zeros(POINTS), np.full(POINTS, np.nan), np.full(POINTS, np.inf))
    assert silent == bytes(3 * POINTS)
    history = History()
    node = history.add(place(1), "Move")
    history.outline(node.id, b"too short")
    history.outline(99, silent)
    assert history.nodes[node.id].outline == b""


def test_nodes_are_values() -> None:
    node = Node(1, None, place(1))
    with pytest.raises(AttributeError):
        node.what = "other"  # type: ignore[misc]
    assert msgspec.structs.replace(node, what="x") != node and module.MOST == 2000
