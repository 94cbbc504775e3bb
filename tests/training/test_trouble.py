"""What ends a training from outside has a name, a sentence and a way on; what was saved stays."""

from __future__ import annotations

import errno
import os

import pytest
import torch

from studio.audio import files
from studio.audio.sound import Sound
from studio.errors import BadConfig, DeviceLost, DiskFull, NotSaved, OutOfMemory, UnwritableAudio
from studio.events import Metric
from studio.training import trouble
from studio.training.trainer import train
from tests.training.conftest import Make, losses
from tests.training.tiny import Tiny

LOST = [
    "CUDA error: unspecified launch failure\nCUDA kernel errors might be asynchronously reported",
    "CUDA error: an illegal memory access was encountered",
    "CUDA error: device-side assert triggered",
    "CUDA driver error: unknown error",
    "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
    "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(…)`",
    "HIP error: the operation cannot be performed in the present state",
    "MPS backend: command buffer execution failed",
]


@pytest.mark.parametrize("words", LOST)
def test_a_lost_device_is_named(words: str) -> None:
    found = trouble.named(RuntimeError(words))
    assert isinstance(found, DeviceLost) and "\n" not in found.message and found.advice and str(found.__cause__) == words


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 8 GB")]
)
def test_no_memory_is_named(error: Exception) -> None:
    assert isinstance(trouble.named(error), OutOfMemory)


def test_what_the_disk_refused_is_named_wherever_it_comes_from(tmp_path: object) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/run/x.wav")
    wrapped = UnwritableAudio(name="x.wav", reason="no")
    wrapped.__cause__ = full
    assert isinstance(trouble.named(full), DiskFull) and isinstance(trouble.named(wrapped), DiskFull)
    assert "x.wav" in trouble.named(wrapped).message  # type: ignore[attr-defined]
    assert isinstance(trouble.named(OSError(errno.EIO, "x")), NotSaved)


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("mat1 and mat2 shapes"), BadConfig(name="x", reason="y")])
def test_what_nobody_knows_keeps_its_name(error: Exception) -> None:
    assert trouble.named(error) is error


def test_a_preview_that_does_not_fit_pauses_the_run_too(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make(steps=20, preview=0.001)

    def full(path: object, sound: Sound, **more: object) -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        except OSError as error:
            raise UnwritableAudio(name="new-1.wav", reason="no") from error

    with monkeypatch.context() as there:
        there.setattr(files, "write", full)
        list(train(run, Tiny))
    assert (run.status().state, run.status().key) == ("paused", "DiskFull")
    list(train(run, Tiny))
    assert run.status().state == "finished"


def test_a_device_that_is_lost_ends_the_run_in_its_last_save(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, run = make(steps=40), make(steps=40)
    list(train(whole, Tiny))
    real = Tiny.losses
    with pytest.raises(DeviceLost):
        for event in train(run, Tiny):
            if isinstance(event, Metric) and event.name == "mel":
                if event.step == 10:
                    run.request("star")
                if event.step == 20:
                    monkeypatch.setattr(Tiny, "losses", lose)
    status = run.status()
    assert (status.state, status.key, status.pid) == ("failed", "DeviceLost", 0) and "graphics card" in status.error
    monkeypatch.setattr(Tiny, "losses", real)
    list(train(run, Tiny))
    assert run.status().state == "finished" and losses(whole.events()[0]) == losses(run.events()[0])


def lose(*_: object) -> dict[str, torch.Tensor]:
    raise RuntimeError(LOST[0])
