"""The picture of a timeline, composed from the pyramids of its sources: a cut hour is drawn without being looked through again.

Used by the waveform (gui/widgets/shape.py) and for thumbnails. Exact from the samples where a column is narrower than the
pyramids' own; elsewhere a column never hides a peak, and may show one that lies just beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio.audio.peaks import BASE, View, columns_of, small
from studio.audio.sound import Samples
from studio.audio.timeline import Piece, Timeline


class TimelinePeaks:
    """What peaks.Peaks is for one sound."""

    def __init__(self, timeline: Timeline) -> None:
        self.source = timeline
        self.frames, self.rate = timeline.frames, timeline.rate

    def samples(self, start: int, end: int) -> Samples:
        """The samples start … end themselves, within the sound. Raises UnreadableAudio if a file of it is gone."""
        return self.source.read(start, end - start)

    def view(self, start: int, end: int, columns: int) -> View:
        """The frames start … end in `columns` columns. What lies outside the sound is 0."""
        columns = max(1, columns)
        width = max(1e-9, (end - start) / columns)
        if width < BASE and start >= 0 and end <= self.frames:
            return columns_of(self.samples(start, end), columns)
        edges = np.linspace(start, end, columns + 1)
        low, high, power = np.full(columns, np.inf, np.float32), np.full(columns, -np.inf, np.float32), np.zeros(columns)
        for begin, piece in self.source.within(start, end):
            stop = begin + piece.frames
            first = max(0, int(np.searchsorted(edges, begin, side="right")) - 1)
            last = min(columns, int(np.searchsorted(edges, stop, side="left")))
            starts, ends = np.maximum(edges[first:last], begin) - begin, np.minimum(edges[first + 1 : last + 1], stop) - begin
            here = slice(first, last)
            lowest, highest, rms = _columns(piece, starts, ends, width)
            np.minimum(low[here], lowest, out=low[here])
            np.maximum(high[here], highest, out=high[here])
            power[here] += np.square(rms) * (ends - starts) / width
        heard = low <= high
        return np.where(heard, low, 0), np.where(heard, high, 0), np.sqrt(power).astype(np.float32)

    def thumbnail(self, columns: int = 96) -> NDArray[np.uint8]:
        """What peaks.thumbnail is for one sound."""
        low, high, _ = self.view(0, self.frames, columns)
        return small(low, high)


def _columns(piece: Piece, starts: NDArray[np.float64], ends: NDArray[np.float64], width: float) -> View:
    """One column from each of `starts` to the same one of `ends`, in frames of the piece."""
    if piece.source is None:
        nothing = np.zeros(len(starts), np.float32)
        return nothing, nothing, nothing
    if piece.reverse:
        from_, to = piece.start + piece.frames - ends[::-1], piece.start + piece.frames - starts[::-1]
        low, high, rms = (row[::-1] for row in piece.source.peaks.between(from_, to, width))
    else:
        low, high, rms = piece.source.peaks.between(piece.start + starts, piece.start + ends, width)
    for gain in piece.gains:
        edges = [gain.about(at) for at in (starts, ends)]
        most = np.maximum(*edges)  # a fade only rises, or only falls
        low, high, rms = low * most, high * most, rms * (edges[0] + edges[1]) * np.float32(0.5)
    return low, high, rms
