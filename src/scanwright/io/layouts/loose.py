"""Images without labels, for predictions."""

from __future__ import annotations

from scanwright.data.case import Case
from scanwright.data.dataset import Dataset
from scanwright.io.layouts.folder import Folder
from scanwright.io.layouts.nnunet import group_channels, lazy_image

NAME = "images without labels"


def open_loose(folder: Folder, source: str) -> Dataset:
    """One case per image below the folder, named by its path; NAME_0000, NAME_0001 are channels."""
    images = group_channels(tuple(folder.images_below()))
    cases = tuple(
        Case(name, {"image": lazy_image(folder.path, files)}) for name, files in sorted(images.items())
    )
    return Dataset(cases, NAME, source)
