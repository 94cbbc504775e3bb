"""The picture of an evaluation: its main numbers beside their floors, a map of real and new sounds, every label, spectrograms.

A page to look at or to print, drawn without a window. N sounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from studio.audio import picture
from studio.audio.analysis import note_name
from studio.audio.canvas import Canvas, Colour, face
from studio.audio.picture import DIM, TEXT, Image
from studio.audio.sound import Sound
from studio.evaluate.made import Made
from studio.evaluate.reference import Reference
from studio.project.evaluation import MEASURES, ClassScores, Evaluation, Measure, likeness, shown

WIDTH, MARGIN, TALLEST = 1400, 28, 6000
ROW, GAP = 24, 34
MAP = (600, 470)
SHOWN, UNLABELLED = 8, 4
"""Rows of spectrograms: of labels at most, and where there are none."""
ROWS, MOST = 40, 16
"""Labels in the table, and up to which there is room to show what is heard as what."""
LINE: Colour = (49, 55, 69)
PANEL: Colour = (27, 30, 37)
GOOD: Colour = (90, 200, 160)
POOR: Colour = (242, 178, 90)
STATES: dict[str, tuple[str, Colour]] = {
    "real": ("as real ones", GOOD),
    "near": ("near", TEXT),
    "far": ("far", POOR),
    "": ("", DIM),
}
COLOURS: tuple[Colour, ...] = (
    (230, 159, 0), (86, 180, 233), (43, 184, 137), (240, 228, 66), (91, 141, 239),
    (235, 122, 60), (217, 139, 184), (166, 172, 184), (169, 139, 240), (156, 198, 90),
)  # fmt: skip
"""Of labels, after Okabe and Ito (2008), as the window's dark theme has them."""


def draw(found: Evaluation, reference: Reference, made: Made, again: Mapping[int, Sound], heading: str) -> Image:
    """The page, (H, 1400, 3)."""
    canvas = Canvas(WIDTH, TALLEST)
    canvas.text(MARGIN, 20, heading, "title", most=WIDTH - 2 * MARGIN)
    sets = "  ·  ".join(filter(None, (found.sets.get(name, "") for name in ("new", "held-out", "training", "judge"))))
    canvas.text(MARGIN, 52, sets, "small", DIM, most=WIDTH - 2 * MARGIN)
    top = 84
    left = _numbers(canvas, found, MARGIN, top, WIDTH - 3 * MARGIN - MAP[0])
    left = _confusion(canvas, found, MARGIN, left, WIDTH - 3 * MARGIN - MAP[0])
    right = _map(canvas, reference, made, WIDTH - MARGIN - MAP[0], top)
    y = max(left, right) + GAP
    if found.octaves:
        y = _octaves(canvas, found, y) + GAP
    if found.classes:
        y = _classes(canvas, found, y) + GAP
    y = _spectrograms(canvas, reference, made, again, y)
    return canvas.cut(y + MARGIN)


def _head(canvas: Canvas, x: float, y: float, text: str) -> float:
    canvas.text(x, y, text, "strong")
    return y + ROW + 4


# ---- the numbers


def _numbers(canvas: Canvas, found: Evaluation, x: float, top: float, width: float) -> float:
    y = _head(canvas, x, top, "How good it is")
    columns = (x + width - 290, x + width - 165, x + width - 95, x + width - 80)
    for at, text in zip(columns, ("model", "95 %", "real")):
        canvas.text(at, y, text, "small", DIM, "right")
    canvas.text(columns[3], y, "so it is", "small", DIM)
    y += ROW - 4
    for measure in MEASURES:
        if found.metrics.get(measure.name) is None:
            continue
        canvas.box(x, y - 3, width, 1, LINE)
        taken = canvas.text(x, y, measure.title, most=250)
        canvas.text(x + taken + 8, y + 2, measure.name, "small", DIM, most=max(0.0, columns[0] - 70 - x - taken))
        canvas.text(columns[0], y, shown(found.metrics[measure.name], measure.unit), "strong", align="right")
        canvas.text(columns[1], y + 1, _between(found, measure), "small", DIM, "right")
        canvas.text(columns[2], y, shown(found.floor.get(measure.name), measure.unit), "body", DIM, "right")
        word, colour = STATES[likeness(found, measure)]
        canvas.text(columns[3], y, word, "body", colour, most=80)
        y += ROW
    return y


def _between(found: Evaluation, measure: Measure) -> str:
    low, high = found.intervals.get(measure.name, (None, None))
    if low is None or high is None:
        return ""
    unit = "" if measure.unit == "cents" else measure.unit
    texts = [shown(value, unit).removesuffix(" %") for value in (low, high)]
    return " – ".join(texts)


def _confusion(canvas: Canvas, found: Evaluation, x: float, top: float, width: float) -> float:
    """What new sounds are heard as, a row for each label they were made for; nothing where no label was asked for."""
    table = found.confusion
    counts = np.array(table.made, float)
    if not counts.any() or len(table.labels) > MOST:
        return top
    y = _head(canvas, x, top + GAP - 8, "Made for (rows) and heard as (columns), new sounds in %")
    left, small = x + 124, face("small")
    cell = min(64.0, (width - 124) / len(table.labels))
    for place, label in enumerate(table.labels):
        text = next(label[:n] for n in range(len(label), -1, -1) if small.width(label[:n]) <= cell - 4)
        canvas.text(left + (place + 0.5) * cell, y, text, "small", DIM, "centre")
    y += 20
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for row, label in enumerate(table.labels):
        canvas.text(x, y + 2, label, "small", most=116)
        for place, share in enumerate(shares[row]):
            canvas.box(left + place * cell, y, cell - 2, 20, PANEL)
            canvas.box(left + place * cell, y, cell - 2, 20, GOOD if place == row else POOR, 0.8 * float(share))
            if share >= 0.005 and cell >= 26:
                canvas.text(left + (place + 0.5) * cell - 1, y + 2, f"{100 * share:.0f}", "small", align="centre")
        y += 22
    return y


# ---- the map


def plane(known: NDArray[np.float64], *others: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """`known` (N, D) and `others` on the two main directions of `known`, each (N, 2), in its spreads."""
    middle = known.mean(axis=0)
    _, spread, directions = np.linalg.svd(known - middle, full_matrices=False)
    scale = np.maximum(spread[:2], 1e-9) / np.sqrt(max(len(known) - 1, 1))
    found = [(points - middle) @ directions[:2].T / scale for points in (known, *others)]
    return [np.pad(points, ((0, 0), (0, 2 - points.shape[1]))) for points in found]


def _map(canvas: Canvas, reference: Reference, made: Made, x: float, top: float) -> float:
    y = _head(canvas, x, top, "Real and new sounds on the two main directions of the training sounds")
    width, height = MAP
    canvas.box(x, y, width, height, PANEL)
    labels = reference.train.labels
    known, real, new = plane(reference.known.statistics, reference.real.statistics, made.heard.statistics)
    everything = np.concatenate([known, real, new])
    low, high = np.percentile(everything, (0.5, 99.5), axis=0)
    scale = (np.array([width, height]) - 40) / np.maximum(high - low, 1e-9)

    def put(points: NDArray[np.float64], colours: Sequence[Colour], radius: float, alpha: float, hollow: float = 0.0) -> None:
        places = np.clip((points - low) * scale + 20, 6, np.array([width, height]) - 6)
        for (across, up), colour in zip(places.tolist(), colours):
            canvas.dot(x + across, y + height - up, radius, colour, alpha, hollow)

    def of(indices: NDArray[np.int64]) -> list[Colour]:
        return [_colour(int(index)) for index in indices]

    asked = np.array([labels.index(label) if label in labels else -1 for label in made.asked], np.int64)
    put(known, of(reference.train.label), 2.0, 0.35)
    put(real, of(reference.held.label), 4.6, 0.95, 1.6)
    put(new, [TEXT if index < 0 else _colour(int(index)) for index in asked], 3.6, 0.8)
    places = {label: _colour(index) for index, label in enumerate(labels)}
    if labels and (reference.held.label < 0).any():
        places["no label it knows"] = _colour(-1)
    return _legend(canvas, x, y + height + 10, width, places)


def _legend(canvas: Canvas, x: float, y: float, width: float, labels: Mapping[str, Colour]) -> float:
    """What the dots mean: their shapes, then the colours of the labels, in as many lines as it takes."""
    at = x
    for text, radius, alpha, hollow in (
        ("training", 2.0, 0.6, 0.0), ("real, held out", 4.6, 1.0, 1.6), ("new", 3.6, 1.0, 0.0)
    ):  # fmt: skip
        canvas.dot(at + 6, y + 8, radius, TEXT, alpha, hollow)
        at += 18 + canvas.text(at + 18, y, text, "small", DIM) + 22
    if labels:
        at, y = x, y + 20
    for label, colour in labels.items():
        name = label if len(label) <= 24 else label[:23] + "…"
        needed = 18 + face("small").width(name) + 18
        if at > x and at + needed > x + width:
            at, y = x, y + 20
        canvas.dot(at + 6, y + 8, 4, colour)
        canvas.text(at + 18, y, name, "small")
        at += needed
    return y + 20


def _colour(index: int) -> Colour:
    return COLOURS[index % len(COLOURS)] if index >= 0 else DIM


# ---- tables


def _octaves(canvas: Canvas, found: Evaluation, top: float) -> float:
    y = _head(canvas, MARGIN, top, "Notes by octave (in brackets: held-out real notes, heard by the same tracker)")
    columns = (MARGIN, 330, 530, 730, 930, 1130)
    heads = ("notes", "played", "within 50 cents", "wrong octave", "no pitch heard", "cents off, median")
    _row(canvas, columns, y, heads, DIM)
    for row in found.octaves:
        y += ROW - 2
        span = f"{note_name(row.low)} to {note_name(row.high - 1)}"
        pairs = (("correct", "share"), ("octave", "share"), ("unpitched", "share"), ("error", "cents"))
        cells = [_pair(getattr(row, name), row.floor.get(name), unit) for name, unit in pairs]
        played = f"{row.made}  ({row.held_out})" if row.held_out else str(row.made)
        _row(canvas, columns, y, (span, played, *cells))
    return y + ROW


def _classes(canvas: Canvas, found: Evaluation, top: float) -> float:
    y = _head(canvas, MARGIN, top, "Label by label (in brackets: real sounds)")
    columns = (MARGIN + 18, 270, 350, 440, 540, 700, 960, 1090, 1240)
    heads = ("label", "new", "training", "held out", "sounds like it", "mistaken for", "Fréchet", "coverage", "copies")
    _row(canvas, columns, y, heads, DIM)
    rows = found.classes[:ROWS]
    names = [row.label for row in found.classes]
    for row in rows:
        y += ROW - 2
        canvas.dot(MARGIN + 6, y + 9, 4.5, _colour(names.index(row.label)))
        _row(canvas, columns, y, _cells(row))
    y += ROW + 2
    notes = [f"{len(names) - ROWS} more labels are in the numbers"] if len(names) > ROWS else []
    if left := [row for row in found.classes if row.left_out]:
        notes.append(
            f"– : {left[0].left_out}" if len(left) == 1 else f"– : left out for {len(left)} labels with too few sounds"
        )
    for note in notes:
        canvas.text(MARGIN, y, note, "small", DIM, most=WIDTH - 2 * MARGIN)
        y += 18
    return y


def _cells(row: ClassScores) -> tuple[str, ...]:
    others = ", ".join(f"{name} {shown(share, 'share')}" for name, share in row.mistaken_for[:2])
    return (
        row.label,
        _count(row),
        str(row.training),
        str(row.held_out),
        _pair(row.agreement, row.agreement_floor, "share"),
        others or "–",
        _pair(row.frechet, row.frechet_floor, "") if row.frechet is not None else "–",
        _pair(row.coverage, row.coverage_floor, "share") if row.coverage is not None else "–",
        _pair(row.copies, row.copies_floor, "share"),
    )


def _count(row: ClassScores) -> str:
    """How many were made for it, or of sounds that were made for none, how many are heard as it."""
    return str(row.made) if row.made or row.heard is None else f"{row.heard} heard"


def _pair(value: float | None, floor: float | None, unit: str) -> str:
    return shown(value, unit) + (f"  ({shown(floor, unit)})" if floor is not None else "")


def _row(canvas: Canvas, columns: Sequence[float], y: float, cells: Sequence[str], colour: Colour = TEXT) -> None:
    if colour != DIM:
        canvas.box(MARGIN, y - 3, WIDTH - 2 * MARGIN, 1, LINE)
    for at, end, cell in zip(columns, (*columns[1:], WIDTH - MARGIN), cells):
        canvas.text(at, y, cell, "small" if colour == DIM else "body", colour, most=end - at - 10)


# ---- spectrograms


def _spectrograms(canvas: Canvas, reference: Reference, made: Made, again: Mapping[int, Sound], top: float) -> float:
    labels = [row for row in dict.fromkeys(made.asked) if row] or [""] * UNLABELLED
    more = f", {SHOWN} of {len(labels)} labels" if len(labels) > SHOWN else ""
    y = _head(canvas, MARGIN, top, f"Spectrograms{more}: held-out real sounds beside new ones")
    left, wide, high, gap = MARGIN + 130, 192, 84, 10
    both = ("real", "the same by the model")
    heads = (*both, *both, "new", "new") if again else ("real",) * 3 + ("new",) * 3
    for place, text in enumerate(heads):
        canvas.text(left + place * (wide + gap), y, text, "small", DIM)
    y += 20
    turns = [(label, (turn, UNLABELLED) if not label else (0, 1)) for turn, label in enumerate(labels[:SHOWN])]
    rows = [(label, _sounds(label, turn, reference, made, again)) for label, turn in turns]
    longest = max((sound.seconds for _, cells in rows for sound in cells if sound is not None), default=1.0)
    for label, cells in rows:
        index = reference.train.labels.index(label) if label in reference.train.labels else -1
        canvas.dot(MARGIN + 6, y + 12, 4.5, _colour(index))
        canvas.text(MARGIN + 18, y + 3, label or "all sounds", most=106)
        for place, sound in enumerate(cells):
            x = left + place * (wide + gap)
            if sound is None:
                canvas.box(x, y, wide, high, PANEL)
            else:
                canvas.paste(x, round(y), picture.spectrogram(sound, longest, wide, high))
        y += high + gap
    canvas.text(left, y, f"each {longest:.2f} s long, low notes at the bottom, 80 dB from dark to light", "small", DIM)
    return y + 18


def _sounds(
    label: str, turn: tuple[int, int], reference: Reference, made: Made, again: Mapping[int, Sound]
) -> list[Sound | None]:
    """The cells of a row. turn: which of how many rows share these sounds."""
    held = reference.held
    rows = [
        row
        for row in again or range(len(held))
        if not label or (held.label[row] >= 0 and held.labels[held.label[row]] == label)
    ]
    cells: list[Sound | None] = []
    first, step = turn
    for row in [*rows[first::step], None, None, None][: 2 if again else 3]:
        cells.append(reference.real.sounds[row] if row is not None else None)
        if again:
            cells.append(again.get(row) if row is not None else None)
    ours = [made.heard.sounds[row] for row in made.of(label)[first::step]]
    return [*cells, *[*ours, None, None, None][: 6 - len(cells)]]
