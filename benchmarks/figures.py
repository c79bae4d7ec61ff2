"""What the figure scripts share: where the data are, and how a figure is printed."""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import scanwright as sw
from scanwright.cli.console import Console
from scanwright.data.dataset import Dataset

ROOT = Path(__file__).resolve().parents[1]


def data_root() -> Path:
    """The folder of public data sets.

    Raises:
        SystemExit: it is not there.
    """
    root = Path(os.environ.get("SCANWRIGHT_DATA", ROOT.parent / "shared" / "data"))
    if not (root / "splits.json").is_file():
        sys.exit(f"No data at {root}. Set SCANWRIGHT_DATA to the folder that holds splits.json.")
    return root


def splits(name: str) -> dict[str, Any]:
    """The fixed folds of a data set."""
    found: dict[str, Any] = json.loads((data_root() / "splits.json").read_text())[name]
    return found


def arguments(description: str, minutes: float) -> argparse.ArgumentParser:
    """The options that all scripts have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--minutes", type=float, default=minutes, help="training time of each run")
    parser.add_argument("--out", type=Path, default=Path("runs"), help="where runs go")
    parser.add_argument("--threads", type=int, default=2)
    return parser


def commit() -> str:
    """The commit that is measured, marked when the tree has changes."""
    run = ["git", "-C", str(ROOT)]
    name = subprocess.run([*run, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    changed = subprocess.run([*run, "diff", "--quiet", "HEAD", "--", "src"], check=False).returncode
    return name.stdout.strip() + ("+changes" if changed else "")


def machine() -> str:
    """Processor and cores."""
    names = [line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    processor = names[0] if names else platform.processor()
    return f"{processor}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.is_file() else []


def print_header(title: str, **facts: object) -> None:
    """What was run, where."""
    print(
        f"{title}\ncommit {commit()}; {machine()}; " + "; ".join(f"{k} {v}" for k, v in facts.items()),
        flush=True,
    )


def print_number(name: str, number: Mapping[str, Any], told: str = "") -> None:
    """A number of an evaluation with its interval, and what else is told of it."""
    value, low, high = (
        float("nan") if number[key] is None else number[key] for key in ("value", "low", "high")
    )
    print(f"{name} {value:.4f} [{low:.4f}, {high:.4f}]{told}, n = {number['n']}", flush=True)


def learn_and_judge(
    data: Dataset | Path, run: Path, options: argparse.Namespace, *, seed: int = 0, task: str = "auto"
) -> tuple[sw.Model, sw.Evaluation]:
    """Train a model as the options say, and judge it on the cases that are held out."""
    with progress() as tell:
        model = sw.train(
            data,
            run,
            task=task,
            minutes=options.minutes,
            seed=seed,
            threads=options.threads,
            overwrite=True,
            progress=tell,
        )
        result = sw.evaluate(model, data, run / "evaluation", overwrite=True, progress=tell)
    print(f"{model.provenance['minutes']:.1f} min, {model.provenance['steps']} steps", flush=True)
    return model, result


def unseen_pneumonia(folder: Path) -> Path:
    """PneumoniaMNIST with its official validation images as test cases, and to learn from its training images
    without those that are also among them. The official test split is left alone.

    Returns:
        ``folder/pneumonia.npz``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = np.load(data_root() / "pneumoniamnist" / "pneumoniamnist.npz", allow_pickle=False)
    seen = {image.tobytes() for image in data["val_images"]}
    fresh = np.array([image.tobytes() not in seen for image in data["train_images"]])
    learnt = {f"train_{kind}": data[f"train_{kind}"][fresh] for kind in ("images", "labels")}
    judged = {f"test_{kind}": data[f"val_{kind}"] for kind in ("images", "labels")}
    np.savez(folder / "pneumonia.npz", **learnt, **judged)
    return folder / "pneumonia.npz"


def busi_fold(folder: Path, fold: int, classes: Sequence[str] = ("benign", "malignant", "normal")) -> Path:
    """A manifest of BUSI in which one of the fixed folds is held out; gives the folder."""
    root, folds = data_root() / "busi-breast-ultrasound", splits("busi-breast-ultrasound")["folds"]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "manifest.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("case", "split", "image", "label"))
        for name in sorted(name for names in folds for name in names):
            label = name.split("/")[0]
            if label in classes:
                split = "test" if name in folds[fold] else "train"
                writer.writerow((name.removesuffix(".png"), split, (root / name).resolve(), label))
    return folder


def progress() -> Any:
    """A progress display for long runs."""
    return Console().progress()
