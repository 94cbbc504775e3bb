"""The states of a clip: nothing is lost by undoing, the tree stays small, and strange files are noticed."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.project import branches
from studio.project.branches import MOST, Branches, Node
from studio.project.state import ClipFile

CLIP = ClipFile(id="a", name="Kick", rate=8000, frames=80, channels=1)


def step(n: int) -> dict[str, Any]:
    return {"do": "gain", "db": float(n)}


def ways(tree: Branches) -> set[tuple[int, int | None]]:
    return {(node.id, node.parent) for node in tree.nodes}


def test_a_clip_without_a_history_begins_one() -> None:
    assert CLIP.branches == Branches((Node(0),), 0)
    edited = msgspec.structs.replace(CLIP, edits=(step(1),))
    assert edited.branches == Branches((Node(0), Node(1, 0, (step(1),))), 1)


def test_what_is_done_after_going_back_is_another_branch() -> None:
    one = CLIP.changed((step(1),), "Gain", 1.0)
    two = one.changed((step(1), step(2)), "Gain again", 2.0)
    other = two.gone(1).changed((step(1), step(3)), "Otherwise", 3.0)
    assert ways(other.branches) == {(0, None), (1, 0), (2, 1), (3, 1)}
    assert other.gone(2).edits == two.edits and other.gone(0).edits == ()
    assert other.branches.node(3) == Node(3, 1, (step(1), step(3)), "Otherwise", 3.0)


def test_an_older_value_keeps_what_is_known_now() -> None:
    """How an undo saves a clip as it was: it stands where it stood, and what came after is still there."""
    one = CLIP.changed((step(1),), "Gain", 1.0)
    undone = CLIP.beside(one)
    assert undone.edits == () and undone.branches.current == 0
    assert ways(undone.branches) == ways(one.branches)
    again = undone.changed((step(2),), "Other", 2.0)
    assert CLIP.beside(again).gone(1).edits == (step(1),)
    assert CLIP.beside(CLIP).history is None


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(st.none(), st.integers(0, 400)), max_size=60))
def test_every_walk_leaves_a_tree_that_stands_where_it_says(walk: list[int | None]) -> None:
    """None adds; a number goes to one of the states."""
    clip, seen = CLIP, [()]
    for at, choice in enumerate(walk):
        if choice is None:
            before = clip
            clip = clip.changed((*clip.edits, step(at)), f"{at}", float(at))
            clip = msgspec.json.decode(msgspec.json.encode(clip), type=ClipFile)
            assert before.beside(clip).gone(clip.branches.current).edits == clip.edits
        else:
            clip = clip.gone(clip.branches.nodes[choice % len(clip.branches.nodes)].id)
        seen.append(clip.edits)
        assert clip.branches.sound(clip.edits)
    assert all(any(node.edits == edits for node in clip.branches.nodes) for edits in seen)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.booleans(), min_size=2 * MOST, max_size=2 * MOST))
def test_it_stays_small_and_keeps_the_way_to_where_one_stands(backs: list[bool]) -> None:
    tree = Branches.begun(())
    for at, back in enumerate(backs):
        if back and (here := tree.node(tree.current)) is not None and here.parent is not None:
            tree = tree.go(here.parent)
        else:
            tree = tree.add((step(at),), "", float(at))
        here = tree.node(tree.current)
        assert here is not None and len(tree.nodes) <= MOST and tree.sound(here.edits)


def test_strange_histories_begin_anew() -> None:
    loop = Branches((Node(0, 1), Node(1, 0)), 0)
    twice = Branches((Node(0), Node(0)), 0)
    elsewhere = Branches((Node(0, None, (step(9),)),), 0)
    nowhere = Branches((Node(0),), 7)
    for strange in (loop, twice, elsewhere, nowhere, Branches()):
        clip = msgspec.structs.replace(CLIP, history=strange)
        assert clip.branches == Branches.begun(()), strange


def test_the_oldest_ends_go_first(monkeypatch) -> None:
    monkeypatch.setattr(branches, "MOST", 4)
    tree = Branches.begun(())
    for at in range(1, 5):
        tree = tree.add((step(at),), "", 0.0).go(0)
    assert [node.id for node in tree.nodes] == [0, 2, 3, 4]
