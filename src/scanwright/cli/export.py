"""``scanwright export``: a model as one file that runs without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scanwright.cli import options
from scanwright.cli.console import Console


def export(
    run: Annotated[Path, typer.Argument()],
    out: Annotated[Path, typer.Option("--out", help="The package, a file whose name ends in .scanwright.")],
    to: Annotated[
        str, typer.Option("--to", help="onnx, or openvino (on processors of Intel and AMD often faster).")
    ] = "onnx",
    precision: Annotated[
        str, typer.Option("--precision", help="fp32; openvino also bf16, for processors that have it.")
    ] = "fp32",
    card: Annotated[
        Path | None,
        typer.Option("--card", help="Model card to put in; by default the one of the run's evaluation."),
    ] = None,
    licence: Annotated[
        Path | None, typer.Option("--licence", help="Text file: the terms that the model is given away on.")
    ] = None,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
    as_json: options.Json = False,
) -> int:
    """Export a model as a package: one file that needs no torch, and checks itself when it is opened.

    RUN is a run folder or a model folder. The package holds networks, preprocessing,
    labels, thresholds, calibration and plan, and answers to golden cases; predict,
    evaluate and compare take it wherever they take a model.
    """
    from scanwright.packaging.front import export as write

    console = Console(quiet, as_json)
    with console.progress() as progress:
        made = write(
            run,
            out,
            to=to,
            precision=precision,
            card=card,
            licence=licence,
            overwrite=overwrite,
            progress=progress,
        )
    size = out.stat().st_size
    console.say(f"Package: {out} ({size / 1e6:.1f} MB)")
    kind = "largest" if precision == "fp32" else "mean"
    console.say(
        f"It answers its golden cases as the model does in 32 bit ({kind} difference {made.difference:.1g})."
    )
    if made.coarser_run:
        masks = ", masks in some voxels" if made.model.plan.is_tiled else ""
        console.say(
            "The run itself answers in 16 bit on this processor, which differs a little: "
            f"probabilities in their last digits{masks}."
        )
    console.finish(out=str(out), bytes=size, difference=made.difference, coarser_run=made.coarser_run)
    return 0
