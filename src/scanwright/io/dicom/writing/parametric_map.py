"""Parametric Map: the probability of one structure in each voxel (PS3.3 A.75)."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from scanwright.io.dicom.writing.result import (
    NOT_FOR_DIAGNOSIS,
    Algorithm,
    Structure,
    equipment,
    highdicom,
    short,
)
from scanwright.io.dicom.writing.segmentation import geometry
from scanwright.io.dicom.writing.source import Source
from scanwright.types import AnyArray

SERIES_NUMBER = 9010
"""Of the first structure; each further one is a series of its own, as viewers show one map a series."""


def parametric_map(
    source: Source, probabilities: AnyArray, structure: Structure, algorithm: Algorithm
) -> Dataset:
    """The probabilities of one structure, as floats from 0 to 1.

    Args:
        source: the images.
        probabilities: (column, row, slice).
        structure: which.
        algorithm: what gave them.

    Raises:
        DataError: they do not lie on the grid of the images.
        MissingExtraError: highdicom is not installed.
    """
    hd = highdicom()
    mapping = hd.pm.RealWorldValueMapping(
        lut_label="PROBABILITY",
        lut_explanation=short(f"Probability of {structure.name}"),
        unit=codes.UCUM.NoUnits,
        value_range=(0.0, 1.0),
        slope=1.0,
        intercept=0.0,
        quantity_definition=codes.DCM.Probability,
    )
    made: Dataset = hd.pm.ParametricMap(
        source_images=source.headers,
        pixel_array=source.frames(probabilities).astype(np.float32),
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[hd.VOILUTTransformation(window_center=0.5, window_width=1.0)],
        content_label="PROBABILITY",
        content_description=NOT_FOR_DIAGNOSIS,
        **geometry(source),
        **equipment(algorithm, SERIES_NUMBER + structure.number - 1, f"Probability of {structure.name[:24]}"),
    )
    made.Laterality = source.first.get("Laterality", "")
    return made
