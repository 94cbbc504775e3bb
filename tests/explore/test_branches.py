"""Where the nodes of a history are drawn: every one at a place of its own, children to the right, branches below."""

from __future__ import annotations

import itertools
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from studio.explore.branches import Branches
from studio.explore.history import History
from studio.project.recipe import Request


def grown(moves: list[tuple[str, int]]) -> History:
    history = History(300)
    for action, number in moves:
        if action == "add":
            history.add(Request(seed=number), "Move", root=number % 23 == 0)
        elif history.nodes:
            history.jump(list(history.nodes)[number % len(history.nodes)])
    return history


MOVES = st.lists(st.tuples(st.sampled_from(("add", "add", "jump")), st.integers(0, 10**6)), max_size=120)


@settings(max_examples=80, deadline=None)
@given(MOVES)
def test_every_node_has_its_place_and_children_go_right(moves: list[tuple[str, int]]) -> None:
    history = grown(moves)
    made = Branches.of(history)
    assert set(made.places) == set(history.nodes) and len(set(made.places.values())) == len(history)
    for id, (column, row) in made.places.items():
        children = history.children(id)
        assert column == len(history.path(id)) - 1 < made.columns and row < made.rows
        assert made.at(column, row) == id
        below = [made.places[child][1] for child in children]
        assert below[:1] in ([], [row]) and all(a < b for a, b in itertools.pairwise(below))
        trunk = next((t for t in made.trunks(column, column, 0, made.rows) if t.node == id), None)
        assert (trunk is not None) == (len(children) > 1)
        assert trunk is None or (trunk.row, trunk.last) == (row, below[-1])


@settings(max_examples=40, deadline=None)
@given(MOVES, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_what_is_in_view_is_found(moves: list[tuple[str, int]], left: int, top: int, width: int, height: int) -> None:
    made = Branches.of(grown(moves))
    right, bottom = left + width, top + height
    wanted = {id for id, (c, r) in made.places.items() if left <= c <= right and top <= r <= bottom}
    assert set(made.within(left, right, top, bottom)) == wanted
    for id in wanted:
        for step in (-1, 1):
            other = made.beside(id, step)
            column, row = made.places[id]
            rows = sorted(r for c, r in made.places.values() if c == column and (r - row) * step > 0)
            assert (other is None) == (not rows)
            assert other is None or made.places[other] == (column, rows[0 if step > 0 else -1])


def test_branching_off_moves_nothing() -> None:
    dice = random.Random(1)
    history = History()
    for number in range(8):
        history.add(Request(seed=number), "Move")
    before = dict(Branches.of(history).places)
    for number in range(20):
        history.jump(dice.randint(1, 8))
        history.add(Request(seed=100 + number), "Move")
    assert before.items() <= Branches.of(history).places.items()


def test_branches_that_do_not_overlap_share_a_row() -> None:
    history = History()
    for number in range(10):
        history.add(Request(seed=number), "Move")
    for node in (2, 7):
        history.jump(node)
        history.add(Request(seed=node * 10), "Move")
    assert Branches.of(history).rows == 2
    assert Branches.of(History()).places == {} and Branches.of(History()).rows == 0


def test_wide_and_tall_trees_are_laid_out() -> None:
    star = History()
    star.add(Request(), "Start")
    for number in range(1999):
        star.jump(1)
        star.add(Request(seed=number), "Move")
    assert (Branches.of(star).rows, Branches.of(star).columns) == (1999, 2)
    chain = History()
    for number in range(2000):
        chain.add(Request(seed=number), "Move")
    assert (Branches.of(chain).rows, Branches.of(chain).columns) == (1, 2000)
