"""What the machine computes with: a GPU as its driver tells of it, or the processor; a driver that fails is no end."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from studio.engine import device


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A driver with one GPU of 12 GB on which this process holds 2 GB, a trainer 1 GB and another program 3 GB."""
    state = SimpleNamespace(asked=[], broken=False)
    processes = [(os.getpid(), 2), (77, 1), (78, 3), (79, None)]

    def memory(handle: Any) -> SimpleNamespace:
        if state.broken:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        return SimpleNamespace(total=12 * 10**9, used=7 * 10**9)

    def running(handle: Any) -> list[SimpleNamespace]:
        return [SimpleNamespace(pid=pid, usedGpuMemory=None if gb is None else gb * 10**9) for pid, gb in processes]

    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlShutdown", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", lambda index: state.asked.append(index) or "gpu")
    monkeypatch.setattr(pynvml, "nvmlDeviceGetName", lambda handle: b"NVIDIA GeForce RTX 4070")
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", memory)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetComputeRunningProcesses", running)
    return state


def test_memory_is_told_as_ours_others_and_free(driver: SimpleNamespace) -> None:
    gpu = device.find_gpu()
    assert gpu is not None
    facts = gpu.facts({os.getpid(), 77})
    gpu.close()
    assert (facts.kind, facts.name, facts.total) == ("cuda", "RTX 4070", 12 * 10**9)
    assert (facts.ours, facts.others, facts.free) == (3 * 10**9, 4 * 10**9, 5 * 10**9)


def test_a_driver_that_goes_away_is_a_named_trouble(driver: SimpleNamespace) -> None:
    gpu = device.Gpu()
    driver.broken = True
    with pytest.raises(OSError, match="does not answer"):
        gpu.facts(())
    gpu.close()


@pytest.mark.parametrize(("visible", "index"), [("", 0), ("3", 3), ("2,0", 2), ("GPU-abc", 0)])
def test_the_gpu_that_cuda_calls_first(
    driver: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, visible: str, index: int
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    device.Gpu()
    assert driver.asked == [index]


def test_without_a_driver_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", absent)
    assert device.find_gpu() is None


def test_the_processor_is_told_with_its_threads_and_memory() -> None:
    facts = device.cpu("the card is too old")
    assert facts.kind == "cpu" and facts.threads >= 1 and facts.problem == "the card is too old"
    assert 0 < facts.ours < facts.total and facts.ours + facts.others + facts.free == facts.total
