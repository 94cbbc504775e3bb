import numpy as np

from studio.explore.similar import Catalogue, CopyMeter, distances, why


def test_the_nearest_come_first_with_their_ratio():
    known = np.array([[0.0, 0], [1, 0], [2, 0], [10, 0]])
    meter = CopyMeter.fit(known)
    assert meter.usual == 1
    matches = meter.nearest([1.25, 0], 3)
    assert [m.index for m in matches] == [1, 2, 0]
    assert matches[0].distance == matches[0].ratio == 0.25
    assert len(meter.nearest([0, 0], 99)) == 4


def test_planted_copies_are_found_and_new_sounds_are_not():
    rng = np.random.default_rng(0)
    known = rng.standard_normal((500, 64))
    meter = CopyMeter.fit(known)
    copies = known[:20] + 1e-3 * rng.standard_normal((20, 64))  # gone through another sample format
    assert sum(meter.is_copy(f) for f in copies) == 20
    assert sum(meter.is_copy(f) for f in rng.standard_normal((200, 64))) <= 6  # the threshold is the first percentile


def test_duplicates_in_the_folder_do_not_blind_the_meter():
    rng = np.random.default_rng(1)
    known = rng.standard_normal((50, 16))
    meter = CopyMeter.fit(np.concatenate([known, known]))
    assert meter.usual == CopyMeter.fit(known).usual and meter.is_copy(known[3])
    assert not meter.is_copy(rng.standard_normal(16))


def test_layers_of_one_sound_are_no_measure_of_what_is_near():
    rng = np.random.default_rng(1)
    known = rng.standard_normal((50, 16))
    layers = np.concatenate([known + 0.01 * rng.standard_normal(known.shape) for _ in range(4)])
    assert 0.9 < CopyMeter.fit(layers).usual / CopyMeter.fit(known).usual < 1.1


def test_one_known_sound_is_enough():
    meter = CopyMeter.fit(np.ones((1, 4)))
    assert meter.nearest(np.ones(4))[0].distance == 0 and meter.is_copy(np.ones(4)) and not meter.is_copy(np.zeros(4))


def test_distances_are_euclidean_and_exactly_zero_for_equal_rows():
    a = np.random.default_rng(0).standard_normal((5, 7)) * 1e3
    assert (np.diag(distances(a, a)) == 0).all()
    np.testing.assert_allclose(distances(a, a[:2])[3, 1], np.linalg.norm(a[3] - a[1]))


def test_why_names_the_largest_audible_differences():
    spread = {"brightness": 0.5, "attack": 0.5, "length": 0.5, "loudness": 6.0, "pitch": 9}
    ours = {"brightness": 4000, "attack": 0.001, "length": 0.5, "loudness": -12, "pitch": float("nan")}
    theirs = {"brightness": 1000, "attack": 0.002, "length": 0.51, "loudness": -13, "pitch": 69}
    assert why(ours, theirs, spread) == ["brighter", "sharper"]
    assert why(theirs, ours, spread, count=1) == ["darker"]
    assert why(ours, ours, spread) == []


def test_a_catalogue_finds_what_a_meter_finds_and_says_why():
    rng = np.random.default_rng(2)
    known = rng.standard_normal((300, 64)).astype(np.float32)
    facts = {"brightness": np.exp(rng.normal(7, 0.5, 300)), "noisiness": rng.uniform(0, 1, 300), "pitch": np.full(300, np.nan)}
    catalogue = Catalogue.fit(known, facts)
    asked = known[7] + 0.01
    found, plain = catalogue.nearest(asked, 5), CopyMeter.fit(known).nearest(asked, 5)
    assert [m.index for m in found] == [m.index for m in plain] and found[0].index == 7
    np.testing.assert_allclose([m.distance for m in found], [m.distance for m in plain])
    assert abs(catalogue.usual / CopyMeter.fit(known).usual - 1) < 0.1
    ours = {name: float(values[7]) for name, values in facts.items()}
    brightest = int(np.argmax(facts["brightness"]))
    assert catalogue.why(7, ours) == [] and "brighter" in catalogue.why(brightest, ours)
    assert catalogue.spread["pitch"] == 0 and 0.4 < catalogue.spread["brightness"] < 0.6


def test_a_catalogue_of_nothing_and_of_one():
    empty = Catalogue.fit(np.zeros((0, 64)), {})
    assert empty.nearest(np.zeros(64), 3) == [] and empty.usual == 1
    one = Catalogue.fit(np.ones((1, 64)), {"noisiness": [0.5]})
    assert [m.index for m in one.nearest(np.zeros(64), 3)] == [0] and one.why(0, {"noisiness": 0.1}) == []
    twins = Catalogue.fit(np.ones((4, 64)), {"noisiness": [0.5] * 4})
    assert twins.usual == 1 and twins.nearest(np.ones(64), 2)[0].distance == 0
