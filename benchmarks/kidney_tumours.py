"""Diameters of kidney tumours (KiTS19 masks): the radiologist's size beside, brute force, and the time.

Goal: the longest diameter within 0.1 mm of that of all pairs of points; at most 1 s for size and shape of a
lesion of 100,000 voxels.
"""

from __future__ import annotations

import json
import time

import nibabel as nib
import numpy as np
from scipy.ndimage import binary_fill_holes, gaussian_filter, label
from scipy.spatial.distance import pdist

from figures import data_root, print_header
from scanwright.core.agreement import limits_of_agreement, pearson
from scanwright.core.diameters import diameters
from scanwright.data.volume import Volume
from scanwright.followup.lesions import find_lesions
from scanwright.followup.measurement import frame_of, measure_lesion

TUMOUR = 2
MOST_POINTS = 4000
N_SHAPES = 300


def brute_force(mask: np.ndarray, spacing: tuple[float, float]) -> float | None:
    """The largest distance of all pairs of edge points within a piece of a slice; ``None`` if too many."""
    longest = 0.0
    for n in range(mask.shape[2]):
        numbers, count = label(mask[:, :, n], np.ones((3, 3)))
        for piece in range(1, count + 1):
            padded = np.pad(numbers == piece, 1)
            inside = np.argwhere(padded)
            points = [
                (inside + np.array(step) / 2)[~padded[tuple((inside + step).T)]]
                for step in ((0, 1), (1, 0), (0, -1), (-1, 0))
            ]
            found = np.concatenate(points) * np.array(spacing)
            if len(found) > MOST_POINTS:
                return None
            longest = max(longest, float(pdist(found).max()))
    return longest


def random_shape(rng: np.random.Generator) -> np.ndarray:
    """Blobs of any form in some slices."""
    field = gaussian_filter(rng.normal(size=(40, 40, 6)), (*[rng.uniform(1, 5)] * 2, 1))
    mask = field > np.quantile(field, rng.uniform(0.4, 0.97))
    return np.stack([binary_fill_holes(mask[:, :, n]) for n in range(6)], axis=2)


def main() -> None:
    """Print sizes case by case, then agreement, exactness and time."""
    root = data_root() / "kits19-masks"
    facts = {case["case_id"]: case for case in json.loads((root / "kits.json").read_text())}
    folders = sorted(path.parent.name for path in root.glob("*/segmentation.nii.gz"))
    print_header("Kidney tumours of KiTS19", n=f"{len(folders)} cases, seed 0")
    ours, theirs, off, times, n_checked = [], [], 0.0, [], 0
    for name in folders:
        spacing = facts[name]["voxel_spacing"]
        steps = [spacing[key] for key in ("z_spacing", "y_spacing", "x_spacing")]
        labels = np.asarray(nib.load(root / name / "segmentation.nii.gz").dataobj).astype(np.uint8)
        # Slices come first, from top to bottom; rows run to the back and columns to the left.
        affine = np.zeros((4, 4))
        affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = -steps[0], -steps[1], -steps[2], 1
        frame = frame_of(Volume(labels[None], affine))
        largest = 0.0
        for lesion in find_lesions(labels, wanted=[TUMOUR]):
            start = time.perf_counter()
            record = measure_lesion(lesion, frame)
            times.append((lesion.n_voxels, time.perf_counter() - start))
            largest = max(largest, record["long_mm"])
            brute = brute_force(lesion.mask.transpose(frame.order), (steps[1], steps[2]))
            if brute is not None:
                off, n_checked = max(off, abs(brute - record["long_mm"])), n_checked + 1
        size = facts[name].get("radiographic_size")
        print(
            f"  {name}: {largest:6.1f} mm, radiologist {'–' if size is None else f'{10 * size:.0f} mm'}",
            flush=True,
        )
        if size is not None:
            ours.append(largest)
            theirs.append(10 * float(size))
    bias, low, high = limits_of_agreement(ours, theirs)
    print(f"Pearson {pearson(ours, theirs):.3f}; n = {len(ours)}")
    print(f"bias {bias:+.1f} mm; limits of agreement {low:.1f} … {high:.1f} mm")
    rng = np.random.default_rng(0)
    for _ in range(N_SHAPES):
        mask, steps = random_shape(rng), [float(step) for step in rng.uniform(0.4, 3, 2)]
        off = max(off, abs(diameters(mask, steps).long - (brute_force(mask, (steps[0], steps[1])) or 0.0)))
    print(f"brute force: at most {off:.2g} mm off on {n_checked} tumours and {N_SHAPES} random shapes")
    voxels, seconds = np.array(times).T
    per = seconds / voxels * 1e5
    large = voxels > 2e4
    told = f"{per[large].min():.2f} to {per[large].max():.2f} s for 100,000 voxels"
    print(f"size and shape: {told} (n = {large.sum()} tumours over 20,000)")


if __name__ == "__main__":
    main()
