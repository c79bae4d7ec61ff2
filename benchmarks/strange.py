"""Strange images: how often is one warned of before the network runs, and how often without need?

Four kinds of real images (hippocampus MR, chest X-ray, breast ultrasound, retina) are each learnt from
without one part (hippocampus and X-rays: cases drawn by the seed; ultrasound and retina: one fixed fold).
Then, of the part that is left out: the share that is warned of as it is (goal: 1 to 2 %), and the share when
it is mirrored, turned, inverted, magnified, blurred or stored in another range; and of the other kinds, with
as many channels as were learnt from, so that these do not give them away. No network is trained: none is
asked. Time is that of the processor (goal: 5 ms an image, 50 ms a volume).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
from scipy import ndimage

import scanwright as sw
from figures import arguments, data_root, print_header, splits
from scanwright.core.familiarity import ASPECTS, Familiarity, describe_image, learn_familiarity
from scanwright.core.geometry import resample
from scanwright.data.volume import Volume
from scanwright.inference.scope import find_strangeness
from scanwright.io.image import read_image

CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mirrored along i": lambda a: np.flip(a, 1),
    "mirrored along j": lambda a: np.flip(a, 2),
    "mirrored along k": lambda a: np.flip(a, 3),
    "turned by 90°": lambda a: np.rot90(a, 1, (1, 2)),
    "turned by 180°": lambda a: np.rot90(a, 2, (1, 2)),
    "inverted": lambda a: float(a.max()) + float(a.min()) - a.astype(np.float32),
    "magnified × 2": lambda a: magnify(a, 2.0),
    "magnified × 1.5": lambda a: magnify(a, 1.5),
    "blurred": lambda a: ndimage.gaussian_filter(
        a.astype(np.float32), [0, *(2 * (n > 1) for n in a.shape[1:])]
    ),
    "0 … 1 instead of 0 … 255": lambda a: a / np.float32(255),
}


def magnify(array: np.ndarray, times: float) -> np.ndarray:
    """The middle of an image, as large as the whole."""
    ends = [
        (int(n * (1 - 1 / times) / 2), int(n * (1 + 1 / times) / 2)) if n > 1 else (0, 1)
        for n in array.shape[1:]
    ]
    part = array[(slice(None), *(slice(*end) for end in ends))]
    return resample(part.astype(np.float32), array.shape[1:])


def kinds(seed: int, n_test: int, fold: int) -> Iterator[tuple[str, list[Volume], list[Volume]]]:
    """Name, images to learn from, and images that are left out."""
    root, rng = data_root(), np.random.default_rng(seed)
    for name, place, fixed in (
        ("hippocampus", root / "msd-hippocampus", None),
        ("chest X-ray", root / "pneumoniamnist" / "pneumoniamnist.npz", None),
        ("ultrasound", root / "busi-breast-ultrasound", "busi-breast-ultrasound"),
        ("retina", root / "retina-drive" / "training", "retina-drive"),
    ):
        if name == "retina":
            paths = sorted((place / "images").glob("*.tif"))
            left = {path.name for path in paths} & set(splits(fixed)["folds"][fold])
            pairs = [(path.name in left, read_image(path)) for path in paths]
        elif fixed:
            left = {one.removesuffix(".png") for one in splits(fixed)["folds"][fold]}
            known = {one.removesuffix(".png") for part in splits(fixed)["folds"] for one in part}
            pairs = [(c.name in left, c.image.read()) for c in sw.open(place).cases if c.name in known]
        else:
            cases = sw.open(place).cases
            drawn = rng.permutation(len(cases))[: 1000 + n_test]
            pairs = [(n < min(n_test, len(cases) // 4), cases[c].image.read()) for n, c in enumerate(drawn)]
        yield (
            name,
            [image for is_left, image in pairs if not is_left],
            [image for is_left, image in pairs if is_left],
        )


def told(title: str, images: list[Volume], familiar: Familiarity) -> None:
    """Share that is warned of, and in what."""
    found = [find_strangeness(image, familiar).doubts for image in images]
    share = np.mean([bool(one) for one in found])
    names = sorted({doubt.kind.removeprefix("unlike.") for one in found for doubt in one})
    each = {name: np.mean([any(d.kind.endswith(name) for d in one) for one in found]) for name in names}
    print(
        f"{title:44s} {share:.3f}  n = {len(images)}  " + ", ".join(f"{k} {v:.2f}" for k, v in each.items()),
        flush=True,
    )


def like(image: Volume, model: Volume) -> Volume:
    """With as many channels as a model takes, one plane where it takes one."""
    array = image.array
    if array.shape[0] != model.array.shape[0]:
        array = np.repeat(array.mean(axis=0, keepdims=True), model.array.shape[0], axis=0)
    if model.shape[2] == 1:
        array = array[..., array.shape[3] // 2][..., None]
    return Volume(array, image.affine_ras if model.affine_ras is not None else None)


def main() -> None:
    parser = arguments(__doc__ or "", minutes=0.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--test", type=int, default=200, help="images left out, at most a quarter")
    parser.add_argument("--fold", type=int, default=1, help="of ultrasound and retina")
    parser.add_argument("--changed", type=int, default=60, help="images left out that are also shown changed")
    options = parser.parse_args()
    print_header("Strange images", seed=options.seed, fold=options.fold)
    found = list(kinds(options.seed, options.test, options.fold))
    for name, learnt, left in found:
        begun = time.process_time()
        described = [describe_image(image.array, image.affine_ras) for image in learnt]
        each_ms = 1000 * (time.process_time() - begun) / len(learnt)
        # As the rules have it: what is no picture of 8 bits is normalised by itself.
        by_itself = name == "hippocampus"
        aspects = [aspect for aspect in ASPECTS if aspect != "level" or not by_itself]
        familiar = learn_familiarity(described, range(len(described)), aspects)
        print(f"{name}: learnt from {len(learnt)}; {each_ms:.1f} ms an image of {learnt[0].array.shape}")
        told(f"{name}, as they are", left, familiar)
        for other, _, images in found:
            if other != name:
                told(
                    f"{name} model, {other}",
                    [like(one, learnt[0]) for one in images[: options.changed]],
                    familiar,
                )
        for change, make in CHANGES.items():
            if not (("along k" in change and learnt[0].shape[2] == 1) or (by_itself and "0 …" in change)):
                changed = [Volume(np.ascontiguousarray(make(one.array)), one.affine_ras) for one in left]
                told(f"{name}, {change}", changed[: options.changed], familiar)


if __name__ == "__main__":
    main()
