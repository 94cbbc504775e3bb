"""What compiled decoders leave behind in the thread that calls them."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def smallest_numbers() -> Iterator[None]:
    """ONNX Runtime lets the calling thread take its smallest numbers for zero; tests after it want to draw them."""
    yield
    torch.set_flush_denormal(False)
