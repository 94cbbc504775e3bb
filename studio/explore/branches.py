"""Where the nodes of a history lie when it is drawn: moves go to the right, each further branch in a row below its parent's.

The oldest child of a node goes on in its row, so that nothing moves when one branches off. Rows are shared where branches do
not overlap. Pure; called by the History tab.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from studio.explore.history import History


@dataclass(frozen=True)
class Trunk:
    """The vertical part of the lines from a node down to the first nodes of its further branches."""

    node: int
    row: int
    last: int


@dataclass(frozen=True)
class Branches:
    """places: (column, row) of each node; columns and rows: how many there are."""

    places: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    columns: int = 0
    rows: int = 0
    _nodes: tuple[tuple[list[int], list[int]], ...] = ()  # of each column: rows in order, and the nodes in them
    _trunks: tuple[tuple[Trunk, ...], ...] = ()

    @classmethod
    def of(cls, history: History) -> Branches:
        """All nodes of `history`, none at the same place."""
        places: dict[int, tuple[int, int]] = {}
        taken: list[int] = []  # of each row: a bit for each column
        below: dict[int | None, int] = {}  # where the next branch of a node is looked for
        for node in sorted(history.nodes):
            if node in places:
                continue
            chain = [node]
            while children := history.children(chain[-1]):
                chain.append(children[0])
            parent = history.nodes[node].parent
            column, above = places[parent] if parent is not None else (-1, -1)
            first = max(column, 0)  # a free place in front, so that two branches in a row do not look like one
            wanted = ((1 << (column + len(chain) - first + 1)) - 1) << first
            row = max(above + 1, below.get(parent, 0))
            while row < len(taken) and taken[row] & wanted:
                row += 1
            taken += [0] * (row + 1 - len(taken))
            taken[row] |= wanted
            below[parent] = row + 1
            places.update((id, (column + 1 + step, row)) for step, id in enumerate(chain))
        return cls._sorted(history, places, len(taken))

    @classmethod
    def _sorted(cls, history: History, places: dict[int, tuple[int, int]], rows: int) -> Branches:
        columns = 1 + max((column for column, _ in places.values()), default=-1)
        lists: list[list[tuple[int, int]]] = [[] for _ in range(columns)]
        trunks: list[list[Trunk]] = [[] for _ in range(columns)]
        for node, (column, row) in places.items():
            lists[column].append((row, node))
            last = max((places[child][1] for child in history.children(node)), default=row)
            if last > row:
                trunks[column].append(Trunk(node, row, last))
        nodes = tuple(([row for row, _ in sorted(found)], [node for _, node in sorted(found)]) for found in lists)
        return cls(places, columns, rows, nodes, tuple(map(tuple, trunks)))

    def within(self, left: int, right: int, top: int, bottom: int) -> Iterator[int]:
        """Nodes in these columns and rows, ends included."""
        for column in range(max(0, left), min(right + 1, self.columns)):
            rows, nodes = self._nodes[column]
            yield from nodes[bisect.bisect_left(rows, top) : bisect.bisect_right(rows, bottom)]

    def trunks(self, left: int, right: int, top: int, bottom: int) -> Iterator[Trunk]:
        """Trunks right of these columns that cross these rows."""
        for column in range(max(0, left), min(right + 1, self.columns)):
            yield from (trunk for trunk in self._trunks[column] if trunk.row <= bottom and trunk.last >= top)

    def at(self, column: int, row: int) -> int | None:
        return next(self.within(column, column, row, row), None)

    def beside(self, node: int, step: int) -> int | None:
        """The next node of the same column above (−1) or below (+1)."""
        column, row = self.places[node]
        rows, nodes = self._nodes[column]
        found = bisect.bisect_left(rows, row) + step
        return nodes[found] if 0 <= found < len(nodes) else None
