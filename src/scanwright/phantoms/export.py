"""Export: a phantom as DICOM CT files, named and shuffled as a careless export would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from scanwright.phantoms.phantom import Phantom
from scanwright.types import FloatArray

# RAS+ to DICOM's LPS: the first two axes change sign.
_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])
_RESCALE_INTERCEPT = -1024


def series_uid(seed: int, index: int) -> str:
    """The SeriesInstanceUID of a cohort's patient; the same seed and index give the same UID."""
    return str(generate_uid(entropy_srcs=["scanwright phantom series", str(seed), str(index)]))


def write_series(phantom: Phantom, series: str, folders: list[Path], rng: np.random.Generator) -> None:
    """One file per slice, under random names without extension, in random order.

    Args:
        phantom: the imaged patient.
        series: SeriesInstanceUID; study and instances are derived from it.
        folders: existing folders; each slice goes to one of them at random.
        rng: the source of names and order.
    """
    header = _header(phantom, series)
    n_slices = phantom.image.shape[2]
    names = rng.permutation(
        16**8 // n_slices * np.arange(n_slices) + rng.integers(0, 16**8 // n_slices, n_slices)
    )
    for k in rng.permutation(n_slices):
        _set_slice(header, phantom, series, int(k))
        folder = folders[int(rng.integers(len(folders)))]
        header.save_as(folder / f"{int(names[k]):08X}", enforce_file_format=True)


def _header(phantom: Phantom, series: str) -> Dataset:
    """What all slices of a series share."""
    scanner = phantom.scanner
    affine = phantom.image.affine_ras
    spacing = phantom.image.spacing_mm
    header = Dataset()
    header.file_meta = FileMetaDataset()
    header.file_meta.MediaStorageSOPClassUID = CTImageStorage
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.SpecificCharacterSet = "ISO_IR 192"
    header.SOPClassUID = CTImageStorage
    header.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    header.StudyDate = header.SeriesDate = header.AcquisitionDate = header.ContentDate = phantom.day.strftime(
        "%Y%m%d"
    )
    header.StudyTime = header.SeriesTime = header.AcquisitionTime = header.ContentTime = "093000"
    header.AccessionNumber = ""
    header.Modality = "CT"
    header.Manufacturer = scanner.manufacturer
    header.InstitutionName = scanner.name
    header.StationName = scanner.name
    header.ReferringPhysicianName = ""
    header.StudyDescription = "Phantom"
    header.SeriesDescription = "Scaled torso phantom"
    header.PatientName = "Phantom^" + phantom.patient
    header.PatientID = phantom.patient
    header.PatientBirthDate = ""
    header.PatientSex = "O"
    header.PatientIdentityRemoved = "YES"
    header.DeidentificationMethod = "Synthetic: no patient was imaged"
    header.KVP = "120"
    header.PatientPosition = "HFS"
    header.StudyInstanceUID = generate_uid(entropy_srcs=[series, "study"])
    header.SeriesInstanceUID = series
    header.FrameOfReferenceUID = generate_uid(entropy_srcs=[series, "frame"])
    header.PositionReferenceIndicator = ""
    header.StudyID = "1"
    header.SeriesNumber = 2
    header.AcquisitionNumber = 1
    header.ConvolutionKernel = scanner.kernel
    if affine is not None and spacing is not None:
        header.SliceThickness = _decimal(spacing[2])
        header.SpacingBetweenSlices = _decimal(spacing[2])
        # DICOM gives the distance between rows first: that is the array's j axis.
        header.PixelSpacing = [_decimal(spacing[1]), _decimal(spacing[0])]
        directions = _RAS_TO_LPS @ (affine[:3, :2] / np.asarray(spacing[:2]))
        header.ImageOrientationPatient = [_decimal(value) for value in directions.T.ravel()]
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME2"
    header.Columns, header.Rows = phantom.image.shape[:2]
    header.BitsAllocated = 16
    header.BitsStored = 16
    header.HighBit = 15
    header.PixelRepresentation = 0
    header.RescaleIntercept = str(_RESCALE_INTERCEPT)
    header.RescaleSlope = "1"
    header.RescaleType = "HU"
    header.WindowCenter = "40"
    header.WindowWidth = "400"
    return header


def _set_slice(header: Dataset, phantom: Phantom, series: str, k: int) -> None:
    uid = generate_uid(entropy_srcs=[series, "instance", str(k)])
    header.file_meta.MediaStorageSOPInstanceUID = uid
    header.SOPInstanceUID = uid
    header.InstanceNumber = k + 1
    affine: FloatArray = np.eye(4) if phantom.image.affine_ras is None else phantom.image.affine_ras
    header.ImagePositionPatient = [
        _decimal(v) for v in _RAS_TO_LPS @ (affine @ np.array([0.0, 0.0, k, 1.0]))[:3]
    ]
    rows = phantom.image.array[0, :, :, k].T.astype(np.int32) - _RESCALE_INTERCEPT
    header.PixelData = np.ascontiguousarray(rows, dtype="<u2").tobytes()


def _decimal(value: float) -> str:
    """A decimal string of at most 16 characters, as DICOM's DS demands."""
    return f"{value + 0.0:.9f}"[:16].rstrip("0").rstrip(".") if abs(value) >= 1e-9 else "0"
