"""dataset.json beside a manifest names the values in the masks."""

import json

import numpy as np

from builders import write_nifti
from scanwright.io import open_dataset


def test_a_manifest_takes_the_names_of_labels_and_channels_from_dataset_json(tmp_path):
    write_nifti(tmp_path / "image.nii.gz", np.zeros((4, 4, 4), np.float32))
    write_nifti(tmp_path / "mask.nii.gz", np.zeros((4, 4, 4), np.uint8))
    (tmp_path / "manifest.csv").write_text("case,image,mask\na,image.nii.gz,mask.nii.gz\n")
    described = {"labels": {"background": 0, "lesion": 1}, "channel_names": {"0": "CT"}}
    (tmp_path / "dataset.json").write_text(json.dumps(described))

    dataset = open_dataset(tmp_path)

    assert dataset.class_names == {"0": "background", "1": "lesion"}
    assert dataset.channels == ("CT",)
