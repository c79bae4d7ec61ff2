"""Exam: everything the kinds of findings need to know of a case, from one reading of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy import ndimage

from scanwright.core.appearance import describe_appearance
from scanwright.core.boxes import paint_boxes
from scanwright.core.copies import CopyPair, find_copies, join_copies, take_look
from scanwright.core.geometry import ras_axes, reorient, resample
from scanwright.core.intensity import percentiles, replace_non_finite
from scanwright.core.kernel import oriented_gradients
from scanwright.core.lettering import WrittenLine, choose_planes, distinct_lines, find_lines
from scanwright.data.boxes import Boxes
from scanwright.data.case import SPLITS, Case, Lazy
from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.errors import DataError, ScanwrightError
from scanwright.inspection.box_exam import BoxExam, examine_boxes
from scanwright.planning.facts import check_pair, count_labels, image_hash
from scanwright.report.slices import Slice, target_slices
from scanwright.types import AnyArray, FloatArray, Progress, silent

EDGE_VOXELS = 1.0
COARSE_SHAPE = {2: (16, 16, 1), 3: (12, 12, 12)}
FEWEST_TO_SHARE = 8
THUMBNAIL_PIXELS = 128
OUTLINED_SIDE = 56
N_BORDER = 3


@dataclass(frozen=True, eq=False)
class MaskExam:
    """What one reading of a mask told.

    Attributes:
        problem: why it does not belong to its image, "" when it does.
        voxels: value → voxels.
        n_parts: connected parts of all labelled voxels.
        share: of all voxels, how many are labelled.
        overlap: voxels that more than one of the masks hold that it is put together from.
        in_air: share of the labelled voxels that are as dark as the image's surroundings.
        spread: standard deviation of the labelled intensities, on the scale of low 0 … high 1.
        along: how well the outline follows the edges of the image: mean of the absolute cosine between their
            normals, 0.5 in noise (3-D), 1 at best.
        mirrored_edge: how much steeper it would be along the outline of the mask mirrored left to right.
        coarse: where it lies, on the grid of its exam's ``coarse``, mean 0 and length 1.
        centres: value → centre of its voxels, in mm of the patient (RAS+), in pixels where that is unknown;
            only where there are several values.
    """

    problem: str = ""
    voxels: dict[int, int] | None = None
    n_parts: int = 0
    share: float = 0.0
    overlap: int = 0
    in_air: float = 0.0
    spread: float = float("nan")
    along: float = float("nan")
    mirrored_edge: float = float("nan")
    coarse: FloatArray | None = None
    centres: Mapping[int, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Exam:
    """What one reading of a case told.

    Attributes:
        case: which.
        problem: why it can't be read, "" when it can; all else is then empty.
        shape: (i, j, k).
        n_channels, modality: see Volume.
        eight_bit: whether intensities are bytes.
        n_non_finite: voxels that are NaN or infinite.
        low, high: 0.5 and 99.5 percent of the intensities.
        coarse: the smooth part on a coarse grid, mean 0 and length 1; axes run to the right, front and head.
        border: mean of the outermost pixels of the middle plane, on the scale of low 0 … high 1.
        clipped: share of the voxels that have the very highest value.
        sha256: of shape and intensities.
        look: by which copies are found, see ``core.copies``; ``None`` where there is no structure.
        appearance: what kind of picture it is, see ``core.appearance``.
        lines: rows of letter-like marks in its middle plane, and in those that look as if they held some.
        features: of the smooth part and of the outlines, by which a small model tells classes apart; only of
            cases with a class.
        view: the plane to show, at most 128 pixels wide, intensities 0 … 255.
        mask, boxes: ``None`` without.
    """

    case: Case
    problem: str = ""
    shape: tuple[int, int, int] = (0, 0, 0)
    n_channels: int = 0
    modality: str = ""
    eight_bit: bool = False
    n_non_finite: int = 0
    low: float = 0.0
    high: float = 0.0
    border: float = 0.0
    clipped: float = 0.0
    sha256: str = ""
    look: AnyArray | None = None
    coarse: FloatArray | None = None
    appearance: FloatArray | None = None
    lines: tuple[WrittenLine, ...] = ()
    features: FloatArray | None = None
    view: Slice | None = None
    mask: MaskExam | None = None
    boxes: BoxExam | None = None

    @property
    def name(self) -> str:
        return self.case.name

    @property
    def label(self) -> str:
        """The class, "" without one."""
        label = self.case.targets.get("label")
        return label if isinstance(label, str) else ""

    @property
    def classes(self) -> set[str]:
        """The classes by name that are told of the case, of all of it or in boxes; none for one in a mask."""
        found = {self.label} - {""}
        found |= {*self.case.labels} if "labels" in self.case.targets else set()
        return found | {*self.boxes.boxes.classes} if self.boxes and self.boxes.boxes else found

    @property
    def constant(self) -> bool:
        """Whether all voxels have one value."""
        return self.low == self.high and self.clipped == 1.0


@dataclass(frozen=True, eq=False)
class Examined:
    """A dataset with an exam of every case that could be read.

    Attributes:
        unread: the cases that could not, with the problem.
        beside: of what was set aside or not asked for, the writing that could be found; with a problem where
            none could be looked for.
    """

    dataset: Dataset
    exams: tuple[Exam, ...]
    unread: tuple[Exam, ...]
    beside: tuple[Exam, ...] = ()

    @cached_property
    def copy_pairs(self) -> list[CopyPair]:
        """Pairs of exams, by their numbers, that show one picture; enough of them to join each group."""
        return find_copies([exam.look for exam in self.exams])

    def copies(self, *, turned: bool = True) -> list[list[Exam]]:
        """Groups of cases that show one picture; those of the strictest split first: they are kept.

        Args:
            turned: also where one is mirrored or turned.
        """
        pairs = [pair for pair in self.copy_pairs if turned or not pair.turned]
        groups = join_copies(len(self.exams), pairs)
        return [sorted((self.exams[n] for n in group), key=_strictness) for group in groups]

    @property
    def labelled(self) -> tuple[Exam, ...]:
        """The cases with a class."""
        return tuple(exam for exam in self.exams if exam.label)

    def by_grid(self, value: Callable[[Exam], FloatArray | None]) -> Iterator[tuple[list[Exam], FloatArray]]:
        """Exams whose values have one shape, and the values stacked; not of groups too small to compare."""
        groups: dict[tuple[int, ...], list[tuple[Exam, FloatArray]]] = {}
        for exam in self.exams:
            own = value(exam)
            if own is not None:
                groups.setdefault(own.shape, []).append((exam, own))
        for group in groups.values():
            if len(group) >= FEWEST_TO_SHARE:
                yield [exam for exam, _ in group], np.stack([own for _, own in group])

    @property
    def boxed(self) -> tuple[tuple[Exam, BoxExam, Boxes], ...]:
        """The cases with boxes that could be read, also those without an object."""
        return tuple((e, e.boxes, e.boxes.boxes) for e in self.exams if e.boxes and e.boxes.boxes is not None)

    @property
    def masked(self) -> tuple[tuple[Exam, MaskExam], ...]:
        """The cases whose mask belongs to their image."""
        return tuple((e, e.mask) for e in self.exams if e.mask is not None and not e.mask.problem)


def _strictness(exam: Exam) -> int:
    return -SPLITS.index(exam.case.split) if exam.case.split else 1


def examine(dataset: Dataset, progress: Progress = silent) -> Examined:
    """Read every case once; what can't be read has an exam that says why."""
    exams = []
    for done, case in enumerate(dataset.cases):
        progress("Reading", done, len(dataset), case.name)
        try:
            exams.append(examine_case(case))
        except ScanwrightError as error:
            exams.append(Exam(case, problem=str(error)))
    progress("Reading", len(dataset), len(dataset), "")
    return Examined(
        dataset,
        tuple(exam for exam in exams if not exam.problem),
        tuple(exam for exam in exams if exam.problem),
        tuple(_examine_beside(case) for case in dataset.beside),
    )


def _examine_beside(case: Case) -> Exam:
    """Only what can name the patient: nothing is learnt from it."""
    lines: list[WrittenLine] = []
    try:
        for plane in case.inputs.values():
            array, _ = replace_non_finite(plane.read().array)
            low, high = (float(v) for v in percentiles(array, (0.5, 99.5)))
            lines += _lines(array, low, high)
    except ScanwrightError as error:
        return Exam(case, problem=str(error))
    return Exam(case, lines=tuple(lines))


def examine_case(case: Case) -> Exam:
    """One reading.

    Raises:
        DataError: the image can't be read.
    """
    image = case.image.read()
    array, n_non_finite = replace_non_finite(image.array)
    if n_non_finite == array.size:
        raise DataError("the image holds no finite voxel", subject=case.name)
    low, high = (float(v) for v in percentiles(array, (0.5, 99.5)))
    grey = array[0] if len(array) == 1 else array.mean(axis=0, dtype=np.float32)
    labels, mask = _examine_mask(case, image, grey, low, high)
    boxes = examine_boxes(case, image)
    if labels is None and boxes is not None and boxes.boxes is not None:
        labels = paint_boxes(boxes.boxes.box_ijk, image.shape)
    turned = _turned(grey, image.affine_ras)
    coarse = _coarse(turned)
    return Exam(
        case=case,
        shape=image.shape,
        n_channels=image.n_channels,
        modality=image.modality,
        eight_bit=image.array.dtype == np.uint8,
        n_non_finite=n_non_finite,
        low=low,
        high=high,
        border=_border(grey, low, high),
        clipped=float(np.count_nonzero(array == array.max()) / array.size),
        sha256=image_hash(image),
        look=take_look(grey[None], image.affine_ras),
        coarse=coarse,
        appearance=describe_appearance(turned),
        lines=_lines(array, low, high),
        features=_features(grey, coarse) if "label" in case.targets else None,
        view=_view(array, labels, image.affine_ras, low, high),
        mask=mask,
        boxes=boxes,
    )


def _turned(array: AnyArray, affine_ras: FloatArray | None) -> AnyArray:
    """(i, j, k) with axes that run to the right, front and head, where that is known."""
    return array if affine_ras is None else reorient(array[None], *ras_axes(affine_ras))[0]


def _coarse(turned: AnyArray) -> FloatArray:
    """Mean 0 and length 1 on a coarse grid, so that a product is a correlation."""
    small = resample(turned[None], COARSE_SHAPE[2 if turned.shape[2] == 1 else 3])[0]
    small = small - small.mean()
    return np.asarray(small / max(float(np.linalg.norm(small)), 1e-9), dtype=np.float32)


def _lines(array: AnyArray, low: float, high: float) -> tuple[WrittenLine, ...]:
    """Writing in the planes that may hold some; what stands at one place of several counts once."""
    found: list[WrittenLine] = []
    for k in choose_planes(array[0], low, high):
        plane = array[..., k].astype(np.float32)
        lines = find_lines(plane.mean(axis=0), low, high)
        if len(plane) == 3 and array.shape[3] == 1:  # coloured letters may be as bright as their ground
            colour = np.ptp(plane, axis=0)
            lines += find_lines(colour, 0.0, float(colour.max()))
        found += [replace(line, k=k) for line in lines]
    return tuple(distinct_lines(found))


def _features(grey: AnyArray, coarse: FloatArray) -> FloatArray:
    """The smooth part, and for planes the outlines, each of length 1."""
    if grey.shape[2] > 1:
        return coarse.ravel()
    plane = resample(grey[None], (OUTLINED_SIDE, OUTLINED_SIDE, 1))[0, :, :, 0]
    return np.concatenate([coarse.ravel(), oriented_gradients(plane)])


def _examine_mask(
    case: Case, image: Volume, grey: AnyArray, low: float, high: float
) -> tuple[AnyArray | None, MaskExam | None]:
    """The mask's values, when it belongs to the image, and its exam."""
    target = case.targets.get("mask")
    if not isinstance(target, Lazy):
        return None, None
    try:
        mask = target.read()
        check_pair(image, mask, case.name)
        voxels = count_labels(mask.array, case.name)
    except ScanwrightError as error:
        return None, MaskExam(problem=str(error))
    labels = mask.array[0]
    inside = labels != 0
    n_inside = int(inside.sum())
    facts = {"voxels": voxels, "share": n_inside / inside.size, "overlap": _overlap(target)}
    if n_inside in (0, inside.size):
        return labels, MaskExam(**facts)
    box = _around(inside)
    _, n_parts = ndimage.label(inside[box], np.ones((3, 3, 3)))
    dark = low + 0.02 * (high - low)
    scaled = _scaled(grey[box], low, high)
    return labels, MaskExam(
        **facts,
        n_parts=n_parts,
        in_air=float(np.mean(grey[inside] <= dark)),
        spread=float(scaled[inside[box]].std()),
        along=_along(grey[box], inside[box]),
        mirrored_edge=_mirrored_edge(grey, inside, low, high, image.affine_ras),
        coarse=_coarse(_turned(inside, image.affine_ras)),
        centres=_centres(labels, box, voxels.keys() - {0}, image.affine_ras),
    )


def _centres(
    labels: AnyArray, box: tuple[slice, ...], values: Collection[int], affine_ras: FloatArray | None
) -> dict[int, FloatArray]:
    """Of each of several values, see ``MaskExam``."""
    if len(values) < 2:
        return {}
    own, start = labels[box], np.array([part.start for part in box], dtype=float)
    affine = np.eye(4) if affine_ras is None else affine_ras
    found = {}
    for value in sorted(values):
        inside = own == value
        # By the number of voxels in each plane across an axis: coordinates of all of them take more memory.
        counts = [inside.sum(axis=tuple({0, 1, 2} - {axis}), dtype=np.float64) for axis in range(3)]
        ijk = start + [np.average(np.arange(len(n)), weights=n) for n in counts]
        found[value] = np.asarray(affine[:3, :3] @ ijk + affine[:3, 3])
    return found


def _overlap(mask: Lazy[Volume]) -> int:
    """Voxels that several parts of a mask hold; each is read again, as the whole does not tell."""
    if len(mask.parts) < 2:
        return 0
    return int((sum((part.read().array != 0).astype(np.uint16) for part in mask.parts) > 1).sum())


def _around(inside: AnyArray) -> tuple[slice, ...]:
    """The box of all that is inside, and what a look at its outline needs around it."""
    box = []
    for axis in range(inside.ndim):
        found = np.flatnonzero(inside.any(axis=tuple(other for other in range(inside.ndim) if other != axis)))
        box.append(slice(max(0, int(found[0]) - 4), int(found[-1]) + 5))
    return tuple(box)


def _along(grey: AnyArray, inside: AnyArray) -> float:
    """See ``MaskExam``; NaN where there is no edge at all."""
    axes = tuple(axis for axis in range(3) if inside.shape[axis] > 1)
    smooth = [ndimage.gaussian_filter(one.astype(np.float32), EDGE_VOXELS) for one in (grey, inside)]
    core = ndimage.binary_erosion(inside, np.ones([3 if n > 1 else 1 for n in inside.shape], bool))
    outline = inside & ~core
    image, mask = (np.stack([np.gradient(one, axis=axis)[outline] for axis in axes]) for one in smooth)
    lengths = np.linalg.norm(image, axis=0) * np.linalg.norm(mask, axis=0)
    cosines = np.abs((image * mask).sum(axis=0))[lengths > 0] / lengths[lengths > 0]
    return float(cosines.mean()) if cosines.size else float("nan")


def _mirrored_edge(
    grey: AnyArray, inside: AnyArray, low: float, high: float, affine_ras: FloatArray | None
) -> float:
    """Mean steepness on the outline mirrored left to right over that on the outline; NaN when the mask is all
    outline."""
    across = 0 if affine_ras is None else ras_axes(affine_ras)[0][0]
    outline, mirrored = (_steepness(grey, own, low, high) for own in (inside, np.flip(inside, axis=across)))
    return mirrored / max(outline, 1e-9)


def _steepness(grey: AnyArray, inside: AnyArray, low: float, high: float) -> float:
    """Its mean on the outline."""
    box = _around(inside)
    inside = inside[box]
    steep = ndimage.gaussian_gradient_magnitude(_scaled(grey[box], low, high), EDGE_VOXELS)
    reach = np.ones([3 if n > 1 else 1 for n in inside.shape], bool)
    core = ndimage.binary_erosion(inside, reach, border_value=1)
    outline = inside & ~core
    if not outline.any() or not core.any():
        return float("nan")
    return float(steep[outline].mean())


def _scaled(grey: AnyArray, low: float, high: float) -> FloatArray:
    return np.asarray(np.clip((grey.astype(np.float32) - low) / max(high - low, 1e-9), 0, 1))


def _border(grey: AnyArray, low: float, high: float) -> float:
    plane = grey[..., grey.shape[2] // 2]
    n = min(N_BORDER, max(1, min(plane.shape) // 4))
    frame = np.ones(plane.shape, bool)
    frame[n:-n, n:-n] = False
    return float((plane[frame].mean() - low) / max(high - low, 1e-9))


def _view(
    array: AnyArray, labels: AnyArray | None, affine_ras: FloatArray | None, low: float, high: float
) -> Slice:
    """The plane with most of the target, small and in bytes."""
    plane = target_slices(array, labels, None, affine_ras, 0)[0]
    step = max(1, -(-max(plane.image.shape[:2]) // THUMBNAIL_PIXELS))
    scaled = _scaled(plane.image[::step, ::step], low, high)
    return Slice(
        np.round(255 * scaled).astype(np.uint8),
        None if plane.reference is None else plane.reference[::step, ::step],
        None,
        plane.spacing,
        plane.plane,
        plane.note,
    )
