from __future__ import annotations

import time

import pytest
import torch

from studio.training import device as devices
from studio.training.plan import TrainerConfig

CPU = torch.device("cpu")


def slow(seconds: dict[str, float]):
    """A trial that takes this long in each number format."""

    def trial(precision: str) -> None:
        tried.append((precision, torch.get_num_threads()))
        time.sleep(seconds[precision])

    tried: list[tuple[str, int]] = []
    return trial, tried


@pytest.fixture(autouse=True)
def tuned():
    with devices.tuned():
        yield


def test_a_faster_number_format_is_taken_and_a_slower_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True)
    trial, _ = slow({"fp32": 0.05, "bf16": 0.005})
    assert devices.tune(TrainerConfig(), CPU, trial).precision == "bf16"
    trial, _ = slow({"fp32": 0.01, "bf16": 0.05})
    found = devices.tune(TrainerConfig(), CPU, trial)
    assert found.precision == "fp32" and found.seconds >= 0.01


def test_what_is_asked_for_is_not_tried_out() -> None:
    trial, tried = slow({"fp32": 0.0, "bf16": 0.0})
    assert devices.tune(TrainerConfig(precision="bf16", threads=1), CPU, trial).precision == "bf16"
    assert {precision for precision, _ in tried} == {"bf16"}
    assert devices.tune(TrainerConfig(threads=3), CPU, trial).threads == 3


def test_gentle_leaves_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cores", lambda: 4)
    trial, tried = slow({"fp32": 0.0, "bf16": 0.0})
    assert devices.tune(TrainerConfig(gentle=True), CPU, trial).threads == 3
    assert {threads for _, threads in tried[1:]} == {3}


def test_threads_are_tried_where_there_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cores", lambda: 2)
    trial, tried = slow({"fp32": 0.0, "bf16": 0.0})
    assert devices.tune(TrainerConfig(precision="fp32"), CPU, trial).threads in (1, 2)
    assert {threads for _, threads in tried} >= {1, 2}


def test_settings_of_torch_are_put_back() -> None:
    before = torch.get_num_threads()
    with devices.tuned():
        torch.set_num_threads(before + 1)
        assert torch.tensor(1e-40).add(0.0).item() == 0.0
    assert torch.get_num_threads() == before
    assert torch.tensor(1e-40).mul(1.0).item() > 0.0


@pytest.mark.parametrize(
    "error,out",
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:128] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (MemoryError(), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_out_of_memory_is_known_by_its_words(error: BaseException, out: bool) -> None:
    assert devices.ran_out_of_memory(error) is out
