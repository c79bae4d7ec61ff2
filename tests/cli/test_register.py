"""``scanwright register`` and ``scanwright fuse`` as a person types them."""

import json

import nibabel as nib
import numpy as np
import pytest

from bodies import moved, organs, turn
from builders import write_nifti
from commands import Command
from scanwright.core.geometry import move_points
from scanwright.registration import read_tfm

TRUTH = turn((12, -8, 10), (14, -10, 8))


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    fixed = organs()
    return (
        write_nifti(folder / "before" / "a.nii.gz", fixed.array[0], fixed.affine_ras),
        write_nifti(folder / "after" / "b.nii.gz", moved(fixed, TRUTH).array[0], fixed.affine_ras),
    )


def test_register_lays_an_image_on_another_and_tells_how_well(pair, tmp_path, command: Command):
    said = command("register", *pair, "--out", tmp_path / "out", "--json")
    assert said.code == 0, said.err
    record = json.loads((tmp_path / "out" / "registration.json").read_text())
    assert not record["quality"]["failed"]
    places = np.random.default_rng(0).uniform(-30, 30, (50, 3))
    for matrix in (np.array(record["affine_ras"]), read_tfm(tmp_path / "out" / "registration.tfm")):
        apart = np.linalg.norm(move_points(matrix, places) - move_points(TRUTH, places), axis=1)
        assert apart.mean() < 1.0
    laid = nib.load(tmp_path / "out" / "registered.nii.gz")
    fixed = nib.load(pair[0])
    np.testing.assert_allclose(laid.affine, fixed.affine)
    inside = fixed.get_fdata() > 60
    assert np.corrcoef(laid.get_fdata()[inside], fixed.get_fdata()[inside])[0, 1] > 0.8
    page = (tmp_path / "out" / "register.html").read_text()
    assert page.count("data:image/png") == 2
    assert "fit where they were laid" in page


def test_a_failed_registration_says_so_and_leaves_no_image(pair, tmp_path, command: Command):
    other = organs(seed=8)
    path = write_nifti(tmp_path / "other" / "c.nii.gz", other.array[0], other.affine_ras)
    said = command("register", pair[0], path, "--out", tmp_path / "out", "--lang", "zh")
    assert said.code == 1
    assert "failed" in said.out
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == ["register.html", "registration.json"]
    assert "配准失败" in (tmp_path / "out" / "register.html").read_text()


def test_an_unknown_kind_is_wrong_usage(pair, tmp_path, command: Command):
    said = command("register", *pair, "--kind", "elastic", "--out", tmp_path / "out")
    assert said.code == 2
    assert "rigid, affine, deformable" in said.err
    assert not (tmp_path / "out").exists()


def test_fuse_writes_channels_that_train_reads(pair, tmp_path, command: Command):
    said = command("fuse", *pair, "--out", tmp_path / "out", "--json")
    assert said.code == 0, said.err
    assert said.result["channels"] == ["a", "b"]
    stack = nib.load(tmp_path / "out" / "stack.nii.gz")
    np.testing.assert_allclose(stack.get_fdata()[..., 0], nib.load(pair[0]).get_fdata(), atol=1e-3)
    assert (tmp_path / "out" / "pictures" / "b-on-a.png").stat().st_size > 1000
    assert "nothing was registered" in (tmp_path / "out" / "fuse.html").read_text()

    data = tmp_path / "data"
    (data / "imagesTr").mkdir(parents=True)
    (data / "labelsTr").mkdir()
    names = json.loads((tmp_path / "out" / "fuse.json").read_text())["channel_names"]
    labels = {"background": 0, "lesion": 1}
    (data / "dataset.json").write_text(
        json.dumps({"channel_names": names, "labels": labels, "file_ending": ".nii.gz", "numTraining": 1})
    )
    (data / "imagesTr" / "p1.nii.gz").write_bytes((tmp_path / "out" / "stack.nii.gz").read_bytes())
    write_nifti(data / "labelsTr" / "p1.nii.gz", np.ones(stack.shape[:3], np.uint8), stack.affine)
    import scanwright as sw

    (case,) = sw.open(data).cases
    assert case.image.read().n_channels == 2


@pytest.mark.slow
def test_fuse_registers_when_asked_and_sets_aside_what_fails(pair, tmp_path, command: Command):
    other = organs(seed=8)
    path = write_nifti(tmp_path / "other" / "c.nii.gz", other.array[0], other.affine_ras)
    said = command("fuse", *pair, path, "--register", "rigid", "--out", tmp_path / "out", "--json")
    assert said.code == 3
    assert said.result["channels"] == ["a", "b"]
    stack = nib.load(tmp_path / "out" / "stack.nii.gz").get_fdata()
    inside = stack[..., 0] > 60
    assert np.corrcoef(stack[..., 0][inside], stack[..., 1][inside])[0, 1] > 0.8
    assert "c" in (tmp_path / "out" / "failures.csv").read_text()


def test_one_image_alone_is_not_fused(pair, tmp_path, command: Command):
    said = command("fuse", pair[0], "--out", tmp_path / "out")
    assert said.code == 1
    assert "2 to 8" in said.err
