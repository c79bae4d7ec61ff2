"""Compression of a hippocampus run: bytes, Dice, speed of each candidate against the original.

Goals: pruned and in 8 bits at most an eighth of the bytes at a Dice drop of at most 0.003 (bound of the
paired interval); the price of a variant below 200 kB. Judged on 40 validation patients drawn from those that
are not held out; held-out patients are not touched.
"""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import scanwright as sw
from figures import arguments, data_root, print_header, splits
from scanwright.cli.console import Console

N_VAL = 40
SMALL_BYTES = 200_000


def main() -> None:
    parser = arguments(__doc__ or "", minutes=5)
    parser.add_argument("--tuning-minutes", type=float, default=8, help="of all widths together")
    parser.add_argument("--widths", type=float, nargs="+", default=[0.7, 0.5, 0.35, 0.25])
    parser.add_argument("--max-drop", type=float, default=0.003)
    options = parser.parse_args()
    data = write_manifest(options.out / "compression")
    run, small = options.out / "compression" / "run", options.out / "compression" / "small"
    print_header(
        "Compression of a hippocampus run",
        minutes=options.minutes,
        tuning=options.tuning_minutes,
        threads=options.threads,
        seed=0,
    )
    with Console().progress() as progress:
        if not (run / "model").exists():
            sw.train(data, run, minutes=options.minutes, threads=options.threads, progress=progress)
        found = sw.compress(
            run,
            small,
            data=data,
            widths=options.widths,
            minutes=options.tuning_minutes,
            max_drop=options.max_drop,
            everything=True,
            threads=options.threads,
            resume=True,
            progress=progress,
        )
    rows = found.content["candidates"]
    for row in rows:
        tell(row, rows[0]["bytes"])
    print(f"chosen: {found.chosen['name']}; front: {', '.join(found.content['front'])}")
    smallest = [row for row in rows[1:] if row["bytes"] < SMALL_BYTES]
    print(f"below {SMALL_BYTES / 1e3:.0f} kB: {', '.join(row['name'] for row in smallest) or 'none'}")


def tell(row: dict, of_original: int) -> None:  # type: ignore[type-arg]
    """One line."""
    line = f"{row['name']}: {row['bytes']} bytes (1/{of_original / row['bytes']:.1f})"
    line += f", widths {row['widths']}"
    if row["memory"]:
        line += f", {row['memory'] / 1e6:.0f} MB at the peak"
    for name in ("network", "end_to_end"):
        line += f", {name} {1e3 * row[name]['s']:.1f} ms ({row[name]['speedup']:.2f} x)"
    if (score := row.get("score")) is not None:
        line += f", Dice {score['b']:.4f} against {score['a']:.4f}: {score['difference']:+.4f}"
        line += f" [{score['low']:+.4f}, {score['high']:+.4f}], n = {row['n_patients']}: {row['verdict']}"
        told = "; ".join(
            f"{check['name']} worse by {check['loss']:+.4f} (at most {check['high']:+.4f}): "
            f"{check['verdict']}"
            for check in row["checks"][1:]
            if check["high"] is not None
        )
        line += f"; {told}" if told else ""
    print(line, flush=True)


def write_manifest(folder: Path) -> Path:
    """The data set with its held-out patients as test, and validation patients drawn from the others."""
    root, held_out = data_root() / "msd-hippocampus", set(splits("msd-hippocampus")["held_out"])
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    images = sorted((root / "imagesTr").glob("*.nii.gz"))
    free = [image.name for image in images if image.name not in held_out]
    val = set(random.Random(0).sample(free, N_VAL))
    with (data / "manifest.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("case", "patient", "split", "image", "mask"))
        for image in images:
            split = "test" if image.name in held_out else "val" if image.name in val else "train"
            mask = root / "labelsTr" / image.name
            writer.writerow((image.name[:-7], image.name[:-7], split, image.resolve(), mask.resolve()))
    names = {"labels": {"background": 0, "anterior": 1, "posterior": 2}}
    (data / "dataset.json").write_text(json.dumps(names))
    return data


if __name__ == "__main__":
    main()
