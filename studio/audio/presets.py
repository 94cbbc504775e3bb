"""Settings of the effects that have a name, and whole chains of steps: what the rack in the editor offers as a start.

A preset is the values of one step without its name (and without the other sound, where it needs one); a chain is a list of
steps as `steps.apply` takes them. What a person keeps of their own is in project/chains.py.
"""

from __future__ import annotations

from typing import Any

Values = dict[str, Any]

PRESETS: dict[str, dict[str, Values]] = {
    "equaliser": {
        "Air": {"high_hz": 10_000, "high_db": 4},
        "Warm": {"low_hz": 150, "low_db": 3, "high_hz": 6000, "high_db": -2.5},
        "Less mud": {"bell1_hz": 280, "bell1_db": -4, "bell1_q": 1.2},
        "Presence": {"bell3_hz": 3200, "bell3_db": 3.5, "bell3_q": 0.9},
        "Smile": {"low_hz": 90, "low_db": 4, "bell2_hz": 700, "bell2_db": -3, "bell2_q": 0.7, "high_hz": 9000, "high_db": 4},
        "Kick": {"low_hz": 60, "low_db": 4, "bell1_hz": 350, "bell1_db": -5, "bell3_hz": 3500, "bell3_db": 4},
    },
    "high-pass": {
        "No rumble": {"hz": 30, "slope": "24"},
        "Make room for the bass": {"hz": 120, "slope": "12"},
        "Only the top": {"hz": 1500, "slope": "48"},
    },
    "low-pass": {
        "Take off the edge": {"hz": 11_000, "slope": "12"},
        "Next door": {"hz": 500, "slope": "24"},
        "Under water": {"hz": 300, "slope": "48"},
    },
    "ladder": {
        "Warm": {"hz": 3000, "resonance": 0.1, "drive": 9},
        "Bass machine": {"hz": 350, "resonance": 0.75, "drive": 12},
        "Wah": {"hz": 1100, "resonance": 0.6, "drive": 4, "mode": "band-12"},
        "Thin": {"hz": 900, "resonance": 0.5, "drive": 6, "mode": "high-24"},
    },
    "compressor": {
        "Gentle": {"threshold": -22, "ratio": 2, "attack": 20, "release": 200, "makeup": 2},
        "Glue": {"threshold": -16, "ratio": 2, "attack": 30, "release": 120, "makeup": 2},
        "Punch": {"threshold": -24, "ratio": 4, "attack": 30, "release": 90, "makeup": 5},
        "Squash": {"threshold": -36, "ratio": 10, "attack": 1, "release": 60, "makeup": 14},
        "Parallel": {"threshold": -40, "ratio": 8, "attack": 1, "release": 80, "makeup": 16, "mix": 0.35},
    },
    "limiter": {
        "Catch peaks": {"gain": 0, "ceiling": -1, "release": 100},
        "Louder": {"gain": 6, "ceiling": -1, "release": 80},
        "Brick": {"gain": 14, "ceiling": -0.5, "release": 30},
        "For the web": {"gain": 3, "ceiling": -1, "release": 120, "true_peak": "yes"},
    },
    "gate": {
        "Between hits": {"threshold": -36, "depth": 60, "hold": 20, "release": 80},
        "Softly": {"threshold": -48, "depth": 15, "hold": 60, "release": 300},
        "Gated tail": {"threshold": -24, "depth": 80, "hold": 120, "release": 15},
        "Tight": {"threshold": -28, "depth": 80, "attack": 0.5, "hold": 5, "release": 30},
    },
    "transients": {
        "Snap": {"attack": 8, "sustain": -2},
        "Dry": {"attack": 0, "sustain": -12},
        "Room up": {"attack": -3, "sustain": 9},
        "Soft front": {"attack": -9, "sustain": 3},
    },
    "delay": {
        "Slap": {"time": 95, "feedback": 0, "mix": 0.25, "tone": 7000, "tail": 0.5},
        "Eighth at 120": {"time": 250, "feedback": 0.4, "mix": 0.3},
        "Dotted eighth at 120": {"time": 375, "feedback": 0.45, "mix": 0.3, "tail": 4},
        "Ping-pong": {"time": 300, "feedback": 0.5, "mix": 0.35, "bounce": "yes", "tail": 4},
        "Dub": {"time": 480, "feedback": 0.72, "mix": 0.4, "tone": 1800, "tail": 9},
        "Metal tube": {"time": 8, "feedback": 0.85, "mix": 0.5, "tail": 1},
    },
    "reverb": {
        "Small room": {"size": 0.15, "damping": 0.6, "predelay": 0, "mix": 0.2, "tail": 1},
        "Plate": {"size": 0.55, "damping": 0.15, "predelay": 5, "mix": 0.3, "tail": 2.5},
        "Hall": {"size": 0.8, "damping": 0.4, "predelay": 25, "mix": 0.3, "tail": 4},
        "Cathedral": {"size": 0.95, "damping": 0.3, "predelay": 45, "mix": 0.4, "tail": 8},
        "Far away": {"size": 0.75, "damping": 0.7, "predelay": 0, "mix": 0.9, "tail": 3},
    },
    "convolution": {
        "A touch": {"mix": 0.15, "tail": 2},
        "In the middle of it": {"mix": 0.5, "tail": 4},
        "Nothing else": {"mix": 1, "tail": 6},
    },
    "width": {
        "Mono": {"width": 0},
        "Narrower": {"width": 0.6},
        "Wide, bass in the middle": {"width": 1.6, "mono_below": 150},
        "Very wide": {"width": 2.2, "mono_below": 200},
    },
    "chorus": {
        "Ensemble": {"rate": 0.7, "depth": 0.3, "delay": 9, "mix": 0.5},
        "Slow and wide": {"rate": 0.2, "depth": 0.35, "delay": 14, "mix": 0.5, "spread": 1},
        "Flanger": {"rate": 0.25, "depth": 0.12, "delay": 1.5, "feedback": 0.6, "mix": 0.5},
        "Vibrato": {"rate": 5.5, "depth": 0.08, "delay": 3, "mix": 1, "spread": 0},
        "Sea-sick": {"rate": 1.4, "depth": 0.9, "delay": 20, "mix": 0.6},
    },
    "phaser": {
        "Slow sweep": {"rate": 0.15, "depth": 0.7, "hz": 900, "feedback": 0.35},
        "Electric piano": {"rate": 0.9, "depth": 0.4, "hz": 700, "feedback": 0.1},
        "Jet": {"rate": 0.1, "depth": 0.9, "hz": 1800, "feedback": 0.8},
        "Bubbles": {"rate": 6, "depth": 0.6, "hz": 1200, "feedback": 0.5},
    },
    "tremolo": {
        "Amplifier": {"rate": 5.5, "depth": 0.5},
        "Slow swell": {"rate": 0.5, "depth": 0.8, "shape": "triangle"},
        "From side to side": {"rate": 0.6, "depth": 0.8, "spread": 1},
        "Chopper": {"rate": 8, "depth": 1, "shape": "square"},
    },
    "distortion": {
        "Crunch": {"drive": 14, "curve": "soft", "tone": 6000, "level": -7},
        "Tube amp": {"drive": 20, "curve": "tube", "tone": 5000, "level": -10},
        "Fuzz": {"drive": 40, "curve": "hard", "tone": 4500, "level": -12},
        "Folded": {"drive": 24, "curve": "fold", "tone": 9000, "level": -10},
        "Grit below": {"drive": 30, "curve": "soft", "tone": 3000, "level": -8, "mix": 0.4},
    },
    "saturation": {
        "Tape": {"drive": 8, "warmth": 4},
        "Hot tape": {"drive": 18, "warmth": 6},
        "Desk": {"drive": 5, "warmth": 1},
        "Thick": {"drive": 24, "warmth": 2, "mix": 0.5},
    },
    "bit-crush": {
        "Twelve bits": {"bits": 12, "rate": 26_040},
        "Home computer": {"bits": 8, "rate": 11_025},
        "Toy": {"bits": 5, "rate": 8000},
        "Telegram": {"bits": 2, "rate": 4000},
        "Some dust": {"bits": 8, "rate": 16_000, "mix": 0.4},
    },
    "hum": {
        "Europe": {"mains": "50"},
        "America": {"mains": "60"},
        "Up to the top": {"harmonics": 40},
    },
    "clicks": {
        "A few ticks": {"sensitivity": 0.3},
        "Old record": {"sensitivity": 0.6},
        "Scratched": {"sensitivity": 0.9, "longest": 6},
    },
    "declip": {
        "Overs": {"closeness": 0.1},
        "Hot recording": {"closeness": 0.5},
        "Soft shoulders": {"closeness": 1.5},
    },
    "noise": {
        "A little": {"amount": 6, "smoothing": 0.6},
        "Tape hiss": {"amount": 12},
        "As much as it bears": {"amount": 30, "smoothing": 0.85},
    },
}
"""For each step with presets: their values by name."""


def _step(do: str, preset: str = "", **values: Any) -> Values:
    return {"do": do, **(PRESETS[do][preset] if preset else {}), **values}


CHAINS: dict[str, tuple[Values, ...]] = {
    "Lo-fi sampler": (
        _step("saturation", "Hot tape"),
        _step("bit-crush", "Twelve bits"),
        _step("low-pass", hz=9000, slope="24"),
        _step("compressor", "Gentle"),
    ),
    "Big room snare": (
        _step("transients", "Snap"),
        _step("equaliser", bell1_hz=200, bell1_db=3, bell3_hz=5000, bell3_db=3),
        _step("reverb", size=0.85, damping=0.3, predelay=12, mix=0.35, tail=2),
        _step("gate", threshold=-30, depth=60, hold=180, release=60),
        _step("limiter", "Louder"),
    ),
    "Telephone": (
        _step("high-pass", hz=400, slope="48"),
        _step("low-pass", hz=3200, slope="48"),
        _step("distortion", drive=12, tone=4000, level=-4),
        _step("compressor", "Squash", makeup=8),
    ),
    "Glue": (_step("equaliser", "Air", high_db=1.5), _step("compressor", "Glue"), _step("saturation", "Desk")),
    "Drum punch": (_step("transients", "Snap"), _step("compressor", "Parallel"), _step("limiter", "Catch peaks")),
    "Hard kick": (
        _step("equaliser", "Kick"),
        _step("distortion", "Fuzz", mix=0.35),
        _step("compressor", "Punch"),
        _step("limiter", "Brick", gain=4),
    ),
    "Dusty loop": (
        _step("bit-crush", "Some dust"),
        _step("ladder", "Warm"),
        _step("equaliser", "Warm"),
        _step("chorus", rate=0.3, depth=0.05, mix=0.3),
    ),
    "Dub space": (_step("ladder", hz=2500, resonance=0.2), _step("delay", "Dub"), _step("reverb", "Hall", mix=0.2)),
    "Dream pad": (
        _step("chorus", "Slow and wide"),
        _step("delay", "Ping-pong", mix=0.25),
        _step("reverb", "Cathedral"),
        _step("equaliser", "Air"),
    ),
    "Old radio": (
        _step("high-pass", hz=250, slope="24"),
        _step("low-pass", hz=4500, slope="24"),
        _step("saturation", "Thick"),
        _step("tremolo", rate=0.4, depth=0.12),
    ),
    "Next door": (_step("low-pass", "Next door"), _step("reverb", "Small room", mix=0.4), _step("width", "Narrower")),
    "Ready to send": (
        _step("high-pass", "No rumble"),
        _step("compressor", "Gentle"),
        _step("width", width=1.15, mono_below=120),
        _step("limiter", "For the web"),
    ),
    "Clean up": (_step("hum"), _step("clicks"), _step("noise", "A little"), _step("high-pass", "No rumble")),
}
"""Whole racks by name."""
