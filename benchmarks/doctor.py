"""The doctor on planted faults over real data: recall and precision of each kind.

Each fault is planted in 20 cases drawn by chance, wrong labels in every twentieth case. What the doctor finds
in the data as they are is listed first and not counted as an alarm; nor is a case that was listed as a copy
of a picture and is named again beside a planted copy of that picture. Recall: planted cases that are found as
their kind. Precision: planted cases among those found so.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

import scanwright as sw
from figures import data_root, print_header
from scanwright.core.geometry import resample, resample_labels
from scanwright.data.boxes import Boxes
from scanwright.data.case import Case, Lazy, Split
from scanwright.data.dataset import Dataset
from scanwright.data.volume import Volume
from scanwright.inspection.doctor import Inspection, inspect
from scanwright.io.annotations.voc import read_voc

N_PLANTS = 20
SIGNS = "ABCDEFGHIJKLMNOPRSTUVXYZ0123456789"
Change = Callable[[Case, Case, np.random.Generator], Case]


def with_image(case: Case, change: Callable[[np.ndarray], np.ndarray], name: str = "") -> Case:
    def read() -> Volume:
        image = case.image.read()
        return replace(image, array=change(image.array))

    return replace(case, name=name or case.name, inputs={"image": Lazy(case.name, read)})


def with_mask(case: Case, change: Callable[[Volume], Volume]) -> Case:
    return replace(case, targets={"mask": Lazy(case.name, lambda: change(case.mask.read()))})


def recompressed(array: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(array[0, :, :, 0].T).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer)).T[None, :, :, None]


def recompress(case: Case, other: Case, rng: np.random.Generator) -> Case:
    quality = int(rng.integers(30, 90))
    return with_image(case, lambda a: recompressed(a[:1], quality), f"copy of {case.name}")


def resize(case: Case, other: Case, rng: np.random.Generator) -> Case:
    factor = rng.uniform(0.4, 1.6)
    return with_image(
        case, lambda a: ndimage.zoom(a, (1, factor, factor, 1), order=1), f"copy of {case.name}"
    )


def crop(case: Case, other: Case, rng: np.random.Generator) -> Case:
    edges = rng.uniform(0, 0.04, 4)

    def cropped(array: np.ndarray) -> np.ndarray:
        left, right, top, bottom = (
            round(edge * n) for edge, n in zip(edges, np.repeat(array.shape[1:3], 2), strict=True)
        )
        return array[:, left : array.shape[1] - right, top : array.shape[2] - bottom]

    return with_image(case, cropped, f"copy of {case.name}")


def mirror(case: Case, other: Case, rng: np.random.Generator) -> Case:
    quality = int(rng.integers(50, 90))
    return with_image(case, lambda a: recompressed(a[:1], quality)[:, ::-1], f"copy of {case.name}")


def brighten(case: Case, other: Case, rng: np.random.Generator) -> Case:
    gain, gamma = rng.uniform(0.6, 1.4), rng.uniform(0.7, 1.4)
    return with_image(
        case,
        lambda a: np.clip(255 * gain * (a / 255.0) ** gamma, 0, 255).astype(np.uint8),
        f"copy of {case.name}",
    )


def noisy_copy(case: Case, other: Case, rng: np.random.Generator) -> Case:
    seed = int(rng.integers(1 << 30))
    return with_image(
        case,
        lambda a: a + np.random.default_rng(seed).normal(0, 0.05 * a.std(), a.shape),
        f"copy of {case.name}",
    )


def relabel(case: Case, other: Case, rng: np.random.Generator) -> Case:
    wrong = "malignant" if case.label != "malignant" else "benign"
    return replace(case, name=f"copy of {case.name}", targets={"label": wrong})


def mislabel(case: Case, other: Case, rng: np.random.Generator) -> Case:
    return replace(case, targets={"label": "1" if case.label == "0" else "0"})


def crop_mask(case: Case, other: Case, rng: np.random.Generator) -> Case:
    return with_mask(case, lambda m: replace(m, array=m.array[:, : -int(rng.integers(1, 5))]))


def move_mask(case: Case, other: Case, rng: np.random.Generator) -> Case:
    shift = np.eye(4)
    shift[:3, 3] = rng.uniform(2, 20, 3)
    return with_mask(case, lambda m: replace(m, affine_ras=shift @ m.affine_ras))


def swap_mask(case: Case, other: Case, rng: np.random.Generator) -> Case:
    def swapped(mask: Volume) -> Volume:
        foreign = other.mask.read().array
        return replace(mask, array=resample_labels(foreign[0], mask.shape, int(foreign.max()) + 1)[None])

    return with_mask(case, swapped)


def mirror_mask(case: Case, other: Case, rng: np.random.Generator) -> Case:
    return with_mask(case, lambda m: replace(m, array=m.array[:, ::-1]))


def exchange_labels(case: Case, other: Case, rng: np.random.Generator) -> Case:
    return with_mask(case, lambda m: replace(m, array=np.array([0, 2, 1], m.array.dtype)[m.array]))


def empty_mask(case: Case, other: Case, rng: np.random.Generator) -> Case:
    return with_mask(case, lambda m: replace(m, array=m.array * 0))


def crumble_mask(case: Case, other: Case, rng: np.random.Generator) -> Case:
    def crumbled(mask: Volume) -> Volume:
        array = mask.array.copy()
        array[rng.random(array.shape) < 0.001] = 1
        return replace(mask, array=array)

    return with_mask(case, crumbled)


def overlap_masks(case: Case, other: Case, rng: np.random.Generator) -> Case:
    """The mask in two parts, of which one holds some of the other."""

    def part(keep: Callable[[np.ndarray], np.ndarray]) -> Lazy[Volume]:
        whole = case.mask
        return replace(whole, read=lambda: replace(whole.read(), array=keep(whole.read().array)))

    def upper(array: np.ndarray) -> np.ndarray:
        places = np.argwhere(array)
        return array * (np.indices(array.shape)[3] >= np.median(places[:, 3]))

    return replace(case, targets={"mask": replace(case.mask, parts=(part(np.copy), part(upper)))})


def with_boxes(case: Case, change: Callable[[Boxes], Boxes]) -> Case:
    return replace(case, targets={"boxes": replace(case.boxes, read=lambda: change(case.boxes.read()))})


def transpose_boxes(case: Case, other: Case, rng: np.random.Generator) -> Case:
    """Rows for columns, as after an image was turned; the cells of a picture reach to its borders."""
    return with_boxes(case, lambda b: replace(b, box_ijk=b.box_ijk[:, :, [1, 0, 2]]))


def shift_boxes(case: Case, other: Case, rng: np.random.Generator) -> Case:
    """As after a crop."""
    by = rng.uniform(40, 120, 3) * rng.choice([-1, 1], 3) * [1, 1, 0]
    return with_boxes(case, lambda b: replace(b, box_ijk=b.box_ijk + by))


def flatten_box(case: Case, other: Case, rng: np.random.Generator) -> Case:
    def flat(boxes: Boxes) -> Boxes:
        box = boxes.box_ijk.copy()
        box[0, 1, 0] = box[0, 0, 0] + rng.uniform(0, 0.05)
        return replace(boxes, box_ijk=box)

    return with_boxes(case, flat)


def repeat_box(case: Case, other: Case, rng: np.random.Generator) -> Case:
    """As another click on the same cell, up to a hundredth of its size off."""

    def repeated(boxes: Boxes) -> Boxes:
        n = int(rng.integers(len(boxes)))
        sides = boxes.box_ijk[n, 1] - boxes.box_ijk[n, 0]
        again = boxes.box_ijk[n] + rng.uniform(-0.01, 0.01, (2, 3)) * sides * [1, 1, 0]
        return Boxes(np.concatenate([boxes.box_ijk, again[None]]), (*boxes.classes, boxes.classes[n]))

    return with_boxes(case, repeated)


def shrink_image(case: Case, other: Case, rng: np.random.Generator) -> Case:
    """The image was made smaller after it was annotated."""
    image = case.image.read()
    smaller = replace(image, array=image.array[:, ::2, ::2])
    annotation = data_root() / "bccd" / case.boxes.source
    return replace(
        case,
        inputs={"image": replace(case.image, read=lambda: smaller)},
        targets={"boxes": replace(case.boxes, read=lambda: read_voc(annotation, smaller))},
    )


def constant(case: Case, other: Case, rng: np.random.Generator) -> Case:
    return with_image(case, lambda a: np.full_like(a, 3))


def holes(case: Case, other: Case, rng: np.random.Generator) -> Case:
    return with_image(case, lambda a: np.where(np.arange(a.shape[1])[None, :, None, None] < 2, np.nan, a))


def rescale(case: Case, other: Case, rng: np.random.Generator) -> Case:
    factor = float(np.exp(rng.uniform(np.log(30), np.log(3000))))
    return with_image(case, lambda a: (a * factor).astype(np.float32))


def invert(case: Case, other: Case, rng: np.random.Generator) -> Case:
    return with_image(case, lambda a: a.max() - a)


def clip(case: Case, other: Case, rng: np.random.Generator) -> Case:
    share = rng.uniform(50, 75)
    return with_image(case, lambda a: np.minimum(a, np.percentile(a, share)))


def write(case: Case, other: Case, rng: np.random.Generator) -> Case:
    """A line such as a scanner burns in: letters and digits, white, grey or black, anywhere."""
    size, grey = int(rng.integers(10, 25)), int(rng.choice([0, 150, 255]))
    text = " ".join("".join(rng.choice(list(SIGNS), n)) for n in rng.integers(3, 9, 2))
    place = rng.uniform(0, 1, 2)

    def written(array: np.ndarray) -> np.ndarray:
        picture = Image.fromarray(np.moveaxis(array[..., 0], 0, 2).swapaxes(0, 1).squeeze())
        draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size)
        room = np.maximum(np.array(picture.size) - draw.textbbox((0, 0), text, font)[2:], 0)
        draw.text(tuple(place * room), text, fill=(grey,) * len(picture.getbands()), font=font)
        pixels = np.asarray(picture)
        return np.moveaxis(pixels.reshape(*pixels.shape[:2], -1), 2, 0).swapaxes(1, 2)[..., None]

    return with_image(case, written)


@cache
def strangers() -> tuple[Case, ...]:
    return sw.open(data_root() / "bccd").cases


def replace_image(case: Case, other: Case, rng: np.random.Generator) -> Case:
    """By a grey picture of blood cells, of the same size."""
    cells = strangers()[int(rng.integers(len(strangers())))].image

    def replaced(array: np.ndarray) -> np.ndarray:
        grey = cells.read().array.mean(axis=0, keepdims=True)
        fitted = resample(grey.astype(np.float32), array.shape[1:])
        return np.broadcast_to(fitted, array.shape).astype(array.dtype)

    return with_image(case, replaced)


def lay_down(case: Case, other: Case, rng: np.random.Generator) -> Case:
    """A volume whose axes stand in another order than its header says."""
    return with_image(replace(case, targets={}), lambda a: a.swapaxes(1, 3))


def mirror_image(case: Case, other: Case, rng: np.random.Generator) -> Case:
    return with_image(case, lambda a: a[:, ::-1])


def cross(case: Case, other: Case, rng: np.random.Generator) -> Case:
    """Another picture of the patient, on the other side of the given split."""
    side: Split = "train" if case.split == "test" else "test"
    return replace(case, name=f"copy of {case.name}", split=side, inputs=other.inputs)


# What is planted → where, as which kind, and whether the case is added to the others.
PLANTS: dict[str, tuple[str, str, Change, bool]] = {
    "copy, compressed again": ("busi", "same_picture", recompress, True),
    "copy, resized": ("busi", "same_picture", resize, True),
    "copy, brightened": ("busi", "same_picture", brighten, True),
    "copy, cropped": ("busi", "same_picture", crop, True),
    "copy, mirrored": ("busi", "same_picture", mirror, True),
    "copy with another label": ("busi", "two_labels", relabel, True),
    "wrong label": ("chest", "doubtful_label", mislabel, False),
    "copy in 3-D, with noise": ("hippocampus", "same_picture", noisy_copy, True),
    "mask of another shape": ("hippocampus", "mask_elsewhere", crop_mask, False),
    "mask elsewhere": ("hippocampus", "mask_elsewhere", move_mask, False),
    "mask of another case": ("hippocampus", "foreign_mask", swap_mask, False),
    "mirrored mask": ("hippocampus", "foreign_mask", mirror_mask, False),
    "labels exchanged": ("hippocampus", "swapped_labels", exchange_labels, False),
    "empty mask": ("hippocampus", "empty_mask", empty_mask, False),
    "stray voxels": ("hippocampus", "islands", crumble_mask, False),
    "constant image": ("hippocampus", "constant_image", constant, False),
    "NaN voxels": ("hippocampus", "non_finite", holes, False),
    "another intensity scale": ("chest", "intensity_scale", rescale, False),
    "negative": ("chest", "inverted", invert, False),
    "clipped": ("chest", "clipped", clip, False),
    "patient on two sides": ("patients", "split_patients", cross, True),
    "masks that overlap": ("hippocampus", "overlapping_masks", overlap_masks, False),
    "writing": ("busi", "burned_in", write, False),
    "writing in colour pictures": ("cells", "burned_in", write, False),
    "picture of something else": ("busi", "foreign_image", replace_image, False),
    "X-ray of something else": ("chest", "foreign_image", replace_image, False),
    "axes in another order": ("hippocampus", "foreign_image", lay_down, False),
    "mirrored image": ("chest", "mirrored_image", mirror_image, False),
    "boxes of a turned image": ("cells", "box_outside", transpose_boxes, False),
    "boxes of a cropped image": ("cells", "box_outside", shift_boxes, False),
    "box without area": ("cells", "box_without_area", flatten_box, False),
    "box drawn twice": ("cells", "box_twice", repeat_box, False),
    "boxes of a larger image": ("cells", "boxes_elsewhere", shrink_image, False),
}


def hosts() -> dict[str, Dataset]:
    chest = sw.open(data_root() / "pneumoniamnist")
    cells = sw.open(data_root() / "bccd")
    return {
        "busi": sw.open(data_root() / "busi-breast-ultrasound"),
        "hippocampus": sw.open(data_root() / "msd-hippocampus"),
        "cells": cells,
        # Nobody knows whose smears they are: here each is of a patient of its own.
        "patients": replace(
            cells,
            cases=tuple(replace(case, patient=case.name) for case in cells.cases),
            patients="one a picture",
        ),
        # A thousand that no rule was chosen on, and in 16 bits, so that scales can differ.
        "chest": replace(
            chest,
            cases=tuple(with_image(case, lambda a: a.astype(np.int16)) for case in chest.cases[3200:4200]),
        ),
    }


def found(inspection: Inspection, kind: str) -> set[str]:
    return {name for one in inspection.findings if one.kind == kind for name in one.cases}


def copies(inspection: Inspection) -> list[set[str]]:
    """Groups of cases that show one picture."""
    return [set(one.cases) for one in inspection.findings if one.kind == "same_picture"]


def plant(
    dataset: Dataset, change: Change, added: bool, rng: np.random.Generator
) -> tuple[Dataset, Sequence[str]]:
    cases = list(dataset.cases)
    n_plants = len(cases) // 20 if change is mislabel else N_PLANTS
    picked = rng.choice(len(cases), n_plants, replace=False)
    planted = [change(cases[n], cases[(n + 7) % len(cases)], rng) for n in picked]
    if added:
        cases += planted
    else:
        for n, case in zip(picked, planted, strict=True):
            cases[n] = case
    return replace(dataset, cases=tuple(cases)), [case.name for case in planted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", help="kinds of findings; all by default")
    options = parser.parse_args()
    print_header("The doctor on planted faults", plants=N_PLANTS, seed=options.seed)
    plants = {title: one for title, one in PLANTS.items() if not options.only or one[1] in options.only}
    whole = {name: host for name, host in hosts().items() if any(one[0] == name for one in plants.values())}
    genuine = {name: inspect(dataset) for name, dataset in whole.items()}
    for name, inspection in genuine.items():
        kinds = [one.kind for one in inspection.findings]
        print(
            f"{name} ({len(whole[name])} cases) as it is: "
            + ", ".join(f"{kind} {kinds.count(kind)}" for kind in dict.fromkeys(kinds))
        )
    print(f"{'planted':26} {'kind':16} {'recall':>7} {'precision':>10}")
    for number, (title, (host, kind, change, added)) in enumerate(PLANTS.items()):
        if title not in plants:
            continue
        rng = np.random.default_rng((options.seed, number))
        dataset, names = plant(whole[host], change, added, rng)
        flagged = found(inspect(dataset), kind)
        own = set(names)
        # The original of a copy is rightly named beside it, and so is what was listed as a copy of that.
        rightly = own | {name.removeprefix("copy of ") for name in own}
        rightly = rightly.union(*(listed for listed in copies(genuine[host]) if listed & rightly))
        alarms = flagged - found(genuine[host], kind) - rightly
        hits = flagged & own
        precision = len(hits) / max(1, len(hits) + len(alarms))
        print(f"{title:26} {kind:16} {len(hits) / len(own):7.2f} {precision:10.2f}", flush=True)


if __name__ == "__main__":
    main()
