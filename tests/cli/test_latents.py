"""encode, decode, morph, similar and generate --like: they agree with each other, and what makes no sense is a sentence."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from studio.audio import files, riff
from studio.audio.sound import Sound
from studio.cli.latents import read
from studio.errors import BadLatent, NotOffered
from studio.explore.morph import lerp, slerp
from studio.models.controls import Controls, Latent
from studio.models.oneshot import OneShot
from studio.project.recipe import Request, from_json
from tests.cli.conftest import SIZE

GLOBAL = Controls(latent=Latent("global", SIZE, prior="flow"))
SERIES = Controls(latent=Latent("series", SIZE, frames_per_second=20))


def request_of(path: str | Path) -> Request:
    data = riff.embedded_recipe(path)
    assert data is not None
    return from_json(data).request


def latents_of(paths: list[str]) -> np.ndarray:
    return np.array([request_of(path).latent[0] for path in paths])  # type: ignore[index]


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sounds that nobody meant to be encoded."""
    folder = tmp_path_factory.mktemp("strange")
    click = np.full((1, 1), 0.5, np.float32)
    tone = np.tile(np.sin(np.arange(22050) / 30).astype(np.float32) * 0.3, 1200)[None]  # ten minutes
    late = np.zeros((1, 44100 * 60), np.float32)
    late[0, 44100 * 55 : 44100 * 55 + 4000] = tone[0, :4000]
    sounds = {"one sample": click, "ten minutes": tone, "late": late, "silence": np.zeros((1, 44100), np.float32)}
    for name, samples in sounds.items():
        files.write(folder / f"{name}.wav", Sound(samples, 44100), subtype="FLOAT")
    return folder


# ---- one after the other


def test_generate_like_stays_around_the_sound(result: Any, trained: Path, drums_once: Path, tmp_path: Path) -> None:
    kick = drums_once / "kick" / "kick 01.wav"
    result("encode", trained, kick, tmp_path / "kick.npy")
    centre = np.load(tmp_path / "kick.npy")
    words = ("generate", trained, "--like", kick, "--count", 5, "--seed", 3, "--out", tmp_path / "out")
    near = result(*words, "--radius", 0.1)["files"]
    wide = result(*words, "--radius", 1)["files"]
    away = [np.linalg.norm(latents_of(made) - centre, axis=1) for made in (near, wide)]
    assert away[0].max() < away[1].min() and away[1].mean() == pytest.approx(10 * away[0].mean(), rel=1e-3)
    assert [request_of(path).seed for path in near] == [3, 4, 5, 6, 7]
    assert [Path(path).name for path in near] == [f"like kick 01 {i}.wav" for i in range(1, 6)]
    again = result(*words, "--radius", 0.1)["files"]
    assert not set(again) & set(near)
    np.testing.assert_array_equal(files.read(again[2]).samples, files.read(near[2]).samples)
    there = result("generate", trained, "--like", kick, "--radius", 0, "--class", "hat", "--out", tmp_path / "out")["files"]
    np.testing.assert_allclose(latents_of(there)[0], centre, atol=1e-6)
    assert request_of(there[0]).classes == {"hat": 1.0}


@pytest.mark.parametrize(("shape", "way"), [("straight", lerp), ("spherical", slerp), (None, lerp)])
def test_morph_goes_the_way_it_says(
    result: Any, trained: Path, drums_once: Path, tmp_path: Path, shape: str | None, way: Any
) -> None:
    sounds = [drums_once / "kick" / "kick 01.wav", drums_once / "hat" / "hat 03.wav"]
    ends = []
    for i, sound in enumerate(sounds):
        result("encode", trained, sound, tmp_path / f"{i}.npy")
        ends.append(np.load(tmp_path / f"{i}.npy"))
    shaped = ("--shape", shape) if shape else ()
    made = result("morph", trained, *sounds, "--steps", 4, *shaped, "--out", tmp_path / "out")["files"]
    wanted = [way(*ends, t) for t in np.linspace(0, 1, 4)]
    np.testing.assert_allclose(latents_of(made), wanted, atol=1e-5)


def test_what_is_encoded_is_decoded(result: Any, trained: Path, strange: Path, tmp_path: Path) -> None:
    for name, heard in (("one sample", (0, 0)), ("ten minutes", (0.0, 0.3)), ("late", (55.0, 55.1))):
        made = result("encode", trained, strange / f"{name}.wav", tmp_path / f"{name}.npy")
        assert made["shape"] == [SIZE] and made["heard"] == pytest.approx(heard, abs=0.1)
        assert result("decode", trained, tmp_path / f"{name}.npy", tmp_path / f"{name}.wav")["files"]
        assert files.probe(tmp_path / f"{name}.wav").seconds < 1
        found = result("similar", trained, strange / f"{name}.wav", "--count", 2)["matches"]
        assert len(found) == 2 and all(np.isfinite(match["ratio"]) for match in found)


# ---- what makes no sense


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["encode", "PROJECT", "SILENCE", "OUT.npy"], 1, "silence.wav” is silent"),
        (["morph", "PROJECT", "SILENCE", "CLICK", "--out", "OUT"], 1, "silence.wav” is silent"),
        (["morph", "PROJECT", "CLICK", "CLICK", "--steps", "1", "--out", "OUT"], 2, "--steps"),
        (["similar", "PROJECT", "SILENCE"], 1, "is silent"),
        (["similar", "PROJECT", "CLICK", "--count", "0"], 2, "--count"),
        (["similar", "PROJECT", "nowhere.wav"], 1, "nowhere.wav"),
        (["generate", "PROJECT", "--like", "SILENCE", "--out", "OUT"], 1, "is silent"),
        (["generate", "PROJECT", "--like", "nowhere.wav", "--out", "OUT"], 1, "nowhere.wav"),
        (["generate", "PROJECT", "--like", "CLICK", "--radius", "nan", "--out", "OUT"], 2, "--radius"),
        (["generate", "PROJECT", "--like", "CLICK", "--radius", "-1", "--out", "OUT"], 2, "--radius"),
        (["generate", "PROJECT", "--like", "CLICK", "--class", "cowbell", "--out", "OUT"], 1, "cowbell"),
        (["generate", "PROJECT", "--radius", "1", "--out", "OUT"], 2, "--like"),
        (["decode", "PROJECT", "nowhere.npy", "OUT.wav"], 1, "not there"),
    ],
)
def test_problems_are_one_sentence(
    wavewright: Any, trained: Path, strange: Path, tmp_path: Path, words: list[str], status: int, said: str
) -> None:
    places = {
        "PROJECT": trained, "SILENCE": strange / "silence.wav", "CLICK": strange / "one sample.wav", "OUT": tmp_path / "out"
    }  # fmt: skip
    for name, path in places.items():
        words = [word.replace(name, str(path)) for word in words]
    found, _, err = wavewright(*words)
    assert found == status, err
    assert said in err and "Traceback" not in err and len(err.splitlines()) <= 2
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    "words",
    [
        ["encode", "PROJECT", "CLICK", "OUT.npy"],
        ["decode", "PROJECT", "LATENT", "OUT.wav"],
        ["morph", "PROJECT", "CLICK", "CLICK", "--out", "OUT"],
        ["generate", "PROJECT", "--like", "CLICK", "--out", "OUT"],
    ],
)
def test_a_model_without_a_latent_says_so(
    wavewright: Any, trained: Path, strange: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setattr(OneShot, "controls", property(lambda self: Controls(classes=self.data.labels)))
    np.save(tmp_path / "z.npy", np.zeros(SIZE))
    places = {
        "PROJECT": trained, "CLICK": strange / "one sample.wav", "OUT": tmp_path / "out", "LATENT": tmp_path / "z.npy"
    }  # fmt: skip
    for name, path in places.items():
        words = [word.replace(name, str(path)) for word in words]
    status, lines, err = wavewright(*words)
    assert status == 1 and "does not offer" in err and "classes" in err and lines[-1]["key"] == "NotOffered"


bad = {
    "nan": np.full(SIZE, np.nan), "inf": np.full(SIZE, np.inf), "short": np.zeros(SIZE - 1), "cube": np.zeros((2, 3, SIZE)),
    "empty": np.zeros((0, SIZE)), "scalar": np.float64(1), "complex": np.zeros(SIZE, complex), "text": np.array(["a"] * SIZE),
    "bool": np.zeros(SIZE, bool), "date": np.zeros(SIZE, "M8[s]"), "record": np.zeros(SIZE, [("a", "f4")]),
    "beyond": np.full(SIZE, 1e300),
}  # fmt: skip


@pytest.mark.parametrize("name", bad)
def test_a_bad_latent_is_named(wavewright: Any, trained: Path, tmp_path: Path, name: str) -> None:
    np.save(tmp_path / f"{name}.npy", bad[name])
    status, lines, err = wavewright("decode", trained, tmp_path / f"{name}.npy", tmp_path / "out.wav")
    assert status == 1 and f"“{name}.npy” is not a latent" in err and lines[-1]["key"] == "BadLatent"
    assert not (tmp_path / "out.wav").exists()


any_array = st.one_of(
    arrays.arrays(
        st.sampled_from(["f2", "f4", "f8", "i1", "u4", "c16", "?", "U3"]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0),
    )
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(any_array, st.sampled_from([GLOBAL, SERIES]))
def test_any_array_is_a_latent_or_a_named_error(tmp_path: Path, values: np.ndarray, controls: Controls) -> None:
    path = tmp_path / "any.npy"
    with path.open("wb") as file:
        np.save(file, values, allow_pickle=False)
    try:
        found = read(path, controls)
    except BadLatent as error:
        assert "any.npy" in error.message and error.advice
    else:
        assert all(z.ndim == 2 and z.shape[1] == SIZE and np.isfinite(z).all() for z in found)
        assert len(found) == (1 if controls is SERIES else len(np.atleast_2d(values)))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.booleans(), st.integers(0, 120))
def test_any_file_is_a_latent_or_a_named_error(tmp_path: Path, noise: bytes, torn: bool, at: int) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((2, SIZE)))
    whole = buffer.getvalue()
    path = tmp_path / "any.npy"
    path.write_bytes(whole[:at] + noise if torn else noise)
    try:
        assert all(np.isfinite(z).all() for z in read(path, GLOBAL))
    except BadLatent as error:
        assert "any.npy" in error.message


def test_a_header_that_lies_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "liar.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**12, SIZE)})
        file.write(b"\0" * 64)
    with pytest.raises(BadLatent):
        read(path, GLOBAL)
    with pytest.raises(NotOffered):
        read(path, Controls(text=True))
