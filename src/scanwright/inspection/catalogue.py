"""The table of kinds; a file and a row add one."""

from __future__ import annotations

from scanwright.inspection.kinds import (
    doubtful_label,
    empty_mask,
    few_patients,
    field_of_view,
    foreign_mask,
    imbalance,
    in_air,
    islands,
    mask_elsewhere,
    odd_image,
    odd_intensity,
    odd_pixels,
    rare_class,
    same_picture,
    shortcut,
    split_patients,
    two_labels,
    unknown_patients,
    unreadable,
)
from scanwright.inspection.kinds.base import Kind

KINDS: tuple[Kind, ...] = (
    unreadable.KIND,
    two_labels.KIND,
    doubtful_label.KIND,
    split_patients.KIND,
    same_picture.KIND,
    unknown_patients.KIND,
    mask_elsewhere.KIND,
    field_of_view.KIND,
    in_air.KIND,
    foreign_mask.KIND,
    islands.KIND,
    empty_mask.KIND,
    odd_pixels.CONSTANT,
    odd_pixels.NON_FINITE,
    odd_image.KIND,
    odd_intensity.HOUNSFIELD,
    odd_intensity.INVERTED,
    odd_intensity.SCALE,
    odd_intensity.CLIPPED,
    rare_class.KIND,
    imbalance.KIND,
    few_patients.KIND,
    shortcut.KIND,
)
