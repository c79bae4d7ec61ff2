"""What the names of files tell in a BIDS dataset: entities, suffix, and which mask belongs to which image."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scanwright.io.formats.table import without_suffix
from scanwright.io.layouts.folder import Folder

# Kinds of data that hold volumes. "ct" and "swi" are not in the standard (yet), and public sets have them.
DATATYPES = ("anat", "ct", "dwi", "func", "perf", "pet", "swi")
MASK_SUFFIXES = ("dseg", "mask", "seg", "lesions", "lesion", "msk")
_NIFTI = (".nii.gz", ".nii")
_NO_MASK = ("probseg",)  # a probability for each voxel, with a label entity all the same
# Entities that say how a file was derived; the image it was derived from does not bear them.
_DERIVED = ("label", "desc", "res", "den", "hemi", "space")
_OWN_SPACE = ("orig", "native", "individual", "scanner")


@dataclass(frozen=True)
class BidsFile:
    """A NIfTI file of a subject.

    Attributes:
        path: relative to the dataset, with forward slashes.
        entities: sub, ses, acq, run, …, as the folders and the name give them.
        suffix: what kind of image ("T1w") or mask ("dseg") it is.
        source: the kind of image that a mask is of, where its name keeps it (T1w in T1w_label-lesion_roi).
    """

    path: str
    entities: Mapping[str, str]
    suffix: str
    source: str = ""

    @property
    def session(self) -> tuple[str, str]:
        """Labels of subject and session; the latter "" where there is none."""
        return self.entities["sub"], self.entities.get("ses", "")

    @property
    def contrast(self) -> str:
        """The suffix, with the entities that tell such images of one session apart (runs excepted)."""
        told = [f"{key}-{value}" for key, value in self.entities.items() if key not in ("sub", "ses", "run")]
        return "_".join([*told, self.suffix])

    @property
    def is_mask(self) -> bool:
        """True when suffix or entities say so."""
        return self.suffix in MASK_SUFFIXES or ("label" in self.entities and self.suffix not in _NO_MASK)


def images_below(folder: Folder) -> Iterator[BidsFile]:
    """The images in sub-*/[ses-*/]anat (dwi, func, …) of a dataset."""
    for subject, below in subject_folders(folder).items():
        sessions = {name: one for name, one in below.folders.items() if name.startswith("ses-")}
        for place, session in {"": below, **sessions}.items():
            prefix = f"{subject}/{place}/" if place else f"{subject}/"
            for datatype in DATATYPES:
                if datatype in session.folders:
                    yield from _files(session.folders[datatype], f"{prefix}{datatype}/")


def subject_folders(folder: Folder) -> dict[str, Folder]:
    """The folders sub-*."""
    return {name: below for name, below in folder.folders.items() if re.match(r"sub-\w", name)}


def masks_below(folder: Folder) -> Iterator[BidsFile]:
    """The masks of subjects anywhere in derivatives/."""
    if "derivatives" in folder.folders:
        yield from (file for file in _tree(folder.folders["derivatives"], "derivatives/") if file.is_mask)


def _tree(folder: Folder, prefix: str) -> Iterator[BidsFile]:
    yield from _files(folder, prefix)
    for name, below in folder.folders.items():
        yield from _tree(below, f"{prefix}{name}/")


def _files(folder: Folder, prefix: str) -> Iterator[BidsFile]:
    for name in folder.files:
        file = parse(prefix + name) if name.lower().endswith(_NIFTI) else None
        if file is not None:
            yield file


def parse(path: str) -> BidsFile | None:
    """What a path tells; ``None`` when it names no subject.

    Subject and session may stand in the folders alone (derivatives/lesions/sub-01/mask.nii.gz).
    """
    *folders, name = path.split("/")
    parts = without_suffix(name).split("_")
    of_folders = [part for part in folders if part.startswith(("sub-", "ses-"))]
    entities = dict(part.split("-", 1) for part in [*of_folders, *parts] if "-" in part)
    bare = [part for part in parts if "-" not in part]
    if not entities.get("sub"):
        return None
    suffix = bare.pop() if bare and parts[-1] == bare[-1] else ""
    return BidsFile(path, entities, suffix, bare[-1] if bare else "")


def fits(mask: BidsFile, image: BidsFile) -> bool:
    """True when a mask's name says nothing that the image's name denies; the session is not looked at."""
    space = mask.entities.get("space", "")
    same_space = space in ("", image.entities.get("space", ""), image.suffix, *_OWN_SPACE)
    said = {key: value for key, value in mask.entities.items() if key not in ("sub", "ses", *_DERIVED)}
    return (
        same_space
        and mask.source in ("", image.suffix)
        and all(_same(image.entities.get(key, ""), value) for key, value in said.items())
    )


def _same(one: str, other: str) -> bool:
    """Indices may have leading zeros: run-1 and run-01 are one."""
    return one == other or (one.isdecimal() and other.isdecimal() and int(one) == int(other))
