"""Images of planted discs and rings, balls and shells in 3-D, in which every task has something to learn.

The same images serve all tasks: a mask of what was planted (boxes are taken from it), which kinds there are,
and the radius of the largest, as a number and as a grade.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from PIL import Image
from scipy import ndimage

KINDS = ("disc", "ring")
GRADES = ("small", "middle", "large")
SHAPES = {2: (64, 64, 1), 3: (32, 32, 24)}
RADII = {2: (5.0, 11.0), 3: (3.5, 7.0)}
"""In voxels: the least and the largest."""
UNSEEN = "unseen"
COLUMNS = ("case", "patient", "split", "image", "mask", "label", "labels", "value:radius")
SPACING_MM = (1.5, 1.5, 2.0)


@dataclass(frozen=True)
class Planted:
    """One image.

    Attributes:
        image: float32 (i, j, k), about 0 to 1.
        mask: uint8 of the same shape: 1 where a disc is, 2 where a ring is.
        kinds: those that are there.
        radius: of the largest, in voxels.
    """

    image: np.ndarray
    mask: np.ndarray
    kinds: tuple[str, ...]
    radius: float


def plant(rng: np.random.Generator, dims: int) -> Planted:
    """One or two objects, fainter than the noise where they are unlucky."""
    shape = SHAPES[dims]
    image = ndimage.gaussian_filter(rng.normal(size=shape), (4, 4, 4 if dims == 3 else 0))
    image = 0.4 + 0.08 * image / image.std() + 0.09 * rng.normal(size=shape)
    mask = np.zeros(shape, np.uint8)
    kinds = [KINDS[n] for n in rng.permutation(2)[: rng.integers(1, 3)]]
    largest = 0.0
    for half, kind in enumerate(kinds):
        radius = rng.uniform(*RADII[dims])
        # Each in its half of the image, so that none hides another.
        lo = np.array([radius + 1] * dims + [0] * (3 - dims))
        hi = np.array(shape) - lo - 1
        side = shape[0] / 2
        centre = rng.uniform(lo, np.maximum(hi, lo))
        centre[0] = half * side + rng.uniform(*sorted((radius, side - radius)))
        places = np.indices(shape)
        distance = np.sqrt(sum((places[n] - centre[n]) ** 2 for n in range(dims)))
        inside = distance < radius
        bright = inside if kind == "disc" else inside & (distance > 0.55 * radius)
        image[bright] += rng.uniform(0.15, 0.3)
        mask[inside & (mask == 0)] = 1 + KINDS.index(kind)
        largest = max(largest, radius)
    return Planted(image.astype(np.float32), mask, tuple(sorted(kinds)), largest)


def write_planted(folder: Path, dims: int, n: dict[str, int], seed: int = 0) -> None:
    """A manifest for each kind of label, over the same files; nothing where they are already.

    Args:
        folder: ``class``, ``grade`` in it hold a manifest each, whose column "label" differs;
            ``unseen`` holds the images of the split "test" alone.
        dims: 2 writes PNG, 3 NIfTI.
        n: images of each split.
        seed: of all of them.
    """
    if (folder / "grade" / "manifest.csv").is_file():
        return
    rng = np.random.default_rng(seed)
    planted = [(split, plant(rng, dims)) for split, count in n.items() for _ in range(count)]
    steps = np.quantile([one.radius for _, one in planted], (1 / 3, 2 / 3))
    rows = []
    for number, (split, one) in enumerate(planted):
        name = f"case{number:03d}"
        place = folder / (UNSEEN if split == "test" else "images")
        rows.append(
            {
                "case": name,
                "patient": name,
                "split": split,
                "image": Path("..") / write_image(place / name, one.image * 255, dims).relative_to(folder),
                "mask": Path("..") / write_image(folder / "masks" / name, one.mask, dims).relative_to(folder),
                "labels": "|".join(one.kinds),
                "value:radius": f"{one.radius:.3f}",
                "class": " and ".join(one.kinds),
                "grade": GRADES[int(np.searchsorted(steps, one.radius))],
            }
        )
    names = {"labels": {"background": 0, **{kind: 1 + n for n, kind in enumerate(KINDS)}}}
    for label in ("class", "grade"):
        (folder / label).mkdir(parents=True, exist_ok=True)
        (folder / label / "dataset.json").write_text(json.dumps(names))
        with (folder / label / "manifest.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore")
            writer.writeheader()
            writer.writerows({**row, "label": row[label]} for row in rows)


def write_image(path: Path, array: np.ndarray, dims: int) -> Path:
    """(i, j, k) of 0 to 255 as a PNG or a NIfTI volume; gives the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = np.clip(array, 0, 255).astype(np.uint8)
    if dims == 2:
        Image.fromarray(whole[..., 0].T).save(path.with_suffix(".png"))
        return path.with_suffix(".png")
    file = path.with_name(f"{path.name}.nii.gz")
    nib.Nifti1Image(whole, np.diag([*SPACING_MM, 1.0])).to_filename(file)
    return file
