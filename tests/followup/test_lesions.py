"""Lesions of a mask are told apart, the largest first."""

from __future__ import annotations

import numpy as np

from scanwright.followup.lesions import find_lesions


def two_labels() -> np.ndarray:
    labels = np.zeros((10, 10, 6), dtype=np.uint8)
    labels[1:3, 1:3, 1:3] = 1
    labels[6:9, 6:9, 2:5] = 1
    labels[0, 9, 3] = 4
    return labels


def test_every_piece_of_every_label_is_a_lesion() -> None:
    found = list(find_lesions(two_labels()))
    assert [(one.number, one.label, one.n_voxels) for one in found] == [(1, 1, 27), (2, 1, 8), (3, 4, 1)]
    assert [one.borders for one in found] == [(), (), ("i-", "j+")]
    for one in found:
        assert one.mask.sum() == one.n_voxels
        assert (two_labels()[one.box][one.mask] == one.label).all()


def test_instances_keep_the_pieces_of_a_label_together() -> None:
    found = list(find_lesions(two_labels(), instances=True))
    assert [(one.label, one.n_voxels) for one in found] == [(1, 35), (4, 1)]


def test_a_mask_without_background_has_lesions_too() -> None:
    full = np.full((3, 3, 1), 2, dtype=np.int16)
    for instances in (False, True):
        (only,) = find_lesions(full, instances=instances)
        assert (only.label, only.n_voxels, only.borders) == (2, 9, ("i-", "i+", "j-", "j+"))


def test_only_wanted_labels_are_found() -> None:
    assert [one.label for one in find_lesions(two_labels(), wanted=[4])] == [4]
    assert list(find_lesions(two_labels(), wanted=[7])) == []
    assert list(find_lesions(np.zeros((4, 4, 4), dtype=np.uint8))) == []
