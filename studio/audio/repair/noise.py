"""Steady noise, such as hiss and fans: learned from a stretch where nothing else sounds, and lowered everywhere.

Y. Ephraim and D. Malah, “Speech enhancement using a minimum mean-square error log-spectral amplitude estimator” (1985), whose
decision-directed estimate keeps the rest from twinkling; and the second step of C. Plapous, C. Marro and P. Scalart, “Improved
signal-to-noise ratio estimation for speech enhancement” (2006), which keeps fronts sharp.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from studio.audio.blocks import Blocks, Feed, blockwise, sized, within
from studio.audio.sound import Samples
from studio.audio.step import Parameter, Step
from studio.errors import UsageError

Spectrum = NDArray[np.float64]

_LEARN = 0.4
"""Seconds that are learned from where nobody says which."""
_SILENT = 1e-11
"""Mean square below which there is no noise to learn (−110 dB)."""
_BELOW = 0.5
"""The quietest part is taken for noise where it is 3 dB below the whole."""
_ALWAYS = 0.04
"""Of its mean power, noise has so much or more in nine tenths of the time, in most bins; by chance it is 0.1."""
_FRAMES = 256
"""Frames transformed at once."""


@blockwise
def noise(
    sound: Feed, amount: float = 12, smoothing: float = 0.8, noise_from: float | None = None, noise_to: float | None = None
) -> Blocks:
    """Noise lowered by `amount` dB. It is learned between two moments (seconds), or from the quietest part; where that is no
    noise the sound comes back as it was. Raises UsageError for a stretch too short to learn from."""
    size = 1 << max(5, round(np.log2(0.046 * sound.rate)))
    learned = _given(sound, size, noise_from, noise_to)
    if learned is None or not learned.any():
        return iter(sound)
    front, behind = (np.zeros((sound.channels, frames), np.float32) for frames in (size, 2 * size))
    gains = _Gains(learned, 10 ** (-amount / 20), 0.9 + 0.09 * smoothing)
    return within(_cleaned(chain([front], sound, [behind]), gains, size), size, sound.frames)


def _given(sound: Feed, size: int, start: float | None, end: float | None) -> Spectrum | None:
    if start is None and end is None:
        return _quietest(sound, size)
    first = round((start or 0.0) * sound.rate)
    last = sound.frames if end is None else round(end * sound.rate)
    stretch = sound.read(first, max(0, last - first))
    if stretch.shape[1] < size:
        raise UsageError(reason=f"The noise to learn must last {1000 * size / sound.rate:.0f} ms or more")
    return np.mean(list(_powers(stretch, size)), axis=0)


def _quietest(sound: Feed, size: int) -> Spectrum | None:
    """The mean power of the quietest part, if it is quieter than the whole, as steady and random as noise, and always there."""
    from scipy.ndimage import median_filter

    hop = size // 4
    count = max(4, round(_LEARN * sound.rate / hop))
    if sound.frames < size + hop * 2 * count:
        return None
    blocks = sized(sound, hop * _FRAMES)
    energies = np.concatenate([np.add.reduceat(_energy(block), np.arange(0, block.shape[1], hop)) for block in blocks])
    span = size + hop * (count - 1)
    whole = energies[: sound.frames // hop]
    levels = np.convolve(whole, np.ones(span // hop), mode="valid") / span
    levels[levels < _SILENT] = np.inf
    first = int(np.argmin(levels)) * hop
    if not levels[first // hop] < _BELOW * energies.sum() / sound.frames:
        return None
    powers = np.array(list(_powers(sound.read(first, span), size)))
    learned = powers.mean(axis=0)
    learned = np.minimum(learned, 2 * median_filter(learned, 41))  # what stands out of its neighbours is a note
    early, late = powers[: count // 2].sum(), powers[count // 2 :].sum()
    random = np.median(powers.std(axis=0) / (learned + 1e-30))  # 1 for noise, 0 for a steady tone
    is_noise = late / 2 < early < 2 * late and random > 0.5 / np.sqrt(sound.channels)
    return learned if is_noise and np.median(_least(sound, size) / (learned + 1e-30)) > _ALWAYS else None


def _energy(block: Samples) -> Spectrum:
    """(frames,): mean square of the channels."""
    return np.square(block, dtype=np.float64).mean(axis=0)


def _least(sound: Feed, size: int) -> Spectrum:
    """The power below which each bin is in a tenth of the time, without digital silence; from a few hundred frames."""
    starts = np.linspace(0, sound.frames - size, min(400, 4 * sound.frames // size)).astype(int)
    powers = (next(_powers(sound.read(int(first), size), size)) for first in starts)
    return np.quantile([power for power in powers if power.sum() > _SILENT * size**2], 0.1, axis=0)


def _powers(samples: Samples, size: int) -> Iterator[Spectrum]:
    """Power spectra (size // 2 + 1,), mean of the channels, of whole frames."""
    window = _window(size)
    for first in range(0, samples.shape[1] - size + 1, size // 4):
        yield (np.abs(np.fft.rfft(samples[:, first : first + size] * window)) ** 2).mean(axis=0)


def _window(size: int) -> Spectrum:
    """Its square sums to 2 where frames overlap by three quarters."""
    return np.sin(np.pi * (np.arange(size) + 0.5) / size)


def _cleaned(blocks: Iterable[Samples], gains: _Gains, size: int) -> Blocks:
    """Each bin of each frame at its gain, the same for all channels; without the last frames, which no window covers wholly."""
    from numpy.lib.stride_tricks import sliding_window_view
    from scipy.fft import irfft, rfft

    hop, window = size // 4, _window(size).astype(np.float32)
    half = (_window(size) / 2).astype(np.float32)
    held: Samples | None = None
    over: Samples | None = None
    for block in sized(blocks, hop * _FRAMES):
        held = block if held is None else np.concatenate([held, block], axis=1)
        if held.shape[1] < size:
            continue
        frames = sliding_window_view(held, size, axis=1)[:, ::hop]
        count = frames.shape[1]
        spectra = rfft(frames * window, axis=-1)
        power = np.square(np.abs(spectra), dtype=np.float64).mean(axis=0)
        spectra *= np.array([gains.next(p) for p in power], np.float32)
        out = np.zeros((len(held), (count + 3) * hop), np.float32)
        if over is not None:
            out[:, : over.shape[1]] = over
        for index, piece in enumerate(irfft(spectra, axis=-1).swapaxes(0, 1)):
            out[:, index * hop : index * hop + size] += piece * half
        yield out[:, : count * hop]
        held, over = held[:, count * hop :], out[:, count * hop :]


class _Gains:
    """What each frame is multiplied by; it remembers what the frame before was thought to hold."""

    def __init__(self, learned: Spectrum, floor: float, inertia: float) -> None:
        self.learned = np.maximum(learned, learned.max() * 1e-12)
        self.floor, self.inertia = floor, inertia
        self.clean = np.zeros_like(learned)

    def next(self, power: Spectrum) -> Spectrum:
        from scipy.special import exp1

        seen = power / self.learned
        believed = self.inertia * self.clean / self.learned + (1 - self.inertia) * np.maximum(seen - 1, 0)
        first = _wiener(believed)
        believed = first**2 * seen
        wiener = _wiener(believed)
        gain = np.minimum(wiener * np.exp(0.5 * exp1(np.maximum(wiener * seen, 1e-8))), 1)
        self.clean = (first * first) * power
        return np.maximum(gain, self.floor)


def _wiener(ratio: Spectrum) -> Spectrum:
    return ratio / (1 + ratio)


STEPS: dict[str, Step] = {
    "noise": Step(
        "Lower steady noise",
        noise,
        (
            Parameter("amount", "dB", 12.0, 0, 60, help="By how much; less sounds more natural"),
            Parameter("smoothing", default=0.8, low=0, high=1, help="More keeps the rest from twinkling, less is quicker"),
            Parameter(
                "noise_from", "s", low=0, optional=True, help="Where only noise is heard; else the quietest part is taken"
            ),
            Parameter("noise_to", "s", low=0, optional=True, help="Where that ends"),
        ),
        "repair",
    )
}
