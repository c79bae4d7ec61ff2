"""dataset.json names the values in the masks and the channels; what makes no sense in it is said."""

import json

import numpy as np
import pytest

from builders import write_nifti
from scanwright.io import open_dataset
from scanwright.io.layouts.description import read_description


def test_a_manifest_takes_the_names_of_labels_and_channels_from_dataset_json(tmp_path):
    write_nifti(tmp_path / "image.nii.gz", np.zeros((4, 4, 4), np.float32))
    write_nifti(tmp_path / "mask.nii.gz", np.zeros((4, 4, 4), np.uint8))
    (tmp_path / "manifest.csv").write_text("case,image,mask\na,image.nii.gz,mask.nii.gz\n")
    described = {"labels": {"background": 0, "lesion": 1}, "channel_names": {"0": "CT"}}
    (tmp_path / "dataset.json").write_text(json.dumps(described))

    dataset = open_dataset(tmp_path)

    assert dataset.class_names == {"0": "background", "1": "lesion"}
    assert dataset.channels == ("CT",)


def described(tmp_path, **content):
    (tmp_path / "dataset.json").write_text(json.dumps(content))
    return read_description(tmp_path)


@pytest.mark.parametrize("labels", [{"liver": 1, "tumour": 2}, {"1": "liver", "2": "tumour"}])
def test_labels_are_named_either_way_round(tmp_path, labels):
    found = described(tmp_path, labels=labels)
    assert found.class_names == {"1": "liver", "2": "tumour"}
    assert found.notes == ()


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ({"labels": {"liver": "one"}}, "the label 'liver': 'one' gives no whole number; it names nothing"),
        ({"labels": {"liver": 1.5}}, "the label 'liver': '1.5' gives no whole number"),
        ({"labels": {"liver": True}}, "the label 'liver': 'True' gives no whole number"),
        ({"labels": {"²": "liver"}}, "the label '²': 'liver' gives no whole number"),
        ({"labels": {"liver": 1, "tumour": 1}}, "the value 1 has two names; it is called 'liver'"),
        ({"labels": ["liver"]}, "labels is no table of names and values; it is not used"),
        ({"channel_names": "CT"}, "channel_names (or modality) is no list of names; it is not used"),
    ],
)
def test_what_makes_no_sense_is_said(tmp_path, content, note):
    found = described(tmp_path, **content)
    assert len(found.notes) == 1
    assert found.notes[0].startswith(f"dataset.json: {note}")


def test_long_nonsense_is_said_in_short(tmp_path):
    (note,) = described(tmp_path, labels={"x" * 500: "y" * 500}).notes
    assert len(note) < 200
