"""Small critics that look at pictures of sound: log-mel images at two resolutions, through strided 2-D convolutions.

A log-mel distance averages over what it can't predict; these see whether the grain is that of real sounds. One of them costs
less than a tenth of the decoder. Hinge loss and feature matching as in HiFi-GAN (2010.05646) and DAC (2306.06546); projection
conditioning on the class after Miyato and Koyama (1802.05637). B batch, C channels, T samples, K classes.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.models.layers.losses import Mel

FLOOR = 1e-4


class PictureCritic(nn.Module):
    """A picture of sound and class weights (B, K) → score per place (B, n) and the features on the way."""

    def __init__(self, rate: int, channels: int, classes: int, n_fft: int, n_mels: int, hop: int, width: int) -> None:
        super().__init__()
        self.mel = Mel(rate, n_fft, n_mels, hop)
        widths = (channels, width, 2 * width, 3 * width, 4 * width)
        self.layers = nn.ModuleList(
            nn.utils.parametrizations.weight_norm(nn.Conv2d(a, b, 4, stride=2, padding=1)) for a, b in pairwise(widths)
        )
        self.score = nn.Conv2d(widths[-1], 1, 3, padding=1)
        self.classes = nn.Parameter(0.02 * torch.randn(classes, widths[-1]))

    def look(self, audio: Tensor) -> Tensor:
        """(B, C, T) → its picture (B, C, frames, mels)."""
        B, C, T = audio.shape
        mel = self.mel(audio.reshape(B * C, T)).unflatten(0, (B, C))
        return ((mel + FLOOR).log10() + 2.5).contiguous(memory_format=torch.channels_last)

    def forward(self, x: Tensor, classes: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            features.append(x)
        ours = (x * (classes @ self.classes)[:, :, None, None]).mean((1, 2, 3))[:, None]
        return self.score(x).float().flatten(1) + ours.float(), features


class Critics(nn.Module):
    """All critics of a model."""

    def __init__(self, rate: int, channels: int, classes: int, width: int) -> None:
        super().__init__()
        shapes = ((512, 64, 128), (2048, 128, 512))
        self.parts = nn.ModuleList(PictureCritic(rate, channels, classes, n, m, h, width) for n, m, h in shapes)

    def look(self, audio: Tensor) -> list[Tensor]:
        """(B, C, T) → what each critic sees of it."""
        return [part.look(audio) for part in self.parts]  # type: ignore[operator]

    def judge(self, real: list[Tensor], made: list[Tensor], classes: Tensor) -> dict[str, Tensor]:
        """What the critics learn from: hinge losses, and how often they are right."""
        loss, right = classes.new_zeros(()), classes.new_zeros(())
        for part, true, false in zip(self.parts, real, made):
            yes, _ = part(true, classes)
            no, _ = part(false, classes)
            loss = loss + (F.relu(1 - yes).mean() + F.relu(1 + no).mean()) / len(self.parts)
            right = right + ((yes > 0).float().mean() + (no < 0).float().mean()).detach() / 2 / len(self.parts)
        return {"critic/hinge": loss, "critic/right": right}

    def teach(self, real: list[Tensor], made: list[Tensor], classes: Tensor) -> dict[str, Tensor]:
        """What the decoder learns from them: the score of what it made, and its distance to the real features."""
        score, match = classes.new_zeros(()), classes.new_zeros(())
        for part, true, false in zip(self.parts, real, made):
            with torch.no_grad():
                _, wanted = part(true, classes)
            no, found = part(false, classes)
            score = score - no.mean() / len(self.parts)
            for a, b in zip(found, wanted):
                match = match + (a - b).float().abs().mean() / b.float().abs().mean().clamp_min(1e-3) / len(found) / len(
                    self.parts
                )
        return {"adversarial/score": score, "adversarial/match": match}
