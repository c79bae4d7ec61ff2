"""Which image of an export another object belongs to: by what it refers to, else by the space it lies in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from scanwright.io.dicom.series import Series


@dataclass(frozen=True)
class Reference:
    """What an object says of its image.

    Attributes:
        series_uids: of the images that it refers to.
        instance_uids: of single ones, slices or files of frames.
        frame_uid: the frame of reference, by which images of one session lie in one space; "" when unknown.
    """

    series_uids: tuple[str, ...] = ()
    instance_uids: frozenset[str] = frozenset()
    frame_uid: str = ""


def find_images(
    reference: Reference, volumes: Mapping[str, Series], present: Collection[str]
) -> tuple[list[str], bool]:
    """The names of the volumes that an object may belong to, and whether only their space says so.

    Single images tell the volumes of a series apart (echoes, phases), and suffice where no series is named.

    Args:
        reference: what the object says.
        volumes: those to choose from, by name.
        present: all series that are there; what belongs to one of them is not given to another one.
    """
    holding = [name for name, volume in volumes.items() if volume.instance_uids & reference.instance_uids]
    named = [name for name, volume in volumes.items() if volume.uid in reference.series_uids]
    both = [name for name in named if name in holding]
    if both or named or holding:
        return both or named or holding, False
    if not reference.frame_uid or not set(reference.series_uids).isdisjoint(present):
        return [], False
    return [name for name, one in volumes.items() if one.planes[0].frame_uid == reference.frame_uid], True
