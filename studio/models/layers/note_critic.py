"""The critics of `gansynth` and its encoder: strided convolutions over three pictures of a sound.

One picture is aligned with the asked note, so that a sound at another pitch looks wrong at once; two are log-mels, of the whole
and, finer, of the attack. Projection on what was asked for after Miyato and Koyama (1802.05637), or a classifier of the note
(AC-GAN, 1610.09585, as GANSynth has it); the spread within the batch as one more channel after Karras et al. (1710.10196).
B batch, R = 64 rows, N frames, M what is asked for as numbers.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from studio.models.layers.blocks import SLOPE
from studio.models.layers.harmonics import FLOOR, HarmonicPicture
from studio.models.layers.losses import Mel
from studio.models.layers.note_maker import POSITIONS, positions

NOTES = 128
ATTACK = 0.37
"""Seconds that the finer log-mel shows."""


class Pictures(nn.Module):
    """Audio (B, 1, T) and its notes (B,) → pictures: (B, 4, R, N), (B, 1, N, 96), (B, 1, n, 64), in log10 steps."""

    def __init__(self, rate: int, n_fft: int, hop: int) -> None:
        super().__init__()
        self.harmonic = HarmonicPicture(rate, n_fft, hop)
        self.attack = int(ATTACK * rate) // (hop // 4) * (hop // 4)
        self.whole, self.fine = Mel(rate, n_fft // 2, 96, hop), Mel(rate, n_fft // 4, 64, hop // 4)

    def forward(self, audio: Tensor, note: Tensor, attack: bool = True) -> list[Tensor]:
        """`attack`: whether the audio is the beginning of a sound, which is looked at more finely."""
        return [self.harmonic(audio[:, 0], note), *self.heard(audio, attack)]

    def heard(self, audio: Tensor, attack: bool = True) -> list[Tensor]:
        """What does not ask for a note."""
        parts = ((self.whole, audio[:, 0]), (self.fine, audio[:, 0, : self.attack]))[: 1 + attack]
        return [((mel(x) + FLOOR).log10() + 2.5)[:, None, :-1] for mel, x in parts]


def apart(a: list[Tensor], b: list[Tensor]) -> Tensor:
    """Distance of two sounds' pictures, (B,): per frame the root mean square over frequency, in log10 steps, then the mean."""
    total = a[0].new_zeros(len(a[0]))
    for x, y, axis in zip(a, b, (2, 3, 3)):
        total = total + ((x - y).square().mean(axis) + 1e-6).sqrt().flatten(1).mean(1)
    return total


class Trunk(nn.Module):
    """A picture (B, C, h, w) → features (B, F, h/16, w/16): four strided convolutions."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        widths = (channels, width, 2 * width, 3 * width, 4 * width)
        self.size = widths[-1]
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths))

    def forward(self, x: Tensor) -> Tensor:
        short = [max(0, 16 - n) for n in x.shape[2:]]
        x = F.pad(x, (0, short[1], 0, short[0]))
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
        return x


class Critic(nn.Module):
    """A picture and what was asked for (B, M) → score (B,), and features (B, F) that a classifier may use."""

    def __init__(self, channels: int, width: int, asked: int) -> None:
        super().__init__()
        self.trunk = Trunk(channels, width)
        size = self.trunk.size
        self.mix = nn.Conv2d(size + 1, size, 3, padding=1)
        self.score = nn.Conv2d(size, 1, 1)
        self.asked = nn.Linear(asked, size)

    def forward(self, x: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        x = self.trunk(x)
        spread = ((x - x.mean(0)).square().mean(0) + 1e-6).sqrt().mean()
        x = F.leaky_relu(self.mix(torch.cat([x, spread.expand(len(x), 1, *x.shape[2:])], 1)), SLOPE)
        pooled = x.mean((2, 3))
        wanted = (self.asked(asked) * pooled).mean(1)
        return (self.score(x).mean((1, 2, 3)) + wanted).float(), pooled


class NoteCritics(nn.Module):
    """One critic for each of `Pictures`. `classifier`: whether a head names the note."""

    def __init__(self, width: int, asked: int, classifier: bool) -> None:
        super().__init__()
        self.parts = nn.ModuleList(Critic(channels, width, asked) for channels in (4 + POSITIONS, 1, 1))
        self.note = nn.Linear(4 * width, NOTES) if classifier else None

    def forward(self, pictures: list[Tensor], note: Tensor, asked: Tensor) -> tuple[list[Tensor], Tensor]:
        """→ scores (B,) of each critic, and how badly the note is recognised (cross entropy; 0 without a classifier)."""
        scores, features = zip(*(self.judge(i, picture, note, asked) for i, picture in enumerate(pictures)))
        if self.note is None:
            return list(scores), scores[0].new_zeros(())
        wanted = note.round().long().clamp(0, NOTES - 1)
        return list(scores), F.cross_entropy(self.note(features[1]).float(), wanted)

    def judge(self, part: int, picture: Tensor, note: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
        if part == 0:
            where = positions(note)[:, :, :, None].expand(-1, -1, -1, picture.shape[3])
            picture = torch.cat([picture[:, :2] + 3.0, picture[:, 2:], where], 1)
        return self.parts[part](picture, asked)


class NoteEncoder(nn.Module):
    """The two pictures that ask for no note → latent (B, D)."""

    def __init__(self, latent: int, width: int, frames: int) -> None:
        super().__init__()
        self.whole, self.fine = Trunk(1, width), Trunk(1, width)
        size = self.whole.size
        self.leave = nn.Sequential(nn.Linear(size * (6 + 4 + 4), 256), nn.LeakyReLU(SLOPE), nn.Linear(256, latent))

    def forward(self, pictures: list[Tensor]) -> Tensor:
        a, b = self.whole(pictures[0]), self.fine(pictures[1])
        x = [a.mean(2), F.adaptive_avg_pool2d(a, (4, 1))[..., 0], F.adaptive_avg_pool2d(b, (1, 4))[:, :, 0]]
        return self.leave(torch.cat([part.flatten(1) for part in x], 1)).float()
