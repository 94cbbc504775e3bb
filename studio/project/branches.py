"""Every state a clip's steps have been in, as a tree: what is undone and then done differently stays reachable.

A value beside the clip's steps in its JSON (state.py). The Clips page adds and goes; undoing goes to the parent.
"""

from __future__ import annotations

from typing import Any, Self

import msgspec

MOST = 150
"""States a clip remembers. Beyond it the oldest ends of branches go, never the way to where one stands."""

Edits = tuple[dict[str, Any], ...]


class Node(msgspec.Struct, frozen=True, omit_defaults=True):
    """One state. id: never given twice within a clip; parent: the state it was made from; what: the change in words; time: in
    seconds since the epoch."""

    id: int
    parent: int | None = None
    edits: Edits = ()
    what: str = ""
    time: float = 0.0


class Branches(msgspec.Struct, frozen=True, omit_defaults=True):
    """The states of one clip in the order of their ids; parents come first. `current`: where one stands."""

    nodes: tuple[Node, ...] = ()
    current: int = 0

    @classmethod
    def begun(cls, edits: Edits) -> Self:
        """The tree of a clip that has none yet: as it was kept, and as it is."""
        nodes = (Node(0), Node(1, 0, edits)) if edits else (Node(0),)
        return cls(nodes, nodes[-1].id)

    def node(self, id: int) -> Node | None:
        return next((node for node in self.nodes if node.id == id), None)

    def add(self, edits: Edits, what: str, time: float) -> Self:
        """A change of where one stands; one stands at its end then."""
        new = Node(max((node.id for node in self.nodes), default=-1) + 1, self.current, edits, what, time)
        return type(self)(_bounded((*self.nodes, new), new.id), new.id)

    def go(self, id: int) -> Self:
        """Stand elsewhere. Raises ValueError where there is no such state."""
        if self.node(id) is None:
            raise ValueError(f"there is no state {id}")
        return type(self)(self.nodes, id)

    def joined(self, other: Branches) -> Self:
        """The states of both, standing where `other` stands: how an undo keeps what it leaves behind."""
        known = {node.id: node for node in (*self.nodes, *other.nodes)}
        return type(self)(_bounded(tuple(known[id] for id in sorted(known)), other.current), other.current)

    def sound(self, edits: Edits) -> bool:
        """Whether this is a tree, and one that stands at `edits`: files may come from strange hands."""
        seen: set[int] = set()
        for node in self.nodes:
            if node.id in seen or (node.parent is not None and node.parent not in seen):
                return False
            seen.add(node.id)
        here = self.node(self.current)
        return here is not None and here.edits == edits


def _bounded(nodes: tuple[Node, ...], current: int) -> tuple[Node, ...]:
    """At most MOST nodes: the oldest that nothing follows and that are not the current one go, one after the other."""
    kept = {node.id: node for node in nodes}
    children: dict[int | None, int] = {}
    for node in nodes:
        children[node.parent] = children.get(node.parent, 0) + 1
    while len(kept) > MOST:
        leaf = next((node for node in kept.values() if not children.get(node.id) and node.id != current), None)
        if leaf is None:  # one long way: its beginning goes
            first, second, *_ = kept.values()
            kept[second.id] = msgspec.structs.replace(second, parent=None)
            leaf = first
        children[leaf.parent] = children.get(leaf.parent, 1) - 1
        del kept[leaf.id]
    return tuple(kept.values())
