"""Labels drawn on any grid cover the voxels that they cover in the patient."""

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.sequence import Sequence as Items
from scipy import ndimage

from builders import dicom_series, real_data, write_dicom
from dicom_objects import IMAGE_UID, image, item, segmentation, square, structures, volume_segmentation
from scanwright.errors import DataError
from scanwright.io import open_dataset
from scanwright.io.dicom.contours import contour_sheets
from scanwright.io.dicom.painting import Grid, paint
from scanwright.io.dicom.segments import segment_sheets
from scanwright.types import BoolArray, FloatArray

TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
CENTRE, RADII = np.array([5.0, -12.0, 30.0]), np.array([16.0, 11.0, 21.0])


def rotation(angles: tuple[float, float, float]) -> FloatArray:
    """About x, y and z, in degrees."""
    made = np.eye(3)
    for axis, angle in enumerate(np.radians(angles)):
        a, b = [one for one in range(3) if one != axis]
        turn = np.eye(3)
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        made = turn @ made
    return made


def grid_around(directions: FloatArray, spacing: tuple[float, float, float], *, half_mm: float = 32) -> Grid:
    """A grid around the phantom; directions are those of its axes, in columns."""
    shape = tuple(int(2 * half_mm / size) for size in spacing)
    affine_lps = np.eye(4)
    affine_lps[:3, :3] = directions * spacing
    affine_lps[:3, 3] = CENTRE - affine_lps[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Grid(shape, TO_LPS @ affine_lps)


def points_of(grid: Grid) -> FloatArray:
    ijk = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    return ijk @ grid.affine_lps[:3, :3].T + grid.affine_lps[:3, 3]


def ellipsoid(grid: Grid) -> BoolArray:
    """The voxels whose centres lie in the phantom: the truth on any grid."""
    return (((points_of(grid) - CENTRE) / RADII) ** 2).sum(axis=-1) <= 1


def dice(one: BoolArray, other: BoolArray) -> float:
    return 2 * float((one & other).sum()) / float(one.sum() + other.sum())


def painted_segments(tmp_path, mask: BoolArray, drawn_on: Grid, image_grid: Grid) -> BoolArray:
    volume_segmentation(mask, drawn_on.affine_lps).save_as(tmp_path / "seg.dcm", enforce_file_format=True)
    (sheets,) = segment_sheets(tmp_path / "seg.dcm", image_grid).values()
    return paint(sheets, image_grid)


IMAGES = {
    "thin slices": grid_around(np.eye(3), (0.9, 0.9, 1.5)),
    "thick slices": grid_around(np.eye(3), (0.7, 0.7, 5.0)),
    "oblique": grid_around(rotation((20, -15, 30)), (1.0, 1.0, 2.0)),
}


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("angles", [(0, 0, 0), (0, 0, 25), (4, 0, 0), (12, -20, 40), (90, 0, 0), (45, 45, 0)])
def test_a_rotated_segmentation_covers_the_phantom(tmp_path, name, angles):
    drawn_on = grid_around(rotation(angles), (1.0, 1.0, 1.0))
    found = painted_segments(tmp_path, ellipsoid(drawn_on), drawn_on, IMAGES[name])
    assert dice(found, ellipsoid(IMAGES[name])) >= 0.97


@pytest.mark.parametrize("name", IMAGES)
def test_a_sheared_segmentation_covers_it_too(tmp_path, name):
    """Drawn on the slices of a tilted gantry, each begun 0.35 mm further back."""
    drawn_on = grid_around(np.array([[1, 0, 0], [0, 1, 0.35], [0, 0, 1]]), (1.0, 1.0, 1.0))
    found = painted_segments(tmp_path, ellipsoid(drawn_on), drawn_on, IMAGES[name])
    assert dice(found, ellipsoid(IMAGES[name])) >= 0.97


@pytest.mark.parametrize("angles", [(0, 0, 0), (12, -20, 40)])
def test_a_coarser_segmentation_covers_it_as_well_as_it_can(tmp_path, angles):
    """As well as the nearest neighbour of SciPy through the same affines."""
    drawn_on, on = grid_around(rotation(angles), (2.1, 1.7, 3.1)), IMAGES["thin slices"]
    drawn_on.affine_ras[:3, 3] += (0.123, 0.217, 0.311)  # so that no voxel lies midway between two pixels
    mask = ellipsoid(drawn_on)
    through = np.linalg.inv(drawn_on.affine_lps) @ on.affine_lps
    theirs = ndimage.affine_transform(mask.astype(np.uint8), through, output_shape=on.shape, order=0) > 0
    ours = painted_segments(tmp_path, mask, drawn_on, on)
    assert dice(ours, theirs) >= 0.999
    assert dice(ours, ellipsoid(on)) >= 0.94


@given(st.tuples(*[st.floats(-90, 90)] * 3), st.integers(0, 2**16))
def test_on_its_own_grid_a_segmentation_is_what_was_drawn(tmp_path_factory, angles, seed):
    drawn_on = grid_around(rotation(angles), (6.0, 7.0, 8.0))
    mask = np.random.default_rng(seed).random(drawn_on.shape) < 0.3
    mask[0, 0, 0] = True
    found = painted_segments(tmp_path_factory.mktemp("seg"), mask, drawn_on, drawn_on)
    np.testing.assert_array_equal(found, mask)


def contours_of(drawn_on: Grid) -> list[list[float]]:
    """The phantom's outlines in the slices of a grid, each around 90 corners."""
    directions = drawn_on.affine_lps[:3, :3] / np.linalg.norm(drawn_on.affine_lps[:3, :3], axis=0)
    angles = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    # In a space where the phantom is a unit ball, a slice of it is a circle.
    along, across = (directions[:, axis] / RADII for axis in (0, 1))
    first = along / np.linalg.norm(along)
    second = across - (across @ first) * first
    second /= np.linalg.norm(second)
    normal = np.cross(first, second)
    made = []
    for k in range(drawn_on.shape[2]):
        origin = drawn_on.affine_lps @ np.array([0, 0, k, 1.0])
        far = ((origin[:3] - CENTRE) / RADII) @ normal
        if abs(far) < 0.99:
            ring = np.cos(angles)[:, None] * first + np.sin(angles)[:, None] * second
            corners = CENTRE + RADII * (far * normal + np.sqrt(1 - far**2) * ring)
            made.append([float(x) for x in corners.ravel()])
    return made


def painted_contours(tmp_path, drawn_on: Grid, on: Grid) -> BoolArray:
    made = structures({"phantom": contours_of(drawn_on)})
    made.save_as(tmp_path / "rt.dcm", enforce_file_format=True)
    (sheets,) = contour_sheets(tmp_path / "rt.dcm", on).values()
    return paint(sheets, on)


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("angles", [(0, 0, 0), (0, 0, 25), (4, 0, 0), (12, -20, 40), (90, 0, 0)])
@pytest.mark.parametrize("step_mm", [1.0, 3.0])
def test_contours_in_any_planes_cover_the_phantom(tmp_path, name, angles, step_mm):
    """Drawn on axial, slightly tilted, sagittal … slices, at other distances than the image's."""
    drawn_on = grid_around(rotation(angles), (1.0, 1.0, step_mm))
    least = 0.97 if step_mm == 1.0 else 0.94
    assert dice(painted_contours(tmp_path, drawn_on, IMAGES[name]), ellipsoid(IMAGES[name])) >= least


def test_a_speck_among_oblique_contours_does_not_lie_across_them(tmp_path):
    """Three corners within a tenth of a millimetre have no direction of their own."""
    drawn_on, on = grid_around(rotation((90, 0, 0)), (1.0, 1.0, 1.0)), IMAGES["thin slices"]
    at = CENTRE + np.array([0.0, 0.5, 0.0])  # in one of the planes
    speck = [float(x) for move in ((0, 0, 0), (0.05, 0, 0), (0, 0, 0.05)) for x in at + move]
    made = structures({"phantom": [*contours_of(drawn_on), speck]})
    made.save_as(tmp_path / "rt.dcm", enforce_file_format=True)
    (sheets,) = contour_sheets(tmp_path / "rt.dcm", on).values()
    assert dice(paint(sheets, on), ellipsoid(on)) >= 0.97


def test_one_structure_in_planes_of_two_directions_is_refused(tmp_path):
    upright = [-150, -160, -500, -145, -160, -500, -145, -160, -490, -150, -160, -490]
    contours = {"a": [square(3, 5, 4, 1), upright]}
    (case,) = open_dataset(write_dicom(tmp_path, [*image(), structures(contours)])).cases
    with pytest.raises(DataError, match="planes of several directions"):
        case.mask.read()


def test_a_contour_that_is_bent_is_refused(tmp_path):
    bent = square(3, 5, 4, 1)
    bent[2] += 3.0
    (case,) = open_dataset(write_dicom(tmp_path, [*image(), structures({"a": [bent]})])).cases
    with pytest.raises(DataError, match="does not lie in one plane"):
        case.mask.read()


def test_a_segmentation_without_directions_is_refused(tmp_path):
    made = segmentation([(1, 2, np.ones((24, 16)))], {1: "a"})
    made.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient = [0] * 6
    (case,) = open_dataset(write_dicom(tmp_path, [*image(), made])).cases
    with pytest.raises(DataError, match="two directions at a right angle"):
        case.mask.read()


def test_slices_midway_between_two_contours_take_one_of_them_as_a_whole(tmp_path):
    """Rounding must not make a slice a mixture of its neighbours."""
    contours = {"a": [square(2, 2, 4, 0), square(8, 10, 4, 1)]}
    half = dicom_series(3, series=IMAGE_UID, step_mm=2.5)
    (case,) = open_dataset(write_dicom(tmp_path, [*half, structures(contours)])).cases
    found = case.mask.read().array[0]
    np.testing.assert_array_equal(found[..., 1], found[..., 0])


def test_what_was_drawn_on_another_grid_is_said(tmp_path):
    frames = [(1, 2, np.ones((24, 16)))]
    same = segmentation(frames, {1: "same"})
    turned = segmentation(frames, {1: "turned"})
    turned.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence = Items(
        [item(ImageOrientationPatient=[0.8, 0.6, 0, -0.6, 0.8, 0])]
    )
    coarse = segmentation(frames, {1: "coarse"})
    coarse.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [1.4, 1.4]
    for name, made in (("same", same), ("turned", turned), ("coarse", coarse)):
        dataset = open_dataset(write_dicom(tmp_path / name, [*image(), made]))
        said = [note for note in dataset.notes if "another grid" in note]
        assert len(said) == (name != "same")


def test_a_tumour_drawn_on_rotated_slices_comes_back(tmp_path):
    """IBSI's sarcoma: its mask, resampled to rotated slices and written as SEG, is read onto the CT again."""
    folder = real_data("ibsi-sts-dicom")
    reference = nib.load(folder / "nifti_reference" / "nifti" / "STS_025" / "CT_mask.nii.gz")
    truth = np.asarray(reference.dataobj) > 0
    on = Grid(truth.shape, reference.affine)
    spacing = np.linalg.norm(on.affine_ras[:3, :3], axis=0)
    middle = on.affine_lps[:3, :3] @ ((np.array(truth.shape) - 1) / 2) + on.affine_lps[:3, 3]
    fine = tuple(int(n) for n in 1.4 * np.array(truth.shape) * spacing / 0.8)
    affine_lps = np.eye(4)
    affine_lps[:3, :3] = rotation((10, 25, -15)) * 0.8
    affine_lps[:3, 3] = middle - affine_lps[:3, :3] @ ((np.array(fine) - 1) / 2)
    through = np.linalg.inv(on.affine_lps) @ affine_lps
    # Half-way of the linear one, so that the truth is not made by the nearest neighbour itself.
    rotated = ndimage.affine_transform(truth.astype(np.float32), through, output_shape=fine, order=1) >= 0.5
    found = painted_segments(tmp_path, rotated, Grid(fine, TO_LPS @ affine_lps), on)
    assert dice(found, truth) >= 0.97
