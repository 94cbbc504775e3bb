"""Keeping a part of a sound while the rest is explored: its attack or its tail goes on every sound that follows.

The sound that stands there when a part is kept is its donor. What follows carries the graft in its recipe (audio/graft.py), so
it can be made again. Standing asks here before it shows or plays anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from studio.audio import graft
from studio.audio.sound import Sound
from studio.engine.engine import Engine, Rendered
from studio.errors import UsageError
from studio.project.recipe import Recipe, Request

if TYPE_CHECKING:
    from studio.gui.pages.explore_controls import ControlPanel

TAG = "explore-graft"


@dataclass(frozen=True, eq=False)
class Donor:
    """Whose part is kept: what made it, and where its seam is."""

    request: Request
    recipe: Recipe
    sound: Sound
    at: float

    def step(self, part: str) -> dict[str, Any]:
        """As it is stored in a recipe."""
        made_from = msgspec.json.decode(msgspec.json.encode(self.request))
        return {"do": "graft", "part": part, "at": self.at, "from": made_from, "backend": self.recipe.backend}


class Grafts(QObject):
    """The donors of kept parts, by part."""

    changed = Signal(bool)
    """Another part is kept, or none: what sounds is another sound. True: by hand."""

    def __init__(self, engine: Engine, parent: QObject) -> None:
        super().__init__(parent)
        self._engine = engine
        self._raw: Rendered | None = None
        self._panel: ControlPanel | None = None
        self._seams: dict[str, float] = {}  # of donors that are being made again
        self.donors: dict[str, Donor] = {}
        engine.rendered.connect(self._rendered)

    def follow(self, panel: ControlPanel) -> None:
        """The panel's two buttons say what is kept."""
        self._panel = panel
        panel.partKept.connect(self.keep)
        panel.built.connect(self._show)

    # ---- what is kept
    @Slot(str, bool)
    def keep(self, part: str, on: bool) -> None:
        """Keep this part of the newest sound from now on, or of none."""
        self._seams.pop(part, None)
        if on and self._raw is not None:
            self._take(part, self._raw, graft.seam(self._raw.sound, part))  # type: ignore[arg-type]
        elif self.donors.pop(part, None) is not None:
            self.changed.emit(True)
        self._show()

    def restore(self, recipe: Recipe) -> None:
        """Keep what was kept when the sound of this recipe was made; its donors are made again."""
        self.donors, self._seams = {}, {}
        for step in recipe.edits:
            if step.get("do") != "graft":
                continue
            try:
                part, at = graft.check(step)
                request = msgspec.convert(step["from"], Request)
            except (UsageError, msgspec.ValidationError):
                continue
            self._seams[part] = at
            self._engine.render(request, (TAG, part))
        self._show()

    @Slot(object)
    def _rendered(self, made: Rendered) -> None:
        if isinstance(made.tag, tuple) and made.tag[0] == TAG and made.tag[1] in self._seams:
            self._take(made.tag[1], made, self._seams.pop(made.tag[1]))
            self._show()
            self.changed.emit(False)

    def _take(self, part: str, made: Rendered, at: float) -> None:
        self.donors[part] = Donor(made.request, made.recipe, made.sound, at)

    @Slot()
    def _show(self) -> None:
        if self._panel is not None:
            self._panel.show_parts({*self.donors, *self._seams})

    # ---- what it does to a sound
    def stood(self, made: Rendered) -> Rendered:
        """A sound one stands at, with what is kept; it is the donor of what is kept next."""
        self._raw = made
        if any(donor.recipe.model != made.recipe.model for donor in self.donors.values()):
            self.donors = {}  # another model
            self._show()
        return self.apply(made)

    def apply(self, made: Rendered) -> Rendered:
        """`made` with the kept parts, and with them in its recipe; as it is where it has them, or edits after them, already."""
        if made.recipe.edits:
            return made
        sound, steps = made.sound, list(made.recipe.edits)
        for part, donor in sorted(self.donors.items()):
            same = (donor.sound.rate, donor.sound.channels) == (sound.rate, sound.channels)
            if donor.recipe.model == made.recipe.model and donor.request != made.request and same:
                sound = graft.graft(sound, donor.sound, part, donor.at)  # type: ignore[arg-type]
                steps.append(donor.step(part))
        if sound is made.sound:
            return made
        return replace(made, sound=sound, recipe=msgspec.structs.replace(made.recipe, edits=tuple(steps)))
