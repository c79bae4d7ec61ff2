"""Wavelet scattering: fixed filters that see texture and outlines, for when images are too few to learn them.

Mallat, Group invariant scattering, 2012; as the first layers of a network that learns the rest: Oyallon et
al., Scattering networks for hybrid representation learning, IEEE TPAMI 2019.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from scanwright.data.plan import Plan
from scanwright.types import FloatArray

N_ORIENTATIONS = 8
REACH = 3
"""Pixels on each side of the middle of a filter."""
FREQUENCY = 2.0
"""Radians per pixel that the filters answer to most, at every scale."""
FAINTEST = 0.01
"""Added before the logarithm, as a share of the images' own deviation: what is fainter counts as nothing."""
FLOOR = 1e-4
"""Of an amplitude, which keeps its slope finite. Its square must not be added as such: torch's exporter of
ONNX takes numbers of 1e-8 for nothing and leaves them out."""
PHOTOGRAPH = ("red", "green", "blue")


def scattering_stem(plan: Plan) -> nn.Sequential:
    """Wavelets, and a learnt mixture of what they see, on a grid coarser by the plan's first stride.

    Raises:
        ValueError: the plan's images are volumes, or its first stride is no power of two.
    """
    stride, n_scales = plan.network.strides[0], round(math.log2(plan.network.strides[0][0]))
    if stride != (2**n_scales, 2**n_scales) or n_scales < 1:
        raise ValueError("scattering takes planes; its first stride is a power of two along both axes")
    names = tuple(channel.name for channel in plan.channels)
    wavelets = Scattering(len(names), n_scales, mixed=names == PHOTOGRAPH)
    width = plan.network.widths[0]
    return nn.Sequential(
        wavelets,
        nn.BatchNorm2d(wavelets.n_features),
        nn.Conv2d(wavelets.n_features, width, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
    )


class Scattering(nn.Module):
    """Log amplitudes of oriented detail, and of the detail of these amplitudes, at each scale.

    Nothing here is learnt, nor kept among a model's weights.

    Input (batch, channel, i, j); output (batch, n_features, ⌈i / 2^scales⌉, ⌈j / 2^scales⌉).

    Args:
        n_channels: of the images.
        n_scales: octaves.
        mixed: detail is taken from the mean of the channels, as the eye does; colour only coarsely.
    """

    def __init__(self, n_channels: int, n_scales: int, *, mixed: bool = False) -> None:
        super().__init__()
        self.n_scales, self.mixed = n_scales, mixed
        n_seen = 1 if mixed else n_channels
        pairs = n_scales * (n_scales - 1) // 2
        self.n_features = n_channels + n_seen * (N_ORIENTATIONS * n_scales + N_ORIENTATIONS**2 * pairs)
        self.filters: torch.Tensor
        self.blur: torch.Tensor
        self.register_buffer("filters", torch.from_numpy(morlet_filters()).float(), persistent=False)
        binomial = np.outer(*[np.array([1, 4, 6, 4, 1]) / 16] * 2)
        self.register_buffer("blur", torch.from_numpy(binomial[None, None]).float(), persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        # Amplitudes near nothing matter after the logarithm: 32 bit, whatever the rest is computed in.
        with torch.autocast("cuda" if images.is_cuda else "cpu", enabled=False):
            low = images.float()
            seen = low.mean(dim=1, keepdim=True) if self.mixed else low
            first = second = seen[:, :0]
            for _ in range(self.n_scales):
                second = torch.cat([second, self._amplitudes(first)], dim=1)
                first = torch.cat([first, self._amplitudes(seen)], dim=1)
                low, seen, first, second = (self._halved(maps) for maps in (low, seen, first, second))
            return torch.cat([low, torch.log(torch.cat([first, second], dim=1) + FAINTEST)], dim=1)

    def _amplitudes(self, maps: torch.Tensor) -> torch.Tensor:
        """(batch, channel, i, j) → (batch, channel × orientation, i, j)."""
        waves = self._convolved(maps, self.filters, REACH, stride=1)
        even, odd = waves[:, 0::2], waves[:, 1::2]
        return ((even.square() + odd.square()) / FLOOR**2 + 1).sqrt() * FLOOR

    def _halved(self, maps: torch.Tensor) -> torch.Tensor:
        return self._convolved(maps, self.blur, 2, stride=2)

    @staticmethod
    def _convolved(maps: torch.Tensor, filters: torch.Tensor, reach: int, *, stride: int) -> torch.Tensor:
        """Every channel by every filter; beyond the border its values go on."""
        n, channels = maps.shape[:2]
        planes = F.pad(maps.flatten(0, 1)[:, None], (reach,) * 4, mode="replicate")
        made = F.conv2d(planes, filters, stride=stride)
        return made.reshape(n, channels * len(filters), *made.shape[2:])


def morlet_filters() -> FloatArray:
    """Even and odd wave of each orientation, (2 × orientation, 1, 7, 7): no mean, absolute sum 1."""
    i, j = np.meshgrid(*[np.arange(-REACH, REACH + 1)] * 2, indexing="ij")
    filters = []
    for n in range(N_ORIENTATIONS):
        angle = math.pi * n / N_ORIENTATIONS
        along, across = (i * math.cos(angle) + j * math.sin(angle), j * math.cos(angle) - i * math.sin(angle))
        window = np.exp(-(along**2 + (across / 2) ** 2) / 2)
        wave = np.exp(1j * FREQUENCY * along)
        wave = window * (wave - (window * wave).sum() / window.sum())
        wave /= np.abs(wave).sum()
        filters += [wave.real, wave.imag]
    return np.stack(filters)[:, None]
