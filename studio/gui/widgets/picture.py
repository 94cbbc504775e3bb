"""A picture file as wide as there is room for, scrolled where it is tall. Read off the GUI thread."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QWidget

from studio.gui.widgets.later import Later


class PictureView(QScrollArea):
    """Never larger than it is."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self.label = QLabel()
        self.label.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.label.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(self.label)
        self._later = Later(self)
        self._later.done.connect(self._read)

    def show_file(self, path: Path) -> None:
        """Nothing is shown where it can't be read."""
        self._later.ask(lambda: QImage(str(path)))

    @Slot(object)
    def _read(self, answer: object) -> None:
        self._image = answer if isinstance(answer, QImage) else QImage()
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show()

    def _show(self) -> None:
        if self._image.isNull():
            self.label.clear()
            return
        ratio = self.devicePixelRatioF()
        wide = min(self._image.width(), round(self.viewport().width() * ratio))
        pixmap = QPixmap.fromImage(self._image.scaledToWidth(max(1, wide), Qt.TransformationMode.SmoothTransformation))
        pixmap.setDevicePixelRatio(ratio)
        self.label.setPixmap(pixmap)
