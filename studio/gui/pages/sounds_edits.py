"""What a person changes about the sounds: each an undoable step on the index that ends in the session's `soundsChanged`.

The Sounds page owns one. Files are never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from studio.errors import StudioError
from studio.events import Finished, Started, Work
from studio.gui.session import Session
from studio.library import check, splits
from studio.library.check import Finding
from studio.library.index import Index, SoundRow

SPLIT = "sounds-split"


class Edits(QObject):
    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self.session = session

    def set_include(self, ids: Iterable[int], include: bool) -> None:
        """Let a model hear these sounds, or leave them out."""
        rows = [id for id, now in self.session.index.values("include", ids).items() if bool(now) != include]
        if not rows:
            return
        text = self.tr("Take in {0} sounds") if include else self.tr("Leave out {0} sounds")
        self._do(
            text.format(len(rows)),
            lambda: self.session.index.set_include(rows, include),
            lambda: self.session.index.set_include(rows, not include),
        )

    def set_label(self, ids: Sequence[int], label: str) -> None:
        """Give these sounds a label; "" takes theirs away."""
        before: dict[str, list[int]] = {}
        for id, now in self.session.index.values("label", ids).items():
            if now != label:
                before.setdefault(now, []).append(id)
        if not before:
            return

        def back() -> None:
            for name, members in before.items():
                self.session.index.set_label(members, name)

        changed = [id for members in before.values() for id in members]
        text = self.tr("Label {0} sounds “{1}”").format(len(changed), label)
        self._do(text, lambda: self.session.index.set_label(changed, label), back, resplit=True)

    def forget(self, ids: Sequence[int]) -> None:
        """Take sounds out of the project; their files stay."""
        gone: list[SoundRow] = []

        def back() -> None:
            self.session.index.restore(gone)
            gone.clear()

        if ids:
            self._do(self.tr("Forget {0} sounds").format(len(ids)), lambda: gone.extend(self.session.index.remove(ids)), back)

    def fix(self, finding: Finding, text: str) -> None:
        """Do what a finding's button says."""
        project = self.session.project
        if project is None or finding.fix is None:
            return
        done: list[check.Undo] = []

        def back() -> None:
            check.undo_fix(project, done.pop())

        self._do(text, lambda: done.append(check.apply_fix(project, finding)), back)

    def look_for(self, row: SoundRow) -> None:
        """Mark a sound whose file is gone; that is a fact, not a step to undo."""
        if not Path(row.path).exists() and "vanished" not in row.problems:
            self._try(lambda: self.session.index.flag([row.id], "vanished", True))
            self.session.soundsChanged.emit()

    def _try(self, action: Callable[[], Any]) -> None:
        try:
            action()
        except StudioError as error:
            self.session.complain(error)

    def _do(self, text: str, forward: Callable[[], Any], back: Callable[[], Any], *, resplit: bool = False) -> None:
        def told(action: Callable[[], Any]) -> Callable[[], None]:
            def run() -> None:
                self._try(action)
                self.session.soundsChanged.emit()
                if resplit:
                    self._resplit()

            return run

        self.session.do(text, told(forward), told(back))

    def _resplit(self) -> None:
        """Labels changed, so what is held out of each of them does."""
        project = self.session.project
        if project is None:
            return

        def work() -> Work:
            yield Started(what="split")
            with Index(project) as index:
                splits.renew(index)
            yield Finished()

        self.session.desk.submit(work, SPLIT, newest=True)
