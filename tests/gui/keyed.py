"""A window with nothing but Explore's keys, for a real screen: says on stdout what is struck and lifted. Run as a program."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from studio.audio.sound import Sound
from studio.engine.engine import Engine, Rendered
from studio.engine.jobs import JobRunner
from studio.engine.training import Training
from studio.gui import theme
from studio.gui.pages.explore_keys import Keys
from studio.gui.session import Session
from studio.models.controls import Controls
from studio.project.recipe import Recipe, Request
from studio.settings import Settings


class Window(QWidget):
    """As the page does: keys go to the tab."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setWindowTitle("Only keys")
        self.keys = Keys(session)
        QVBoxLayout(self).addWidget(self.keys)
        self.keys.notes.struck.connect(self._struck)
        self.keys.notes.lifted.connect(self._lifted)

    def keyPressEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        self.keys.press(event)

    def keyReleaseEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        self.keys.release(event)

    def _struck(self, note: int, velocity: int) -> None:
        print("on", note, flush=True)

    def _lifted(self, note: int) -> None:
        print("off", note, flush=True)


def main() -> int:
    import numpy as np

    app = QApplication(sys.argv)
    theme.apply(app, "dark")
    desk, engine, training = JobRunner("desk"), Engine(), Training()
    path = Path(sys.argv[1]) / "settings.json"
    session = Session(Settings(welcomed=True), desk=desk, engine=engine, training=training, settings_path=path)
    window = Window(session)
    tone = np.sin(np.arange(8000) / 8).astype(np.float32)[None]
    window.keys.notes.show_sound(Rendered("x", Request(), Sound(tone, 8000), Recipe()), Controls(), None)
    window.resize(700, 220)
    window.show()
    app.exec()
    desk.close()
    engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
