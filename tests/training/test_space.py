"""What a search may change: always what one has among it, never what the family does not allow or what a model hears."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio import fields
from studio.errors import BadConfig
from studio.fields import setting
from studio.models import base
from studio.models.controls import DataFacts
from studio.training import space
from studio.training.plan import TrainerConfig
from studio.training.space import Span


class Config(msgspec.Struct, frozen=True):
    width: Annotated[int, setting("", ge=32, le=1024, search=(256, 768))] = 512
    kl: Annotated[float, setting("", ge=0, le=1)] = 1e-3
    decoder: Annotated[Literal["a", "b", "c"], setting("", search=True)] = "a"
    mono: Annotated[bool, setting("")] = True
    note: Annotated[str, setting("")] = ""


FIELDS = fields.describe(Config)
USUAL = msgspec.to_builtins(Config())


def named(*words: str, **usual: Any) -> tuple[Span, ...]:
    values = USUAL | usual
    ours = {span.name: span for span in space.offered(FIELDS, values)}
    return space.named(words, ours, [(field, values[field.name], False) for field in FIELDS])


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_is_drawn_is_allowed_and_the_usual_value_can_be(data: st.DataObject) -> None:
    usual = {
        "width": data.draw(st.integers(32, 1024)),
        "kl": data.draw(st.floats(1e-6, 1)),
        "decoder": data.draw(st.sampled_from("abc")),
        "mono": data.draw(st.booleans()),
    }
    for span in named("width", "kl", "decoder", "mono", **usual):
        if span.choices:
            assert usual[span.name] in span.choices
            drawn = data.draw(st.sampled_from(span.choices))
        else:
            assert span.low <= usual[span.name] <= span.high
            whole = st.integers(int(span.low), int(span.high))
            drawn = data.draw(whole if span.kind == "int" else st.floats(span.low, span.high))
            assert span.low <= span.tidy(drawn) <= span.high
            assert span.tidy(drawn) == pytest.approx(drawn, rel=0.006)
        fields.decode(Config, USUAL | {span.name: span.tidy(drawn)})


def test_a_field_says_itself_what_is_worth_trying() -> None:
    width, decoder = space.offered(FIELDS, USUAL)
    assert (width.name, width.low, width.high, width.usual, width.log) == ("width", 256, 768, 512, False)
    assert (decoder.name, decoder.choices) == ("decoder", ("a", "b", "c"))
    (wider, _) = space.offered(FIELDS, USUAL | {"width": 1000})
    assert (wider.low, wider.high) == (256, 1000), "what one has is always among it"


def test_a_person_names_settings_and_their_ends() -> None:
    width, kl, decoder, mono = named("width=64:128", "kl", "decoder=b,c", "mono")
    assert (width.low, width.high) == (64, 512) and width.log
    assert (kl.low, kl.high) == pytest.approx((1e-3 / space.AROUND, 1e-3 * space.AROUND)) and kl.log
    assert decoder.choices == ("a", "b", "c") and mono.choices == (False, True)


@pytest.mark.parametrize(
    "word", ["loudness", "width=8:64", "width=a:b", "width=64", "decoder=d", "note", "kl=0.001:0.001", "width=64:4096"]
)
def test_what_cannot_be_tried_is_said(word: str) -> None:
    with pytest.raises(BadConfig) as error:
        named(word)
    assert error.value.values["name"] == word.partition("=")[0]


@pytest.mark.parametrize("family", base.families().values(), ids=lambda family: family.info.id)
def test_no_family_offers_what_changes_the_measure(family: type[base.Model]) -> None:
    """Every shipped family can be searched, over settings whose results compare."""
    data = DataFacts(count=100, seconds=1.0, rate=44100, channels=1, labels=("kick", "snare"))
    config = family.recommended(data)
    spans = space.offered(fields.describe(family.Config), msgspec.to_builtins(config))
    trainers = space.offered(fields.describe(TrainerConfig), msgspec.to_builtins(TrainerConfig()), plan=True)
    assert trainers and not {span.name for span in spans} & {span.name for span in trainers}

    def material(changes: dict[str, Any]) -> Any:
        return family.material(fields.configure(config, changes), data)

    space.comparable((*spans, *trainers), material)


def test_a_shorter_sound_is_no_better_setting() -> None:
    family = base.family("oneshot")
    data = DataFacts(count=100, seconds=1.0, rate=44100, channels=1, labels=())
    config = family.recommended(data)
    described = fields.describe(family.Config)
    usual = msgspec.to_builtins(config)
    spans = space.named(["seconds"], {}, [(field, usual[field.name], False) for field in described])
    with pytest.raises(BadConfig, match="hears"):
        space.comparable(spans, lambda changes: family.material(fields.configure(config, changes), data))
