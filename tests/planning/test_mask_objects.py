"""Boxes of masks: what is an object, and what it is called."""

import dataclasses

import numpy as np
import pytest

from builders import cohort, memory_case, noise
from scanwright.data.boxes import Boxes
from scanwright.data.case import Lazy
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.planning.fingerprint import take_fingerprint
from scanwright.planning.mask_objects import boxes_from_masks

SHAPE = (12, 10, 8)
FIRST, SECOND, THIRD = ((1, 1, 1), (4, 3, 2)), ((6, 6, 6), (8, 9, 8)), ((9, 0, 0), (11, 2, 2))


def drawn(*objects, shape=SHAPE):
    """A mask of boxes, each (value, box)."""
    mask = np.zeros(shape, np.uint8)
    for value, (lo, hi) in objects:
        mask[tuple(slice(a, b) for a, b in zip(lo, hi, strict=True))] = value
    return mask


def boxed(mask, **known):
    """What the boxes of one case are."""
    case = memory_case("a", noise((1, *SHAPE)), mask=mask)
    return boxes_from_masks(cohort([case], **known)).cases[0].boxes.read()


def test_without_names_every_piece_of_every_value_is_an_object():
    found = boxed(drawn((1, FIRST), (1, SECOND), (2, THIRD)))
    assert found.classes == ("object",) * 3
    assert found.box_ijk.tolist() == np.array([FIRST, SECOND, THIRD]).tolist()


def test_where_the_values_have_names_these_are_the_classes():
    names = {"0": "background", "1": "cyst", "2": "tumour"}
    found = boxed(drawn((2, FIRST), (1, SECOND), (9, THIRD)), class_names=names)
    assert found.classes == ("cyst", "tumour", "label 9")


def test_a_name_of_the_background_alone_names_nothing():
    assert boxed(drawn((1, FIRST)), class_names={"0": "background"}).classes == ("object",)


def test_an_empty_mask_is_an_image_without_objects():
    assert len(boxed(drawn())) == 0


def lesions(*masks):
    """A case whose mask is put together from several."""
    parts = tuple(Lazy(f"m{n}", lambda mask=mask: Volume(mask[None])) for n, mask in enumerate(masks))
    whole = Lazy("m0", lambda: Volume(np.max(list(masks), axis=0)[None]), parts=parts)
    return dataclasses.replace(memory_case("a", noise((1, *SHAPE))), targets={"mask": whole})


def test_each_mask_of_a_lesion_is_one_object_though_it_has_two_pieces():
    case = lesions(drawn((1, FIRST), (1, SECOND)), drawn((1, THIRD)), drawn())
    found = boxes_from_masks(cohort([case])).cases[0].boxes.read()
    assert found.box_ijk.tolist() == [[[1, 1, 1], [8, 9, 8]], [list(place) for place in THIRD]]
    named = boxes_from_masks(cohort([case], class_names={"1": "lesion"})).cases[0].boxes.read()
    assert len(named) == 3


def test_values_in_the_mask_of_a_lesion_tell_objects_apart():
    case = lesions(drawn((1, FIRST), (2, SECOND)), drawn((1, THIRD)))
    assert len(boxes_from_masks(cohort([case])).cases[0].boxes.read()) == 3


def test_boxes_that_are_known_stay_and_what_has_no_mask_gets_none():
    own = Boxes([[[0, 0, 0], [1, 1, 1]]], ("own",))
    cases = [
        memory_case("a", noise((1, *SHAPE)), mask=drawn((1, FIRST)), boxes=own),
        memory_case("b", noise((1, *SHAPE)), label="x"),
    ]
    found = boxes_from_masks(cohort(cases)).cases
    assert found[0].boxes.read() is own
    assert found[1] is cases[1]


def test_a_mask_of_another_image_gives_no_boxes():
    case = memory_case("a", noise((1, *SHAPE)), mask=drawn(shape=(9, 9, 9)))
    with pytest.raises(DataError, match="a: the mask has another shape"):
        boxes_from_masks(cohort([case])).cases[0].boxes.read()


def test_masks_of_many_numbered_objects_can_be_learnt_from():
    cells = [
        ((i, j, k), (i + 1, j + 1, k + 1))
        for i in range(0, 12, 2)
        for j in range(0, 10, 2)
        for k in (0, 3, 6)
    ]
    mask = drawn(*enumerate(cells, start=1))
    cases = [memory_case(f"c{n}", noise((1, *SHAPE), seed=n), mask=mask) for n in range(5)]
    facts = take_fingerprint(boxes_from_masks(cohort(cases)), target="boxes")
    assert not facts.set_aside
    assert facts.classes == {"object": 4}
    assert facts.box_counts.tolist() == [90] * 4
