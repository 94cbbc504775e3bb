"""What ends a training from outside: a disk, a graphics card, the memory. Exceptions of others get their names here. No torch.

The way on differs: what the disk refused pauses a run, because nothing is wrong with it; all else ends it in its last save.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

from studio.errors import DeviceLost, DiskFull, NotSaved, OutOfMemory, StudioError
from studio.project import atomic

REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.ENOTCONN)
"""What the system says of a disk that is full, read-only, broken or gone."""

LOST = ("cuda error", "cuda driver error", "cudnn_status", "cublas_status", "cufft_status", "hip error", "device-side assert",
        "command buffer execution failed", "nvml_success", "no cuda-capable device", "driver shutting down")  # fmt: skip
"""Words of torch's errors after which the process can use its device no more."""

NO_MEMORY = ("out of memory", "can't allocate memory", "status_alloc_failed")


def named(error: Exception) -> Exception:
    """The named error that `error` caused; itself where it has a name already or nobody knows it."""
    found = _named(error)
    if found is not error:
        found.__cause__ = error
    return found


def _named(error: Exception) -> Exception:
    if isinstance(error, DiskFull | NotSaved):
        return error
    for cause in _chain(error):
        if isinstance(cause, OSError) and cause.errno in REFUSED:
            return atomic.not_saved(Path(str(cause.filename or "The run")), cause)
    if isinstance(error, StudioError):
        return error
    words = str(error).lower()
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(word in words for word in NO_MEMORY)):
        return OutOfMemory(name="this computer")
    if isinstance(error, RuntimeError) and any(word in words for word in LOST):
        return DeviceLost(reason=str(error).strip().splitlines()[0][:120].rstrip("."))
    return error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(8):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__
