"""A second program on a screen: its left half takes drops and writes down what came, its right half is a file to drag away.

    python -m tests.neighbour WORD.jsonl [PATH …]      PATH: what is dragged out of it

It knows nothing of Wavewright: Qt's own drag and drop in an event loop of its own, as a DAW or a file manager has.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PySide6.QtCore import QMimeData, QRect, Qt, QUrl
from PySide6.QtGui import QDrag, QDragEnterEvent, QDropEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

TITLE = "Neighbour"
SIZE = (300, 300)


class Neighbour(QWidget):
    def __init__(self, said: Path, offered: list[Path]) -> None:
        super().__init__()
        self._said, self._offered = said, offered
        self.setWindowTitle(TITLE)
        self.setFixedSize(*SIZE)
        self.setAcceptDrops(True)

    def _write(self, **fact: object) -> None:
        with self._said.open("a") as file:
            file.write(json.dumps(fact) + "\n")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for x, words in ((0, "drop here"), (SIZE[0] // 2, "drag this")):
            painter.drawRect(x, 0, SIZE[0] // 2 - 1, SIZE[1] - 1)
            painter.drawText(QRect(x, 0, SIZE[0] // 2, SIZE[1]), Qt.AlignmentFlag.AlignCenter, words)

    # ---- what comes
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls()]
        self._write(
            what="drop",
            paths=list(map(str, paths)),
            proposed=event.proposedAction().name,
            possible=event.possibleActions().value,
            bytes=[len(path.read_bytes()) if path.is_file() else -1 for path in paths],
            whole=[_whole(path) for path in paths],
        )
        event.acceptProposedAction()

    # ---- what goes
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.position().x() < SIZE[0] / 2 or not self._offered:
            return
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in self._offered])
        drag = QDrag(self)
        drag.setMimeData(data)
        done = drag.exec(Qt.DropAction.CopyAction | Qt.DropAction.MoveAction, Qt.DropAction.MoveAction)
        self._write(what="dragged", action=done.name)


def _whole(path: Path) -> bool:
    """A RIFF file as long as its header says."""
    data = path.read_bytes() if path.is_file() else b""
    return data[:4] == b"RIFF" and int.from_bytes(data[4:8], "little") + 8 == len(data)


if __name__ == "__main__":
    app = QApplication(sys.argv[:1])
    window = Neighbour(Path(sys.argv[1]), [Path(word) for word in sys.argv[2:]])
    window.show()
    sys.exit(app.exec())
