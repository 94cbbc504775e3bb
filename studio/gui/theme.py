"""The look, once: colours, sizes, type, icons and the style sheet of every plain control. Nothing else names a colour.

A painted widget asks `color("accent")` while it paints and connects `changes().changed` to its `update`. A plain widget says
what it is through a dynamic property and gets its looks from the style sheet:

    role = panel | raised | line | title | page | caption | dim | primary | quiet | danger | icon | chip | segment
    state = good | warn | bad | accent   (labels and chips)
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from PySide6.QtCore import QByteArray, QObject, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QWidget

from studio import settings

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
SMALL, HALF, SPACE, WIDE = 4, 8, 16, 24
MARGIN, GAP = 16, 8
CONTROL, RADIUS = 28, 6
RAIL, TOP_BAR, TRANSPORT = 64, 44, 76
MOTION = 120
"""Milliseconds of an ease-out on hover and panels. Data never moves by itself."""

PLAYHEAD = 1.5
SIZES = {"caption": 11, "body": 13, "title": 16, "page": 22}


@dataclass(frozen=True)
class Tokens:
    """The colours of one theme as #rrggbb."""

    ground: str
    surface: str
    raised: str
    line: str
    text: str
    dim: str
    accent: str
    on_accent: str
    good: str
    warn: str
    bad: str


DARK = Tokens(
    ground="#14161B",
    surface="#1B1E25",
    raised="#232732",
    line="#313745",
    text="#E8EAF0",
    dim="#9BA3B5",
    accent="#7AA8FF",
    on_accent="#0E1320",
    good="#5AC8A0",
    warn="#F2B25A",
    bad="#F2726F",
)
LIGHT = Tokens(
    ground="#F5F6F8",
    surface="#FFFFFF",
    raised="#FFFFFF",
    line="#D8DCE4",
    text="#1A1D24",
    dim="#566074",
    accent="#2C62E0",
    on_accent="#FFFFFF",
    good="#14866A",
    warn="#9A5B00",
    bad="#C3322F",
)
THEMES = {"dark": DARK, "light": LIGHT}

LABELS = {
    "dark": ("#E69F00", "#56B4E9", "#2BB889", "#F0E442", "#5B8DEF", "#EB7A3C", "#D98BB8", "#A6ACB8", "#A98BF0", "#9CC65A"),
    "light": ("#C98500", "#2E93CF", "#008F68", "#B8A800", "#0067A8", "#D0530A", "#B8578F", "#6C7484", "#7450CF", "#5F8F1E"),
}
"""Ten label colours after Okabe and Ito (2008), lifted for the dark ground and lowered for the light one."""


class _Changes(QObject):
    changed = Signal(str)


class _State:
    name = "dark"
    changes: _Changes | None = None


def name() -> str:
    """The theme that is on: "dark" or "light"."""
    return _State.name


def changes() -> _Changes:
    """Its `changed(name)` is emitted after the theme was switched."""
    if _State.changes is None:
        _State.changes = _Changes()
    return _State.changes


def tokens(theme: str | None = None) -> Tokens:
    return THEMES[theme or _State.name]


def color(token: str, alpha: float = 1.0) -> QColor:
    """A token of the current theme, `alpha` 0–1."""
    found = QColor(getattr(tokens(), token))
    found.setAlphaF(alpha)
    return found


def label_color(index: int, alpha: float = 1.0) -> QColor:
    """The colour of label `index`, the same in table, map, faders and plots; −1 (no label) is dim."""
    if index < 0:
        return color("dim", alpha)
    palette = LABELS[_State.name]
    found = QColor(palette[index % len(palette)])
    if turn := index // len(palette):
        found = found.lighter(100 + 25 * turn) if turn % 2 else found.darker(100 + 25 * turn)
    found.setAlphaF(alpha)
    return found


def mix(first: str, second: str, share: float) -> str:
    """`share` of the second colour laid over the first, as #rrggbb."""
    a, b = QColor(first), QColor(second)
    parts = (round(x + (y - x) * share) for x, y in zip((a.red(), a.green(), a.blue()), (b.red(), b.green(), b.blue())))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _rgb(value: str) -> tuple[float, float, float]:
    made = QColor(value)
    return made.redF(), made.greenF(), made.blueF()


def contrast(first: str, second: str) -> float:
    """The ratio of WCAG 2.1, 1 to 21."""

    def luminance(value: str) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _rgb(value)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


SPECTRUM = {
    "dark": ("#171A21", "#27336B", "#6A4BB5", "#D05A8F", "#F6A25E", "#FFF3C4"),
    "light": ("#FFFFFF", "#BCD2F5", "#6F9AE8", "#5B55C4", "#64278A", "#240B36"),
}


def spectrum(theme: str | None = None) -> np.ndarray:
    """Colours of a spectrogram, (256, 3) uint8, quiet first; lightness runs evenly in OKLab, so equal steps look equal."""
    return _spectrum(SPECTRUM[theme or _State.name])


@functools.lru_cache(maxsize=4)
def _spectrum(stops: tuple[str, ...]) -> np.ndarray:
    lab = np.array([_oklab(stop) for stop in stops])
    along = np.linspace(0, 1, 256)
    lightness = np.interp(along, [0, 1], [lab[0, 0], lab[-1, 0]])
    where = (lab[:, 0] - lab[0, 0]) / (lab[-1, 0] - lab[0, 0])
    a, b = (np.interp(along, where, lab[:, i]) for i in (1, 2))
    return _from_oklab(np.stack([lightness, a, b], axis=1))


_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.793617785, -0.0040720468],
        [1.9779984951, -2.428592205, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.808675766],
    ]
)


def _oklab(value: str) -> np.ndarray:
    """Ottosson (2020), https://bottosson.github.io/posts/oklab/."""
    c = np.array(_rgb(value))
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return _TO_LAB @ np.cbrt(_TO_LMS @ linear)


def _from_oklab(lab: np.ndarray) -> np.ndarray:
    linear = np.clip((lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T, 0, 1)
    c = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(c * 255).astype(np.uint8)


# ---- type


def font(role: str = "body", *, strong: bool = False) -> QFont:
    """Inter at the role's size with digits of equal width. `role`: caption, body, title, page."""
    made = QFont("Inter")
    made.setPixelSize(SIZES[role])
    made.setWeight(QFont.Weight.DemiBold if strong or role in ("title", "page") else QFont.Weight.Normal)
    if hasattr(made, "setFeature"):
        made.setFeature(QFont.Tag("tnum"), 1)
    return made


@functools.cache
def load_fonts() -> bool:
    """Register the bundled Inter. False where the files are missing: the system's font stands in."""
    loaded = [QFontDatabase.addApplicationFont(str(file)) for file in sorted((RESOURCES / "fonts").glob("*.otf"))]
    return bool(loaded) and all(number >= 0 for number in loaded)


# ---- icons


@functools.cache
def _svg(icon: str) -> str:
    return (RESOURCES / "icons" / f"{icon}.svg").read_text(encoding="utf-8")


def pixmap(icon: str, token: str = "text", size: int = 20, ratio: float = 2.0, alpha: float = 1.0) -> QPixmap:
    """A line icon in a token's colour, `size` points at `ratio` device pixels a point."""
    return _pixmap(icon, color(token, alpha).name(QColor.NameFormat.HexArgb), size, ratio)


@functools.lru_cache(maxsize=512)
def _pixmap(icon: str, argb: str, size: int, ratio: float) -> QPixmap:
    tint = QColor(argb)
    renderer = QSvgRenderer(QByteArray(_svg(icon).replace("currentColor", tint.name()).encode()))
    made = QPixmap(round(size * ratio), round(size * ratio))
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setOpacity(tint.alphaF())
    renderer.render(painter, QRectF(0, 0, made.width(), made.height()))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made


class _Line(QIconEngine):
    """A line icon that follows the theme, the state of its button and the density of the screen."""

    def __init__(self, icon: str, token: str, on: str) -> None:
        super().__init__()
        self._icon, self._token, self._on = icon, token, on

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        token = self._on if state == QIcon.State.On else self._token
        ratio = painter.device().devicePixelRatio() if painter.device() else 1.0
        size = min(rect.width(), rect.height())
        made = pixmap(self._icon, token, size, ratio, 0.4 if mode == QIcon.Mode.Disabled else 1.0)
        painter.drawPixmap(rect.x() + (rect.width() - size) // 2, rect.y() + (rect.height() - size) // 2, made)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        token = self._on if state == QIcon.State.On else self._token
        points = max(1, round(min(size.width(), size.height()) / scale))
        return pixmap(self._icon, token, points, scale, 0.4 if mode == QIcon.Mode.Disabled else 1.0)

    def clone(self) -> QIconEngine:
        return _Line(self._icon, self._token, self._on)


def icon(which: str, token: str = "text", on: str = "accent") -> QIcon:
    """A line icon for buttons and menus, in `token`'s colour, in `on`'s while checked. Follows the theme by itself."""
    return QIcon(_Line(which, token, on))


# ---- the whole application


def apply(app: QApplication, theme: str) -> None:
    """Dress every window of `app`. `theme` is "dark" or "light"."""
    _State.name = theme
    load_fonts()
    app.setStyle("Fusion")
    app.setFont(font())
    app.setPalette(_palette(THEMES[theme]))
    app.setStyleSheet(style_sheet(THEMES[theme], _glyphs(THEMES[theme])))
    changes().changed.emit(theme)


def mark(widget: QWidget, **properties: object) -> None:
    """Set dynamic properties (`role`, `state`) and restyle the widget, whether it was shown before or not."""
    if all(widget.property(key) == value for key, value in properties.items()):
        return
    for key, value in properties.items():
        widget.setProperty(key, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def _palette(t: Tokens) -> QPalette:
    palette = QPalette()
    role, disabled = QPalette.ColorRole, QPalette.ColorGroup.Disabled
    for which, value in (
        (role.Window, t.ground),
        (role.Base, t.surface),
        (role.AlternateBase, t.raised),
        (role.Button, t.raised),
        (role.WindowText, t.text),
        (role.Text, t.text),
        (role.ButtonText, t.text),
        (role.BrightText, t.text),
        (role.PlaceholderText, t.dim),
        (role.Highlight, t.accent),
        (role.HighlightedText, t.on_accent),
        (role.ToolTipBase, t.raised),
        (role.ToolTipText, t.text),
        (role.Link, t.accent),
        (role.LinkVisited, t.accent),
        (role.Light, t.raised),
        (role.Midlight, t.raised),
        (role.Mid, t.line),
        (role.Dark, t.line),
        (role.Shadow, t.ground),
    ):
        palette.setColor(which, QColor(value))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(disabled, which, QColor(mix(t.ground, t.dim, 0.6)))
    return palette


def _glyphs(t: Tokens) -> dict[str, str]:
    """Files of the few icons a style sheet needs, recoloured, in the user's cache."""
    wanted = {"down": t.dim, "up": t.dim, "right": t.dim, "left": t.dim, "check": t.on_accent, "close": t.dim}
    made: dict[str, str] = {}
    folder = settings.cache_folder() / "glyphs"
    folder.mkdir(parents=True, exist_ok=True)
    for glyph, tint in wanted.items():
        text = _svg(glyph).replace("currentColor", tint).replace('stroke-width="1.75"', 'stroke-width="2.4"')
        file = folder / f"{glyph}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.svg"
        if not file.exists():
            file.write_text(text, encoding="utf-8")
        made[glyph] = file.as_posix()
    return made


def derived(t: Tokens) -> dict[str, str]:
    """The colours of the style sheet that are mixed from the tokens: hover, selection, soft grounds, words on them."""
    light = t is LIGHT
    return {
        "hover": mix(t.raised, t.text, 0.06),
        "pressed": mix(t.raised, t.text, 0.11),
        "faint": mix(t.surface, t.text, 0.04),
        "selected": mix(t.surface, t.accent, 0.13 if light else 0.18),
        "accent_hover": mix(t.accent, t.text if light else "#ffffff", 0.12),
        "accent_pressed": mix(t.accent, "#000000", 0.12),
        "edge": t.line if light else mix(t.raised, t.text, 0.05),
        "disabled": mix(t.surface, t.dim, 0.6),
        "handle": mix(t.surface, t.dim, 0.45),
        "handle_hover": mix(t.surface, t.dim, 0.75),
        "bad_soft": mix(t.surface, t.bad, 0.12 if light else 0.16),
        "warn_soft": mix(t.surface, t.warn, 0.12 if light else 0.16),
        "good_soft": mix(t.surface, t.good, 0.12 if light else 0.16),
        "accent_soft": mix(t.surface, t.accent, 0.12 if light else 0.16),
        "good_text": mix(t.good, t.text, 0.15) if light else t.good,
        "warn_text": mix(t.warn, t.text, 0.1) if light else t.warn,
        "bad_text": mix(t.bad, t.text, 0.1) if light else t.bad,
        "accent_text": mix(t.accent, t.text, 0.1) if light else t.accent,
    }


def style_sheet(t: Tokens, glyphs: dict[str, str]) -> str:
    """The style sheet of resources/styles with this theme's colours and sizes put in."""
    text = (RESOURCES / "styles" / "wavewright.qss").read_text(encoding="utf-8")
    values = {f.name: getattr(t, f.name) for f in fields(t)} | derived(t)
    values |= {f"glyph_{glyph}": path for glyph, path in glyphs.items()}
    for key in sorted(values, key=len, reverse=True):
        text = text.replace(f"@{key}", values[key])
    return text
