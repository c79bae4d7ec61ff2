"""NIfTI, NRRD and MetaImage give the same voxel in the same place of the patient."""

import gzip
import struct

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from builders import TILTED_AFFINE, noise, write_nifti
from scanwright.errors import DataError
from scanwright.io import read_image


def write_itk(path, array, affine_ras=TILTED_AFFINE):
    """Written by ITK's own rules, so that our reading is compared with another convention."""
    affine_lps = np.diag([-1, -1, 1, 1]) @ affine_ras
    spacing = np.linalg.norm(affine_lps[:3, :3], axis=0)
    image = sitk.GetImageFromArray(array.transpose(2, 1, 0))
    image.SetSpacing(spacing.tolist())
    image.SetDirection((affine_lps[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(affine_lps[:3, 3].tolist())
    sitk.WriteImage(image, str(path))
    return path


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".mhd"])
def test_itk_formats_give_what_nifti_gives(tmp_path, suffix):
    array = noise((5, 6, 7)).astype(np.int16)
    itk = read_image(write_itk(tmp_path / f"image{suffix}", array))
    nifti = read_image(write_nifti(tmp_path / "image.nii.gz", array))
    np.testing.assert_array_equal(itk.array, nifti.array)
    np.testing.assert_allclose(itk.affine_ras, nifti.affine_ras, atol=1e-5)
    assert itk.array.dtype == np.int16


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nifti_that_does_not_tell_how_large_voxels_are_has_no_spacing(tmp_path, suffix):
    """nibabel takes 1 mm for a size of 0."""
    image = nib.Nifti1Image(noise((5, 6, 7)), None)
    image.header.set_zooms((2.0, 2.0, 3.0))
    nib.save(image, tmp_path / f"told{suffix}")
    image.header["pixdim"][1:4] = 0
    nib.save(image, tmp_path / f"untold{suffix}")
    assert read_image(tmp_path / f"told{suffix}").spacing_mm == (2.0, 2.0, 3.0)
    assert read_image(tmp_path / f"untold{suffix}").spacing_mm is None


@pytest.mark.parametrize(("unit", "factor"), [("meter", 1000), ("micron", 0.001), ("mm", 1), ("unknown", 1)])
def test_lengths_are_in_mm_whatever_unit_a_nifti_counts_in(tmp_path, unit, factor):
    image = nib.Nifti1Image(noise((5, 6, 7)), TILTED_AFFINE)
    image.header.set_xyzt_units(unit)
    nib.save(image, tmp_path / "image.nii.gz")
    here = read_image(tmp_path / "image.nii.gz")
    np.testing.assert_allclose(here.affine_ras[:3], factor * TILTED_AFFINE[:3], rtol=1e-6)
    if unit != "unknown":  # which ITK does not take for mm in all versions
        np.testing.assert_allclose(
            here.spacing_mm, sitk.ReadImage(str(tmp_path / "image.nii.gz")).GetSpacing(), rtol=1e-5
        )


def test_the_volume_of_a_voxel_is_that_of_its_shape_also_with_shear(tmp_path):
    affine = np.array([[1, 0.4, 0, 3], [0, 1, 0, 4], [0, 0, 2, 5], [0, 0, 0, 1.0]])
    image = read_image(write_nifti(tmp_path / "image.nii.gz", noise((5, 6, 7)), affine))
    assert image.voxel_mm3 == pytest.approx(2.0)


def test_nifti_without_a_telling_name_is_known_by_its_content(tmp_path):
    path = write_nifti(tmp_path / "image.nii.gz", noise((4, 4, 4)))
    path.rename(tmp_path / "1.2.3.4")
    assert read_image(tmp_path / "1.2.3.4").shape == (4, 4, 4)


def test_scaled_integers_become_float32(tmp_path):
    image = nib.Nifti1Image(np.linspace(0, 1, 64).reshape(4, 4, 4), np.eye(4))
    image.set_data_dtype(np.int16)
    image.to_filename(tmp_path / "x.nii")
    volume = read_image(tmp_path / "x.nii")
    assert volume.array.dtype == np.float32
    assert volume.array.max() == pytest.approx(1, abs=1e-4)


def test_big_endian_becomes_native(tmp_path):
    image = nib.Nifti1Image(
        np.arange(8, dtype=">i2").reshape(2, 2, 2), np.eye(4), nib.Nifti1Header(endianness=">")
    )
    image.set_data_dtype(">i2")
    image.to_filename(tmp_path / "x.nii")
    volume = read_image(tmp_path / "x.nii")
    assert volume.array.dtype == np.dtype(np.int16)
    np.testing.assert_array_equal(volume.array.ravel(), np.arange(8))


def test_nan_and_infinity_are_read_as_they_are(tmp_path):
    array = np.zeros((3, 3, 3), dtype=np.float32)
    array[0, 0, 0], array[1, 1, 1] = np.nan, np.inf
    volume = read_image(write_nifti(tmp_path / "x.nii.gz", array))
    assert np.isnan(volume.array).sum() == 1
    assert np.isinf(volume.array).sum() == 1


def test_a_flat_nifti_has_one_slice(tmp_path):
    assert read_image(write_nifti(tmp_path / "x.nii.gz", noise((6, 5)))).shape == (6, 5, 1)


def test_a_trailing_axis_of_one_is_dropped(tmp_path):
    assert read_image(write_nifti(tmp_path / "x.nii.gz", noise((6, 5, 4, 1)))).shape == (6, 5, 4)


def test_colour_voxels_become_three_channels(tmp_path):
    record = np.zeros((3, 4, 5), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    record["G"] = 7
    volume = read_image(write_nifti(tmp_path / "x.nii.gz", record))
    assert volume.array.shape == (3, 3, 4, 5)
    assert (volume.array[1] == 7).all()


def test_four_axes_are_refused_with_the_way_out(tmp_path):
    path = write_nifti(tmp_path / "perfusion.nii.gz", noise((4, 4, 4, 9)))
    with pytest.raises(DataError, match=r"perfusion\.nii\.gz.*4 axes.*9 entries.*Split it"):
        read_image(path)


def test_four_axes_are_channels_where_the_dataset_says_so(tmp_path):
    array = noise((4, 5, 6, 2))
    volume = read_image(write_nifti(tmp_path / "x.nii.gz", array), n_channels=2)
    np.testing.assert_array_equal(volume.array, np.moveaxis(array, 3, 0))


def test_declared_channels_that_are_not_there_are_an_error(tmp_path):
    with pytest.raises(DataError, match="declares several channels"):
        read_image(write_nifti(tmp_path / "x.nii.gz", noise((4, 5, 6))), n_channels=2)


def test_complex_voxels_are_refused(tmp_path):
    with pytest.raises(DataError, match="complex"):
        read_image(write_nifti(tmp_path / "x.nii.gz", np.zeros((3, 3, 3), dtype=np.complex64)))


@pytest.mark.parametrize("name", ["x.nii.gz", "x.nii", "x.nrrd", "x.mha"])
def test_every_cut_of_a_file_gives_a_data_error(tmp_path, name):
    path = tmp_path / name
    array = noise((6, 7, 8))
    if name.endswith((".nii", ".gz")):
        write_nifti(path, array)
    else:
        write_itk(path, array)
    whole = path.read_bytes()
    for share in (0.0, 0.05, 0.3, 0.6, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(DataError, match=r"x\.n|x\.m"):
            read_image(path)


def test_a_zero_byte_file_is_said_to_be_empty(tmp_path):
    (tmp_path / "x.nii.gz").touch()
    with pytest.raises(DataError, match=r"x\.nii\.gz: the file is empty"):
        read_image(tmp_path / "x.nii.gz")


@pytest.mark.parametrize("packed", [True, False])
def test_a_header_that_promises_too_much_is_caught_before_memory_is_taken(tmp_path, packed):
    path = write_nifti(tmp_path / "x.nii", noise((4, 4, 4)))
    content = bytearray(path.read_bytes())
    struct.pack_into("<4h", content, 40, 3, 30000, 30000, 30000)
    path.write_bytes(content)
    if packed:
        path = tmp_path / "x.nii.gz"
        path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(DataError, match="shorter than its header says"):
        read_image(path)


def test_a_singular_affine_is_named_with_its_file(tmp_path):
    path = write_nifti(tmp_path / "x.nii", noise((4, 4, 4)))
    content = bytearray(path.read_bytes())
    struct.pack_into("<2h", content, 252, 0, 2)  # the sform alone counts
    struct.pack_into("<12f", content, 280, *[0.0] * 12)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"x\.nii: the affine is not usable"):
        read_image(path)


def test_a_missing_file_and_an_unknown_format_are_named(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        read_image(tmp_path / "none.nii.gz")
    (tmp_path / "notes").write_bytes(b"hello" * 100)
    with pytest.raises(DataError, match=r"format is not known.*NIfTI"):
        read_image(tmp_path / "notes")


@pytest.mark.parametrize(
    "name", ["x.nii.gz", "x.nrrd", "x.mha", "x.png", "x.jpg", "x.tif", "x.gif", "x.bmp", "x.dcm"]
)
def test_text_under_any_known_suffix_is_a_data_error(tmp_path, name):
    (tmp_path / name).write_text("this is not an image\n" * 40)
    with pytest.raises(DataError, match=name):
        read_image(tmp_path / name)


def test_nrrd_with_channels_and_with_time(tmp_path):
    channels = sitk.GetImageFromArray(noise((4, 5, 6, 2)), isVector=True)
    sitk.WriteImage(channels, str(tmp_path / "x.nrrd"))
    assert read_image(tmp_path / "x.nrrd").array.shape == (2, 6, 5, 4)
    sitk.WriteImage(sitk.GetImageFromArray(noise((3, 4, 5, 6)), isVector=False), str(tmp_path / "t.nrrd"))
    with pytest.raises(DataError, match=r"t\.nrrd: the image has 4 axes.*3 entries"):
        read_image(tmp_path / "t.nrrd")
    sitk.WriteImage(sitk.GetImageFromArray(noise((1, 4, 5, 6)), isVector=False), str(tmp_path / "one.nrrd"))
    assert read_image(tmp_path / "one.nrrd").shape == (6, 5, 4)


def test_a_flat_itk_image_has_one_slice(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(noise((5, 6))), str(tmp_path / "flat.mha"))
    assert read_image(tmp_path / "flat.mha").shape == (6, 5, 1)


def test_an_itk_header_that_promises_too_much(tmp_path):
    path = write_itk(tmp_path / "x.nrrd", noise((4, 4, 4)))
    content = path.read_bytes().replace(b"sizes: 4 4 4", b"sizes: 30000 30000 30000")
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"x\.nrrd: the file is shorter"):
        read_image(path)


def test_an_analyze_pair_is_one_image(tmp_path):
    nib.Nifti1Pair(noise((4, 5, 6)), np.eye(4)).to_filename(tmp_path / "x.hdr")
    assert read_image(tmp_path / "x.hdr").shape == (4, 5, 6)
