"""A small classifier of a project's labels, for measuring: does a new snare sound like a snare to someone who knows these?

After the WaveGAN paper's (1802.04208, appendix), reduced to what a few hundred sounds can teach. Trained on training sounds
only; `evaluate` prints its held-out accuracy beside every number that rests on it. N sounds, M mel bands, F frames, L labels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

FEATURES = 96
EPOCHS = 20
LONGEST = 130
"""Frames it listens to: 1.5 seconds say what something is, and what follows costs time."""


class Judge(nn.Module):
    """Log-mel images (N, 1, M, F) in 0–1 → scores (N, L)."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        blocks: list[nn.Module] = [nn.ZeroPad2d((0, 32, 0, 0))]  # however short the sounds, there is enough to pool
        before, step = 1, (1, 2)
        for after in (16, 32, 64, FEATURES):
            blocks += [nn.Conv2d(before, after, 3, step, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
            before, step = after, (1, 1)
        self.body = nn.Sequential(*blocks)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(FEATURES, labels)

    def features(self, images: Tensor) -> Tensor:
        """(N, 1, M, F) → (N, 96)."""
        return self.body(images[..., :LONGEST]).mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.drop(self.features(images)))


def new(labels: int, seed: int = 0) -> Judge:
    """An untrained one, the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Judge(labels)


def train(
    judge: Judge, images: NDArray[np.float32], labels: NDArray[np.int64], epochs: int = EPOCHS, seed: int = 0
) -> Iterator[float]:
    """Teach it images (N, M, F) with their labels (N,), every label equally often; yields the loss of each epoch.

    Seeded, and without a trace in torch's global random state.
    """
    device = next(judge.parameters()).device
    data, wanted = torch.from_numpy(images)[:, None].to(device), torch.from_numpy(labels).to(device)
    often = np.bincount(labels, minlength=judge.head.out_features)
    weights = torch.from_numpy(1.0 / often[labels])
    draws = torch.Generator().manual_seed(seed)
    batch = min(32, len(data))
    steps = max(12, len(data) // batch)  # a small folder is heard more often
    optimiser = torch.optim.AdamW(judge.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=epochs * steps)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    judge.train()
    for _ in range(epochs):
        total = 0.0
        for rows in torch.multinomial(weights, steps * batch, replacement=True, generator=draws).view(steps, batch):
            shift = int(torch.randint(-2, 3, (1,), generator=draws))
            heard = data[rows.to(device)].roll(shift, dims=-1)
            tilt = torch.rand(batch, 1, 1, 1, generator=draws).to(device) * 0.1 - 0.05  # ±4 dB
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed + int(rows[0]))  # dropout
                loss = loss_of(judge((heard + tilt * (heard > 0)).clamp(0, 1)), wanted[rows.to(device)])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        yield total / steps
    judge.eval()


@torch.no_grad()
def hear(judge: Judge, images: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Images (N, M, F) → label probabilities (N, L) and features (N, 96)."""
    device = next(judge.parameters()).device
    judge.eval()
    found = [
        judge.features(torch.from_numpy(part)[:, None].to(device)) for part in np.array_split(images, max(1, len(images) // 64))
    ]
    features = torch.cat(found)
    return judge.head(features).softmax(dim=1).double().cpu().numpy(), features.double().cpu().numpy()
