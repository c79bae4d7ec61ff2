"""Phantom: one patient imaged once, with everything that is known of the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from scipy import fft

from scanwright.data.volume import Volume
from scanwright.phantoms.anatomy import Anatomy, draw_anatomy
from scanwright.phantoms.lesions import LesionShape, draw_lesions
from scanwright.phantoms.lookalikes import Lookalike, draw_lookalikes
from scanwright.phantoms.settings import PhantomSettings, Scanner
from scanwright.phantoms.torso import Grid, Torso, render_torso
from scanwright.types import FloatArray, IntArray

# Slices are averaged from finer ones about this thick: partial volume along the slice axis.
_FINE_SLICE_MM = 1.25
_FIRST_DAY = date(2023, 1, 2)


@dataclass(frozen=True)
class Lesion:
    """A known lesion.

    Attributes:
        number: its value in ``Phantom.instances``, from 1.
        organ: "lung" or "liver".
        centre_mm: centre of gravity in patient millimetres, RAS+.
        diameter_mm: diameter of the sphere of the same volume.
        volume_mm3: volume of the shape itself, before voxels.
        hu: mean density in HU.
        voxels: voxels that the mask gives it.
    """

    number: int
    organ: str
    centre_mm: tuple[float, float, float]
    diameter_mm: float
    volume_mm3: float
    hu: float
    voxels: int


@dataclass(frozen=True, eq=False)
class Patient:
    """A patient independent of any scanner: imaging it again, or grown, is a follow-up.

    Attributes:
        identifier: made-up patient identifier.
        anatomy: the healthy torso.
        lesions: what a detector should find.
        lookalikes: what it should leave alone.
        texture_seed: fixes the tissues' texture.
    """

    identifier: str
    anatomy: Anatomy
    lesions: tuple[LesionShape, ...]
    lookalikes: tuple[Lookalike, ...]
    texture_seed: int


@dataclass(frozen=True, eq=False)
class Acquisition:
    """How a patient was imaged.

    Attributes:
        scanner: on which scanner.
        shape: voxels along i (to the left), j (to the back) and k (to the head).
        spacing_mm: distance between voxel centres along i, j, k.
        body_to_ras: (4, 4) from the body frame to patient millimetres, RAS+: how the patient lay.
        day: the date.
        noise_seed: fixes the noise.
    """

    scanner: Scanner
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    body_to_ras: FloatArray
    day: date
    noise_seed: int

    @property
    def first_voxel_mm(self) -> FloatArray:
        """(3,) body-frame place of voxel (0, 0, 0): right, front, bottom."""
        extent = (np.asarray(self.shape) - 1) * np.asarray(self.spacing_mm) / 2
        first: FloatArray = extent * np.array([1.0, 1.0, -1.0])
        return first

    @property
    def affine_ras(self) -> FloatArray:
        """(4, 4) from voxel indices to patient millimetres, RAS+."""
        to_body = np.diag([*(np.asarray(self.spacing_mm) * np.array([-1.0, -1.0, 1.0])), 1.0])
        to_body[:3, 3] = self.first_voxel_mm
        affine: FloatArray = self.body_to_ras @ to_body
        return affine


@dataclass(frozen=True, eq=False)
class Phantom:
    """One imaged patient.

    Attributes:
        image: HU, int16, one channel, modality "CT".
        mask: lesions 1, the rest 0, uint8.
        instances: each lesion its ``number``, uint8.
        organs: see ``torso.ORGANS``, uint8.
        lookalikes: see ``torso.LOOKALIKES``, uint8.
        lesions: the truth.
        patient: made-up patient identifier.
        scanner: on which it was imaged.
        day: when.
    """

    image: Volume
    mask: Volume
    instances: Volume
    organs: Volume
    lookalikes: Volume
    lesions: tuple[Lesion, ...]
    patient: str
    scanner: Scanner
    day: date


def make_phantom(
    seed: int | Sequence[int],
    *,
    settings: PhantomSettings | None = None,
    healthy: bool | None = None,
    scanner: Scanner | None = None,
) -> Phantom:
    """A patient with lesions of known truth, imaged once; the same seed gives the same phantom.

    Args:
        seed: one or several integers; several name a patient within a cohort.
        settings: of the cohort; defaults to ``PhantomSettings()``.
        healthy: without lesions or with; drawn by ``settings.healthy_share`` when ``None``.
        scanner: drawn from ``settings.scanners`` when ``None``.
    """
    chosen = settings or PhantomSettings()
    seeds = np.random.SeedSequence(seed).spawn(2)
    patient = draw_patient(seeds[0], chosen, healthy=healthy)
    acquisition = draw_acquisition(seeds[1], chosen, scanner=scanner)
    return image_patient(patient, acquisition)


def draw_patient(
    seed: np.random.SeedSequence, settings: PhantomSettings, *, healthy: bool | None = None
) -> Patient:
    """A patient drawn at random.

    Args:
        seed: the source of chance.
        settings: of the cohort.
        healthy: without lesions or with; drawn when ``None``.
    """
    # Each part has a stream of its own, so that what is added to one later leaves the others as they were.
    who, body, lesion, lookalike = (np.random.default_rng(child) for child in seed.spawn(4))
    anatomy = draw_anatomy(body, settings)
    low, high = settings.lesions_per_patient
    n_lesions = int(lesion.integers(low, high + 1))
    is_healthy = bool(who.random() < settings.healthy_share) if healthy is None else healthy
    lesions = () if is_healthy else draw_lesions(lesion, anatomy, settings, n_lesions)
    return Patient(
        identifier=f"PH-{int(who.integers(0, 16**8)):08X}",
        anatomy=anatomy,
        lesions=lesions,
        lookalikes=draw_lookalikes(lookalike, anatomy, settings, lesions),
        texture_seed=int(who.integers(0, 2**32)),
    )


def draw_acquisition(
    seed: np.random.SeedSequence, settings: PhantomSettings, *, scanner: Scanner | None = None
) -> Acquisition:
    """A scanner, a spacing and a way to lie, drawn at random.

    Args:
        seed: the source of chance.
        settings: of the cohort.
        scanner: drawn when ``None``.
    """
    rng = np.random.default_rng(seed)
    drawn = settings.scanners[int(rng.integers(len(settings.scanners)))]
    # Headers hold few digits, so the spacing has few to begin with.
    pixel = round(float(rng.uniform(*settings.in_plane_spacing_mm)), 4)
    slices = round(float(np.exp(rng.uniform(*np.log(settings.slice_spacing_mm)))), 2)
    spacing = (pixel, pixel, slices)
    field = settings.field_of_view_mm
    shape = tuple(max(4, round(size / step)) for size, step in zip(field, spacing, strict=True))
    body_to_ras = np.eye(4)
    if rng.random() < settings.oblique_share:
        body_to_ras[:3, :3] = _rotation(np.deg2rad(rng.uniform(-7.0, 7.0, 3)))
    body_to_ras[:3, 3] = np.round(rng.uniform([-50.0, -50.0, -900.0], [50.0, 50.0, -100.0]), 1)
    return Acquisition(
        scanner=scanner or drawn,
        shape=(shape[0], shape[1], shape[2]),
        spacing_mm=spacing,
        body_to_ras=body_to_ras,
        day=_FIRST_DAY + timedelta(days=int(rng.integers(0, 900))),
        noise_seed=int(rng.integers(0, 2**32)),
    )


def image_patient(patient: Patient, acquisition: Acquisition) -> Phantom:
    """The phantom that a scanner makes of a patient.

    Args:
        patient: who.
        acquisition: how.
    """
    n_fine = max(1, round(acquisition.spacing_mm[2] / _FINE_SLICE_MM))
    grid = _fine_grid(acquisition, n_fine)
    texture = np.random.default_rng(patient.texture_seed)
    torso = render_torso(texture, patient.anatomy, patient.lesions, patient.lookalikes, grid)
    hu = _blur_and_add_noise(_average_slices(torso.hu, n_fine), acquisition)
    affine = acquisition.affine_ras
    instances = _number_lesions(torso, n_fine, acquisition.shape)
    return Phantom(
        image=Volume(hu[None], affine, "CT"),
        mask=Volume((instances > 0).astype(np.uint8)[None], affine),
        instances=Volume(instances[None], affine),
        organs=Volume(np.ascontiguousarray(torso.organs[:, :, n_fine // 2 :: n_fine])[None], affine),
        lookalikes=Volume(torso.lookalikes.reshape(*acquisition.shape, n_fine).max(axis=3)[None], affine),
        lesions=tuple(
            _describe_lesion(number, shape, acquisition, instances)
            for number, shape in enumerate(patient.lesions, start=1)
        ),
        patient=patient.identifier,
        scanner=acquisition.scanner,
        day=acquisition.day,
    )


def _fine_grid(acquisition: Acquisition, n_fine: int) -> Grid:
    di, dj, dk = acquisition.spacing_mm
    ni, nj, nk = acquisition.shape
    x, y, z = acquisition.first_voxel_mm
    step = dk / n_fine
    return Grid(
        x=(x - di * np.arange(ni)).astype(np.float32)[:, None, None],
        y=(y - dj * np.arange(nj)).astype(np.float32)[None, :, None],
        z=(z - dk / 2 + step * (np.arange(nk * n_fine) + 0.5)).astype(np.float32)[None, None, :],
        edge_mm=di,
    )


def _average_slices(fine: FloatArray, n_fine: int) -> FloatArray:
    i, j, k = fine.shape
    averaged: FloatArray = fine.reshape(i, j, k // n_fine, n_fine).mean(axis=3)
    return averaged


def _number_lesions(torso: Torso, n_fine: int, shape: tuple[int, int, int]) -> IntArray:
    """Each lesion's voxels: those filled by half, or by half of the fullest where thick slices dilute it."""
    instances = np.zeros(shape, dtype=np.uint8)
    for number, (window, occupancy) in enumerate(torso.lesions, start=1):
        i, j, k = window
        first, last = k.start // n_fine, -(-k.stop // n_fine)
        padded = np.zeros((*occupancy.shape[:2], (last - first) * n_fine), dtype=np.float32)
        padded[:, :, k.start - first * n_fine : k.stop - first * n_fine] = occupancy
        filled = _average_slices(padded, n_fine)
        inside = filled >= min(0.5, 0.5 * float(filled.max()))
        instances[i, j, first:last][inside] = number
    return instances


def _describe_lesion(
    number: int, shape: LesionShape, acquisition: Acquisition, instances: IntArray
) -> Lesion:
    centre = (acquisition.body_to_ras @ np.append(shape.centre_mm, 1.0))[:3]
    return Lesion(
        number=number,
        organ=shape.organ,
        centre_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
        diameter_mm=shape.diameter_mm,
        volume_mm3=shape.volume_mm3,
        hu=shape.hu,
        voxels=int((instances == number).sum()),
    )


def _blur_and_add_noise(hu: FloatArray, acquisition: Acquisition) -> IntArray:
    """Point spread of the kernel, and noise as filtered back-projection leaves it.

    The noise power spectrum in the plane is |f| · MTF(f)², as the ramp filter makes it (Riederer,
    Pelc & Chesler, Phys Med Biol 1978; 23: 446–454); its height falls with thicker slices.
    """
    scanner = acquisition.scanner
    ni, nj, nk = acquisition.shape
    di, dj, dk = acquisition.spacing_mm
    fi = np.fft.fftfreq(ni, di)[:, None]
    fj = np.fft.rfftfreq(nj, dj)[None]
    f = np.hypot(fi, fj)
    mtf = np.exp(-2.0 * (np.pi * scanner.blur_mm * f) ** 2) * (1.0 + scanner.sharpening * (f / 0.35) ** 2)
    amplitude = np.sqrt(f) * mtf
    both_sides = np.full(fj.shape, 2.0)
    both_sides[:, 0] = 1.0
    power = float((amplitude**2 * both_sides).sum() / (both_sides.sum() * ni))
    level = scanner.noise_hu * np.sqrt(2.5 / max(dk, 1.0)) / np.sqrt(power)
    rng = np.random.default_rng(acquisition.noise_seed)
    white = rng.standard_normal((nk, ni, nj), dtype=np.float32)
    noise = fft.irfft2(fft.rfft2(white) * (amplitude * level).astype(np.float32), s=(ni, nj))
    # The thick middle of the body lets fewer photons through than its rim.
    i = np.linspace(-1.0, 1.0, ni, dtype=np.float32)[:, None]
    j = np.linspace(-1.0, 1.0, nj, dtype=np.float32)[None]
    noise *= 1.2 - np.float32(0.5) * np.clip(i**2 + j**2, 0.0, 1.0)
    slices = np.ascontiguousarray(np.moveaxis(hu, 2, 0))
    blurred = fft.irfft2(fft.rfft2(slices) * mtf.astype(np.float32), s=(ni, nj))
    total = np.rint(blurred + noise + np.float32(scanner.offset_hu))
    return np.ascontiguousarray(np.moveaxis(np.clip(total, -1024, 3071), 0, 2).astype(np.int16))


def _rotation(angles_rad: FloatArray) -> FloatArray:
    """(3, 3) rotation about x, then y, then z."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles_rad), np.sin(angles_rad)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    rotation: FloatArray = about_z @ about_y @ about_x
    return rotation
