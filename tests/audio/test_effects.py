"""Every effect is what it says: measured against its definition, and by its list for what may never happen."""

from __future__ import annotations

import inspect
import itertools

import numpy as np
import pytest
from scipy import signal

from studio.audio import effects, repair, steps
from studio.audio.effects import dynamics, space, tone
from studio.audio.sound import Sound
from studio.audio.steps import parse
from studio.errors import UsageError
from tests.audio.make import RATE, hit, noise, sine

TABLE = {**effects.STEPS, **repair.STEPS}
ROOM = noise(0.2, amplitude=0.3, seed=9)


def done(sound: Sound, do: str, **values: object) -> Sound:
    other = {"sound": "room"} if TABLE[do].material else {}
    return steps.apply(sound, [{"do": do, **other, **values}], lambda _: ROOM)


def level(samples: np.ndarray) -> float:
    """Root mean square in dB."""
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-30)


def click(seconds: float = 1.0, at: float = 0.0, rate: int = RATE, channels: int = 1, height: float = 0.5) -> Sound:
    samples = np.zeros((channels, round(seconds * rate)), np.float32)
    samples[:, round(at * rate)] = height
    return Sound(samples, rate)


def response(do: str, at: list[float], rate: int = RATE, /, **values: object) -> np.ndarray:
    """dB at some frequencies, from what becomes of a click."""
    out = done(click(1, rate=rate, height=1), do, **values).samples[0].astype(np.float64)
    turn = np.exp(-2j * np.pi * np.array(at)[:, None] / rate * np.arange(len(out)))
    return 20 * np.log10(np.abs(turn @ out))


# ---- by the list


def contents(rate: int, channels: int) -> dict[str, np.ndarray]:
    frames = rate // 20
    square = np.where(np.arange(frames) // 20 % 2, 1.0, -1.0)
    random = np.random.default_rng(1).standard_normal((channels, frames))
    return {
        "nothing": np.zeros((channels, 0)),
        "one": np.ones((channels, 1)),
        "few": np.ones((channels, 5)),
        "silence": np.zeros((channels, frames)),
        "denormals": np.full((channels, frames), 1e-40),
        "constant": np.ones((channels, frames)),
        "square": np.tile(square, (channels, 1)),
        "far too loud": 8 * random,
    }


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (22_050, 3), (44_100, 2), (192_000, 8)])
@pytest.mark.parametrize("do", TABLE)
def test_every_effect_bears_everything(do, rate, channels):
    short = {"tail": 0.1} if TABLE[do].rings else {}
    for name, samples in contents(rate, channels).items():
        sound = Sound(samples.astype(np.float32), rate)
        before = sound.samples.copy()
        found = done(sound, do, **short)
        assert np.isfinite(found.samples).all(), name
        assert found.channels == channels and found.rate == rate and found.frames >= sound.frames, name
        assert np.array_equal(sound.samples, before), name
        if name in ("silence", "nothing"):
            assert not found.samples.any()
        tiny = np.abs(found.samples[found.samples != 0])
        assert name == "denormals" or not (tiny < np.finfo(np.float32).tiny).any(), name


@pytest.mark.parametrize("do", TABLE)
def test_every_effect_is_the_same_each_time_and_says_what_it_is(do):
    sound = noise(0.3, channels=2)
    assert np.array_equal(done(sound, do).samples, done(sound, do).samples)
    kind = TABLE[do]
    assert kind.sentence and all(p.help for p in kind.parameters)
    defaults = {
        p.name: p.default for p in inspect.signature(kind.function).parameters.values() if p.name not in ("sound", "material")
    }
    declared = {p.name for p in kind.parameters}
    assert declared == set(defaults)
    assert kind.rings == ("tail" in declared)


@pytest.mark.parametrize("do", TABLE)
def test_every_end_of_every_range_is_borne(do):
    sound = Sound(np.concatenate([hit(seconds=0.1).samples] * 2), RATE)
    for parameter in TABLE[do].parameters:
        for value in (*parameter.choices, *(v for v in (parameter.low, parameter.high) if v is not None)):
            if parameter.name.startswith("noise_"):
                continue
            found = done(
                sound, do, **{parameter.name: value}, **({"tail": 0.2} if TABLE[do].rings and parameter.name != "tail" else {})
            )
            assert np.isfinite(found.samples).all() and np.abs(found.samples).max() < 1e3, (parameter.name, value)


@pytest.mark.parametrize("do", effects.STEPS)
def test_no_effect_shifts_the_sound(do):
    """What comes out begins with what goes in; a filter that looks ahead only rings a few samples before."""
    at = 0.25
    found = np.abs(done(click(0.5, at, channels=2), do).samples).max(axis=0)
    first = round(at * RATE)
    assert np.abs(int(np.argmax(found > found.max() / 2)) - first) <= 25
    assert found[: first - 40].max() < 1e-6


@pytest.mark.parametrize(
    ("do", "neutral"),
    [
        ("equaliser", {}),
        ("low-pass", {"hz": 20_000, "slope": "48"}),
        ("compressor", {"ratio": 1, "makeup": 0}),
        ("compressor", {"mix": 0}),
        ("limiter", {"gain": 0}),
        ("gate", {"depth": 0}),
        ("transients", {"attack": 0}),
        ("delay", {"mix": 0}),
        ("reverb", {"mix": 0}),
        ("convolution", {"mix": 0}),
        ("width", {"width": 1}),
        ("tremolo", {"depth": 0}),
        ("distortion", {"mix": 0}),
        ("saturation", {"mix": 0}),
        ("bit-crush", {"mix": 0}),
        ("hum", {"strength": 0}),
        ("noise", {"amount": 0, "noise_from": 0, "noise_to": 0.2}),
    ],
)
def test_an_effect_that_does_nothing_leaves_the_sound(do, neutral):
    sound = noise(0.5, channels=2, rate=40_000)
    found = done(sound, do, **neutral)
    assert found.frames == sound.frames
    assert np.abs(found.samples - sound.samples).max() < 1e-6


# ---- tone

FREQUENCIES = [20.0, 30, 60, 100, 200, 400, 1000, 2000, 3500]


@pytest.mark.parametrize("rate", [16_000, 44_100, 192_000])
def test_a_bell_is_its_curve(rate):
    """(s² + s·A/Q + 1) / (s² + s/(A·Q) + 1), the frequency warped as the bilinear transform does."""
    hz, db, q = 400.0, 9.0, 1.4
    s = 1j * np.tan(np.pi * np.array(FREQUENCIES) / rate) / np.tan(np.pi * hz / rate)
    a = 10 ** (db / 40)
    expected = 20 * np.log10(np.abs((s**2 + s * a / q + 1) / (s**2 + s / (a * q) + 1)))
    assert np.abs(response("equaliser", FREQUENCIES, rate, bell1_hz=hz, bell1_db=db, bell1_q=q) - expected).max() < 0.05


@pytest.mark.parametrize("rate", [44_100, 192_000])
@pytest.mark.parametrize(("side", "hz", "db"), [("low", 30, 12), ("low", 200, -9), ("high", 2000, 6), ("high", 1000, -18)])
def test_a_shelf_is_its_curve(rate, side, hz, db):
    s = 1j * np.tan(np.pi * np.array(FREQUENCIES) / rate) / np.tan(np.pi * hz / rate)
    a, sides = 10 ** (db / 40), {"low": 1, "high": -1}
    s = s ** sides[side]
    root = np.sqrt(2 * a)
    expected = 20 * np.log10(np.abs(a * (s**2 + root * s + a) / (a * s**2 + root * s + 1)))
    found = response("equaliser", FREQUENCIES, rate, **{f"{side}_hz": hz, f"{side}_db": db})
    assert np.abs(found - expected).max() < 0.1
    assert tone.band("low", rate, hz, 0) == pytest.approx(
        (1, *tone.band("low", rate, hz, 0)[4:], 1, *tone.band("low", rate, hz, 0)[4:])
    )


@pytest.mark.parametrize("slope", ["12", "24", "48"])
@pytest.mark.parametrize("rate", [8000, 44_100, 192_000])
def test_filters_are_butterworth(slope, rate):
    order, hz = int(slope) // 6, 500.0
    ratio = np.tan(np.pi * np.array(FREQUENCIES) / rate) / np.tan(np.pi * hz / rate)
    for do, power in (("low-pass", 2 * order), ("high-pass", -2 * order)):
        expected = -10 * np.log10(1 + ratio**power)
        heard = expected > -100
        found = response(do, FREQUENCIES, rate, hz=hz, slope=slope)
        assert np.abs(found - expected)[heard].max() < 0.1
        assert found[np.isclose(FREQUENCIES, hz)].sum() == pytest.approx(0)


def test_the_ladder_lets_the_lows_through_and_sings():
    plain, singing = (response("ladder", [50, 1000, 8000], hz=1000, resonance=r, drive=0) for r in (0, 0.9))
    assert plain[2] < plain[0] - 50
    assert singing[1] - singing[0] > plain[1] - plain[0] + 12


# ---- dynamics


def steady(db: float, seconds: float) -> np.ndarray:
    """A square wave, whose level is the same at every frame."""
    frames = round(seconds * RATE)
    return 10 ** (db / 20) * np.where(np.arange(frames) // 50 % 2, 1.0, -1.0)


def stairs(*parts: tuple[float, float]) -> Sound:
    return Sound(np.concatenate([steady(*part) for part in parts])[None].astype(np.float32), RATE)


def gain_of(sound: Sound, found: Sound) -> np.ndarray:
    return 20 * np.log10(np.abs(found.samples[0] / sound.samples[0]))


@pytest.mark.parametrize(("ratio", "loud"), [(2, -6), (4, -6), (4, 0), (20, 0)])
def test_a_compressor_leaves_one_of_its_ratio(ratio, loud):
    sound = stairs((-40, 0.3), (loud, 0.5), (-40, 1))
    gain = gain_of(sound, done(sound, "compressor", threshold=-20, ratio=ratio, attack=20, release=100, makeup=2))
    assert gain[round(0.2 * RATE)] == pytest.approx(2, abs=0.01)
    assert gain[round(0.75 * RATE)] == pytest.approx(2 + (loud + 20) * (1 / ratio - 1), abs=0.05)
    assert gain[-1] == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize("attack", [5, 50])
@pytest.mark.parametrize("release", [50, 400])
def test_a_compressor_takes_its_time(attack, release):
    sound = stairs((-40, 0.2), (0, 0.6), (-40, 1))
    gain = gain_of(sound, done(sound, "compressor", threshold=-20, ratio=4, attack=attack, release=release, makeup=0))
    onset, end, ms = round(0.2 * RATE), round(0.8 * RATE), RATE / 1000
    assert gain[onset + round(0.02 * attack * ms)] > -15 * 0.75  # not yet
    assert gain[onset + round(attack * ms)] == pytest.approx(-15, abs=0.2)
    assert gain[end + round(0.1 * release * ms)] < -8
    assert gain[end + round(release * ms)] == pytest.approx(0, abs=0.2)


def test_dynamics_keep_the_picture():
    both = np.concatenate([noise(0.5, amplitude=0.3).samples, 0.1 * noise(0.5, amplitude=0.3, seed=2).samples])
    for do in ("compressor", "gate", "transients"):
        found = done(Sound(both, RATE), do, **({"makeup": 0} if do == "compressor" else {})).samples
        heard = np.abs(both) > 1e-3
        gains = np.where(heard, found / np.where(heard, both, 1), np.nan)
        apart = np.abs(gains[0] - gains[1])[heard.all(axis=0)]
        assert apart.max() < 1e-4, do


@pytest.mark.parametrize("rate", [8000, 44_100, 192_000])
@pytest.mark.parametrize("ceiling", [-0.1, -12])
def test_nothing_passes_the_ceiling(rate, ceiling):
    for samples in (
        noise(0.5, amplitude=1, rate=rate, channels=2).samples,
        4 * click(0.2, 0.05, rate).samples,
        steady(6, 0.1)[None],
    ):
        found = done(Sound(samples.astype(np.float32), rate), "limiter", ceiling=ceiling, gain=12)
        assert np.abs(found.samples).max() < 10 ** (ceiling / 20)
    tone = sine(1000, 0.5, amplitude=0.9)
    found = done(tone, "limiter", ceiling=-12, gain=0).samples[0, 11_025:]
    assert np.abs(found).max() == pytest.approx(10 ** (-12 / 20), rel=0.02)


def test_a_true_peak_limiter_hears_between_the_samples():
    between = Sound((0.9 * np.sin(np.pi / 2 * np.arange(RATE // 2) + np.pi / 4)).astype(np.float32)[None], RATE)
    heights = []
    for true_peak in ("no", "yes"):
        found = done(between, "limiter", gain=6, ceiling=-3, true_peak=true_peak).samples[0, 4000:-4000]
        heights.append(20 * np.log10(np.abs(signal.resample_poly(found, 8, 1)[800:-800]).max()))
    assert heights[0] > -0.5 and heights[1] < -2.8


def test_a_gate_lowers_by_its_depth_in_its_time():
    sound = stairs((-60, 0.5), (-10, 0.3), (-60, 1))
    gain = gain_of(sound, done(sound, "gate", threshold=-30, depth=24, attack=10, hold=50, release=100))
    onset, end, ms = round(0.5 * RATE), round(0.8 * RATE), RATE / 1000
    assert np.abs(gain[: onset - round(10 * ms)] + 24).max() < 0.01
    assert gain[onset - round(5 * ms)] == pytest.approx(-12, abs=0.1)
    assert np.abs(gain[onset : end + round(50 * ms)]).max() < 0.06
    assert gain[end + round(100 * ms)] == pytest.approx(-12, abs=0.1)
    assert np.abs(gain[end + round(150 * ms) :] + 24).max() < 0.06


@pytest.mark.parametrize("asked", [9.0, -9.0])
def test_transients_change_attack_and_sustain_by_what_is_asked(asked):
    sound = stairs((-70, 0.3), (-6, 0.6), (-30, 0.6))
    onset, ms = round(0.3 * RATE), RATE / 1000
    attack = gain_of(sound, done(sound, "transients", attack=asked))
    assert attack[onset + round(2 * ms)] == pytest.approx(asked, abs=0.1)
    assert np.abs(attack[onset + round(100 * ms) : onset + round(590 * ms)]).max() < 0.1
    sustain = gain_of(sound, done(sound, "transients", attack=0, sustain=asked))
    assert np.abs(sustain[onset + round(2 * ms) : onset + round(590 * ms)]).max() < 0.1
    assert sustain[round(0.9 * RATE) + round(150 * ms)] == pytest.approx(asked, abs=0.1)


def test_falling_is_the_loop_it_stands_for():
    levels = np.random.default_rng(0).uniform(-60, 0, 500)
    expected, last = [], -np.inf
    for value in levels:
        last = max(value, last - 0.25)
        expected.append(last)
    found = [parts[0][0] for parts in dynamics._fallen(np.split(levels[None], [7, 300], axis=1), 0.25)]
    assert np.allclose(np.concatenate(found), expected)


# ---- space


@pytest.mark.parametrize("rate", [8000, 44_100, 96_000])
@pytest.mark.parametrize("time", [1.0, 10.0, 123.4])
def test_a_delay_is_right_to_the_sample(rate, time):
    found = done(click(1, rate=rate, height=1), "delay", time=time, feedback=0, mix=0.5).samples[0]
    assert np.flatnonzero(np.abs(found) > 1e-4).tolist() == [0, round(time * rate / 1000)]
    assert found[0] == 0.5 and found[round(time * rate / 1000)] == pytest.approx(0.5)


def test_echoes_get_softer_and_darker_and_ring_out():
    sound = click(0.1, height=1)
    found = done(sound, "delay", time=50, feedback=0.5, mix=1, tone=20_000, tail=1).samples[0]
    echo = [found[k * 2205 : k * 2205 + 300] for k in range(1, 6)]
    for before, after in itertools.pairwise(echo):
        assert after.sum() / before.sum() == pytest.approx(0.5, abs=0.01)  # at 0 Hz the tone takes nothing
    assert np.abs(done(sound, "delay", time=50, feedback=0.5, tail=0).samples).shape[1] == sound.frames
    dark = done(sound, "delay", time=50, feedback=0.5, mix=1, tone=1000, tail=1).samples[0]
    assert level(dark[4410:4710]) < level(found[4410:4710]) - 6


def test_echoes_bounce():
    found = done(click(1, channels=2, height=1), "delay", time=100, feedback=0.8, mix=1, bounce="yes").samples
    heard = np.abs(found[:, [4410, 8820, 13_230]]) > 0.01
    assert heard.tolist() == [[True, False, True], [False, True, False]]


def test_a_room_rings_longer_the_larger_it_is():
    lasts = []
    for size in (0.0, 0.3, 0.6, 0.9):
        found = done(click(0.1, channels=2), "reverb", size=size, mix=1, tail=12).samples
        left = np.cumsum(np.square(found[:, ::-1], dtype=np.float64).sum(axis=0))[::-1]
        lasts.append(int(np.argmax(left < left[0] * 1e-6)) / RATE)  # 60 dB
    assert 0.4 < lasts[0] < lasts[1] < lasts[2] < lasts[3] < 6
    assert lasts[3] > 3 * lasts[0]


def test_a_room_answers_after_its_predelay_and_swallows_highs():
    early, late = (done(click(0.5, channels=2), "reverb", predelay=ms, mix=1).samples[0] for ms in (0, 100))
    shift = int(np.argmax(np.abs(late) > 1e-4)) - int(np.argmax(np.abs(early) > 1e-4))
    assert shift == 4410 and np.allclose(early[:10_000], late[4410:14_410], atol=1e-6)
    bright, dull = (done(click(0.5), "reverb", damping=d, mix=1, tail=0).samples[0] for d in (0.0, 1.0))
    ratio = [level(np.diff(x[4410:])) - level(x[4410:]) for x in (bright, dull)]
    assert ratio[1] < ratio[0] - 3


def test_every_channel_gets_its_room():
    found = done(click(0.3, channels=5), "reverb", mix=1).samples
    levels = [level(x) for x in found]
    assert max(levels) - min(levels) < 3


def test_convolution_is_convolution():
    sound, other = noise(0.2), noise(0.1, seed=4)
    energy = np.sqrt(np.square(other.samples, dtype=np.float64).sum())
    expected = np.convolve(sound.samples[0].astype(np.float64), other.samples[0] / energy)
    found = space.convolution(sound, other, mix=1, tail=0.0)
    assert np.abs(found.samples[0] - expected[: sound.frames]).max() < 1e-6
    whole = space.convolution(sound, other, mix=1, tail=1)  # its last fifth is faded, after all this has ended
    assert np.abs(whole.samples[0, : len(expected)] - expected[: whole.frames]).max() < 1e-4
    same = space.convolution(sound, click(0.1, height=0.2), mix=1, tail=0)
    assert np.abs(same.samples - sound.samples).max() < 1e-6


@pytest.mark.parametrize("do", [name for name, step in effects.STEPS.items() if step.rings])
def test_what_rings_on_a_stretch_sounds_over_what_follows(do):
    """Linear as they are, the effect of a stretch is the whole with the effect of that stretch alone in its place."""
    sound = noise(2, channels=2)
    found = done(sound, do, **{"from": 0.5, "to": 1.0}, tail=0.75).samples
    assert found.shape[1] == sound.frames
    assert np.array_equal(found[:, :22_050], sound.samples[:, :22_050])
    added = found[:, 44_100:] - sound.samples[:, 44_100:]
    assert level(added[:, :4410]) > -60 and level(added[:, -5000:]) < -100
    assert np.abs(np.diff(found)).max() < 1.5 * np.abs(np.diff(sound.samples)).max()
    longer = done(sound, do, **{"from": 1.5}, tail=0.5)
    assert longer.frames > sound.frames
    ends = done(sound, do, **{"from": 0.0}, tail=0.5)
    assert np.allclose(ends.samples, done(sound, do, tail=0.5).samples, atol=1e-6)


def test_width_is_mid_and_side():
    left, right = noise(0.2).samples, noise(0.2, seed=3).samples
    sound = Sound(np.concatenate([left, right]), RATE)
    for wide in (0.0, 0.5, 2.0):
        found = done(sound, "width", width=wide).samples
        assert np.allclose(found.sum(axis=0), sound.samples.sum(axis=0), atol=1e-6)
        assert np.allclose(found[0] - found[1], wide * (left - right)[0], atol=1e-6)
    low = Sound(np.concatenate([sine(40).samples, -sine(40).samples]), RATE)
    assert level(done(low, "width", width=1, mono_below=400).samples[:, 4410:]) < level(low.samples) - 30


# ---- movement


@pytest.mark.parametrize("shape", ["sine", "triangle", "square"])
def test_a_tremolo_has_its_rate_and_depth(shape):
    flat = Sound(np.ones((1, 4 * RATE), np.float32), RATE)
    found = done(flat, "tremolo", rate=4, depth=0.6, shape=shape).samples[0]
    assert found.max() == pytest.approx(1, abs=1e-3) and found.min() == pytest.approx(0.4, abs=1e-3)
    spectrum = np.abs(np.fft.rfft(found - found.mean()))
    assert int(np.argmax(spectrum)) == 16  # 4 Hz in 4 s
    assert found[0] == pytest.approx(1, abs=1e-6)


def test_movement_spreads_over_the_channels():
    both = noise(1)
    sound = Sound(np.repeat(both.samples, 2, axis=0), RATE)
    for do in ("chorus", "phaser", "tremolo"):
        together, apart = (done(sound, do, spread=value).samples for value in (0.0, 1.0))
        assert np.array_equal(together[0], together[1])
        assert level(apart[0] - apart[1]) > level(sound.samples) - 30, do
    flat = Sound(np.ones((2, RATE), np.float32), RATE)
    assert np.allclose(done(flat, "tremolo", depth=1, spread=1).samples.sum(axis=0), 1, atol=1e-6)


def test_a_chorus_moves_at_its_rate():
    """Its copy alone, with no way of its own, is a tone that goes up and down in pitch."""
    found = done(sine(1000, 3), "chorus", rate=2, depth=0.5, delay=10, mix=1, spread=0).samples[0].astype(np.float64)
    pitch = np.diff(np.unwrap(np.angle(signal.hilbert(found)))) * RATE / (2 * np.pi)
    pitch = signal.savgol_filter(pitch[RATE // 2 : RATE // 2 + 2 * RATE], 2001, 2)
    assert pitch.max() > 1005 and pitch.min() < 995
    assert int(np.argmax(np.abs(np.fft.rfft(pitch - pitch.mean())))) == 4  # 2 Hz in 2 s


def test_a_phaser_cuts_notches_into_noise():
    sound = noise(2)
    found = done(sound, "phaser", rate=0.05, depth=0.1, hz=1000, feedback=0, mix=0.5)
    hz, before = signal.welch(sound.samples[0], RATE, nperseg=8192)
    _, after = signal.welch(found.samples[0], RATE, nperseg=8192)
    ratio = 10 * np.log10(after / before)[(hz > 100) & (hz < 15_000)]
    assert ratio.min() < -15 and ratio.max() > -1.5


# ---- dirt


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_crushed_levels_are_those_of_so_many_bits(bits):
    found = done(Sound(np.linspace(-1, 1, 10_001, dtype=np.float32)[None], RATE), "bit-crush", bits=bits, rate=192_000).samples[
        0
    ]
    assert len(np.unique(found)) == 2**bits + 1  # zero is one of them, as are both ends
    assert np.abs(found * 2 ** (bits - 1) % 1).max() == 0
    assert np.abs(np.unique(np.diff(np.unique(found))) - 2.0 ** (1 - bits)).max() < 1e-6


def test_a_crushed_rate_holds_each_sample():
    sound = noise(0.1, rate=48_000)
    found = done(sound, "bit-crush", bits=24, rate=12_000).samples[0].reshape(-1, 4)
    assert np.allclose(found, sound.samples[0, ::4, None], atol=1e-6)


@pytest.mark.parametrize("curve", ["soft", "tube", "hard", "fold"])
def test_distortion_adds_harmonics_and_no_false_tones(curve):
    hz = 4410.0  # harmonics at multiples of it; all that is folded back would lie between
    clean = sine(hz * 10 / 10 + 7, 1, amplitude=0.5)
    found = done(clean, "distortion", drive=12, curve=curve, tone=20_000, level=0).samples[0, 2000:-2000].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(found * np.blackman(len(found))))
    bins = np.fft.rfftfreq(len(found), 1 / RATE)
    near = np.min(np.abs(bins[:, None] - (hz + 7) * np.arange(0, 5)), axis=1) < 30
    tones = 20 * np.log10(spectrum / spectrum.max() + 1e-12)
    assert tones[near & (bins > 6000)].max() > -45
    assert tones[~near & (bins < 15_000)].max() < -35


def test_saturation_leaves_soft_moments():
    soft, loud = sine(200, 0.3, amplitude=0.005), sine(200, 0.3, amplitude=0.9)
    assert level(done(soft, "saturation").samples) == pytest.approx(level(soft.samples), abs=0.05)
    assert level(done(loud, "saturation").samples) < level(loud.samples) - 3


# ---- in words


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("reverb size=0.6 mix=30%", {"do": "reverb", "size": 0.6, "mix": 0.3}),
        ("low-pass 4kHz 24", {"do": "low-pass", "hz": 4000.0, "slope": "24"}),
        ("delay 0.25s bounce=yes", {"do": "delay", "time": 250.0, "bounce": "yes"}),
        ("delay time=125ms", {"do": "delay", "time": 125.0}),
        ("compressor -20dB ratio=4 attack=5ms", {"do": "compressor", "threshold": -20.0, "ratio": 4.0, "attack": 5.0}),
        ("bit-crush 6bits rate=8kHz", {"do": "bit-crush", "bits": 6.0, "rate": 8000.0}),
        ("tremolo 6Hz depth=80% from=0.1 to=200ms", {"do": "tremolo", "rate": 6.0, "depth": 0.8, "from": 0.1, "to": 0.2}),
        ("convolution room.wav mix=50%", {"do": "convolution", "sound": "room.wav", "mix": 0.5}),
    ],
)
def test_words_become_effects(text, step):
    found = parse(text)
    assert found == pytest.approx(step) if all(isinstance(v, float) for v in step.values()) else found == step


@pytest.mark.parametrize("text", ["reverb size=2", "reverb size=3Hz", "low-pass 100 13", "convolution", "delay time=1foot"])
def test_words_that_are_no_effect_are_refused(text):
    with pytest.raises(UsageError):
        parse(text)
