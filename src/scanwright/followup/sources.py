"""Sources: the images and masks that a person named."""

from __future__ import annotations

import os
from pathlib import Path

from scanwright.data.case import Case
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.io.dataset import open_inputs
from scanwright.io.masks import read_mask, turned_onto
from scanwright.planning.facts import check_pair
from scanwright.types import PathLikeStr


def one_case(image: PathLikeStr, series: str | None) -> Case:
    """The one image that is there.

    Raises:
        DataError: there are several, or none.
    """
    dataset = open_inputs(image, series=series)
    if len(dataset.cases) != 1:
        raise DataError(
            "one image is taken at a time",
            subject=os.fspath(image),
            received=f"{len(dataset.cases)} images",
            do="Name one file or series folder, or choose with --series.",
        )
    return dataset.cases[0]


def on_grid_of(image: Volume, path: PathLikeStr) -> Volume:
    """A mask, its axes turned as the image's.

    Raises:
        DataError: it lies on another grid.
    """
    mask = read_mask(path)
    if image.affine_ras is not None:
        mask = turned_onto(mask, image.affine_ras)
    check_pair(image, mask, Path(os.fspath(path)).name)
    return mask
