"""Who is who among the processes that train a run together, as torchrun says it in the environment. No torch."""

from __future__ import annotations

import os
from typing import NamedTuple


class Ranks(NamedTuple):
    """`rank` of `size` processes; on this machine `place` of `here`. Alone: 0 of 1."""

    rank: int = 0
    size: int = 1
    place: int = 0
    here: int = 1


def ranks() -> Ranks:
    """Those of this process; a cluster's starter may set the same variables without torchrun."""
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys():
        return Ranks()
    rank, size, place, here = (
        int(os.environ.get(name, default))
        for name, default in (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"), ("LOCAL_WORLD_SIZE", "1"))
    )
    return Ranks(rank, size, place, here) if size > 1 else Ranks()
