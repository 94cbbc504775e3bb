"""Parts of a model compiled while it trains (torch.compile), where that pays; the model as it was where it does not or cannot.

Only for runs that ask for it: a compiled step differs from a plain one in its last bits, so a resumed run is then equal within
float noise instead of bit for bit. The trainer tells it of every step and passes on what it says.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from statistics import median

from torch import nn

WARM = 60
"""Steps before anything is compiled: short runs are over before it could pay."""

HEARD = 16
"""Steps that are timed before, and after."""

BUILDING = 40
"""Steps after compiling that are not timed: every kind and shape of step is built in them."""

BACKEND = "inductor"
"""torch.compile's own: C++ on processors, Triton on graphics cards."""

PAYS = 0.95
"""A compiled step is kept where it takes at most this share of a plain one."""


class Compiler:
    """Compiles the model's modules after WARM steps and undoes it where steps don't become faster."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.compiled: list[nn.Module] = []
        self.settled = False
        """Nothing is tried any more."""
        self._times: list[float] = []
        self._before = 0.0

    def stepped(self, seconds: float) -> str:
        """A step took `seconds`; a sentence where something comes of it, else empty."""
        if self.settled:
            return ""
        self._times.append(seconds)
        if not self.compiled:
            if len(self._times) < WARM + HEARD:
                return ""
            self._before = median(self._times[-HEARD:])
            self._compile()
        elif len(self._times) >= BUILDING + HEARD:
            return self._settle(median(self._times[-HEARD:]))
        return ""

    def undo(self) -> None:
        """Run as before from now on. What the compiler refuses only when it runs, such as slopes of slopes, ends here too."""
        for module in self.compiled:
            module._compiled_call_impl = None
        self.compiled, self.settled = [], True

    def _compile(self) -> None:
        import torch._dynamo

        torch._dynamo.config.suppress_errors = True  # what can't be compiled runs as it is
        logging.getLogger("torch._dynamo").setLevel(logging.CRITICAL)
        self._times = []
        for module in outermost(self.model):
            module.compile(backend=BACKEND)
            self.compiled.append(module)
        self.settled = not self.compiled

    def _settle(self, after: float) -> str:
        share = after / max(self._before, 1e-9)
        if share <= PAYS:
            self.settled = True
            return f"Compiled: a step takes {share:.0%} of the time it took."
        self.undo()
        return f"Compiling did not pay (a step took {share:.0%} of the time): it goes on as it was."


def outermost(model: nn.Module) -> Iterator[nn.Module]:
    """The largest modules that are called as such: lists only hold others, and a module that just holds never compiles."""
    for child in model.children():
        if isinstance(child, nn.ModuleList | nn.ModuleDict) or type(child).forward is nn.Module.forward:
            yield from outermost(child)
        else:
            yield child
