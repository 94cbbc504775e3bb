"""The sounds of a project in SQLite: where they are, what was measured of them, and what the musician said about them.

The importer writes measurements, the Sounds page and check.py write labels, includes and trims, everything else reads.
100,000 rows are normal: a view asks for `ids(...)`, one array, and fetches rows by windows of it. An Index belongs to the
thread that made it; several may be open, and their short writes wait for each other (WAL).
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from studio.errors import BrokenFile, DiskFull, NewerFormat, NotSaved
from studio.project.folder import ProjectFolder

FORMAT = 1
FINGERPRINT, COLUMNS = 64, 96
ORDERS = {
    "name": "sort, id",
    "label": "label, sort, id",
    "seconds": "seconds, id",
    "rate": "rate, id",
    "channels": "channels, id",
    "loudness": "loudness, id",
    "brightness": "brightness, id",
    "attack": "attack, id",
    "pitch": "pitch, id",
    "noisiness": "noisiness, id",
    "problems": "problems, sort, id",
    "include": "include, sort, id",
    "path": "path",
    "added": "id",
}
"""What a view can sort by."""

_SCHEMA = """
CREATE TABLE sound (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, origin TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
    name TEXT NOT NULL, sort TEXT NOT NULL, search TEXT NOT NULL, label TEXT NOT NULL DEFAULT '', source_hash TEXT NOT NULL,
    seconds REAL NOT NULL, rate INTEGER NOT NULL, channels INTEGER NOT NULL, frames INTEGER NOT NULL,
    peak REAL, loudness REAL, brightness REAL, attack REAL, pitch REAL, noisiness REAL,
    head REAL NOT NULL DEFAULT 0, tail REAL NOT NULL DEFAULT 0, clipped INTEGER NOT NULL DEFAULT 0, dc REAL NOT NULL DEFAULT 0,
    problems TEXT NOT NULL DEFAULT '', split TEXT NOT NULL DEFAULT 'train', include INTEGER NOT NULL DEFAULT 1,
    trim INTEGER NOT NULL DEFAULT 0, same INTEGER NOT NULL DEFAULT 0, text TEXT NOT NULL DEFAULT '');
CREATE INDEX sound_sort ON sound (sort, id, search, label);
CREATE INDEX sound_label ON sound (label, sort, id);
CREATE INDEX sound_seconds ON sound (seconds, id);
CREATE INDEX sound_loudness ON sound (loudness, id);
CREATE INDEX sound_brightness ON sound (brightness, id);
CREATE INDEX sound_attack ON sound (attack, id);
CREATE INDEX sound_pitch ON sound (pitch, id);
CREATE INDEX sound_noisiness ON sound (noisiness, id);
CREATE INDEX sound_hash ON sound (source_hash);
CREATE INDEX sound_origin ON sound (origin);
CREATE TABLE picture (id INTEGER PRIMARY KEY REFERENCES sound (id) ON DELETE CASCADE, thumbnail BLOB, fingerprint BLOB);
CREATE TABLE problem (path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime INTEGER NOT NULL, reason TEXT NOT NULL);
"""


class SoundRow(msgspec.Struct, frozen=True, kw_only=True):
    """One sound. path absolute; seconds of the file, head and tail seconds of silence in it; loudness in LUFS, peak in dB,
    brightness in Hz, attack in s, pitch in Hz or None, noisiness 0–1; thumbnail 2 × 96 bytes (low, high), drawn by the table.

    problems: keys of check.py's table; trim: cut silence also where a model would not; same: id of the first of a group of
    near-duplicates, its own or 0 where there is none
    """

    id: int = 0
    path: str
    name: str
    label: str = ""
    source_hash: str = ""
    seconds: float
    rate: int
    channels: int
    frames: int
    peak: float | None = None
    loudness: float | None = None
    brightness: float | None = None
    attack: float | None = None
    pitch: float | None = None
    noisiness: float | None = None
    head: float = 0.0
    tail: float = 0.0
    clipped: int = 0
    dc: float = 0.0
    problems: tuple[str, ...] = ()
    split: str = "train"
    include: bool = True
    trim: bool = False
    same: int = 0
    text: str = ""
    size: int = 0
    mtime: int = 0
    origin: str = ""
    thumbnail: bytes = b""
    fingerprint: bytes = b""


_REFUSED = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")
_STORED = tuple(f for f in SoundRow.__struct_fields__ if f not in ("id", "thumbnail", "fingerprint"))


class Index:
    """The open library of a project. Raises BrokenFile where library.sqlite is damaged, NewerFormat, DiskFull, NotSaved."""

    def __init__(self, project: ProjectFolder) -> None:
        self.root = Path(os.path.normpath(project.root))
        self.name = project.library_path.name
        with self._translated():
            self._db = sqlite3.connect(project.library_path, timeout=10.0, isolation_level=None)
        try:
            with self._translated():
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        run = self._db.execute
        run("PRAGMA trusted_schema = OFF")
        run("PRAGMA foreign_keys = ON")
        found = run("PRAGMA user_version").fetchone()[0]
        if found > FORMAT:
            raise NewerFormat(name=self.name, found=found, known=FORMAT)
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run("PRAGMA cache_size = -32768")
        if found == 0:
            with self._writing():
                if run("PRAGMA user_version").fetchone()[0] == 0:  # nobody made it while we waited
                    for statement in _SCHEMA.split(";"):
                        run(statement)
                    run(f"PRAGMA user_version = {FORMAT}")
        run(f"SELECT id, {', '.join(_STORED)} FROM sound LIMIT 1").fetchone()
        if run("SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')").fetchone()[0]:
            raise BrokenFile(name=self.name, reason="it holds commands where only sounds belong")

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- reading
    def count(self) -> int:
        return int(self._one("SELECT count(*) FROM sound")[0])

    def ids(
        self,
        filter: str = "",
        label: str | None = None,
        order: str = "name",
        descending: bool = False,
        include: bool | None = None,
        problem: str | None = None,
    ) -> NDArray[np.int64]:
        """Ids in view order. filter: words that must all occur in name, folder or label; None means every label and so on.

        Order and filter are two scans of narrow indexes, joined here: quicker than one query that must visit every row.
        """
        direction = " DESC" if descending else ""
        keys = ", ".join(key + direction for key in ORDERS[order].split(", "))
        ordered = self._ids(f"SELECT id FROM sound ORDER BY {keys}")
        for query, values in self._conditions(filter, label, include, problem):
            wanted = np.zeros(int(ordered.max(initial=0)) + 1, bool)
            wanted[(found := self._ids(query, *values))[found < len(wanted)]] = True
            ordered = ordered[wanted[ordered]]
        return ordered

    def _conditions(
        self, filter: str, label: str | None, include: bool | None, problem: str | None
    ) -> Iterator[tuple[str, list[Any]]]:
        for word in filter.casefold().split():
            labels = [name for name, _ in self.labels() if word in name.casefold()]
            marks = ", ".join("?" * len(labels))
            yield f"SELECT id FROM sound INDEXED BY sound_sort WHERE instr(search, ?) OR label IN ({marks})", [word, *labels]
        if label is not None:
            yield "SELECT id FROM sound WHERE label = ?", [label]
        if include is not None:
            yield "SELECT id FROM sound WHERE include = ?", [int(include)]
        if problem is not None:
            yield "SELECT id FROM sound WHERE instr(' ' || problems || ' ', ?)", [f" {problem} "]

    def _ids(self, query: str, *values: object) -> NDArray[np.int64]:
        with self._translated():
            return np.fromiter((row[0] for row in self._db.execute(query, values)), np.int64)

    def fetch(self, ids: Iterable[int]) -> list[SoundRow]:
        """Rows in the order of `ids`; ids that are gone are left out."""
        wanted = [int(i) for i in ids]
        found: dict[int, SoundRow] = {}
        with self._translated():
            for start in range(0, len(wanted), 500):
                part = wanted[start : start + 500]
                query = (
                    f"SELECT sound.id, {', '.join(_STORED)}, thumbnail, fingerprint FROM sound LEFT JOIN picture USING (id) "
                    f"WHERE sound.id IN ({', '.join('?' * len(part))})"
                )
                found |= {row[0]: self._row(row) for row in self._db.execute(query, part)}
        return [found[i] for i in wanted if i in found]

    def rows(
        self,
        filter: str = "",
        label: str | None = None,
        order: str = "name",
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
        include: bool | None = None,
        problem: str | None = None,
    ) -> list[SoundRow]:
        """`fetch` of a window of `ids`."""
        found = self.ids(filter, label, order, descending, include, problem)
        return self.fetch(found[offset : None if limit is None else offset + limit])

    def get(self, id: int) -> SoundRow | None:
        return next(iter(self.fetch([id])), None)

    def by_path(self, path: Path | str) -> SoundRow | None:
        found = self._one("SELECT id FROM sound WHERE path = ?", self.stored(path))
        return self.get(found[0]) if found else None

    def values(self, column: str, ids: Iterable[int]) -> dict[int, Any]:
        """One column of these sounds; cheaper than `fetch` for many."""
        if column not in _STORED:
            raise ValueError(f"no column {column}")
        return dict(self._all(f"SELECT id, {column} FROM sound WHERE id IN (SELECT value FROM json_each(?))", _list(ids)))

    def labels(self) -> list[tuple[str, int]]:
        """Every label with the number of its sounds, in alphabetical order; "" are the sounds without one."""
        return [(row[0], row[1]) for row in self._all("SELECT label, count(*) FROM sound GROUP BY label ORDER BY label")]

    def included(self) -> dict[str, int]:
        """Label → number of its sounds that a model will hear."""
        return dict(self._all("SELECT label, count(*) FROM sound WHERE include GROUP BY label"))

    def columns(self, *names: str, include: bool | None = None) -> dict[str, NDArray[Any]]:
        """Whole columns as arrays in id order, `id` among them; missing numbers are NaN. For statistics, not for views."""
        chosen = ("id", *(n for n in names if n in _STORED))
        where = "" if include is None else f"WHERE include = {int(include)}"
        rows = self._all(f"SELECT {', '.join(chosen)} FROM sound {where} ORDER BY id")
        columns = zip(*rows) if rows else ([] for _ in chosen)
        text = {"path", "name", "label", "source_hash", "problems", "split", "text", "origin"}
        whole = {"id", "rate", "channels", "frames", "clipped", "include", "trim", "same", "size", "mtime"}
        kinds: dict[str, Any] = {n: object if n in text else np.int64 if n in whole else np.float64 for n in chosen}
        return {name: np.array(column, dtype=kinds[name]) for name, column in zip(chosen, columns)}

    def fingerprints(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """(N,) ids in ascending order and (N, 64) fingerprints; a sound without one has a row of NaN."""
        rows = self._all("SELECT sound.id, fingerprint FROM sound LEFT JOIN picture USING (id) ORDER BY sound.id")
        ids = np.array([row[0] for row in rows], np.int64)
        blank = np.full(FINGERPRINT, np.nan, np.float32).tobytes()
        data = b"".join(row[1] if row[1] and len(row[1]) == 4 * FINGERPRINT else blank for row in rows)
        return ids, np.frombuffer(data, np.float32).reshape(-1, FINGERPRINT)

    def thumbnails(self) -> NDArray[np.uint8]:
        """(N, 2, 96) in the order of `fingerprints`; 128 everywhere for a sound without one."""
        rows = self._all("SELECT thumbnail FROM sound LEFT JOIN picture USING (id) ORDER BY sound.id")
        blank = bytes([128]) * 2 * COLUMNS
        data = b"".join(row[0] if row[0] and len(row[0]) == 2 * COLUMNS else blank for row in rows)
        return np.frombuffer(data, np.uint8).reshape(-1, 2, COLUMNS)

    def unreadable(self) -> list[tuple[str, str]]:
        """(path, reason) of files that were met but could not be read."""
        return [(self._absolute(row[0]), row[1]) for row in self._all("SELECT path, reason FROM problem ORDER BY path")]

    # ---- what the musician says
    def set_include(self, ids: Iterable[int], include: bool) -> None:
        self._set("include", ids, int(include))

    def set_trim(self, ids: Iterable[int], trim: bool) -> None:
        self._set("trim", ids, int(trim))

    def set_label(self, ids: Iterable[int], label: str) -> None:
        self._set("label", ids, label)

    def set_text(self, ids: Iterable[int], text: str) -> None:
        self._set("text", ids, text)

    def rename_label(self, old: str, new: str) -> list[int]:
        """Give all sounds of one label another; joins them where it exists. The ids that changed, for the undo."""
        ids = [row[0] for row in self._all("SELECT id FROM sound WHERE label = ?", old)]
        self.set_label(ids, new)
        return ids

    def remove(self, ids: Iterable[int]) -> list[SoundRow]:
        """Forget sounds; their files stay where they are. What `restore` needs to bring them back."""
        rows = self.fetch(ids)
        with self._writing():
            self._db.executemany("DELETE FROM sound WHERE id = ?", [(row.id,) for row in rows])
        return rows

    def restore(self, rows: Sequence[SoundRow]) -> None:
        """Undo `remove`."""
        self._put(rows, keep_ids=True)

    # ---- what the importer says
    def put(self, rows: Sequence[SoundRow]) -> list[int]:
        """Add new rows, or bring the measurements of known paths up to date; label, include, trim, text of those stay."""
        return self._put(rows, keep_ids=False)

    def _put(self, rows: Sequence[SoundRow], keep_ids: bool) -> list[int]:
        names = (*(("id",) if keep_ids else ()), *_STORED, "sort", "search")
        kept = ("path", "label", "include", "trim", "same", "text", "split", "id")
        update = ", ".join(f"{n} = excluded.{n}" for n in names if n not in kept)
        query = (
            f"INSERT INTO sound ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) "
            f"ON CONFLICT (path) DO UPDATE SET {update} RETURNING id"
        )
        ids = []
        with self._writing():
            for row in rows:
                stored = msgspec.structs.replace(row, path=self.stored(row.path), origin=self.stored(row.origin or row.path))
                data = {n: getattr(stored, n) for n in (*_STORED, "id")}
                data |= {"problems": " ".join(row.problems), "sort": natural(row.name), "search": _search(row.path)}
                found = self._db.execute(query, [data[n] for n in names]).fetchall()[0][0]
                self._db.execute("INSERT OR REPLACE INTO picture VALUES (?, ?, ?)", (found, row.thumbnail, row.fingerprint))
                self._db.execute("DELETE FROM problem WHERE path = ?", (stored.path,))
                ids.append(int(found))
        return ids

    def move(self, id: int, path: Path | str, size: int, mtime: int) -> None:
        """The sound is found at another path with the same content, or its file was touched; it is not vanished."""
        name = Path(path).name
        with self._writing():
            self._db.execute(
                "UPDATE sound SET path = ?1, origin = ?1, name = ?2, sort = ?3, search = ?4, size = ?5, mtime = ?6, "
                "problems = trim(replace(' ' || problems || ' ', ' vanished ', ' ')) WHERE id = ?7",
                (self.stored(path), name, natural(name), _search(path), size, mtime, id),
            )

    def flag(self, ids: Iterable[int], problem: str, on: bool) -> None:
        """Add or take away one problem."""
        less = "trim(replace(' ' || problems || ' ', ' ' || ?1 || ' ', ' '))"
        value = f"trim({less} || ' ' || ?1)" if on else less
        with self._writing():
            query = f"UPDATE sound SET problems = {value} WHERE id IN (SELECT value FROM json_each(?2))"
            self._db.execute(query, (problem, _list(ids)))

    def set_split(self, splits: dict[int, str]) -> None:
        self._each("split", splits)

    def set_same(self, firsts: dict[int, int]) -> None:
        self._each("same", firsts)

    def set_unreadable(self, problems: Iterable[tuple[str, int, int, str]]) -> None:
        """(path, size, mtime, reason) each."""
        rows = [(self.stored(path), size, mtime, reason) for path, size, mtime, reason in problems]
        with self._writing():
            self._db.executemany("INSERT OR REPLACE INTO problem VALUES (?, ?, ?, ?)", rows)

    def forget_unreadable(self, paths: Iterable[str]) -> None:
        with self._writing():
            self._db.executemany("DELETE FROM problem WHERE path = ?", [(self.stored(path),) for path in paths])

    def known(self) -> dict[str, tuple[int, int, int, str]]:
        """Stored path → (id, size, mtime, hash); copied sounds also by where they came from."""
        rows = self._all("SELECT id, path, origin, size, mtime, source_hash FROM sound")
        found = {row[2]: (row[0], row[3], row[4], row[5]) for row in rows}
        return found | {row[1]: (row[0], row[3], row[4], row[5]) for row in rows}

    def known_unreadable(self) -> dict[str, tuple[int, int, str]]:
        """Stored path → (size, mtime, reason)."""
        return {row[0]: (row[1], row[2], row[3]) for row in self._all("SELECT path, size, mtime, reason FROM problem")}

    def stored(self, path: Path | str) -> str:
        """How a path is written down: relative, with slashes, when inside the project."""
        text = os.path.normpath(self.root / path)
        inside = str(self.root) + os.sep
        return text[len(inside) :].replace(os.sep, "/") if text.startswith(inside) else text

    # ---- inside
    def _absolute(self, stored: str) -> str:
        """Where a stored path leads. By strings alone where that is enough: there may be a million of them."""
        root = str(self.root)
        path = os.path.normpath(os.path.join(root, stored))  # noqa: PTH118
        if not path.startswith(root + os.sep) and not Path(stored).is_absolute():
            raise BrokenFile(name=self.name, reason="a sound's path leads out of the project")
        return path

    def _row(self, row: Sequence[Any]) -> SoundRow:
        data = dict(zip(("id", *_STORED, "thumbnail", "fingerprint"), row))
        try:
            data["path"] = self._absolute(data["path"])
            data["problems"] = tuple(data["problems"].split())
            data["include"], data["trim"] = bool(data["include"]), bool(data["trim"])
            data["thumbnail"], data["fingerprint"] = data["thumbnail"] or b"", data["fingerprint"] or b""
            return msgspec.convert(data, SoundRow)
        except (msgspec.ValidationError, AttributeError, TypeError, ValueError) as error:  # rows by a stranger's hand
            raise BrokenFile(name=self.name, reason="its rows do not hold what they should") from error

    def _set(self, column: str, ids: Iterable[int], value: object) -> None:
        with self._writing():
            self._db.execute(f"UPDATE sound SET {column} = ? WHERE id IN (SELECT value FROM json_each(?))", (value, _list(ids)))

    def _each(self, column: str, values: Mapping[int, object]) -> None:
        """A value for each id, in short transactions: whoever else wants to write need not wait for all of them."""
        pairs = [(value, int(i)) for i, value in values.items()]
        for start in range(0, len(pairs), 2000):
            with self._writing():
                self._db.executemany(f"UPDATE sound SET {column} = ? WHERE id = ?", pairs[start : start + 2000])

    def _one(self, query: str, *values: object) -> Any:
        with self._translated():
            return self._db.execute(query, values).fetchone()

    def _all(self, query: str, *values: object) -> list[Any]:
        with self._translated():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction: all of it or nothing."""
        with self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            code = getattr(error, "sqlite_errorname", "")
            if code.startswith("SQLITE_FULL"):
                raise DiskFull(name=self.name) from error
            if code.startswith(_REFUSED):
                raise NotSaved(name=self.name, reason=error) from error
            raise BrokenFile(name=self.name, reason=error) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # sqlite tells of damage in damaged words
            raise BrokenFile(name=self.name, reason=error) from error


def _list(ids: Iterable[int]) -> str:
    return "[" + ",".join(str(int(i)) for i in ids) + "]"


def _search(path: Path | str) -> str:
    """What typing finds a sound by: its name and its folder's."""
    return f"{Path(path).name}\n{Path(path).parent.name}".casefold()


def natural(name: str) -> str:
    """A key under which “Kick 2” comes before “kick 10”."""
    return re.sub(r"\d+", lambda digits: digits.group().lstrip("0").rjust(12, "0"), name.casefold())
