"""The fingerprint: facts of the training side, and what was set aside."""

import dataclasses
import json

import numpy as np
import pytest

from builders import ball_mask, cohort, labelled_pictures, masked_volumes, memory_case, noise
from scanwright.data.boxes import Boxes
from scanwright.data.case import Case, Lazy, SetAside
from scanwright.errors import DataError
from scanwright.planning.fingerprint import take_fingerprint

SHAPE = (12, 10, 8)
ASIDE = SetAside("gone", "list", "no mask")


def volume(name, *, scale=1.0, top=200, seed=0, **known):
    image = (noise((1, *SHAPE), seed=seed, top=top) * scale).astype(np.float32)
    return memory_case(name, image, **{"mask": ball_mask(SHAPE)} | known)


def reasons(facts):
    return {entry.case: entry.reason for entry in facts.set_aside}


def test_volumes_with_masks_are_understood():
    facts = take_fingerprint(cohort(masked_volumes(10, label=4)))
    assert facts.target == "mask"
    assert facts.dims == 3
    assert facts.median_shape == (10, 12, 8)
    np.testing.assert_allclose(facts.spacing_mm, [[0.8, 0.7, 2.5]] * 3)
    assert facts.channels == ("image",)
    assert facts.classes == {"0": 8, "4": 8}
    assert facts.foreground_share == pytest.approx((ball_mask(SHAPE) > 0).mean())
    assert facts.small_mm == pytest.approx(((ball_mask(SHAPE) > 0).sum() * 0.8 * 0.7 * 2.5) ** (1 / 3))
    assert facts.n_train == 7
    assert not facts.eight_bit


def test_small_pieces_count_by_what_they_hold_and_crumbs_do_not():
    def mask(*sides):
        drawn = np.zeros((40, 40, 40), np.uint8)
        for n, side in enumerate(sides):
            i, j = 12 * (n % 3), 12 * (n // 3)
            drawn[i : i + side, j : j + side, :side] = 1
        return drawn

    def small(*sides):
        cases = [
            memory_case(f"c{n}", noise((1, 40, 40, 40), seed=n), mask=mask(*sides), affine=np.eye(4))
            for n in range(5)
        ]
        return take_fingerprint(cohort(cases)).small_mm

    assert small(10, 1, 1, 1) == pytest.approx(10)
    assert small(6, 3, 3, 3) == pytest.approx(3)


def test_photographs_with_classes_are_understood():
    facts = take_fingerprint(cohort(labelled_pictures(10)))
    assert facts.target == "label"
    assert facts.dims == 2
    assert facts.spacing_mm is None
    assert facts.eight_bit
    assert sum(facts.classes.values()) == 16
    assert set(facts.classes) == {"benign", "malignant"}


@pytest.mark.parametrize("make", [lambda: masked_volumes(6), lambda: labelled_pictures(10)])
def test_a_fingerprint_is_plain_and_says_everything(make):
    plain = take_fingerprint(cohort(make(), notes=("a note",), set_aside=(ASIDE,))).to_json()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["notes"] == ["a note"]
    assert plain["set_aside"] == [{"case": "gone", "stage": "list", "reason": "no mask"}]
    assert plain["n_cases"] == len(plain["cases"]) == sum(plain["splits"].values())
    assert plain["n_patients"] is None
    assert {row["split"] for row in plain["cases"]} == {"train", "val", "test"}


def boxed(name, *classes, seed=0, side=4, **known):
    """A case with an object of each class, one beside the other."""
    box = [[[2 * n, 1, 1], [2 * n + 2, 1 + side, 4]] for n in range(len(classes))]
    return volume(name, seed=seed, mask=None, boxes=Boxes(np.reshape(box, (-1, 2, 3)), classes), **known)


def boxed_cases(n=20):
    """Every case has two cells, every second a cyst, three a tumour, and every fifth has nothing."""
    return [
        boxed(
            f"c{k}",
            *(("cell", "cell", *(["cyst"] * (k % 2)), *(["tumour"] * (k in (1, 2, 3)))) if k % 5 else ()),
            seed=k,
            split="test" if k >= n - 4 else None,
        )
        for k in range(n)
    ]


def test_boxes_are_understood_and_images_without_objects_are_cases():
    facts = take_fingerprint(cohort(boxed_cases()), target="boxes")
    learnt = [k for k in range(16) if k % 5]
    assert facts.classes == {"cell": 12, "cyst": 6, "tumour": 3}
    n_objects = 2 * 12 + 6 + 3
    assert facts.class_shares == {
        "cell": pytest.approx(24 / n_objects),
        "cyst": pytest.approx(6 / n_objects),
        "tumour": pytest.approx(3 / n_objects),
    }
    assert facts.box_counts.tolist() == [
        2 + k % 2 + (k in (1, 2, 3)) if k in learnt else 0 for k in range(16)
    ]
    np.testing.assert_array_equal(facts.box_sides, [[4, 2, 3]] * n_objects)
    np.testing.assert_allclose(facts.box_spacing_mm, [[0.8, 0.7, 2.5]] * n_objects)
    assert set(facts.splits.of.values()) == {"train", "val", "test"}


def test_a_fingerprint_of_boxes_tells_how_many_and_how_large():
    plain = take_fingerprint(cohort(boxed_cases()), target="boxes").to_json()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    told = plain["boxes"]
    assert (told["objects"], told["cases_without"]) == (33, 4)
    assert told["objects_a_case"] == {"10": 0.0, "50": 2.0, "90": 3.5}
    assert told["sides_voxels"] == {key: [4.0, 2.0, 3.0] for key in ("10", "50", "90")}
    assert told["sides_mm"]["50"] == [3.2, 1.4, 7.5]
    assert plain["cases"][3]["labels"] == {"cell": 2, "cyst": 1, "tumour": 1}
    assert take_fingerprint(cohort(labelled_pictures(4))).to_json()["boxes"] is None


def test_objects_of_photographs_are_measured_in_pixels_only():
    cases = [
        memory_case(
            f"p{k}",
            noise((3, 9, 7, 1), seed=k),
            affine=None,
            boxes=Boxes([[[0, 0, 0], [k + 1, 2, 1]]], ("cell",)),
        )
        for k in range(5)
    ]
    facts = take_fingerprint(cohort(cases), target="boxes")
    assert facts.box_spacing_mm is None
    assert facts.to_json()["boxes"]["sides_mm"] is None


def test_objects_of_a_class_in_fewer_than_three_cases_are_not_learnt():
    cases = [*(boxed(f"c{k}", "cell", seed=k) for k in range(12)), boxed("rare", "tumour", "tumour", seed=50)]
    cases = [dataclasses.replace(c, split=None if c.name != "c0" else "test") for c in cases]
    facts = take_fingerprint(cohort(cases), target="boxes")
    assert facts.classes == {"cell": 11}
    assert facts.class_shares == {"cell": 1.0}
    assert any("not learnt" in note and note.endswith("tumour") for note in facts.dataset.notes)


def test_images_without_any_object_are_no_reason_to_stop():
    facts = take_fingerprint(cohort([boxed(f"c{k}", seed=k) for k in range(6)]), target="boxes")
    assert facts.classes == {}
    assert facts.box_sides.shape == (0, 3)
    told = facts.to_json()["boxes"]
    assert told["objects"] == 0
    assert told["sides_voxels"] == {}


def test_every_split_gets_its_share_of_the_rare_objects():
    cases = [boxed(f"c{k}", "cell", *(["tumour"] if k < 10 else []), seed=k) for k in range(40)]
    splits = take_fingerprint(cohort(cases), target="boxes").splits
    assert sum(splits.of[f"c{k}"] == "test" for k in range(10)) == 2


def test_it_counts_how_often_each_class_occurs():
    masks = take_fingerprint(cohort(masked_volumes(6, label=4))).class_shares
    share = float((ball_mask(SHAPE) > 0).mean())
    assert masks == {"0": pytest.approx(1 - share), "4": pytest.approx(share)}
    pictures = take_fingerprint(cohort(labelled_pictures(10)))
    assert pictures.class_shares == {"benign": 0.5, "malignant": 0.5}
    assert pictures.to_json()["class_shares"] == {"benign": 0.5, "malignant": 0.5}


def test_known_patients_are_counted():
    cases = [dataclasses.replace(case, patient=f"p{n // 2}") for n, case in enumerate(masked_volumes(8))]
    facts = take_fingerprint(cohort(cases, patients="manifest"))
    assert facts.to_json()["n_patients"] == 4
    for first, second in zip(cases[::2], cases[1::2], strict=True):
        assert facts.splits.of[first.name] == facts.splits.of[second.name]


def test_an_intensity_scale_that_differs_between_cases_is_noticed():
    cases = [volume(f"c{n}", scale=10.0 ** (n % 4), seed=n) for n in range(12)]
    (intensity,) = take_fingerprint(cohort(cases)).intensity
    assert 700 < intensity["scale_ratio"] < 1400
    (usual,) = take_fingerprint(cohort([volume(f"c{n}", seed=n) for n in range(12)])).intensity
    assert usual["scale_ratio"] < 1.1


def test_test_cases_influence_nothing_that_is_learnt():
    def cohort_with(test_cases):
        learnt = [volume(f"c{n}", seed=n, split="train" if n < 6 else "val") for n in range(8)]
        return cohort([*learnt, *test_cases])

    usual = [volume(f"t{n}", seed=50 + n, split="test") for n in range(3)]
    wild = [
        memory_case(
            f"t{n}",
            noise((1, 40, 40, 2), seed=n).astype(np.float32) * 1e5,
            mask=ball_mask((40, 40, 2), label=9),
            affine=np.diag([9.0, 9.0, 9.0, 1.0]),
            split="test",
        )
        for n in range(3)
    ]
    flat = [memory_case("t0", noise((1, 40, 40, 1)), mask=ball_mask((40, 40, 1)), split="test")]
    one, other, third = (take_fingerprint(cohort_with(cases)) for cases in (usual, wild, flat))
    learnt = (
        "dims",
        "median_shape",
        "channels",
        "intensity",
        "modality",
        "eight_bit",
        "classes",
        "class_shares",
        "foreground_share",
        "small_mm",
        "least_pieces",
    )
    for changed in (other, third):
        for name in learnt:
            assert getattr(changed, name) == getattr(one, name), name
        np.testing.assert_array_equal(changed.spacing_mm, one.spacing_mm)


def test_non_finite_voxels_are_told_by_case():
    cases = masked_volumes(5)
    broken = noise((1, *SHAPE), seed=9).astype(np.float32)
    broken[0, 0, 0, 0] = np.nan
    facts = take_fingerprint(cohort([*cases, memory_case("broken", broken, mask=ball_mask(SHAPE))]))
    assert facts.to_json()["non_finite_voxels"] == {"broken": 1}


def test_a_constant_image_is_set_aside_and_the_rest_goes_on():
    constant = memory_case("grey", np.full((1, *SHAPE), 3), mask=ball_mask(SHAPE))
    facts = take_fingerprint(cohort([*masked_volumes(5), constant]))
    assert "constant" in reasons(facts)["grey"]
    assert "grey" not in facts.splits.of
    assert len(facts.dataset) == 5


def test_a_file_that_cannot_be_read_is_set_aside_with_its_reason():
    def fail():
        raise DataError("it is cut short", subject="b.nii.gz")

    bad = Case("b", {"image": Lazy("b.nii.gz", fail)}, {"mask": Lazy("m", fail)})
    facts = take_fingerprint(cohort([*masked_volumes(5), bad]))
    assert reasons(facts) == {"b": "b.nii.gz: it is cut short."}


def test_a_case_without_target_is_set_aside():
    facts = take_fingerprint(cohort([*masked_volumes(5), memory_case("bare", noise((1, *SHAPE)))]))
    assert "no mask" in reasons(facts)["bare"]


def test_a_class_with_one_case_is_set_aside():
    cases = [*labelled_pictures(4), *labelled_pictures(1, names=("rare",))]
    facts = take_fingerprint(cohort(cases))
    assert "'rare' has fewer than 3 cases" in reasons(facts)["rare0"]
    assert "rare" not in facts.classes


def test_a_class_of_one_patient_is_said_to_be_missing_where_it_is():
    several = [dataclasses.replace(case, patient="one") for case in labelled_pictures(5, ("rare",))]
    facts = take_fingerprint(cohort([*labelled_pictures(10), *several]))
    assert len({facts.splits.of[case.name] for case in several}) == 1
    (note,) = facts.notes
    assert note.startswith("class 'rare' is not in ")
    assert ("it cannot be learnt" in note) == (facts.splits.of["rare0"] != "train")
    assert not any("validation" in note for note in facts.folded(3, seed=0).notes)


def test_one_class_is_nothing_to_tell_apart():
    with pytest.raises(DataError, match=r"nothing to tell apart.*benign: 5, rare: 1"):
        take_fingerprint(cohort([*labelled_pictures(5, ("benign",)), *labelled_pictures(1, ("rare",))]))


def test_an_odd_number_of_channels_is_set_aside():
    colour = memory_case("colour", noise((3, 20, 16, 1)), label="benign", affine=None)
    facts = take_fingerprint(cohort([*labelled_pictures(4), colour]))
    assert reasons(facts)["colour"].startswith("has 3 channel(s), and 8 of 9 cases have 1")


@pytest.mark.parametrize("first", ["grey", "colour"])
def test_of_as_many_grey_and_colour_pictures_the_colour_ones_are_used_and_a_way_to_use_all_is_told(first):
    def pictures(n_channels):
        boxes = Boxes(np.array([((2.0, 2, 0), (9, 9, 1))]), ("cell",))
        return [
            memory_case(f"{n_channels}-{k}", noise((n_channels, 20, 16, 1), seed=k), boxes=boxes, affine=None)
            for k in range(4)
        ]

    sides = {"grey": pictures(1), "colour": pictures(3)}
    cases = [*sides.pop(first), *next(iter(sides.values()))]
    facts = take_fingerprint(cohort(cases), target="boxes")
    assert {fact.name[0] for fact in facts.cases} == {"3"}
    assert reasons(facts)["1-0"].startswith("has 1 channel(s), and 4 of 8 cases have 3.")
    assert "--set enhance=grey" in reasons(facts)["1-0"]
    assert len(take_fingerprint(cohort(cases), target="boxes", enhance=("grey",)).cases) == 8


def test_channels_have_the_names_of_the_data_or_plain_ones():
    def channels(n, **known):
        cases = [memory_case(f"c{k}", noise((n, *SHAPE), seed=k), mask=ball_mask(SHAPE)) for k in range(4)]
        return take_fingerprint(cohort(cases, **known)).channels

    assert channels(2, channels=("T1", "T2")) == ("T1", "T2")
    assert channels(2) == ("channel 0", "channel 1")
    assert channels(3, channels=("only one",)) == ("red", "green", "blue")


def test_the_least_pieces_are_known_only_of_what_comes_in_many():
    many, few = np.zeros((40, 40, 40), np.uint8), np.zeros((40, 40, 40), np.uint8)
    many[::4, ::8, 0] = 1  # 50 of one voxel
    many[::4, ::8, 4:7] = 1  # and 50 of three
    many[20:30, 20:30, 20:30] = 2
    few[::8, ::8, 4:7] = 1  # 25
    few[20:30, 20:30, 20:30] = 2

    def least(*masks, **known):
        cases = [
            memory_case(f"c{n}", noise((1, 40, 40, 40), seed=n), mask=mask, **known)
            for n, mask in enumerate(masks)
        ]
        return take_fingerprint(cohort(cases)).least_pieces

    assert least(*[many] * 5, affine=np.diag([2.0, 1, 1, 1])) == {"1": pytest.approx(2.0)}
    assert least(*[few] * 5, affine=np.diag([2.0, 1, 1, 1])) == {"1": pytest.approx(6.0)}
    assert least(*[few] * 5, affine=None) == {"1": 3.0}
    few[::8, ::8, 4:9] = few[1::8, ::8, 4:9] = few[::8, 1::8, 4:9] = 1  # 25 of fifteen voxels or more
    assert least(*[few] * 5, affine=None) == {"1": 10.0}
    few[:] = 0
    few[:4, :4, :4] = few[20:24, :4, :4] = 1  # two in each of many cases are a pair of organs
    assert least(*[few] * 30) == {}


def test_empty_masks_everywhere_are_counted_without_dividing_by_nothing():
    cases = [volume(f"c{n}", seed=n, mask=np.zeros(SHAPE, np.uint8)) for n in range(5)]
    facts = take_fingerprint(cohort(cases))
    assert facts.foreground_share == 0
    assert facts.small_mm == np.inf
    assert facts.to_json()["small_mm"] is None
    assert facts.classes == {"0": 4}


def test_copies_are_kept_on_one_side():
    cases = masked_volumes(8)
    copies = [dataclasses.replace(cases[n], name=f"copy{n}") for n in range(8)]
    for patients in ("unknown", "manifest"):
        facts = take_fingerprint(cohort([*cases, *copies], patients=patients))
        assert len(facts.duplicates) == 8
        assert all(facts.splits.of[f"case{n}"] == facts.splits.of[f"copy{n}"] for n in range(8))


def test_a_training_copy_of_a_test_picture_is_set_aside():
    cases = labelled_pictures(4)
    copy = dataclasses.replace(cases[0], name="copy", split="test")
    facts = take_fingerprint(cohort([*cases, copy]))
    assert facts.splits.names("test") == ["copy"]
    assert "also stands in test" in reasons(facts)["benign0"]


def test_unknown_spacing_of_one_case_is_unknown_spacing_of_all():
    cases = [*masked_volumes(6)]
    cases[0] = memory_case("nowhere", noise((1, *SHAPE)), mask=ball_mask(SHAPE), affine=None, split="train")
    facts = take_fingerprint(cohort(cases))
    assert facts.spacing_mm is None
    assert facts.to_json()["orientations"] == {"ALS": 5, "unknown": 1}


def test_numbered_classes_are_in_the_order_of_numbers():
    pictures = [c for n in ("10", "2", "b", "a") for c in labelled_pictures(4, (n,))]
    cases = [
        memory_case(case.name, noise((1, 20, 16, 1), seed=k), label=case.label, affine=None)
        for k, case in enumerate(pictures)
    ]
    assert list(take_fingerprint(cohort(cases)).classes) == ["2", "10", "a", "b"]


def test_cases_with_masks_and_labels_serve_either_task():
    cases = [
        dataclasses.replace(case, targets={**case.targets, "label": "ab"[n % 2]})
        for n, case in enumerate(masked_volumes(8))
    ]
    assert take_fingerprint(cohort(cases)).classes.keys() == {"0", "1"}
    assert take_fingerprint(cohort(cases), target="label").classes.keys() == {"a", "b"}


def test_nothing_labelled_is_said_at_once():
    with pytest.raises(DataError, match="made here: nothing here is labelled"):
        take_fingerprint(cohort([memory_case("a", noise((1, *SHAPE)))]))


def test_nothing_usable_names_the_first_reason():
    constant = [memory_case(f"c{n}", np.zeros((1, *SHAPE)), mask=ball_mask(SHAPE)) for n in range(3)]
    with pytest.raises(DataError, match="no case can be used; the first: c0: the image is constant"):
        take_fingerprint(cohort(constant))
    with pytest.raises(DataError, match=r"no case can be used\. Correct"):
        take_fingerprint(cohort([]))


def test_one_patient_only_is_too_few():
    cases = [dataclasses.replace(case, patient="p") for case in masked_volumes(6)]
    with pytest.raises(DataError, match="too few patients for an honest split"):
        take_fingerprint(cohort(cases, patients="manifest"))


def test_progress_is_told_after_every_case():
    told = []
    take_fingerprint(cohort(masked_volumes(5)), progress=lambda *a: told.append(a))
    assert told[0] == ("Reading", 0, 5, "case0")
    assert told[-1] == ("Reading", 5, 5, "")


def test_modality_is_told_when_all_agree():
    def modality(kinds):
        cases = []
        for n, kind in enumerate(kinds):
            case = volume(f"c{n}", seed=n)
            image = dataclasses.replace(case.image.read(), modality=kind)
            cases.append(dataclasses.replace(case, inputs={"image": Lazy("i", lambda image=image: image)}))
        return take_fingerprint(cohort(cases)).modality

    assert modality(["CT"] * 5) == "CT"
    assert modality(["CT", "MR"] * 5) == ""


def test_a_fingerprint_knows_the_steps_it_was_taken_after():
    plain, after = (take_fingerprint(cohort(masked_volumes(8)), enhance=steps) for steps in ((), ("zscore",)))
    assert (plain.enhance, plain.to_json()["enhance"]) == ((), [])
    assert (after.enhance, after.to_json()["enhance"]) == (("zscore",), ["zscore"])
    assert after.intensity[0]["high"] < 5 < plain.intensity[0]["high"]
    assert [fact.sha256 for fact in after.cases] == [fact.sha256 for fact in plain.cases]
    assert after.splits == plain.splits


def test_pictures_that_grey_makes_alike_are_all_used():
    cases = [
        *labelled_pictures(4),
        photograph_of_colours := memory_case(
            "colour", noise((3, 20, 16, 1), seed=77), label="benign", affine=None
        ),
    ]
    assert [one.case for one in take_fingerprint(cohort(cases)).set_aside] == [photograph_of_colours.name]
    facts = take_fingerprint(cohort(cases), enhance=("grey",))
    assert facts.set_aside == ()
    assert facts.channels == ("image",)


def test_a_case_that_a_step_does_not_fit_is_set_aside_with_the_reason():
    dark = memory_case("dark", noise((1, *SHAPE)).astype(np.int16) - 90, mask=ball_mask(SHAPE))
    facts = take_fingerprint(cohort([*masked_volumes(6), dark]), enhance=("n4",))
    (aside,) = facts.set_aside
    assert aside.case == "dark"
    assert "not for CT" in aside.reason
