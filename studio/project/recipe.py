"""How a sound was made: what was asked for (`Request`) and of which model (`Recipe`).

A recipe travels with its sound: in the clip's sidecar, in a private WAV chunk, in short form in the comment. The same recipe
on the same device gives the same samples, bit for bit.
"""

from __future__ import annotations

from typing import Any

import msgspec

from studio.audio.plugins.step import asleep
from studio.errors import BrokenFile

FORMAT = 1
"""Recipe formats. 1: the first."""


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is asked of a model. Fields a model does not declare in its `controls` must stay at their defaults.

    latent: one row per frame (a global latent has one row of D numbers); None draws from the model's prior
    classes: label → weight, mixed; empty lets the prior choose
    pitch: MIDI note; velocity: 0–127; seconds: length asked for; temperature: 1 is the trained spread
    prompt, input: paths of sounds to continue or to transform
    seed: drives every random draw; sound i of `count` uses seed + i
    """

    latent: tuple[tuple[float, ...], ...] | None = None
    classes: dict[str, float] = {}
    pitch: float | None = None
    velocity: float | None = None
    seconds: float | None = None
    text: str = ""
    speaker: str = ""
    prompt: str = ""
    input: str = ""
    temperature: float = 1.0
    seed: int = 0
    count: int = 1


class Recipe(msgspec.Struct, frozen=True):
    """A request, the model that answered it, and the edits that followed.

    model: hash of the weights; run: the run folder's name; step: the checkpoint's step
    backend: "torch" or "onnx", because their last bits differ; edits: steps of audio/steps.py, and
    grafts (audio/graft.py), which carry the request of their donor
    """

    kind: str = "recipe"
    format: int = FORMAT
    app: str = ""
    family: str = ""
    model: str = ""
    run: str = ""
    step: int = 0
    backend: str = ""
    request: Request = Request()
    edits: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> bytes:
        return msgspec.json.encode(self)

    def parted(self) -> tuple[Recipe, tuple[dict[str, Any], ...]]:
        """The recipe of the sound before it was edited, and the steps that followed: grafts belong to how it was made."""
        made = max((i + 1 for i, step in enumerate(self.edits) if step.get("do") == "graft"), default=0)
        return msgspec.structs.replace(self, edits=self.edits[:made]), self.edits[made:]

    def asleep(self) -> Recipe:
        """This recipe as it comes from elsewhere: what plug-ins do in it is left out until this person lets it in."""
        return msgspec.structs.replace(self, edits=asleep(self.edits))

    def short(self) -> str:
        """One line for a comment field."""
        return f"Wavewright {self.family} {self.run} step {self.step} seed {self.request.seed}".strip()


def from_json(data: bytes) -> Recipe:
    """Raises BrokenFile on anything that is not a recipe this version reads."""
    try:
        recipe = msgspec.json.decode(data, type=Recipe)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BrokenFile(name="recipe", reason=error) from error
    if recipe.kind != "recipe" or recipe.format > FORMAT:
        raise BrokenFile(name="recipe", reason=f"it is a {recipe.kind} of format {recipe.format}")
    return recipe
