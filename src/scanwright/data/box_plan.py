"""How boxes are found, told apart, judged and decided on: a part of the plan."""

from __future__ import annotations

from dataclasses import dataclass, field

from scanwright.data.fields import one_of, ruled, within

HITS = ("iou", "centre")
SUPPRESSIONS = ("hard", "soft", "weighted")
OPERATING_POINTS = ("f1", "sensitivity", "false_alarms")


@dataclass(frozen=True)
class BoxPlan:
    """Used where the answer is boxes.

    Attributes:
        side_voxels: along each axis of the working grid, the side that boxes begin with: the middle one of
            the objects that train.
        suppression: of several boxes around one object, "hard" keeps the surest, "soft" trusts the others
            less, "weighted" makes one of all.
        overlap: intersection over union from which two boxes are of one object.
        hit: when a finding hits an object: "iou", their intersection over union is ``hit_least`` or more; or
            "centre", its centre is nearer to the object's than half of the object's mean side, in mm where
            the spacing is known (LUNA16).
        hit_least: of "iou".
        operating_point: what the threshold of each class is chosen for on validation cases: "f1" (findings
            as often right as objects are found), "sensitivity" or "false_alarms" (a case).
        operating_value: the sensitivity, or the false alarms a case; not used by "f1".
    """

    side_voxels: tuple[float, float, float] = field(
        metadata=ruled(within(1e-3, 1e4)), default=(8.0, 8.0, 8.0)
    )
    suppression: str = field(metadata=ruled(one_of(*SUPPRESSIONS)), default="hard")
    overlap: float = field(metadata=ruled(within(0.05, 0.95)), default=0.5)
    hit: str = field(metadata=ruled(one_of(*HITS)), default="iou")
    hit_least: float = field(metadata=ruled(within(0.05, 0.95)), default=0.5)
    operating_point: str = field(metadata=ruled(one_of(*OPERATING_POINTS)), default="f1")
    operating_value: float = field(metadata=ruled(within(0.0, 100.0)), default=0.0)
