"""Objects: what DICOM objects need of the measurements."""

from __future__ import annotations

import numpy as np

from scanwright.data.volume import Volume
from scanwright.followup.lesions import find_lesions
from scanwright.followup.measurement import diameters_of, frame_of


def measure_labels(mask: Volume) -> dict[int, dict[str, float]]:
    """Of each label the diameters of its largest piece in mm, as ``measure`` has them.

    Nothing where the spacing is unknown.

    Raises:
        DataError: the voxel axes are not at right angles.
    """
    frame = frame_of(mask)
    if frame.unit != "mm":
        return {}
    found: dict[int, dict[str, float]] = {}
    for lesion in find_lesions(np.asarray(mask.array[0])):
        if lesion.label not in found:
            found[lesion.label] = diameters_of(lesion, frame)
    return found
