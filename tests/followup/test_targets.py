"""Which lesions are proposed as targets, and how large split and lost ones are."""

from __future__ import annotations

import pytest

from scanwright.followup.choices import LesionChoice, _names_organ
from scanwright.followup.targets import propose_roles, size_lesion, size_mm
from scanwright.types import JsonDict


def measured(long_mm: float, short_mm: float | None = None, *, borders: tuple[str, ...] = ()) -> JsonDict:
    short = long_mm if short_mm is None else short_mm
    told = {"long_mm": long_mm, "short_mm": short, "product_mm2": long_mm * short, "volume_ml": long_mm / 10}
    return told | {"log_volume_sd": 0.1, "mean": 0.0, "centre_ras_mm": [0, 0, 0], "borders": list(borders)}


def roles(*lesions: tuple[JsonDict, dict], slice_mm: float = 1.0) -> list[tuple[str, str]]:
    """Of lesions at one date, each with what is known of it."""
    study = {"study": "a", "day": 0, "slice_mm": slice_mm}
    records = [record for record, _ in lesions]
    choices = [
        LesionChoice(f"L{n}", "", {"a": (n,)}, **known) for n, (_, known) in enumerate(lesions, start=1)
    ]
    propose_roles(choices, {one.name: size_lesion(one, [study], [records]) for one in choices})
    assert all(one.proposed == one.role for one in choices)
    return [(one.role, one.why) for one in choices]


def test_the_five_largest_are_targets() -> None:
    told = roles(*[(measured(10 + n), {}) for n in range(7)])
    assert [role for role, _ in told] == ["non-target"] * 2 + ["target"] * 5
    assert told[0] == ("non-target", "five")


def test_at_most_two_an_organ_where_organs_are_named() -> None:
    told = roles(
        *[(measured(30 - n), {"organ": "liver"}) for n in range(3)], (measured(12), {"organ": "lung"})
    )
    assert told == [*[("target", "largest")] * 2, ("non-target", "organ"), ("target", "largest")]


@pytest.mark.parametrize(
    ("long_mm", "slice_mm", "role"),
    [(9.9, 1, "non-target"), (10, 1, "target"), (11, 6, "non-target"), (12, 6, "target")],
)
def test_a_target_is_ten_mm_and_two_slices_long(long_mm: float, slice_mm: float, role: str) -> None:
    assert roles((measured(long_mm), {}), slice_mm=slice_mm)[0][0] == role


@pytest.mark.parametrize(
    ("short_mm", "told"),
    [(9, ("ignored", "normal_node")), (12, ("non-target", "small_node")), (15, ("target", "largest"))],
)
def test_nodes_go_by_their_short_axis(short_mm: float, told: tuple[str, str]) -> None:
    assert roles((measured(40, short_mm), {"node": True})) == [told]


def test_what_touches_the_edge_is_no_target() -> None:
    assert roles((measured(40, borders=("i-",)), {})) == [("non-target", "border")]


def test_split_merged_lost_and_unknown_lesions() -> None:
    studies = [{"study": name, "day": n, "slice_mm": 1.0} for n, name in enumerate("abcd")]
    one = LesionChoice("L1", "", {"a": (1, 2), "b": None, "c": (), "d": ()}, events=[("d", "merged")])
    rows = size_lesion(one, studies, [[measured(10, 6), measured(5, 4)], [], [], []])
    assert [row["status"] for row in rows] == ["seen", "unknown", "absent", "merged"]
    assert [size_mm(row, node=False) for row in rows] == [15, None, 0, 0]
    assert size_mm(rows[0], node=True) == 10


def test_specks_that_appear_are_not_progression() -> None:
    studies = [{"study": name, "day": n, "slice_mm": 1.0} for n, name in enumerate("ab")]
    for long_mm, role in ((3.0, "ignored"), (6.0, "new")):
        one = LesionChoice("L1", "", {"a": (), "b": (1,)})
        propose_roles([one], {"L1": size_lesion(one, studies, [[], [measured(long_mm)]])})
        assert one.role == role


@pytest.mark.parametrize(
    ("name", "is_one"), [("liver_lesion", True), ("GTV_Mass_CT", False), ("肺结节", True)]
)
def test_only_names_of_organs_are_organs(name: str, is_one: bool) -> None:
    assert _names_organ(name) == is_one
