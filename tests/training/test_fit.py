from __future__ import annotations

from studio.models.base import families
from studio.models.controls import DataFacts
from studio.training.fit import estimate
from studio.training.plan import TrainerConfig
from tests.training.tiny import Config, Tiny

DATA = DataFacts(count=600, labels=("kick", "snare"), seconds=1.2)


def test_more_of_anything_needs_more() -> None:
    small = estimate(Tiny, Config(), DATA)
    assert small.weights == sum(p.numel() for p in Tiny(Config(), DATA).parameters())
    assert estimate(Tiny, Config(latent=60), DATA).bytes > small.bytes
    assert estimate(Tiny, Config(), DATA, TrainerConfig(batch=64)).bytes > small.bytes
    many = estimate(Tiny, Config(), DataFacts(count=60_000))
    assert many.bytes > small.bytes and many.first_sound > small.first_sound
    assert small.fits(small.bytes) and not small.fits(small.bytes - 1)


def test_the_first_sound_never_comes_before_its_time() -> None:
    few = DataFacts(count=3)
    assert estimate(Tiny, Config(), few, TrainerConfig(preview=300)).first_sound >= 300
    assert estimate(Tiny, Config(), few).first_sound < 30


def test_every_family_can_be_estimated() -> None:
    for family in families().values():
        config = family.recommended(DATA)
        for device in ("cpu", "cuda", "mps"):
            found = estimate(family, config, DATA, device=device)
            assert 1e5 < found.weights < 1e9 and found.bytes > found.weights * 4 and 5 < found.first_sound < 120
