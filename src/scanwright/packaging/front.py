"""The room's part of the Python front door. It imports nothing heavy before it is used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from scanwright.errors import DataError, OutputError
from scanwright.extras import require
from scanwright.packaging.targets import TARGETS
from scanwright.types import PathLikeStr, Progress, silent

if TYPE_CHECKING:
    from scanwright.inference.model import Model
    from scanwright.packaging.export import Exported

MOST_TEXT = 1 << 20


def export(
    model: Model | PathLikeStr,
    out: PathLikeStr,
    *,
    to: str = "onnx",
    precision: str = "fp32",
    card: PathLikeStr | None = None,
    licence: PathLikeStr | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Exported:
    """Write a model as a package: one file that runs without torch, and proves itself when it is opened.

    Args:
        model: a model, or where it is.
        out: the file; its name ends in ".scanwright".
        to: "onnx" or "openvino".
        precision: "fp32", or for OpenVINO "bf16".
        card: the model card to put in; by default the one that ``evaluate`` wrote in the run.
        licence: a text file with the terms that the model is given away on.
        overwrite: replace an earlier package.
        progress: told of every network.

    Raises:
        SettingsError: an unknown target or precision.
        ModelError: there is no model, or the package does not answer as it does.
        OutputError: there is something else at ``out``, or the disk is full.
        MissingExtraError: what makes graphs is not installed.
    """
    from scanwright.inference.package import CARD, LICENCE, SUFFIX, load, write_package

    for name in ("torch", "monai", *(TARGETS[to].needs if to in TARGETS else ())):
        require(name, extra="train" if name in ("torch", "monai") else "export", feature="Exporting a model")
    from scanwright.packaging.export import export_model, find_target

    target = find_target(to, precision)
    path = Path(out)
    if path.suffix != SUFFIX or path.is_dir():
        raise OutputError(
            "a package is one file", subject=str(path), expected=f"a name that ends in {SUFFIX}"
        )
    if path.exists() and not overwrite:
        raise OutputError("there is a file already", subject=str(path), do="Choose another, or --overwrite.")
    texts = {LICENCE: _read_text(licence)} if licence is not None else {}
    loaded = load(model) if isinstance(model, (str, os.PathLike)) else model
    found = loaded.folder.parent / "evaluation" / CARD if loaded.folder is not None else None
    if card is not None or (found is not None and found.is_file()):
        texts[CARD] = _read_text(card or found or CARD)
    exported = export_model(loaded, target, precision, progress)
    write_package(path, exported.model, exported.golden, texts)
    return exported


def _read_text(path: PathLikeStr) -> str:
    try:
        text = Path(path).read_bytes()[: MOST_TEXT + 1].decode()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            "the text can't be read", subject=str(path), expected="a text file in UTF-8"
        ) from error
    if len(text) > MOST_TEXT:
        raise DataError("the text is too long", subject=str(path), expected="at most 1 MiB")
    return text
