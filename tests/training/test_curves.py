from __future__ import annotations

import numpy as np

from studio.events import Metric, Produced, Progress
from studio.training.curves import CLOCK, Curves


def test_an_earlier_life_is_forgotten_from_where_the_next_begins() -> None:
    curves = Curves()
    curves.add([Metric(step=n, name="mel", value=float(n)) for n in range(10)])
    curves.add([Produced(kind="resumed", detail={"step": 5}), Progress(done=1)])
    curves.add([Metric(step=n, name="mel", value=-float(n)) for n in range(6, 8)])
    steps, values = curves.values("mel")
    assert steps.tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert values.tolist() == [0, 1, 2, 3, 4, 5, -6, -7]
    assert curves.last("mel") == -7 and curves.last("nothing") is None
    assert curves.values("nothing")[0].size == 0


def test_minutes_come_from_the_clock_between_its_readings() -> None:
    curves = Curves()
    curves.add([Metric(step=s, name=CLOCK, value=m) for s, m in ((0, 0.0), (100, 1.0), (200, 3.0))])
    assert np.allclose(curves.minutes(np.array([50, 150])), [0.5, 2.0])
    assert curves.names() == []
