"""How long following a patient takes: four dates of 256 × 256 × 150 voxels, images, masks and page.

Goal: at most 5 minutes on 2 cores. The patient is made here: a body with organs and twelve lesions,
turned and shifted at each date.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

import scanwright as sw
from figures import print_header

SHAPE, SPACING = (256, 256, 150), (1.4, 1.4, 2.0)
DATES = ("2024-01-03", "2024-03-06", "2024-05-02", "2024-07-10")
N_LESIONS, N_ORGANS = 12, 9


def write_patient(folder: Path, seed: int) -> None:
    """Images, masks and a manifest."""
    rng = np.random.default_rng(seed)
    organs = [
        (rng.uniform(-90, 90, 3), rng.uniform(15, 55, 3), rng.uniform(-600, 500)) for _ in range(N_ORGANS)
    ]
    lesions = [
        (rng.uniform(-90, 90, 3), rng.uniform(8, 35), rng.normal(0.02, 0.15)) for _ in range(N_LESIONS)
    ]
    axes = [(np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    affine = np.diag([*SPACING, 1.0])
    rows = ["case,patient,date,image,mask,modality"]
    for n, date in enumerate(DATES):
        turn = Rotation.from_euler("xyz", rng.normal(0, 3, 3) * bool(n), degrees=True)
        places = turn.apply(grid) + rng.normal(0, 8, 3) * bool(n)
        image = np.full(len(places), -1000.0, np.float32)
        image[((places / (150, 115, 160)) ** 2).sum(axis=1) < 1] = 30
        for centre, half, value in organs:
            image[(((places - centre) / half) ** 2).sum(axis=1) < 1] = value
        mask = np.zeros(len(places), np.uint8)
        for centre, diameter, rate in lesions:
            inside = ((places - centre) ** 2).sum(axis=1) < (diameter * np.exp(rate * n) / 2) ** 2
            mask[inside], image[inside] = 1, 80
        image = ndimage.gaussian_filter(image.reshape(SHAPE), 0.6) + rng.normal(0, 15, SHAPE)
        for name, array in (
            (f"{n}.nii.gz", image.astype(np.int16)),
            (f"{n}-mask.nii.gz", mask.reshape(SHAPE)),
        ):
            nib.Nifti1Image(array, affine).to_filename(folder / name)
        rows.append(f"{n},P,{date},{n}.nii.gz,{n}-mask.nii.gz,CT")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "in"
        source.mkdir()
        write_patient(source, options.seed)
        print_header(f"follow, 4 dates of {' × '.join(map(str, SHAPE))}, seed {options.seed}")
        begin, used = time.monotonic(), time.process_time()
        result = sw.follow(source, Path(place) / "out")
        wall, processor = time.monotonic() - begin, time.process_time() - used
        page = os.path.getsize(Path(place) / "out" / "follow.html")
    (patient,) = result.patients
    found = sum(row["status"] == "seen" for one in patient["lesions"] for row in one["sizes"])
    print(
        f"{wall:.0f} s ({processor:.0f} s of processor); {len(patient['lesions'])} lesions, {found} sightings"
    )
    print(f"page of {page / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
