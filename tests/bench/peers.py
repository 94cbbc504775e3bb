"""The training steps of two public programs, from checkouts that the environment names, as they are.

WAVEGAN_CHECKOUT: mostafaelaraby/wavegan-pytorch. Its own loop (`train.py`) runs, only its reader of files is replaced.
RAVE_CHECKOUT: acids-ircam/RAVE, configuration v2. Its own `training_step` is called as Lightning calls it. It needs einops,
gin-config, cached-conv and scikit-learn (`PYTHONPATH=FOLDER` after `pip install --no-deps --target FOLDER …`).

What they import beside that (readers of files, progress bars, Lightning's trainer, torchaudio, whose spectrogram is torch.stft)
is stood in for where it is not installed; none of it but the spectrogram is part of a step.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import torch
from torch import Tensor, nn

STOOD_IN = (
    "librosa", "pescador", "matplotlib", "tqdm", "lmdb", "udls", "GPUtil", "requests", "yaml",
    "torchaudio", "pytorch_lightning",
)  # fmt: skip


class _Mocks(MetaPathFinder, Loader):
    """Modules whose every name is a mock. Last in `sys.meta_path` it is asked only for what is not installed."""

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        return spec_from_loader(name, self, is_package=True) if name.partition(".")[0] in STOOD_IN else None

    def exec_module(self, module: ModuleType) -> None:
        module.__all__ = []  # type: ignore[attr-defined]
        module.__getattr__ = _mock  # type: ignore[method-assign]
        if module.__name__ == "pytorch_lightning":
            module.LightningModule, module.Callback = _Lightning, object  # type: ignore[attr-defined]
        elif module.__name__ == "torchaudio.transforms":
            module.Spectrogram = _Spectrogram  # type: ignore[attr-defined]


def _mock(name: str) -> MagicMock:
    if name.startswith("__"):
        raise AttributeError(name)
    return MagicMock()


class Peer:
    """`step()` is one iteration of a peer on the next batch; weights: numbers that it trains."""

    def __init__(self, name: str, weights: int, step: Callable[[], None]) -> None:
        self.name, self.weights, self.step = name, weights, step


def found(draw: Callable[[int], Tensor], rate: int, device: torch.device) -> list[Peer]:
    """The peers whose checkouts are named. `draw(n)`: the n-th batch (B, 1, T)."""
    peers: list[Peer] = []
    if not any(isinstance(finder, _Mocks) for finder in sys.meta_path):
        sys.meta_path.append(_Mocks())
    if checkout := os.environ.get("WAVEGAN_CHECKOUT"):
        peers.append(_wavegan(Path(checkout), draw, rate))
    if checkout := os.environ.get("RAVE_CHECKOUT"):
        peers += _rave(Path(checkout), draw, rate, device)
    return peers


# ---- WaveGAN
def _wavegan(checkout: Path, draw: Callable[[int], Tensor], rate: int) -> Peer:
    batch, _, length = draw(0).shape
    sys.path.insert(0, str(checkout))
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):  # it makes a folder where it is imported
        params = import_module("params")
        vars(params).update(
            batch_size=batch, window_length=length, sampling_rate=rate, take_backup=False, n_iterations=sys.maxsize
        )
        program = import_module("train")
    sys.path.remove(str(checkout))
    program.save_samples = program.latent_space_interpolation = lambda *a, **k: None  # type: ignore[attr-defined]

    class Batches:
        """Hands out batches, one for each `step`; a loop that is stopped here goes on here."""

        number = 0

        def __len__(self) -> int:
            return 1

        def __next__(self) -> Tensor:
            turn.switch()
            self.number += 1
            return draw(self.number)

    turn = _Turns(lambda: gan.train())
    gan = program.WaveGan_GP(Batches(), None)
    weights = sum(p.numel() for net in (gan.generator, gan.discriminator) for p in net.parameters())
    turn.step()  # up to its first batch
    return Peer("WaveGAN (wavegan-pytorch)", weights, turn.step)


class _Turns:
    """A loop in a thread of its own that only ever runs while `step` waits for it: from one batch asked for to the next."""

    def __init__(self, loop: Callable[[], None]) -> None:
        import threading

        self._go, self._done = threading.Semaphore(0), threading.Semaphore(0)
        threads = torch.get_num_threads()

        def run() -> None:
            self._go.acquire()
            torch.set_num_threads(threads)
            torch.set_flush_denormal(True)
            loop()

        threading.Thread(target=run, daemon=True).start()

    def switch(self) -> None:
        self._done.release()
        self._go.acquire()

    def step(self) -> None:
        self._go.release()
        self._done.acquire()


# ---- RAVE
class _Spectrogram(nn.Module):
    """torchaudio.transforms.Spectrogram with the defaults that RAVE leaves."""

    def __init__(
        self, n_fft: int, win_length: int, hop_length: int, normalized: bool = False, power: float | None = 2.0
    ) -> None:
        super().__init__()
        self.sizes = (n_fft, hop_length, win_length)
        self.register_buffer("window", torch.hann_window(win_length))

    def forward(self, audio: Tensor) -> Tensor:
        n_fft, hop, length = self.sizes
        return torch.stft(audio, n_fft, hop, length, self.window, center=True, pad_mode="reflect", return_complex=True)


class _Lightning(nn.Module):
    """What RAVE's `training_step` asks of Lightning: its two optimisers and their schedule."""

    made: tuple[list[Any], Any]

    def optimizers(self) -> list[Any]:
        if not hasattr(self, "made"):
            first, second = self.configure_optimizers()  # type: ignore[operator]
            self.made = [first["optimizer"], second["optimizer"]], first["lr_scheduler"]["scheduler"]
        return self.made[0]

    def lr_schedulers(self) -> Any:
        return self.made[1]

    def log(self, *a: Any, **k: Any) -> None:
        pass

    log_dict = log

    def on_train_batch_end(self, *a: Any) -> None:
        pass


def _rave(checkout: Path, draw: Callable[[int], Tensor], rate: int, device: torch.device) -> Iterator[Peer]:
    import scipy.signal

    if not hasattr(scipy.signal, "kaiser"):  # moved since the version it asks for
        scipy.signal.kaiser = scipy.signal.windows.kaiser  # type: ignore[attr-defined]
    sys.path.insert(0, str(checkout))
    gin, rave = import_module("gin"), import_module("rave")
    sys.path.remove(str(checkout))
    firwin, design = scipy.signal.firwin, rave.pqmf.kaiser_filter  # today's scipy and numpy want them called otherwise
    rave.pqmf.firwin = lambda *a, nyq, **k: firwin(*a, fs=2 * nyq, **k)
    rave.pqmf.kaiser_filter = lambda wc, *rest: design(float(np.ravel(wc)[0]), *rest)
    gin.parse_config_files_and_bindings(["v2.gin"], [f"SAMPLING_RATE = {rate}"])
    for name, late in (("RAVE v2, its first million steps", False), ("RAVE v2, with discriminators", True)):
        model = rave.RAVE(n_channels=1).to(device).train()
        model.warmed_up = late

        def step(model: Any = model, count: list[int] = [0]) -> None:  # noqa: B006
            count[0] += 1
            model.training_step(draw(count[0]).clone(), count[0])
            model.on_train_batch_end(None, None, count[0])

        yield Peer(name, sum(p.numel() for p in model.parameters()), step)
