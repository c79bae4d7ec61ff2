"""The room's part of the Python front door. It imports nothing heavy before it is used."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scanwright.compression.narrowing import WIDTHS
from scanwright.data.dataset import Dataset
from scanwright.errors import DataError, ModelError, SettingsError
from scanwright.extras import require
from scanwright.io.files import read_json
from scanwright.types import PathLikeStr, Progress, silent

if TYPE_CHECKING:
    from scanwright.compression.run import Compressed

MAX_DROP = 0.005


def compress(
    run: PathLikeStr,
    out: PathLikeStr,
    *,
    data: Dataset | PathLikeStr | None = None,
    max_drop: float = MAX_DROP,
    target_speedup: float | None = None,
    widths: Sequence[float] = WIDTHS,
    minutes: float | None = None,
    by: Sequence[str] = (),
    everything: bool = False,
    series: str | None = None,
    patient_pattern: str | None = None,
    lang: str = "en",
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = silent,
    device: str = "auto",
    threads: int | None = None,
) -> Compressed:
    """Make a run's model smaller and faster, as far as validation patients show that little is lost.

    Tried are 8 bits, and narrower networks: pruned, then tuned beside the original, which teaches them.

    Args:
        run: a run folder.
        out: where ``model.scanwright``, the other packages worth having, ``compression.json`` and
            ``compression.html`` go.
        data: what the run was trained on, or where it is; by default where it was then.
        max_drop: by which the task's leading number may get worse: the bound of the paired interval.
        target_speedup: end to end, against the original; what is then chosen is the most accurate candidate
            that reaches it, whatever it loses.
        widths: shares of the channels of the narrower networks, descending; none for 8 bits alone.
        minutes: that tuning all of them may take; by default as long as the run was trained.
        by: columns of the data that divide validation cases into subgroups, none of which may lose more.
        everything: try all candidates, also beyond the first that loses too much.
        series, patient_pattern: see ``open``.
        lang: language of the page, "en" or "zh".
        resume: go on where an earlier search in ``out`` stopped.
        overwrite: replace an earlier search in ``out``.
        progress: told of every stage.
        device: where narrower networks are tuned; all are judged on the processor.
        threads: of the processor; ``None`` takes all.

    Raises:
        ModelError: there is no run, or its training has not finished.
        DataError: its data are not there, or are others.
        SettingsError: wishes that make no sense; an ensemble.
        OutputError: ``out`` holds something else, or the disk is full.
        MissingExtraError: what makes or rounds graphs is not installed.
    """
    for name in ("torch", "monai", "lightning"):
        require(name, extra="train", feature="Compressing a model")
    for name in ("onnx", "onnxscript", "openvino", "nncf"):
        require(name, extra="compress", feature="Compressing a model")
    from scanwright.compression.run import compress_run
    from scanwright.compression.search import Wishes
    from scanwright.inference.model import load_model
    from scanwright.io.dataset import open_dataset
    from scanwright.report.texts import Words

    Words(lang)
    _check(max_drop, target_speedup, widths, minutes)
    folder = _check_run(Path(run))
    original = load_model(folder)
    if data is None:
        data = _own_data(folder)
    dataset = (
        data
        if isinstance(data, Dataset)
        else open_dataset(data, patient_pattern=patient_pattern, series=series)
    )
    return compress_run(
        original,
        folder,
        dataset,
        Path(out),
        Wishes(tuple(sorted(widths, reverse=True)), minutes, target_speedup, everything),
        max_drop=max_drop,
        by=by,
        lang=lang,
        resume=resume,
        overwrite=overwrite,
        progress=progress,
        device=device,
        threads=threads,
    )


def _check(
    max_drop: float, target_speedup: float | None, widths: Sequence[float], minutes: float | None
) -> None:
    """Raise where a wish makes no sense."""
    for name, value, sensible in (
        ("max_drop", max_drop, max_drop >= 0),
        ("target_speedup", target_speedup, target_speedup is None or target_speedup > 1),
        ("minutes", minutes, minutes is None or 0 < minutes < 1e5),
        *(("widths", share, 0 < share < 1) for share in widths),
    ):
        if not sensible:
            expected = {
                "max_drop": "0 or more",
                "target_speedup": "more than 1",
                "minutes": "a positive number below 100,000",
                "widths": "shares between 0 and 1",
            }[name]
            raise SettingsError(f"{name} makes no sense", expected=expected, received=f"{name}={value}")


def _check_run(run: Path) -> Path:
    """The run folder.

    Raises:
        ModelError: it is a package, or no whole run.
    """
    if run.is_file():
        raise ModelError(
            "this is a file; packages can't be compressed, as they hold no weights to tune and no split",
            subject=str(run),
            do="Name the run folder that it was exported from.",
        )
    folder = run.parent if run.name == "model" and (run.parent / "splits.json").is_file() else run
    if (folder / "model.json").is_file() and not (folder / "splits.json").is_file():
        raise ModelError(
            "this is a model without its run: which cases it was chosen by is not known",
            subject=str(run),
            do="Name the run folder that train wrote.",
        )
    return folder


def _own_data(run: Path) -> str:
    """Where the run's data were when it was trained.

    Raises:
        DataError: they are not there now.
    """
    facts = run / "fingerprint.json"
    source = str(read_json(facts).get("source", "")) if facts.is_file() else ""
    if not source or not os.path.exists(source):
        raise DataError(
            "the data that the run was trained on are not where they were then",
            subject=str(run),
            received=source,
            do="Name them with --data. They are needed: training cases to tune and to choose 8-bit steps, "
            "validation cases to judge.",
        )
    return source
