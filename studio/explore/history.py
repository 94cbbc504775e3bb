"""Where one has been in Explore, as a tree: each finished move is a node under the one it started from, and no branch is lost.

    history = History()
    history.add(request, "Random", time.time(), facts.model)     # a child of where one stands
    history.undo(); history.redo(); history.jump(12)             # walk; redo goes to the child that was visited last

Pure: no files, no Qt. The page moves and shows it, a project keeps it (`to_json`, described in project/formats.py).
"""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import numpy as np

from studio.errors import BrokenFile, NewerFormat
from studio.project.atomic import Header
from studio.project.formats import current as format_of
from studio.project.recipe import Request

MOST = 2000
"""Nodes that are kept."""
ROOM = 2_000_000
"""Numbers in all latents together: a series has one for every frame, and the file is written after each move."""
POINTS = 96
"""Columns of an outline."""
LONGEST_WORDS = 200


class Node(msgspec.Struct, frozen=True):
    """A place one stood at. what: the move that led here, in words; time: seconds since the epoch; model: hash of its weights;
    run: name of the model's run; outline: 3 × 96 signed bytes, lowest, highest and RMS of its sound, b"" if never heard."""

    id: int
    parent: int | None
    request: Request
    what: str = ""
    time: float = 0.0
    model: str = ""
    run: str = ""
    outline: bytes = b""

    @property
    def size(self) -> int:
        """Numbers in its latent."""
        return sum(len(row) for row in self.request.latent or ())


class History:
    """A forest of nodes, of which one is the current: a start that no move led to is a root of its own.

    Beyond `most` nodes, or `room` numbers in their latents, leaves that are not on the way to the current node are forgotten,
    those first that were not visited for longest. A way that is longer than that by itself loses its beginning.
    """

    def __init__(self, most: int = MOST, room: int = ROOM) -> None:
        self.nodes: dict[int, Node] = {}
        self.revision = 0  # another one after every change
        self.damaged = 0  # nodes of a file that could not be read
        self._most, self._room = most, room
        self._children: dict[int | None, list[int]] = {None: []}
        self._last: dict[int, int] = {}  # the child of each node that was visited last
        self._seen: dict[int, int] = {}
        self._size = 0
        self._at: int | None = None
        self._clock = itertools.count()
        self._next = 1

    def __len__(self) -> int:
        return len(self.nodes)

    def __eq__(self, other: object) -> bool:
        """The same nodes, the same current one, and the same ways forward."""
        return isinstance(other, History) and (self.nodes, self._at, self._last) == (other.nodes, other._at, other._last)

    __hash__ = None  # type: ignore[assignment]

    # ---- where one is
    @property
    def current(self) -> Node | None:
        return None if self._at is None else self.nodes[self._at]

    def path(self, node: int | None = None) -> list[Node]:
        """The way from a root to `node`, or to the current one."""
        at = self._at if node is None else node
        found: list[Node] = []
        while at is not None:
            found.append(self.nodes[at])
            at = found[-1].parent
        return found[::-1]

    def children(self, node: int | None) -> list[int]:
        """Oldest first; of None: the roots."""
        return list(self._children[node])

    def forward(self, node: int) -> int | None:
        """The child that `redo` would go to from `node`."""
        return self._last.get(node)

    # ---- moves
    def add(
        self, request: Request, what: str, time: float = 0.0, model: str = "", run: str = "", *, root: bool = False
    ) -> Node:
        """A move led to `request`: a new child of the current node, or a new root, where one stands from now on."""
        node = Node(self._next, None if root else self._at, request, what[:LONGEST_WORDS], time, model, run)
        self._insert(node)
        self._stand(node.id)
        self._trim()
        return self.nodes[node.id]

    def undo(self) -> Node | None:
        """To where the last move came from; at a root one stays."""
        here = self.current
        if here is not None and here.parent is not None:
            self._stand(here.parent)
        return self.current

    def redo(self) -> Node | None:
        """To the child visited last; at a leaf one stays."""
        if self._at in self._last:
            self._stand(self._last[self._at])
        return self.current

    def jump(self, to: int) -> Node:
        """Stand at any node. Raises KeyError where it is not known (any more)."""
        if to != self._at:
            self._stand(self.nodes[to].id)
        return self.nodes[to]

    def revive(self, node: Node) -> Node:
        """Stand at a node that may have been forgotten meanwhile; it comes back under its parent, or as a root."""
        if node.id not in self.nodes:
            parent = node.parent if node.parent in self.nodes else None
            self._insert(msgspec.structs.replace(node, parent=parent))
            self._stand(node.id)
            self._trim()
        return self.jump(node.id)

    def outline(self, node: int, outline: bytes) -> None:
        """Remember what the sound of a node looks like."""
        if node in self.nodes and len(outline) in (0, 3 * POINTS) and self.nodes[node].outline != outline:
            self.nodes[node] = msgspec.structs.replace(self.nodes[node], outline=outline)
            self.revision += 1

    def cleared(self) -> History:
        """Another history that knows the current node only; its ids go on from here."""
        other = History(self._most, self._room)
        if self.current is not None:
            other.revive(msgspec.structs.replace(self.current, parent=None))
        other._next = self._next
        return other

    # ---- inside
    def _insert(self, node: Node) -> None:
        self.nodes[node.id] = node
        self._children[node.id] = []
        self._children[node.parent].append(node.id)
        self._size += node.size
        self._seen[node.id] = next(self._clock)
        self._next = max(self._next, node.id + 1)
        self.revision += 1

    def _stand(self, at: int) -> None:
        self._at = at
        self._seen[at] = next(self._clock)
        parent = self.nodes[at].parent
        while parent is not None:  # redo leads back here from everywhere on the way
            self._last[parent] = at
            at, parent = parent, self.nodes[parent].parent
        self.revision += 1

    def _trim(self) -> None:
        if len(self.nodes) <= self._most and self._size <= self._room:
            return
        way = [node.id for node in self.path()]
        keep = set(way)
        while (len(self.nodes) > self._most or self._size > self._room) and len(self.nodes) > 1:
            leaves = [id for id in self.nodes if id not in keep and not self._children[id]]
            self._forget(min(leaves, key=self._seen.__getitem__) if leaves else way.pop(0))

    def _forget(self, id: int) -> None:
        """Take a leaf away, or a root with a single child, which is a root from then on."""
        node = self.nodes.pop(id)
        self._children[node.parent].remove(id)
        for child in self._children.pop(id):
            self.nodes[child] = msgspec.structs.replace(self.nodes[child], parent=None)
            self._children[None].append(child)
        if node.parent is not None and self._last.get(node.parent) == id:
            left = self._children[node.parent]
            del self._last[node.parent]
            if left:
                self._last[node.parent] = max(left, key=self._seen.__getitem__)
        self._last.pop(id, None)
        del self._seen[id]
        self._size -= node.size
        self.revision += 1

    # ---- on disk
    def snapshot(self) -> HistoryFile:
        """All of it as values, to be encoded in another thread."""
        return HistoryFile(self._at, tuple(self.nodes.values()), dict(self._last))

    def to_json(self) -> bytes:
        return self.snapshot().to_json()

    @classmethod
    def from_json(cls, data: bytes, most: int = MOST, room: int = ROOM) -> History:
        """What `to_json` gave. Damaged nodes are left out and counted in `damaged`; what grew on them becomes roots.

        Raises BrokenFile where it is no history at all, NewerFormat.
        """
        try:
            header = msgspec.json.decode(data, type=Header)
            if header.kind == "history" and header.format > format_of("history"):
                raise NewerFormat(name="history", found=header.format, known=format_of("history"))
            file = msgspec.json.decode(data, type=_Stored)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BrokenFile(name="history", reason="it is not whole, or not a history") from error
        if header.kind != "history" or header.format < 1:
            raise BrokenFile(name="history", reason="it is not a history")
        history = cls(most, room)
        forward: dict[int, int] = {}
        for raw in file.nodes[-2 * most :]:
            stored = _node(raw)
            if stored is None or stored[0].id in history.nodes or stored[0].id < history._next:
                history.damaged += 1
                continue
            node, forward[node.id] = stored
            if node.parent not in history.nodes:  # also keeps every parent before its children
                node = msgspec.structs.replace(node, parent=None)
            history._insert(node)
        for id, child in forward.items():
            if child in history._children[id]:
                history._last[id] = child
        if history.nodes:
            history._at = file.current if file.current in history.nodes else max(history.nodes)
            history._trim()
        return history


class HistoryFile(msgspec.Struct, frozen=True):
    """A history as it stood at one moment."""

    current: int | None
    nodes: tuple[Node, ...]
    forward: dict[int, int]

    def to_json(self) -> bytes:
        stored = [_stored(node, self.forward.get(node.id, 0)) for node in sorted(self.nodes, key=lambda node: node.id)]
        return msgspec.json.encode(
            {"kind": "history", "format": format_of("history"), "current": self.current, "nodes": stored}
        )


class _StoredNode(msgspec.Struct, frozen=True, omit_defaults=True):
    """A node in its file. latent: its rows as float32, little-endian, `rows` of them; where that would not be exact they stay
    in the request. forward: the child visited last, 0 for none."""

    id: int
    parent: int | None = None
    what: str = ""
    time: float = 0.0
    model: str = ""
    run: str = ""
    request: Request = Request()
    rows: int = 0
    latent: bytes = b""
    outline: bytes = b""
    forward: int = 0


_decoder = msgspec.json.Decoder(_StoredNode)


class _Stored(msgspec.Struct, frozen=True):
    nodes: list[msgspec.Raw]
    current: int | None = None


def _stored(node: Node, forward: int) -> _StoredNode:
    request, rows, latent = node.request, 0, b""
    packed = _packed(request.latent)
    if packed is not None:
        rows, latent, request = len(packed), packed.astype("<f4").tobytes(), msgspec.structs.replace(request, latent=None)
    return _StoredNode(
        node.id, node.parent, node.what, node.time, node.model, node.run, request, rows, latent, node.outline, forward
    )


def _packed(latent: tuple[tuple[float, ...], ...] | None) -> np.ndarray | None:
    """The rows as an array, where they are equally long and float32 says them exactly."""
    if not latent or len({len(row) for row in latent}) != 1 or not latent[0]:
        return None
    exact = np.asarray(latent, np.float64)
    with np.errstate(over="ignore"):
        short = exact.astype(np.float32)
    return short if np.array_equal(short.astype(np.float64), exact) else None


def _node(raw: msgspec.Raw) -> tuple[Node, int] | None:
    """A node of a file and its way forward, or None where it is damaged."""
    try:
        stored = _decoder.decode(raw)
        request = stored.request
        if stored.rows:  # only here can a number be none: JSON has no word for that
            values = np.frombuffer(stored.latent, "<f4").reshape(stored.rows, -1)
            if not np.isfinite(values).all():
                return None
            request = msgspec.structs.replace(request, latent=tuple(map(tuple, values.tolist())))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError, OverflowError, MemoryError):
        return None
    outline = stored.outline if len(stored.outline) == 3 * POINTS else b""
    if not 1 <= stored.id <= 2**53:
        return None
    words = stored.what[:LONGEST_WORDS]
    return Node(stored.id, stored.parent, request, words, stored.time, stored.model, stored.run, outline), stored.forward


def unpack(outline: bytes) -> tuple[Any, Any, Any]:
    """Lowest, highest and RMS columns of an outline, −1 … 1, 96 each."""
    columns = np.frombuffer(outline, np.int8).reshape(3, POINTS).astype(np.float32) / 127
    return columns[0], columns[1], columns[2]


def pack(low: np.ndarray, high: np.ndarray, rms: np.ndarray) -> bytes:
    """96 columns each as an outline; the loudest fills it."""
    columns = np.nan_to_num(np.stack([low, high, rms]).astype(np.float64), posinf=0, neginf=0)
    peak = float(np.abs(columns).max(initial=0.0))
    return np.rint(columns / (peak or 1.0) * 127).astype(np.int8).tobytes()
