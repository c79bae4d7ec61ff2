"""Facts of one case: everything the plan needs to know, from one reading of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import nibabel as nib
import numpy as np

from scanwright.core.boxes import box_volume, clip_boxes, piece_sizes
from scanwright.core.copies import find_copies, join_copies, take_look
from scanwright.core.familiarity import Description, describe_image
from scanwright.core.geometry import Shape3, ras_axes
from scanwright.core.intensity import count_values, countable, percentiles, replace_non_finite
from scanwright.core.tiling import slabs
from scanwright.data.boxes import Boxes
from scanwright.data.case import Case, Lazy
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.transforms.enhancement.enhanced import enhance
from scanwright.types import AnyArray, BoolArray, FloatArray, IntArray

MAX_LABEL_VALUES = 64
SAMPLE_VOXELS = 2000
MOST_PIECED = 1_000_000
"""Voxels of a value beyond which its pieces are not looked for: what is small there is a crumb."""
HASH_LENGTH = 16
"""Hex digits of an image's hash that a model keeps, enough to know it again."""


@dataclass(frozen=True, eq=False)
class CaseFacts:
    """What one reading of a case told.

    Where a plan is to have classical steps, ``n_channels``, ``sample`` and ``span`` are of the image after
    them, because that is what a network will see; all else is of the image as it came.

    Attributes:
        name: of the case.
        shape: (i, j, k) as the work will see it: volumes turned so that the axes run to the right, the front
            and the head.
        spacing_mm: along the same axes; ``None`` when unknown.
        plane: whether the image is a single plane.
        orientation: letters of the axes ("RAS"), "" when unknown.
        n_channels: of the image.
        modality: see Volume.
        eight_bit: whether intensities came as bytes.
        non_finite: voxels that are NaN or infinite.
        sample: (channel, n) intensities, evenly taken, from labelled voxels where there is a mask.
        span: (channel, 2) low and high end (0.5 and 99.5 percent) of all intensities.
        label_voxels: value → voxels, for masks.
        piece_voxels: value of a mask → (n,) voxels of each of its pieces.
        label: class name, for labelled cases.
        labels: names of all classes that go together.
        values: name → number that was measured.
        box_classes: of each object its class; those left out that do not count or lie outside of the image.
        box_sides: (n, 3) of the same objects, voxels along the axes of ``shape``, as far as they lie inside.
        n_boxes_lost: boxes that lie wholly outside of the image or have no room, so that none learns of them.
        sha256: of the intensities as they came.
        look: by which copies are found, see ``core.copies``.
        description: by which other images are told to be strange, see ``core.familiarity``; of many cases
            only some have one.
    """

    name: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float] | None
    plane: bool
    orientation: str
    n_channels: int
    modality: str
    eight_bit: bool
    non_finite: int
    sample: FloatArray
    span: FloatArray
    label_voxels: dict[int, int]
    label: str
    sha256: str
    look: AnyArray | None
    description: Description | None
    labels: tuple[str, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    box_classes: tuple[str, ...] = ()
    box_sides: FloatArray = field(default_factory=lambda: np.zeros((0, 3)))
    n_boxes_lost: int = 0
    piece_voxels: Mapping[int, IntArray] = field(default_factory=dict)


def gather_facts(
    case: Case, steps: Sequence[str] = (), target: str = "", *, described: bool = True
) -> CaseFacts:
    """Read a case once and keep the facts.

    Args:
        case: any.
        steps: classical steps that the plan is to begin with.
        target: what is to be learnt; boxes are read only for "boxes", and then a mask is not, as it may
            number its objects.
        described: also by which other images are told to be strange.

    Raises:
        DataError: it can't be read, holds one single value, a step does not fit it, or its mask does not
            belong to it.
    """
    image = case.image.read()
    finite, non_finite = _finite(image.array, case)
    values = finite
    if steps:
        values, _ = replace_non_finite(enhance(image, steps).array)
        if values.min() == values.max():
            raise DataError(
                "after the plan's steps every voxel has the same value",
                subject=case.name,
                received=f"enhance={','.join(steps)}",
                do="Choose other values for the steps, or leave them out.",
            )
    mask = case.targets.get("mask")
    label_voxels: dict[int, int] = {}
    piece_voxels: dict[int, IntArray] = {}
    foreground: BoolArray | None = None
    if isinstance(mask, Lazy) and target != "boxes":
        labels = mask.read()
        check_pair(image, labels, case.name)
        label_voxels = count_labels(labels.array, case.name)
        foreground = (labels.array[0] != 0).ravel()
        piece_voxels = find_pieces(labels.array[0], label_voxels)
    label = case.targets.get("label")
    shape, spacing_mm = _turned(image)
    boxes = case.boxes.read() if target == "boxes" else Boxes(np.empty((0, 2, 3)), ())
    box_classes, box_sides = find_objects(boxes, image)
    return CaseFacts(
        name=case.name,
        shape=shape,
        spacing_mm=spacing_mm,
        plane=image.shape[2] == 1,
        orientation="" if image.affine_ras is None else "".join(nib.aff2axcodes(image.affine_ras)),
        n_channels=values.shape[0],
        modality=image.modality,
        eight_bit=image.array.dtype == np.uint8,
        non_finite=non_finite,
        sample=_sample(values, foreground),
        span=np.stack([percentiles(channel, (0.5, 99.5)) for channel in values]),
        label_voxels=label_voxels,
        label=label if isinstance(label, str) else "",
        sha256=image_hash(image),
        look=take_look(finite, image.affine_ras),
        description=describe_image(finite, image.affine_ras) if described else None,
        labels=case.labels if "labels" in case.targets else (),
        values=case.values if "values" in case.targets else {},
        box_classes=box_classes,
        box_sides=box_sides,
        n_boxes_lost=int((~_have_room(boxes, image)).sum()),
        piece_voxels=piece_voxels,
    )


def image_hash(image: Volume) -> str:
    """SHA-256 of shape and intensities: the same for two files that hold the same image."""
    digest = hashlib.sha256(str(image.array.shape).encode())
    for channel in image.array:
        for slab in slabs(channel, 0):
            digest.update(np.ascontiguousarray(channel[slab]).data)
    return digest.hexdigest()


def check_pair(image: Volume, mask: Volume, case: str) -> None:
    """Raise when a mask does not lie on its image's grid.

    Raises:
        DataError: another shape, or another place in the patient.
    """
    if image.shape != mask.shape:
        raise DataError(
            "the mask has another shape than the image",
            subject=case,
            expected=f"{image.shape}",
            received=f"{mask.shape}",
            do="Resample the mask onto the image's grid, or find the mask that belongs to it.",
        )
    voxel_mm = min(image.spacing_mm) if image.spacing_mm is not None else 0.0
    # Headers are rounded by those who write them; what is a quarter of a voxel away is the same place.
    if not image.same_grid(mask, tolerance=max(0.1, voxel_mm / 4)):
        raise DataError(
            "the mask lies elsewhere in the patient than the image (their affines differ)",
            subject=case,
            do="Resample the mask onto the image's grid, or find the mask that belongs to it.",
        )


def count_labels(labels: AnyArray, case: str) -> dict[int, int]:
    """Value → voxels.

    Raises:
        DataError: more values than classes can have.
    """
    if countable(labels) and labels.size:
        lowest, counts = count_values(labels)
        values = np.flatnonzero(counts)
        values, counts = values + lowest, counts[values]
    else:
        values, counts = np.unique(labels, return_counts=True)
    if len(values) > MAX_LABEL_VALUES:
        raise DataError(
            "the mask does not look like one",
            subject=case,
            expected=f"at most {MAX_LABEL_VALUES} different values",
            received=f"{len(values)}",
            do="Check that this is the mask and not an image.",
        )
    return {int(value): int(count) for value, count in zip(values, counts, strict=True)}


def find_pieces(labels: AnyArray, voxels: Mapping[int, int]) -> dict[int, IntArray]:
    """Voxels of the pieces of each value, background left out; of much that is labelled, as of one piece.

    Args:
        labels: (i, j, k).
        voxels: what ``count_labels`` says of them.
    """
    little = [value for value, n in voxels.items() if value and n <= MOST_PIECED]
    much = {value: np.array([n]) for value, n in voxels.items() if value and n > MOST_PIECED}
    few = labels if not much else np.where(np.isin(labels, little), labels, 0)
    sizes, values = piece_sizes(few.astype(np.int32) if few.dtype.kind == "f" else few)
    return much | {value: sizes[values == value] for value in little}


def same_pictures(facts: list[CaseFacts]) -> list[list[str]]:
    """Groups of cases that show one picture."""
    pairs = find_copies([fact.look for fact in facts])
    return [[facts[n].name for n in group] for group in join_copies(len(facts), pairs)]


def _finite(array: AnyArray, case: Case) -> tuple[AnyArray, int]:
    array, non_finite = replace_non_finite(array)
    if non_finite == array.size:
        raise DataError("the image holds no finite voxel", subject=case.name, do="Export it again.")
    if array.min() == array.max():
        raise DataError(
            "the image is constant: every voxel has the same value", subject=case.name, do="Export it again."
        )
    return array, non_finite


def find_objects(boxes: Boxes, image: Volume) -> tuple[tuple[str, ...], FloatArray]:
    """Classes and sides of the objects, see CaseFacts, without those that do not count or have no room in the
    image."""
    inside = clip_boxes(boxes.box_ijk, image.shape)
    counted = _have_room(boxes, image) & ~boxes.ignored
    sides = (inside[:, 1] - inside[:, 0])[counted][:, _working_axes(image)]
    return tuple(boxes.classes[n] for n in np.flatnonzero(counted)), sides


def _have_room(boxes: Boxes, image: Volume) -> BoolArray:
    """(n,) whether anything of a box lies in the image."""
    return np.asarray(box_volume(clip_boxes(boxes.box_ijk, image.shape)) > 0)


def _working_axes(image: Volume) -> tuple[int, int, int]:
    """The image's axes in the order in which the work goes by them, see ``transforms.preprocess``."""
    if image.affine_ras is None:
        return 0, 1, 2
    order, _ = ras_axes(image.affine_ras)
    return (0, 1, 2) if image.shape[2] == 1 and order[2] != 2 else order


def _turned(image: Volume) -> tuple[Shape3, tuple[float, float, float] | None]:
    """Shape and spacing along the axes that the work goes by."""
    (i, j, k), shape, spacing = _working_axes(image), image.shape, image.spacing_mm
    return (shape[i], shape[j], shape[k]), None if spacing is None else (spacing[i], spacing[j], spacing[k])


def _sample(array: AnyArray, foreground: BoolArray | None) -> FloatArray:
    flat = array.reshape(array.shape[0], -1)
    if foreground is not None and foreground.any():
        flat = flat[:, foreground]
    step = max(1, flat.shape[1] // SAMPLE_VOXELS)
    return flat[:, ::step].astype(np.float64)
