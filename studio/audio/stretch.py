"""Time and pitch: longer or shorter at the same pitch, higher or lower at the same length, or both together as on tape.

One note at a time is stretched by whole periods (periods.py), which keeps its pitch however short it is; everything else by
Signalsmith Stretch (MIT). A spectral stretcher blurs whatever is shorter than its window of 0.12 s, so a sound is taken apart
at its onsets, each piece is stretched alone, and the first moment of each is the original's own: an attack stays as sharp as
it was, and comes exactly when it should. Pitch is changed by stretching and then resampling, which is exact where shifting the
bins of a spectrum is out of tune by up to 12 cents in the bass; how a voice keeps its vowels is in formants.py. A sound of more
than half a minute is taken apart there too, so that one of hours needs no more memory. The table joins the others in steps.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import soxr

from studio.audio import extend, files, onsets, periods
from studio.audio.blocks import Blocks, Feed, blockwise
from studio.audio.formants import corrected, repitched
from studio.audio.sound import Samples, Sound
from studio.audio.step import Parameter, Step
from studio.errors import UsageError

Attacks = Literal["keep", "smooth"]
Method = Literal["auto", "tones", "complex"]
Formants = Literal["move", "keep"]

RATIO = (0.25, 4.0)
"""How much longer a sound may become at once."""

ATTACK = 0.006
"""Seconds after an onset that are the original's own."""
OVER = 0.012
"""Seconds over which it goes over into what was stretched."""
LEAD = 0.002
"""Seconds before a piece over which it is led in."""
REACH = 0.01
"""Seconds by which what was stretched may be moved, so that its waves go on from those of the attack."""
AT_ONCE = 30.0
"""Seconds that are changed at once; of a longer sound, one such span after the other."""
NEAR = 8.0
"""Seconds before the end of a span in which a place is looked for where the next can begin unheard."""
LOUDER = 2.0
"""Times as loud as before: from there on an onset is a new note, and not a vowel or a bow that turns."""

_SEED = 1


@blockwise
def stretch(
    sound: Feed, ratio: float = 1.0, seconds: float | None = None, attacks: Attacks = "keep", method: Method = "complex"
) -> Blocks:
    """`ratio` times as long, or as long as `seconds` says, at the same pitch.

    Raises UsageError where `seconds` is further from the sound's own length than RATIO allows.
    """
    if seconds is not None and sound.frames:
        ratio = seconds / sound.seconds
        if not RATIO[0] <= ratio <= RATIO[1]:
            raise UsageError(reason=f"A sound of {sound.seconds:.2f} s can't be stretched to {seconds:.2f} s at once")
    if ratio == 1:
        return iter(sound)
    return _in_spans(sound, ratio, lambda part, length: _stretched(part, ratio, length, attacks, _tones(part, method)))


@blockwise
def pitch(
    sound: Feed,
    semitones: float = 0.0,
    cents: float = 0.0,
    attacks: Attacks = "keep",
    method: Method = "complex",
    formants: Formants = "move",
) -> Blocks:
    """Higher or lower by so much, at the same length."""
    ratio = 2 ** ((semitones + cents / 100) / 12)
    if ratio == 1:
        return iter(sound)

    def moved(part: Sound, length: int) -> Samples:
        tones = _tones(part, method)
        if formants == "keep" and tones is not None:
            return repitched(part.samples, part.rate, ratio, tones)
        longer = _stretched(part, ratio, _frames(part.frames, ratio), attacks, tones)
        found = _faster(longer, ratio, length)
        return corrected(part.samples, found, part.rate, ratio) if formants == "keep" else found

    return _in_spans(sound, 1.0, moved)


@blockwise
def varispeed(sound: Feed, speed: float = 1.0) -> Blocks:
    """As a tape at another speed: twice as fast is half as long and an octave higher."""
    return files.resampled(sound, speed, 1.0, _frames(sound.frames, 1 / speed))


def _in_spans(sound: Feed, ratio: float, change: Callable[[Sound, int], Samples]) -> Blocks:
    """`change` of one span after the other, each `ratio` times as long; what led up to a span is faded in before it."""
    lead = round(onsets.LEAD * sound.rate)
    first = begin = 0
    before: Samples = np.zeros((sound.channels, 0), np.float32)
    for last in _ends(sound):
        end = _frames(last, ratio) if last == sound.frames else round((last + lead) * ratio) - lead
        made = change(Sound(sound.read(first, last - first), sound.rate), end - begin)
        if first:
            near = round(LEAD * sound.rate)
            _lead_in(before, sound.read(first - near, near))
        yield before
        before, first, begin = made, last, end
    yield before


def _ends(sound: Feed) -> Iterator[int]:
    """The frame after each span."""
    most, first = round(AT_ONCE * sound.rate), 0
    while (rest := sound.frames - first) > most:
        size = math.ceil(rest / math.ceil(rest / most))
        near = min(round(NEAR * sound.rate), size // 2)
        first += size - near
        first += _seam(Sound(sound.read(first, near), sound.rate))
        yield first
    if sound.frames:
        yield sound.frames


def _seam(sound: Sound) -> int:
    """The frame at which a new span is heard least: the last onset, or the softest moment."""
    found = [cut for cut in onsets.onsets(sound) if cut > onsets.SHORTEST * sound.rate]
    if found:
        return found[-1]
    moment = round(REACH * sound.rate)
    level = np.square(sound.samples[:, : sound.frames // moment * moment]).sum(axis=0).reshape(-1, moment).sum(axis=1)
    return max(1, int(level.argmin()) * moment)


def _frames(frames: int, ratio: float) -> int:
    return max(1, round(frames * ratio)) if frames else 0


def _faster(samples: Samples, speed: float, frames: int) -> Samples:
    """(C, frames): resampled (soxr, high quality), then cut or filled up by the frame that rounding may cost."""
    if speed == 1 or not samples.shape[1]:
        return samples[:, :frames].copy()
    turned = soxr.resample(np.ascontiguousarray(samples.T), speed, 1.0, quality="HQ").T[:, :frames]
    return np.ascontiguousarray(np.pad(turned, ((0, 0), (0, frames - turned.shape[1]))), np.float32)


def _tones(sound: Sound, method: Method) -> periods.Course | None:
    """The periods that a sound is to be made of, None where it is not."""
    if method == "complex":
        return None
    found = periods.course(sound.samples, sound.rate)
    return found if found is not None and (method == "tones" or found.tonal) else None


def _stretched(sound: Sound, ratio: float, length: int, attacks: Attacks, tones: periods.Course | None) -> Samples:
    """(C, length), `ratio` times as long; by whole periods where `tones` says which."""
    if attacks == "smooth":
        if tones is not None:
            return periods.stretched(sound.samples, sound.rate, length, tones, 0)
        return _even(sound.samples, sound.rate, ratio, length)
    lead, kept = (round(seconds * sound.rate) for seconds in (onsets.LEAD, onsets.LEAD + ATTACK))
    cuts = [cut for cut in onsets.onsets(sound) if 0 < cut < sound.frames]
    if tones is not None:
        cuts = [cut for cut in cuts if _struck(sound, cut + lead)]
    pieces = list(zip([0, *cuts], [*cuts, sound.frames]))
    begins = [max(0, round((cut + lead) * ratio) - lead) for cut in cuts]  # what is in time is the attack, a moment later
    places = [0, *(min(begin, length) for begin in begins), length]
    out = np.zeros((sound.channels, length), np.float32)
    for (first, last), start, end in zip(pieces, places, places[1:]):
        if end > start:
            piece = sound.samples[:, first:last]
            if tones is not None:
                out[:, start:end] = periods.stretched(piece, sound.rate, end - start, tones.since(first), kept)
            else:
                out[:, start:end] = _attacked(piece, sound.rate, ratio, end - start)
    for (first, _), start in zip(pieces[1:], places[1:]):
        frames = min(round(LEAD * sound.rate), first, start)
        _lead_in(out[:, :start], sound.samples[:, first - frames : first])
    return out


def _struck(sound: Sound, frame: int) -> bool:
    """Whether it gets much louder there."""
    near = round(REACH * sound.rate)
    before, after = sound.samples[:, max(0, frame - 2 * near) : frame], sound.samples[:, frame : frame + 2 * near]
    return bool(np.abs(after).max(initial=0.0) > LOUDER * np.abs(before).max(initial=0.0))


def _lead_in(out: Samples, before: Samples) -> None:
    """What led up to an attack is faded in at the end of `out`."""
    frames = before.shape[1]
    share = (np.arange(frames, dtype=np.float32) + np.float32(0.5)) / np.float32(max(1, frames))
    end = out[:, out.shape[1] - frames :]
    end *= 1 - share
    end += share * before


def _attacked(piece: Samples, rate: int, ratio: float, length: int) -> Samples:
    """(C, length): the piece's first moment as it is, then the piece stretched, taken from where its waves go on from there."""
    kept = round((onsets.LEAD + ATTACK) * rate)
    frames = min(kept + round(OVER * rate), length, piece.shape[1])
    reach = round(REACH * rate)
    body = _even(piece, rate, ratio, length, reach)
    over = slice(min(kept, frames), frames)
    lag = _agreement(body[:, over.start : frames + 2 * reach], piece[:, over]) if frames > kept else reach
    out = np.ascontiguousarray(body[:, lag : lag + length])
    share = np.clip((np.arange(frames) - kept + 0.5) / max(1, frames - kept), 0, 1).astype(np.float32)
    out[:, :frames] += (1 - share) * (piece[:, :frames] - out[:, :frames])
    return out


def _agreement(body: Samples, wanted: Samples) -> int:
    """The lag at which a stretch of `body` is most like `wanted`."""
    whole, part = body.sum(axis=0, dtype=np.float64), wanted.sum(axis=0, dtype=np.float64)
    likeness = np.correlate(whole, part)
    power = np.convolve(np.square(whole), np.ones(len(part)), mode="valid")
    return int((likeness / np.sqrt(power + 1e-12 * float(power.max(initial=0.0)) + 1e-30)).argmax())


def _even(samples: Samples, rate: int, ratio: float, length: int, reach: int = 0) -> Samples:
    """(C, reach + length + reach): everything stretched alike, and how it would have gone on to both sides. More than twice as
    long is reached in several goes, which keeps level and pitch better than one."""
    from python_stretch.Signalsmith import Stretch

    goes = max(1, math.ceil(math.log2(ratio)))
    beyond = 0
    for go in range(goes):
        machine = Stretch(_SEED)
        machine.preset(samples.shape[0], float(rate))
        machine.setTimeFactor(ratio ** (-1 / goes))
        if not go:
            beyond = 2 * machine.blockSamples()
            samples = extend.around(samples, beyond)
        samples = np.asarray(machine.process(np.ascontiguousarray(samples)), np.float32)
    start = round(beyond * ratio) - reach
    found = samples[:, start : start + length + 2 * reach]
    return np.pad(found, ((0, 0), (0, length + 2 * reach - found.shape[1])))


# ---- the table

_ATTACKS = Parameter(
    "attacks",
    default="keep",
    choices=("keep", "smooth"),
    help="Keep each attack as sharp as it was, or let all go alike, for sounds that only swell",
)
_METHOD = Parameter(
    "method",
    default="complex",
    choices=("auto", "tones", "complex"),
    begins="auto",
    help="For one note at a time (voice, bass, lead), for chords, drums and mixes, or as the sound itself says",
)

STEPS: dict[str, Step] = {
    "stretch": Step(
        "Make it longer or shorter at the same pitch",
        stretch,
        (
            Parameter("ratio", "×", 1.0, low=RATIO[0], high=RATIO[1], log=True, help="How many times as long"),
            Parameter("seconds", "s", low=0.001, high=36_000, optional=True, help="How long it becomes, instead of a ratio"),
            _ATTACKS,
            _METHOD,
        ),
        "time",
    ),
    "pitch": Step(
        "Make it higher or lower at the same length",
        pitch,
        (
            Parameter("semitones", "st", 0.0, low=-24, high=24, help="How many semitones up"),
            Parameter("cents", "ct", 0.0, low=-100, high=100, help="How many hundredths of a semitone up, beside them"),
            _ATTACKS,
            _METHOD,
            Parameter(
                "formants",
                default="move",
                choices=("move", "keep"),
                help="Let vowels move with the pitch, as on tape, or keep a voice the same person",
            ),
        ),
        "time",
        within=True,
    ),
    "varispeed": Step(
        "Play it faster or slower, as a tape",
        varispeed,
        (Parameter("speed", "×", 1.0, low=0.1, high=10, log=True, help="How many times as fast; twice is an octave higher"),),
        "time",
    ),
}
