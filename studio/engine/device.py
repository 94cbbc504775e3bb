"""What this machine computes with, and how full it is. NVML tells a GPU's memory without torch; without a GPU it is the CPU."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psutil

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeviceFacts:
    """`kind` is "cuda", "mps" or "cpu". Bytes are of the GPU's memory, or of the machine's where there is no GPU; `ours` are
    held by this window and its trainers. `problem` says why a GPU that is there is not used."""

    kind: str
    name: str
    threads: int = 1
    total: int = 0
    ours: int = 0
    others: int = 0
    problem: str = ""

    @property
    def free(self) -> int:
        return max(0, self.total - self.ours - self.others)


def threads() -> int:
    """Processor threads this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def cpu(problem: str = "") -> DeviceFacts:
    memory = psutil.virtual_memory()
    ours = psutil.Process().memory_info().rss
    used = max(0, memory.total - memory.available - ours)
    return DeviceFacts("cpu", "CPU", threads(), memory.total, ours, used, problem)


class Gpu:
    """The first NVIDIA GPU as NVML sees it. `facts` costs about a millisecond."""

    def __init__(self, index: int = 0) -> None:
        """Raises OSError where there is no NVIDIA driver or no GPU."""
        import pynvml

        self._nvml: Any = pynvml
        try:
            pynvml.nvmlInit()
            self._handle = pynvml.nvmlDeviceGetHandleByIndex(_visible(index))
            name = pynvml.nvmlDeviceGetName(self._handle)
        except pynvml.NVMLError as error:
            raise OSError(f"no NVIDIA GPU: {error}") from error
        self.name = (name.decode() if isinstance(name, bytes) else name).removeprefix("NVIDIA ").replace("GeForce ", "")

    def facts(self, pids: Iterable[int]) -> DeviceFacts:
        """Memory now; `pids` are this window and its trainers. Raises OSError when the driver goes away."""
        nvml = self._nvml
        try:
            memory = nvml.nvmlDeviceGetMemoryInfo(self._handle)
            running = nvml.nvmlDeviceGetComputeRunningProcesses(self._handle)
        except nvml.NVMLError as error:
            raise OSError(f"the GPU does not answer: {error}") from error
        mine = set(pids)
        ours = sum(process.usedGpuMemory or 0 for process in running if process.pid in mine)
        total, used = int(memory.total), int(memory.used)
        return DeviceFacts("cuda", self.name, threads(), total, ours, max(0, used - ours))

    def close(self) -> None:
        try:
            self._nvml.nvmlShutdown()
        except self._nvml.NVMLError as error:
            log.debug("NVML: %s", error)


def find_gpu() -> Gpu | None:
    """The GPU NVML sees, or None."""
    try:
        return Gpu()
    except (ImportError, OSError) as error:
        log.info("%s", error)
        return None


def _visible(index: int) -> int:
    """The driver's number of the GPU that CUDA calls `index`, where CUDA_VISIBLE_DEVICES is a list of numbers."""
    listed = [part.strip() for part in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if part.strip()]
    if index < len(listed) and listed[index].isdecimal():
        return int(listed[index])
    return index
