"""Where a run trains and in which number format. Also the manners of the trainer's process: threads, priority, waiting.

`OMP_WAIT_POLICY` only counts before torch is imported: with shared cores, threads that spin while they wait make small
operations ten times slower. So this module comes before torch wherever training starts.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import psutil
import torch

from studio.errors import TrainingError
from studio.training.plan import TrainerConfig
from studio.training.ranks import ranks

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
NICE, GENTLE = 5, 12
FEW_CORES = 4
CONTEXT = 500_000_000
"""Bytes that a process holds on a GPU beside its tensors: kernels, libraries and their scratch, about."""

GAIN = 0.75
"""bf16 is taken on a CPU where a trial takes at most this share of one in fp32; above that it is not worth its rounding."""


def choose(plan: TrainerConfig) -> torch.device:
    """The device asked for, or the best one there is. Raises TrainingError where it is missing."""
    there: dict[str, Callable[[], bool]] = {
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
        "cpu": lambda: True,
    }
    if plan.device == "auto":
        return torch.device(next(name for name, check in there.items() if check()))
    if not there[plan.device]():
        raise TrainingError(reason=f"there is no {plan.device} device on this machine, or torch was built without it")
    return torch.device(plan.device)


def cores() -> int:
    """Processor cores this process may use, fairly shared with others of its training."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed) // ranks().here)


def behave(plan: TrainerConfig) -> None:
    """Lower this process's priority, and keep the memory it freed. For processes that do nothing but train."""
    if sys.platform == "linux":  # glibc gives large blocks back at once, and the next step pays for every page again
        with contextlib.suppress(OSError, AttributeError):
            heap = ctypes.CDLL(None)
            heap.mallopt(M_MMAP_THRESHOLD, 32 << 20)
            heap.mallopt(M_TRIM_THRESHOLD, 1 << 30)
    with contextlib.suppress(OSError, AttributeError, psutil.Error):
        if os.name == "nt":
            psutil.Process().nice(psutil.IDLE_PRIORITY_CLASS if plan.gentle else psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            os.setpriority(os.PRIO_PROCESS, 0, GENTLE if plan.gentle else NICE)


@contextlib.contextmanager
def tuned() -> Iterator[None]:
    """Settings of torch for a training, put back afterwards: other code of the process may want its smallest numbers."""
    threads = torch.get_num_threads()
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision("high")  # only CUDA listens
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_float32_matmul_precision("highest")
        torch.set_num_threads(threads)


def memory(device: torch.device) -> tuple[int, int]:
    """Bytes of the device's memory: all there are, and those nobody holds."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return int(total), int(free)
    found = psutil.virtual_memory()
    return int(found.total), int(found.available)


def peak(device: torch.device) -> int:
    """The most bytes of its memory that this process ever held."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_reserved(device)) + CONTEXT
    if device.type == "mps":
        return int(torch.mps.driver_allocated_memory()) + CONTEXT
    if os.name == "nt":
        return int(psutil.Process().memory_info().peak_wset)
    with contextlib.suppress(OSError):  # Linux; there getrusage also knows what the parent held when it forked
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)  # bytes on macOS


def wait(device: torch.device) -> None:
    """Until everything asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def held_mb(device: torch.device) -> float:
    """Memory the trainer holds on its device, in MB."""
    if device.type == "cuda":
        return torch.cuda.memory_reserved(device) / 1e6
    return psutil.Process().memory_info().rss / 1e6


def name(device: torch.device) -> str:
    """For people."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return "Apple GPU" if device.type == "mps" else f"CPU · {torch.get_num_threads()} threads"


def autocast(device: torch.device, precision: str) -> AbstractContextManager[None]:
    if precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, torch.bfloat16 if precision == "bf16" else torch.float16)


Trial = Callable[[str], None]
"""Runs a part of a step in the precision that it is given, on a throwaway copy of the model."""


@dataclass(frozen=True)
class Tuning:
    """precision and threads to train with; seconds of one trial in them, 0 where none was needed."""

    precision: str
    threads: int
    seconds: float = 0.0


def tune(plan: TrainerConfig, device: torch.device, trial: Trial) -> Tuning:
    """What suits this machine as it is now: on a CPU decided by timed trials, because other programs take their cores too."""
    if device.type != "cpu":
        auto = (
            "bf16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "fp16" if device.type == "cuda" else "fp32"
        )
        return Tuning(auto if plan.precision == "auto" else plan.precision, plan.threads or cores())
    fewer = max(1, cores() - 1)
    few = cores() <= FEW_CORES  # with many, one more or less is not worth a trial
    counts = [plan.threads] if plan.threads else [fewer] if plan.gentle else [cores(), fewer] if few else [cores()]
    wanted = "bf16" if plan.precision == "bf16" else "fp32"
    trial(wanted)
    threads, seconds = min(((n, _timed(trial, wanted, n)) for n in dict.fromkeys(counts)), key=lambda found: found[1])
    if plan.precision == "auto" and torch.ops.mkldnn._is_mkldnn_bf16_supported():
        trial("bf16")
        half = _timed(trial, "bf16", threads)
        if half < GAIN * seconds:
            return Tuning("bf16", threads, half)
    return Tuning(wanted, threads, seconds)


def _timed(trial: Trial, precision: str, threads: int) -> float:
    """Seconds of the faster of two."""
    torch.set_num_threads(threads)
    times = []
    for _ in range(2):
        start = perf_counter()
        trial(precision)
        times.append(perf_counter() - start)
    return min(times)


def ran_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)


def forget() -> None:
    """Give cached device memory back after it ran out."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
