"""The look: readable in both themes, complete, and the same everywhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFontInfo, QImage
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from studio.gui import theme

GROUNDS = ("ground", "surface", "raised")
SPEC = {
    "dark": "#14161B #1B1E25 #232732 #313745 #E8EAF0 #9BA3B5 #7AA8FF #5AC8A0 #F2B25A #F2726F",
    "light": "#F5F6F8 #FFFFFF #FFFFFF #D8DCE4 #1A1D24 #566074 #2C62E0 #14866A #9A5B00 #C3322F",
}
NAMES = ("ground", "surface", "raised", "line", "text", "dim", "accent", "good", "warn", "bad")


@pytest.mark.parametrize("name", ["dark", "light"])
def test_tokens_are_the_agreed_ones(name: str) -> None:
    assert [getattr(theme.tokens(name), token) for token in NAMES] == SPEC[name].split()


@pytest.mark.parametrize("name", ["dark", "light"])
def test_words_can_be_read(name: str) -> None:
    tokens = theme.tokens(name)
    for token in ("text", "dim", "accent", "warn", "bad"):
        for ground in GROUNDS:
            assert theme.contrast(getattr(tokens, token), getattr(tokens, ground)) >= 4.5, (token, ground)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_words_of_the_style_sheet_can_be_read(name: str) -> None:
    """States in words also stand on tinted bars; the primary button carries its own text colour."""
    tokens, derived = theme.tokens(name), theme.derived(theme.tokens(name))
    for word in ("good", "warn", "bad", "accent"):
        for ground in (tokens.ground, tokens.surface, tokens.raised):
            assert theme.contrast(derived[f"{word}_text"], ground) >= 4.5
    for soft in ("warn_soft", "bad_soft", "good_soft", "accent_soft", "selected", "hover", "pressed", "faint"):
        assert theme.contrast(tokens.text, derived[soft]) >= 4.5
    for ground in (tokens.accent, derived["accent_hover"], derived["accent_pressed"]):
        assert theme.contrast(tokens.on_accent, ground) >= 4.5
    assert theme.contrast(derived["accent_text"], derived["accent_soft"]) >= 4.5
    for soft in ("warn_soft", "bad_soft", "accent_soft"):
        assert theme.contrast(tokens.dim, derived[soft]) >= 4.5


@pytest.mark.parametrize("name", ["dark", "light"])
def test_label_colours_differ_and_stand_out(name: str, dressed: QApplication) -> None:
    theme.apply(dressed, name)
    colours = [theme.label_color(index).name() for index in range(10)]
    assert len(set(colours)) == 10
    assert all(theme.contrast(colour, theme.tokens(name).surface) >= (2.0 if name == "light" else 4.0) for colour in colours)
    assert len({theme.label_color(index).name() for index in range(30)}) == 30
    assert theme.label_color(-1) == theme.color("dim")


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_spectrum_is_even(name: str) -> None:
    """Equal steps of level are equal steps of lightness."""
    colours = theme.spectrum(name)
    assert colours.shape == (256, 3) and colours.dtype == np.uint8
    lightness = np.array([theme._oklab("#" + bytes(c).hex())[0] for c in colours])
    steps = np.diff(lightness) * (1 if name == "dark" else -1)
    assert steps.min() > 0 and steps.max() / np.median(steps) < 2.5


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_style_sheet_has_no_hole(name: str, dressed: QApplication, own_home: Path) -> None:
    theme.apply(dressed, name)
    sheet = dressed.styleSheet()
    assert "@" not in re.sub(r"/\*.*?\*/", "", sheet, flags=re.S)
    for file in re.findall(r"url\((.*?)\)", sheet):
        assert Path(file).is_file()


def test_nothing_else_names_a_colour() -> None:
    for file in (theme.RESOURCES.parent / "studio" / "gui").rglob("*.py"):
        if file.name != "theme.py":
            assert not re.search(r"[\"']#[0-9A-Fa-f]{6}[\"']", file.read_text(encoding="utf-8")), file
    assert not re.search(r"#[0-9A-Fa-f]{6}\b", (theme.RESOURCES / "styles" / "wavewright.qss").read_text(encoding="utf-8"))


def test_inter_is_bundled_with_its_licence(dressed: QApplication) -> None:
    assert theme.load_fonts()
    assert QFontInfo(theme.font()).family().startswith("Inter")
    assert "SIL OPEN FONT LICENSE" in (theme.RESOURCES / "fonts" / "OFL.txt").read_text(encoding="utf-8")
    assert sum(file.stat().st_size for file in (theme.RESOURCES / "fonts").iterdir()) < 1.5e6


def test_digits_have_one_width(dressed: QApplication) -> None:
    from PySide6.QtGui import QFontMetricsF

    metrics = QFontMetricsF(theme.font())
    assert len({metrics.horizontalAdvance(digit * 20) for digit in "0123456789"}) == 1


ICONS = sorted(file.stem for file in (theme.RESOURCES / "icons").glob("*.svg"))


def test_icons_are_of_one_family(dressed: QApplication) -> None:
    for icon in ICONS:
        text = (theme.RESOURCES / "icons" / f"{icon}.svg").read_text(encoding="utf-8")
        assert 'viewBox="0 0 24 24"' in text and 'stroke-width="1.75"' in text and 'stroke="currentColor"' in text, icon
        assert not re.search(r"#[0-9a-fA-F]{3,6}", text), icon
        shown = theme.pixmap(icon, "accent", 24, 2.0).toImage().convertToFormat(QImage.Format.Format_RGBA8888)
        pixels = np.frombuffer(shown.constBits(), np.uint8).reshape(shown.height(), shown.width(), 4)
        full = pixels[pixels[..., 3] == 255]
        assert len(full) > 20 and QColor(*(int(c) for c in full[0][:3])).name() == theme.color("accent").name(), icon


def test_used_icons_are_there() -> None:
    for file in (theme.RESOURCES.parent / "studio" / "gui").rglob("*.py"):
        for name in re.findall(r"theme\.(?:icon|pixmap)\(\s*\"([a-z-]+)\"", file.read_text(encoding="utf-8")):
            assert name in ICONS, f"{name} in {file.name}"


def test_an_icon_follows_the_theme(dressed: QApplication) -> None:
    icon = theme.icon("play", "text")

    def brightest() -> int:
        image = icon.pixmap(QSize(24, 24)).toImage()
        inked = (image.pixelColor(x, y) for x in range(24) for y in range(24))
        return max((c.lightness() for c in inked if c.alpha() > 250), default=-1)

    before = brightest()
    theme.apply(dressed, "light")
    assert before > 200 > 100 > brightest() >= 0


def test_changing_the_theme_is_told_once(dressed: QApplication, qtbot: Any) -> None:
    with qtbot.waitSignal(theme.changes().changed) as told:
        theme.apply(dressed, "light")
    assert told.args == ["light"] and theme.name() == "light" and theme.color("ground").name() == "#f5f6f8"


def test_marking_restyles_a_widget(dressed: QApplication, qtbot: Any) -> None:
    label, button = QLabel("12 sounds are damaged"), QPushButton("Train")
    for widget in (label, button):
        qtbot.addWidget(widget)
        widget.show()
    theme.mark(label, state="bad")
    theme.mark(button, role="primary")
    assert label.palette().windowText().color().name() == theme.derived(theme.tokens())["bad_text"].lower()
    assert button.palette().buttonText().color().name() == theme.tokens().on_accent.lower()
