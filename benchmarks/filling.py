"""Filling: how near ``fill`` comes to what stood in a hole, beside the nearest value and each equation alone.

Eight balls (discs in slices and pictures) of one radius are cut out of real images scaled to 0 … 1.
Decibels are PSNR within the holes, s are seconds of one processor an image; worst first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
from scipy import ndimage
from skimage import restoration

from figures import data_root, print_header
from scanwright.core.fidelity import psnr
from scanwright.data.volume import Volume
from scanwright.io.dataset import open_inputs
from scanwright.io.image import read_image
from scanwright.transforms.enhancement import gaps
from scanwright.types import BoolArray, FloatArray

RADII = (1.5, 3.0, 6.0, 10.0)
N_HOLES = 8
SEED = 1


def nearest(image: FloatArray, hole: BoolArray) -> FloatArray:
    """The nearest value that is there."""
    where = ndimage.distance_transform_edt(hole, return_distances=False, return_indices=True)
    return image[tuple(where)]


def laplace(image: FloatArray, hole: BoolArray) -> FloatArray:
    """``fill`` as if no hole were small."""
    small, gaps.SMALL = gaps.SMALL, {2: 0, 3: 0}
    try:
        return fill(image, hole)
    finally:
        gaps.SMALL = small


def biharmonic(image: FloatArray, hole: BoolArray) -> FloatArray:
    """scikit-image on holes of any size."""
    flat = np.where(hole, 0, image).squeeze()
    return restoration.inpaint_biharmonic(flat, hole.squeeze(), split_into_regions=True).reshape(image.shape)


def fill(image: FloatArray, hole: BoolArray) -> FloatArray:
    """As it is."""
    return gaps.fill(Volume(np.where(hole, np.nan, image)[np.newaxis])).image.array[0]


WAYS: tuple[Callable[[FloatArray, BoolArray], FloatArray], ...] = (nearest, laplace, biharmonic, fill)


def images() -> Iterator[tuple[str, list[FloatArray]]]:
    """Name → images (i, j, k)."""
    root = data_root()
    volumes = [read_image(f) for f in sorted((root / "msd-hippocampus" / "imagesTr").glob("*.nii.gz"))[5::20]]
    yield "hippocampus, volumes", [scaled(one.array[0]) for one in volumes]
    yield "hippocampus, slices", [scaled(one.array[0, :, :, one.shape[2] // 2, None]) for one in volumes]
    for name, folder in (
        ("BUSI", "busi-breast-ultrasound/malignant"),
        ("DRIVE", "retina-drive/training/images"),
    ):
        cases = open_inputs(root / folder).cases
        chosen = cases[5 :: max(1, len(cases) // 12)]
        yield name, [scaled(case.image.read().array[:2].mean(axis=0)) for case in chosen]


def scaled(array: FloatArray) -> FloatArray:
    """0 … 1."""
    array = array.astype(np.float32)
    return (array - array.min()) / (np.percentile(array, 99.8) - array.min())


def holes(shape: tuple[int, ...], radius: float, rng: np.random.Generator) -> BoolArray:
    """Balls in the middle half."""
    hole = np.zeros(shape, dtype=bool)
    grid = np.ogrid[tuple(slice(0, n) for n in shape)]
    for _ in range(N_HOLES):
        centre = [rng.integers(n // 4, max(n // 4 + 1, 3 * n // 4)) for n in shape]
        hole |= sum((axis - at) ** 2 for axis, at in zip(grid, centre, strict=True)) < radius**2
    return hole


def main() -> None:
    """Measure and print."""
    print_header("Filling of holes", seed=SEED)
    for name, found in images():
        for radius in RADII:
            rng = np.random.default_rng(SEED)
            cut = [(image, holes(image.shape, radius, rng)) for image in found]
            size = np.mean([hole.sum() for _, hole in cut])
            print(f"{name}, n = {len(found)}, radius {radius:g}, {size:.0f} voxels", flush=True)
            rows = []
            for way in WAYS:
                started = time.process_time()
                filled = [way(image, hole) for image, hole in cut]
                seconds = (time.process_time() - started) / len(cut)
                values = [
                    psnr(done[hole], image[hole], 1) for done, (image, hole) in zip(filled, cut, strict=True)
                ]
                line = (
                    f"  {way.__name__:10} {np.mean(values):.1f} dB (worst {min(values):.1f}), {seconds:.2f} s"
                )
                rows.append((np.mean(values), line))
            for _, line in sorted(rows):
                print(line, flush=True)


if __name__ == "__main__":
    main()
