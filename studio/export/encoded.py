"""What FLAC, AIFF, MP3 and OGG share: sounds that libsndfile encodes (audio/files.py), with texts that players show.

They have no chunks for samplers. FLAC and AIFF carry the whole recipe where any reader skips it; the lossy two only name it in
their comment, because what they hold is not the sound that the recipe makes.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import studio
from studio.audio import files
from studio.errors import AudioError, ExportError
from studio.export.base import Item, OneFileEach
from studio.export.prepare import Prepared, prepared


class Encoded(OneFileEach):
    format: ClassVar[files.Format]

    @abstractmethod
    def how(self, options: Any) -> dict[str, Any]:
        """The arguments of files.write_as that the options stand for."""

    def fitted(self, made: Prepared) -> Prepared:
        """The sound as the format can hold it."""
        return made

    def carried(self, item: Item, options: Any) -> dict[str, Any]:
        """Further arguments, for what travels beside the samples."""
        return {}

    def save(self, path: Path, item: Item, options: Any) -> None:
        made = self.fitted(prepared(item, options))
        try:
            files.write_as(path, made.sound, self.format, texts=texts(item), **self.how(options), **self.carried(item, options))
        except AudioError as error:
            raise ExportError(name=path.name, reason=error.values.get("reason", error.message)) from error


def texts(item: Item) -> dict[str, str]:
    """Title, software, date, and in one line how it was made."""
    return {
        "title": item.name,
        "software": f"Wavewright {studio.__version__}",
        "date": time.strftime("%Y-%m-%d"),
        "comment": item.recipe.short() if item.recipe else "",
    }
