"""Pictures of maps: what an answer hangs on, as a glow over the image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from scanwright.data.volume import Volume
from scanwright.report.pictures import Tile, panel, sheet
from scanwright.report.slices import Slice, slices_through
from scanwright.types import BoolArray, FloatArray

BRIGHTEST = 99.8
"""Percentile of a map that glows fully: a few voxels beyond must not leave the rest dark."""
IN_A_ROW = 3


@dataclass(frozen=True, eq=False)
class Explained:
    """An image and what is drawn on it.

    Attributes:
        image: as it came.
        reference: (i, j, k) where it is known to be; ``None`` where nobody says.
        predicted: (i, j, k) what was outlined or found; ``None`` for whole images.
    """

    image: Volume
    reference: BoolArray | None = None
    predicted: BoolArray | None = None

    def planes(self, relevance: FloatArray, through: FloatArray) -> list[Slice]:
        """Through the peak of ``through``, with the map ``relevance``."""
        point = np.unravel_index(int(np.argmax(through)), through.shape)
        layers = [self.reference, self.predicted, glow(relevance)]
        return slices_through(self.image.array, layers, [int(n) for n in point], self.image.affine_ras)

    @property
    def note(self) -> str:
        return f"channel 1/{self.image.n_channels}" if self.image.n_channels > 1 else ""


def glow(relevance: FloatArray) -> FloatArray:
    """A map as it is drawn: 0 where nothing speaks for the answer, 1 where most does."""
    positive = np.clip(relevance, 0, None)
    top = float(np.percentile(positive[positive > 0], BRIGHTEST)) if (positive > 0).any() else 1.0
    return np.asarray(np.clip(positive / top, 0, 1))


def map_panel(explained: Explained, relevance: FloatArray) -> bytes:
    """The planes through the peak of a map, plain beside glowing, as PNG.

    Args:
        explained: the image.
        relevance: (i, j, k) on its grid.
    """
    planes = explained.planes(relevance, relevance)
    columns = [[Tile(plane), Tile(plane, outlined=True)] for plane in planes]
    return panel(columns, explained.image.modality, explained.note)


def maps_sheet(explained: Explained, maps: Mapping[str, FloatArray]) -> bytes:
    """One plane, plain and under each map, as PNG: through what is known to be there, else through the
    highest place of all maps together.

    Args:
        explained: the image.
        maps: title → (i, j, k) on its grid; at least one.
    """
    together = np.sum([glow(one) for one in maps.values()], axis=0)
    if explained.reference is not None:
        together = together + 2 * len(maps) * explained.reference
    slices = {title: explained.planes(one, together)[0] for title, one in maps.items()}
    tiles = [Tile(next(iter(slices.values())))]
    tiles += [
        Tile(replace(one, note=f"{title} {one.note}".rstrip()), outlined=True)
        for title, one in slices.items()
    ]
    rows = [tiles[n : n + IN_A_ROW] for n in range(0, len(tiles), IN_A_ROW)]
    return sheet(rows, explained.image.modality, explained.note)
