"""PhantomSettings: what a cohort of phantoms looks like, and the scanners that it was imaged on."""

from __future__ import annotations

from dataclasses import dataclass, fields

from scanwright.errors import SettingsError

Range = tuple[float, float]


@dataclass(frozen=True)
class Scanner:
    """A computed-tomography scanner with its reconstruction kernel.

    Attributes:
        name: the site's name, written to the manifest and the DICOM header.
        manufacturer: as in the DICOM header.
        kernel: the kernel's name, as in the DICOM header.
        blur_mm: standard deviation of the in-plane point spread, in mm.
        sharpening: edge enhancement of the kernel; 0 is none, 1 lifts the middle frequencies markedly.
        noise_hu: standard deviation of the noise in water, in HU, for slices 2.5 mm thick.
        offset_hu: calibration error of the scanner, in HU.
    """

    name: str
    manufacturer: str
    kernel: str
    blur_mm: float
    sharpening: float
    noise_hu: float
    offset_hu: float


SCANNERS: tuple[Scanner, ...] = (
    Scanner("north", "Phantomworks", "SOFT30", 0.62, 0.0, 11.0, 0.0),
    Scanner("south", "Imaginary Imaging", "SHARP60", 0.45, 0.5, 17.0, 3.0),
)


@dataclass(frozen=True)
class PhantomSettings:
    """What the patients of a cohort have in common.

    The default torso is a scaled one: all organs of chest and upper abdomen in 120 × 96 × 70 mm, about a
    third of an adult, so that a cohort is written and learnt from within minutes. Lesions, vessels and
    voxels keep their natural size. A larger ``field_of_view_mm`` scales the organs with it.

    Attributes:
        field_of_view_mm: width (right–left), depth (front–back) and height of the imaged torso.
        in_plane_spacing_mm: lowest and highest pixel spacing, drawn evenly per patient.
        slice_spacing_mm: lowest and highest distance between slices (= thickness), drawn evenly on a
            logarithmic scale per patient.
        lesion_diameter_mm: smallest and largest diameter of a sphere of the lesion's volume, drawn evenly;
            within 3 to 40. A lesion that fits nowhere is drawn smaller.
        lesions_per_patient: fewest and most lesions of a patient who has any.
        healthy_share: part of the patients without lesions.
        attached_share: part of the lesions that lie against the surface of their organ, as those under the
            pleura do; the rest lie anywhere inside.
        lung_lesion_hu: range of the mean density of lesions in the lung.
        liver_contrast_hu: range of (lesion − liver) in HU; negative is darker than the liver.
        granulomas: fewest and most calcified spots per patient.
        nodes: fewest and most lymph nodes outside of organs per patient.
        vessels: vessel trees per organ; each has about a dozen branches.
        oblique_share: part of the patients who lay a few degrees askew, so that the affine is oblique.
        scanners: the scanners of the cohort; each patient is imaged on one.
    """

    field_of_view_mm: tuple[float, float, float] = (120.0, 96.0, 70.0)
    in_plane_spacing_mm: Range = (0.6, 1.0)
    slice_spacing_mm: Range = (1.0, 5.0)
    lesion_diameter_mm: Range = (10.0, 30.0)
    lesions_per_patient: tuple[int, int] = (1, 3)
    healthy_share: float = 0.1
    attached_share: float = 0.75
    lung_lesion_hu: Range = (-300.0, 80.0)
    liver_contrast_hu: Range = (-130.0, -100.0)
    granulomas: tuple[int, int] = (1, 3)
    nodes: tuple[int, int] = (2, 5)
    vessels: int = 2
    oblique_share: float = 0.2
    scanners: tuple[Scanner, ...] = SCANNERS

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in _RANGES and value[0] > value[1]:
                raise SettingsError(
                    "the range is upside down", subject=item.name, expected="low ≤ high", received=str(value)
                )
        field = self.field_of_view_mm
        _check("field_of_view_mm", min(field) >= 40.0, "at least 40 mm along each axis", field)
        _check(
            "in_plane_spacing_mm",
            self.in_plane_spacing_mm[0] > 0.0,
            "spacing above 0 mm",
            self.in_plane_spacing_mm,
        )
        _check(
            "slice_spacing_mm", self.slice_spacing_mm[0] > 0.0, "spacing above 0 mm", self.slice_spacing_mm
        )
        low, high = self.lesion_diameter_mm
        _check("lesion_diameter_mm", low >= 3.0 and high <= 40.0, "3 to 40 mm", self.lesion_diameter_mm)
        _check(
            "lesions_per_patient", self.lesions_per_patient[0] >= 1, "at least one", self.lesions_per_patient
        )
        _check("healthy_share", 0.0 <= self.healthy_share <= 1.0, "a share from 0 to 1", self.healthy_share)
        _check(
            "attached_share", 0.0 <= self.attached_share <= 1.0, "a share from 0 to 1", self.attached_share
        )
        _check("oblique_share", 0.0 <= self.oblique_share <= 1.0, "a share from 0 to 1", self.oblique_share)
        _check("scanners", len(self.scanners) > 0, "at least one scanner", self.scanners)


_RANGES = (
    "in_plane_spacing_mm",
    "slice_spacing_mm",
    "lesion_diameter_mm",
    "lesions_per_patient",
    "lung_lesion_hu",
    "liver_contrast_hu",
    "granulomas",
    "nodes",
)


def _check(name: str, fine: bool, expected: str, received: object) -> None:
    if not fine:
        raise SettingsError(
            "the phantom cannot be made", subject=name, expected=expected, received=str(received)
        )


SMALL_LESIONS = PhantomSettings(
    in_plane_spacing_mm=(0.8, 1.0),
    slice_spacing_mm=(1.0, 2.5),
    lesion_diameter_mm=(4.0, 20.0),
    lesions_per_patient=(2, 6),
)
"""For finding lesions: more of them, and smaller, on voxels that are large enough to be made quickly."""
