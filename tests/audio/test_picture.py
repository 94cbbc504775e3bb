import struct
import zlib

import numpy as np

from studio.audio import picture
from studio.audio.images import hear, statistics
from studio.audio.sound import Sound

RATE = 44100


def tone(hz: float, seconds: float = 0.5) -> Sound:
    return Sound(np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)[None].astype(np.float32), RATE)


def decode(data: bytes) -> np.ndarray:
    """What a PNG reader sees, checksums included."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, parts = 8, {}
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size)[0] == zlib.crc32(kind + body)
        parts[kind] = body
        at += 12 + size
    width, height, depth, colour = struct.unpack_from(">IIBB", parts[b"IHDR"])
    assert (depth, colour) == (8, 2) and b"IEND" in parts
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


def test_png_comes_back_pixel_for_pixel():
    image = np.random.default_rng(0).integers(0, 256, (13, 7, 3), np.uint8)
    np.testing.assert_array_equal(decode(picture.png(image)), image)


def test_low_notes_are_low_and_short_sounds_end_early():
    for hz, half in ((100, slice(48, 96)), (8000, slice(0, 48))):
        drawn = picture.spectrogram(tone(hz), 1.0, 100, 96).astype(int).sum(axis=2)
        assert drawn[half, 10:40].sum() > 0.8 * drawn[:, 10:40].sum()
        assert drawn[:, 55:].max() == sum(picture.colours(np.zeros(1))[0])


def test_a_grid_has_room_for_every_cell_and_its_caption():
    cells = [(f"kick {i}", tone(200)) for i in range(5)] + [("silence", Sound(np.zeros((1, 1), np.float32), RATE))]
    image = picture.grid(cells, 3, "Drums step 12", width=60, height=40)
    assert image.shape == (28 + 2 * 62, 8 + 3 * 68, 3)
    assert (image[9:16, 8:90] == picture.TEXT).all(axis=2).any()
    assert picture.grid([], 3).shape[2] == 3


def test_every_letter_has_its_shape():
    shapes = set()
    for letter in picture._FONT:
        image = np.zeros((7, 6, 3), np.uint8)
        picture.write(image, 0, 0, letter, (1, 1, 1))
        shapes.add(image.tobytes())
    assert len(shapes) == len(picture._FONT)
    edge = np.zeros((4, 4, 3), np.uint8)
    picture.write(edge, 2, 2, "Ä!", (1, 1, 1))  # cut at the border, unknown letters are blanks
    assert not edge.any()


def test_images_are_level_against_their_own_peak():
    loud, soft = hear([tone(440), Sound(tone(440).samples * np.float32(0.01), RATE)], RATE).images
    np.testing.assert_allclose(loud, soft, atol=1e-4)
    assert loud.max() == 1 and loud.min() == 0
    assert not hear([Sound(np.zeros((1, 9), np.float32), RATE)], RATE).images.any()


def test_distance_of_images_is_in_decibels():
    heard = hear([tone(440)] * 2, RATE)
    heard.images[1] = np.clip(heard.images[1] - 0.25, 0, 1)  # 20 dB less wherever that much is there
    apart = np.linalg.norm(heard.flat[0] - heard.flat[1])
    above = heard.images[0] >= 0.25
    assert apart >= 20 * np.sqrt(above.mean()) - 1e-6 and apart <= 20


def test_statistics_tell_when_and_where():
    images = np.zeros((2, 64, 40), np.float32)
    images[0, :, :10] = 1  # early
    images[1, :, 30:] = 1  # late: the same mean, spread and change
    early, late = statistics(images).reshape(2, 7, 64)[:, :, 0]
    np.testing.assert_allclose(early[:3], late[:3])
    np.testing.assert_allclose(early[3:], [1, 0, 0, 0])
    np.testing.assert_allclose(late[3:], [0, 0, 0, 1])
