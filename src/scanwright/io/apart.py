"""Apart: results and scans do not lie among each other."""

from __future__ import annotations

import os
from pathlib import Path

from scanwright.data.dataset import Dataset
from scanwright.errors import OutputError
from scanwright.io.layouts import manifest


def keep_apart(out: Path, dataset: Dataset) -> None:
    """Raise when results would lie among the scans, or the scans inside the results.

    Masks bear the names of their images, and --overwrite removes earlier results: either could take a scan.
    And what lies among the scans is taken for scans the next time.

    Raises:
        OutputError: naming the folder.
    """
    source, result, among = Path(dataset.source).resolve(), out.resolve(), set[Path]()
    place = source if source.is_dir() else source.parent
    if source.is_dir():  # one file has no others among which results could lie
        files = [place / lazy.source for case in dataset.cases for lazy in case.inputs.values()]
        among = {file.parent for file in files if file.exists()}
        # A manifest alone says what is read, wherever that lies; all other layouts are the folder.
        among |= {place} if dataset.layout != manifest.NAME else set()
    if result in (place, *place.parents) or among & {result, *result.parents}:
        raise OutputError(
            "results may not lie among the scans, nor the scans inside the results",
            subject=os.fspath(out),
            do="Choose an --out beside them.",
        )
