"""Clips too long to be read whole: opened as timelines, with a cache of what had to be looked through or computed for them.

    timeline = yield from project.renders.opened(path, edits)  # Progress meanwhile
    timeline = project.renders.known(path, edits)              # where nothing has to be computed, else None

The cache holds the pyramid of each such clip, and of each edit that must be computed the samples and theirs, so that an undo
finds them again. It may be deleted at any time. Used by the desk for the Clips page, and by exports.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import OrderedDict
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import studio
from studio.audio import files, peaks
from studio.audio.sound import Audio, Samples
from studio.audio.steps import Materials
from studio.audio.timeline import Timeline
from studio.audio.timeline_steps import Look, Task, apply
from studio.errors import AlreadyThere, TooLong, UnreadableAudio
from studio.events import Progress

LONG = files.LONG
"""Seconds from which a clip is worth a timeline; shorter ones are edited in memory."""
BLOCK = 10.0
"""Seconds that an edit is computed of at once, wherever it can be computed so."""
MOST = 8 << 30
"""Bytes of the cache. The samples of an hour in stereo are 1.3 billion."""
_TIMES_IN_MEMORY = 8
"""What an edit that is computed may hold at once: what goes in, what comes out, and its own work with twice the digits."""
_REMEMBERED = 64

Edits = Sequence[Mapping[str, Any]]
Opening = Generator[Progress, None, Timeline]


class Renders:
    """The cache of one project, in `folder`. Any thread may ask; what two want at once, both make, and one keeps."""

    def __init__(self, folder: Path, materials: Materials | None = None) -> None:
        self._folder, self._materials = folder, materials
        self._timelines: OrderedDict[str, Timeline] = OrderedDict()

    def opened(self, path: Path, edits: Edits) -> Opening:
        """The sound of `path` after `edits`. Closing the generator leaves nothing half-done behind.

        Raises UnreadableAudio, UsageError, TooLong, DiskFull, NotSaved.
        """
        done = self._remembered(path, edits)
        timeline = self._timelines.get(self._key(path, edits[:done]))
        if timeline is None:
            audio = files.stored(path)
            timeline = Timeline.of(audio, (yield from self._pyramid(audio, self._key(path, ()))))
            self._remember(path, (), timeline)
        for count in range(done + 1, len(edits) + 1):
            key = self._key(path, edits[:count])
            found = apply(timeline, edits[count - 1], self._materials)
            if isinstance(found, Look):
                found = yield from _looked(found)
            timeline = (yield from self._computed(found, key)) if isinstance(found, Task) else found
            self._remember(path, edits[:count], timeline)
        return timeline

    def known(self, path: Path, edits: Edits) -> Timeline | None:
        """The same, where nothing has to be looked through or computed for it. Raises as `opened`."""
        work = self.opened(path, edits)
        try:
            next(work)
        except StopIteration as end:
            return end.value
        work.close()
        return None

    def whole(self, path: Path, edits: Edits) -> Timeline:
        """The same, whatever it takes. Raises as `opened`."""
        work = self.opened(path, edits)
        while True:
            try:
                next(work)
            except StopIteration as end:
                return end.value

    def _key(self, path: Path, edits: Edits) -> str:
        try:
            facts = path.stat()
        except OSError:
            raise UnreadableAudio(name=path.name, reason="it is gone") from None
        text = json.dumps([path.name, facts.st_size, facts.st_mtime_ns, [dict(step) for step in edits], studio.__version__])
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def _remembered(self, path: Path, edits: Edits) -> int:
        """How many of `edits`, from the first on, lead to a timeline that is still in memory."""
        return next((n for n in range(len(edits), -1, -1) if self._key(path, edits[:n]) in self._timelines), 0)

    def _remember(self, path: Path, edits: Edits, timeline: Timeline) -> None:
        self._timelines[self._key(path, edits)] = timeline
        if len(self._timelines) > _REMEMBERED:
            self._timelines.popitem(last=False)

    # ---- the disk
    def _pyramid(self, audio: Audio, key: str) -> Generator[Progress, None, peaks.Peaks]:
        path = self._folder / f"{key}.npy"
        found = peaks.load(path, audio)
        if found is None or found.frames != audio.frames:
            work = peaks.building(audio)
            while True:
                try:
                    done, total = next(work)
                except StopIteration as end:
                    found = end.value
                    break
                yield Progress(done=done, total=total, note="look")
            with suppress(OSError):  # a cache: without it the next time takes as long
                self._folder.mkdir(parents=True, exist_ok=True)
                found.save(path)
        self._use(path)
        return found

    def _computed(self, task: Task, key: str) -> Opening:
        if task.framewise:
            changed = task.changed
            return task.put(Timeline.of(changed, (yield from self._pyramid(changed, key))))
        path = self._folder / f"{key}.f32"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            yield from self._recorded(path, task)
        self._use(path)
        audio = files.bare(path, task.part.rate, task.part.channels)
        return task.put(Timeline.of(audio, (yield from self._pyramid(audio, key))))

    def _recorded(self, path: Path, task: Task) -> Generator[Progress, None, None]:
        """Block by block where the step allows it, else all at once."""
        part = task.part
        watched = _Watched(part)
        yield Progress(done=0, total=part.frames, note=task.name)
        if task.blocks is not None:
            blocks = task.blocks(watched, round(BLOCK * part.rate))
        else:
            _check_memory(task)
            blocks = iter([task.work(part.sound()).samples])
        wide = 4 * part.channels
        self._make_room(part.frames * wide)
        with suppress(AlreadyThere), closing(files.record(path, blocks)) as written:
            for _ in written:
                yield Progress(done=watched.reached, total=part.frames, note=task.name)

    @staticmethod
    def _use(path: Path) -> None:
        with suppress(OSError):
            os.utime(path)

    def _make_room(self, wanted: int) -> None:
        """Lets go of what was not used for longest."""
        facts = [(found.stat(), found) for found in self._folder.iterdir()]
        size = wanted + sum(stat.st_size for stat, _ in facts)
        for stat, found in sorted(facts, key=lambda fact: fact[0].st_mtime):
            if size <= MOST:
                return
            self._timelines.clear()  # some of them may be made of it
            with suppress(OSError):
                found.unlink()
                size -= stat.st_size


class _Watched:
    """A sound that knows how far it was read: an edit may write more or less than that."""

    def __init__(self, audio: Audio) -> None:
        self._audio, self.reached = audio, 0
        self.rate, self.channels, self.frames, self.seconds = audio.rate, audio.channels, audio.frames, audio.seconds

    def read(self, start: int, frames: int) -> Samples:
        self.reached = max(self.reached, min(start + frames, self.frames))
        return self._audio.read(start, frames)


def _looked(look: Look) -> Generator[Progress, None, Timeline | Task]:
    yield Progress(done=0, total=look.frames, note=look.name)
    work = look.work()
    while True:
        try:
            yield Progress(done=next(work), total=look.frames, note=look.name)
        except StopIteration as end:
            return look.found(end.value)


def _check_memory(task: Task) -> None:
    import psutil  # not for the first paint

    needed = task.part.frames * task.part.channels * 4 * _TIMES_IN_MEMORY
    free = psutil.virtual_memory().available
    if needed > free:
        raise TooLong(step=task.name, needed=f"{needed / 1e9:.1f}", free=f"{free / 1e9:.1f}")
