"""SEG: a binary segment for each structure (PS3.3 A.51)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from scanwright.errors import DataError
from scanwright.io.dicom.writing.codes import meaning_of
from scanwright.io.dicom.writing.result import (
    NOT_FOR_DIAGNOSIS,
    Algorithm,
    Structure,
    algorithm_identification,
    equipment,
    highdicom,
    short,
)
from scanwright.io.dicom.writing.source import NO_PLACE, Source
from scanwright.types import AnyArray

SERIES_NUMBER = 9001


def segmentation(
    source: Source,
    mask: AnyArray,
    structures: Sequence[Structure],
    algorithm: Algorithm,
    *,
    outlined_before: bool = False,
) -> Dataset:
    """A segmentation of the source's images.

    Args:
        source: the images.
        mask: (column, row, slice), the number of a structure, or 0.
        structures: all that may be outlined, also those that are not, in the order of their numbers.
        algorithm: what outlined them.
        outlined_before: whether the outlines were given to it, and it only told structures apart.

    Raises:
        DataError: the mask does not lie on the grid of the images.
        MissingExtraError: highdicom is not installed.
    """
    kind = "SEMIAUTOMATIC" if outlined_before else "AUTOMATIC"
    frames = source.frames(mask).astype(np.uint8 if len(structures) < 256 else np.uint16)
    made: Dataset = highdicom().seg.Segmentation(
        source_images=source.headers,
        pixel_array=frames,
        segmentation_type="BINARY",
        segment_descriptions=[_described(one, algorithm, kind) for one in structures],
        content_label="SEGMENTATION",
        content_description=NOT_FOR_DIAGNOSIS,
        **geometry(source),
        **equipment(algorithm, SERIES_NUMBER, "Segmentation"),
    )
    return made


def geometry(source: Source) -> dict[str, Any]:
    """Where the frames lie; empty for projections, whose result lies on the image itself.

    Raises:
        DataError: there are several, and they say no place.
    """
    positions, orientation, spacing = source.positions_lps, source.orientation_lps, source.spacing_mm
    if positions is None or orientation is None or spacing is None:
        if len(source.images) > 1:
            raise DataError(NO_PLACE)
        return {}
    hd = highdicom()
    return {
        "plane_positions": [hd.PlanePositionSequence("PATIENT", place.tolist()) for place in positions],
        "plane_orientation": hd.PlaneOrientationSequence("PATIENT", orientation.ravel().tolist()),
        "pixel_measures": hd.PixelMeasuresSequence(
            pixel_spacing=[spacing[1], spacing[0]],
            slice_thickness=source.thickness_mm,
            spacing_between_slices=spacing[2],
        ),
    }


def _described(one: Structure, algorithm: Algorithm, kind: str) -> Any:
    hd, what = highdicom(), meaning_of(one.name)
    described = hd.seg.SegmentDescription(
        segment_number=one.number,
        segment_label=short(one.name),
        segmented_property_category=what.category,
        segmented_property_type=what.kind,
        algorithm_type=kind,
        algorithm_identification=algorithm_identification(algorithm),
        tracking_uid=one.tracking_uid or None,
        tracking_id=one.tracking_id or None,
        anatomic_regions=None if what.site is None else [what.site],
        display_color=hd.color.CIELabColor.from_rgb(*one.colour_rgb),
    )
    if what.side is not None:
        coded = hd.sr.CodedConcept(what.side.value, what.side.scheme_designator, what.side.meaning)
        if what.site is None:  # a left kidney
            described.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [coded]
        else:  # a tumour in the left kidney
            described.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = [coded]
    return described
