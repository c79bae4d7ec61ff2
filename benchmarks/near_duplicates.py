"""Copies among 5,000 pictures: how long the search takes, and which copies it finds.

The pictures are real ones of four kinds: breast ultrasound, MR slices and blood smears as they are, and chest
X-rays of 28 pixels, enlarged, as the hardest to tell apart. They are written as PNG files of 256 to 640
pixels; copies of some are planted, twenty of each kind of change. What is found before anything is planted
(neighbouring slices, pictures that a data set holds twice) is listed first and is no false alarm. Recall:
copies that are joined to their original. Precision: pairs found between a copy and its original, of all pairs
that were not there before. Goal: 60 s for everything, reading included, on 2 cores.
"""

from __future__ import annotations

import argparse
import io
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

import scanwright as sw
from figures import data_root, print_header
from scanwright.core.copies import CopyPair, find_copies, join_copies, take_look
from scanwright.io.dataset import open_inputs

N_PICTURES = 5000
N_PLANTS = 20
Change = Callable[[Image.Image, np.random.Generator], Image.Image]


def compressed(quality: int) -> Change:
    def change(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        return Image.open(buffer).copy()

    return change


def resized(factor: float) -> Change:
    def change(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        size = tuple(round(factor * n) for n in image.size)
        return image.resize(size, Image.Resampling.BICUBIC)

    return change


def toned(gain: float, gamma: float) -> Change:
    table = [min(255, round(255 * gain * (value / 255) ** gamma)) for value in range(256)]
    return lambda image, rng: image.point(table)


def cropped(left: float, top: float, right: float, bottom: float) -> Change:
    def change(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        width, height = image.size
        return image.crop(
            (
                round(left * width),
                round(top * height),
                round((1 - right) * width),
                round((1 - bottom) * height),
            )
        )

    return change


def deepened(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return Image.fromarray(np.asarray(image).astype(np.uint16) * 200 + 1000)


def mixed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    left, top, right, bottom = rng.uniform(0, 0.03, 4)
    image = cropped(left, top, right, bottom)(image, rng)
    image = toned(rng.uniform(0.7, 1.2), rng.uniform(0.7, 1.4))(image, rng)
    return compressed(50)(resized(rng.uniform(0.5, 1.5))(image, rng), rng)


CHANGES: dict[str, Change] = {
    "JPEG, quality 30": compressed(30),
    "half the size": resized(0.5),
    "twice the size": resized(2),
    "brighter by 40 %": toned(1.4, 1),
    "darker by half": toned(0.5, 1),
    "gamma 0.5": toned(1, 0.5),
    "gamma 2": toned(1, 2),
    "16 bits": deepened,
    "2 % off each side": cropped(0.02, 0.02, 0.02, 0.02),
    "5 % off each side": cropped(0.05, 0.05, 0.05, 0.05),
    "5 % off one side": cropped(0.05, 0, 0, 0),
    "mirrored": lambda image, rng: ImageOps.mirror(image),
    "a quarter turn": lambda image, rng: image.transpose(Image.Transpose.ROTATE_90),
    "mirrored, JPEG, 2 % off": lambda image, rng: cropped(0.02, 0.02, 0, 0)(
        ImageOps.mirror(compressed(50)(image, rng)), rng
    ),
    "a bit of everything": mixed,
}


def write_hosts(folder: Path, n: int, rng: np.random.Generator) -> None:
    """Real pictures as grey PNG files."""
    root = data_root()
    sources = {
        "ultrasound": sw.open(root / "busi-breast-ultrasound"),
        "slice": open_inputs(root / "brain-tumor-detection-yolo" / "images" / "train"),
        "smear": open_inputs(root / "bccd" / "JPEGImages"),
        "xray": sw.open(root / "pneumoniamnist"),
    }
    written = 0
    for name, dataset in sources.items():
        for case in dataset.cases[: n - written]:
            grey = case.image.read().array[..., 0].mean(axis=0).round().astype(np.uint8).T
            image = Image.fromarray(grey)
            if name == "xray":
                side = int(rng.integers(256, 513))
                image = image.resize((side, side), Image.Resampling.BICUBIC)
            image.save(folder / f"{written:05d}_{name}.png", compress_level=1)
            written += 1


def plant(folder: Path, rng: np.random.Generator) -> dict[str, dict[str, str]]:
    """Copies written beside their originals: change → copy → original."""
    hosts = sorted(folder.iterdir())
    originals = iter(rng.permutation(len(hosts)))
    planted: dict[str, dict[str, str]] = {}
    for number, (title, change) in enumerate(CHANGES.items()):
        own = planted.setdefault(title, {})
        for plant_number in range(N_PLANTS):
            original = hosts[next(originals)]
            copy = folder / f"copy_{number:02d}_{plant_number:02d}.png"
            change(Image.open(original), rng).save(copy, compress_level=1)
            own[copy.stem] = original.stem
    return planted


def search(folder: Path, *, told: bool = False) -> tuple[list[str], list[CopyPair]]:
    """Names of the pictures, and pairs of copies."""
    cases = open_inputs(folder).cases
    start, looking = (time.perf_counter(), time.process_time()), 0.0
    looks = []
    for case in cases:
        image = case.image.read()
        before = time.perf_counter()
        looks.append(take_look(image.array, image.affine_ras))
        looking += time.perf_counter() - before
    read = time.perf_counter() - start[0] - looking
    before = time.perf_counter()
    pairs = find_copies(looks)
    end = (time.perf_counter(), time.process_time())
    if told:
        kept = sum(look.nbytes for look in looks if look is not None)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{len(cases)} pictures: {end[0] - start[0]:.1f} s in all (processor {end[1] - start[1]:.1f} s): "
            f"reading {read:.1f} s, looks {looking:.1f} s, search {end[0] - before:.1f} s\n"
            f"memory: {kept / len(cases) / 1000:.1f} kB kept a picture, process at most {peak:.0f} MB"
        )
    return [case.name for case in cases], pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    print_header("Copies among 5,000 pictures", plants=N_PLANTS, seed=options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_hosts(folder, N_PICTURES - N_PLANTS * len(CHANGES), rng)
        hosts, before = search(folder)
        groups = join_copies(len(hosts), before)
        group_of = {hosts[n]: f"group {g}" for g, own in enumerate(groups) for n in own}
        print(f"before: {sum(map(len, groups))} of {len(hosts)} pictures in {len(groups)} groups of copies")
        planted = plant(folder, rng)
        names, pairs = search(folder, told=True)
    original_of = {copy: original for own in planted.values() for copy, original in own.items()}
    joined = {frozenset((names[pair.a], names[pair.b])): pair for pair in pairs}
    together = {names[n]: g for g, own in enumerate(join_copies(len(names), pairs)) for n in own}
    print(f"{'change':26} {'recall':>7} {'agreement':>10} {'said to be mirrored':>20}")
    for title, own in planted.items():
        hit = [copy for copy, original in own.items() if together.get(copy, -1) == together.get(original, -2)]
        direct = [joined[key] for copy in hit if (key := frozenset((copy, own[copy]))) in joined]
        least = f"≥ {min(pair.agreement for pair in direct):.2f}" if direct else "–"
        print(f"{title:26} {len(hit) / len(own):7.2f} {least:>10} {sum(p.turned for p in direct):20d}")
    roots = [tuple(original_of.get(name, name) for name in pair) for pair in joined]
    wrong = [root for root in roots if len({group_of.get(name, name) for name in root}) > 1]
    right = sum(any(name in original_of for name in pair) for pair in joined) - len(wrong)
    print(f"precision {right / max(1, right + len(wrong)):.3f} ({right} pairs right, {len(wrong)} wrong)")


if __name__ == "__main__":
    main()
