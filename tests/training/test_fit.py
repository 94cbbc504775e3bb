from __future__ import annotations

import multiprocessing
from typing import Any

import msgspec
import psutil
import pytest

from studio.errors import TrainingError
from studio.fields import decode
from studio.models.base import families
from studio.models.controls import DataFacts
from studio.training import device as devices
from studio.training import fit
from studio.training.fit import Fit, estimate, measure, probe
from studio.training.plan import TrainerConfig
from tests.training.tiny import Config, Tiny

DATA = DataFacts(count=600, labels=("kick", "snare"), seconds=1.2)


def test_more_of_anything_needs_more() -> None:
    small = estimate(Tiny, Config(), DATA)
    assert small.weights == sum(p.numel() for p in Tiny(Config(), DATA).parameters()) and not small.measured
    assert estimate(Tiny, Config(latent=60), DATA).bytes > small.bytes
    assert estimate(Tiny, Config(), DATA, TrainerConfig(batch=64)).bytes > small.bytes
    many = estimate(Tiny, Config(), DataFacts(count=60_000))
    assert many.bytes > small.bytes and many.first_sound > small.first_sound
    assert estimate(Tiny, Config(), DataFacts(count=10**8)).bytes == estimate(Tiny, Config(), DataFacts(count=0)).bytes


def test_a_training_fits_into_what_others_leave() -> None:
    assert Fit(8, 1, 1.0).fits  # nobody looked
    assert Fit(8, 1, 1.0, total=20, others=12).fits and not Fit(8, 1, 1.0, total=20, others=13).fits
    assert Fit(8, 1, 1.0, total=20, others=5).free == 7 and Fit(8, 1, 1.0, total=20, others=15).free == 0


def test_the_first_sound_never_comes_before_its_time() -> None:
    few = DataFacts(count=3)
    assert estimate(Tiny, Config(), few, TrainerConfig(preview=300)).first_sound >= 300
    assert estimate(Tiny, Config(), few).first_sound < 30


def test_every_family_can_be_estimated_and_made_lighter_until_nothing_is_left() -> None:
    for family in families().values():
        config = family.recommended(DATA)
        for device in ("cpu", "cuda", "mps"):
            found = estimate(family, config, DATA, device=device)
            assert 1e5 < found.weights < 1e9 and found.bytes > found.weights * 4 and 5 < found.first_sound < 120
        for _ in range(20):
            lighter = family.lighter(config)
            if not lighter:
                break
            changed = decode(family.Config, {**msgspec.to_builtins(config), **lighter})
            assert changed != config and family.material(changed, DATA) == family.material(config, DATA)
            config = changed
        else:
            pytest.fail(f"{family.info.id} never stops becoming lighter")


# ---- a few real steps
def tried(data: DataFacts = DATA, batch: int = 16, **config: Any) -> Fit:
    return measure(Tiny, config, data, TrainerConfig(batch=batch, precision="fp32", threads=1))


def test_steps_are_taken_with_the_whole_batch_where_it_fits() -> None:
    found = tried(phases=2)
    assert found.measured and found.fits and found.batch == 16 and not found.changes
    assert found.bytes > psutil.Process().memory_info().rss / 2 and found.seconds > 0
    assert 0 < found.others < found.total and found.bytes + found.others + found.free == found.total
    assert tried(DataFacts(count=3)).batch == 3


def test_a_batch_that_runs_out_of_memory_is_halved() -> None:
    assert tried(batch=64, trouble="memory:16").batch == 16
    nothing = tried(trouble="memory:0")
    assert nothing.batch == 0 and not nothing.measured and not nothing.fits


def test_crops_become_shorter_before_a_step_hears_too_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tiny, "lighter", lambda config: {"trouble": f"memory:{4 * int(config.trouble.partition(':')[2])}"})
    found = tried(trouble="memory:1")
    assert found.batch == 4 and found.changes == {"trouble": "memory:4"} and found.measured


def test_a_batch_that_would_take_what_is_not_there_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere it would push other programs out of memory, or have this one killed."""
    sizes: list[int] = []
    real = Tiny.losses
    monkeypatch.setattr(Tiny, "losses", lambda self, batch, *rest: sizes.append(len(batch.audio)) or real(self, batch, *rest))
    monkeypatch.setattr(devices, "memory", lambda device: (2000, 1000))
    monkeypatch.setattr(devices, "peak", lambda device: 100 + 60 * sizes[-1])
    monkeypatch.setattr(fit, "_sounds", lambda *_: 0)
    found = tried(batch=64)
    assert found.batch == 8 and max(sizes[-4:]) == 8  # of 900: 580 for 8, 1,060 for 16
    assert found.bytes == 580 and found.total == 2000 and found.others == 1000 and found.free == 420


@pytest.mark.slow
def test_a_probe_in_a_process_of_its_own_says_what_is_wrong_and_can_be_closed() -> None:
    work = probe("oneshot", {"width": 1}, DATA)
    with pytest.raises(TrainingError, match="width"):
        list(work)
    work = probe("oneshot", {}, DATA)
    next(work)
    next(work)
    assert len(multiprocessing.active_children()) == 1
    work.close()
    assert not multiprocessing.active_children()
