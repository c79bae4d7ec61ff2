"""DICOM fast and lean, beside peers and limits in the same run.

Goals: series → array, series found and volume placed, at least 1.5 times as fast as SimpleITK's reader and 3
times as fast as dicom2nifti; 10,000 small files sorted into series in at most 1.5 times the time of a bare
pydicom pass over six tags; a series read with a peak of at most twice its array. All take turns on the same
files, warm. dicom2nifti lives in an environment of its own (--dicom2nifti or $DICOM2NIFTI_PYTHON names its
python) and times itself there, without its imports and without the copy of the folder that it makes first.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from figures import data_root, print_header
from scanwright.io import open_inputs, read_image

SIX = [
    "PatientID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "ImagePositionPatient",
    "ImageOrientationPatient",
]
SERIES = ("dicom-brain-mr/Study1/12-T1post-05670", "ibsi-sts-dicom/STS_025/CT/image")
PEER = """
import logging, sys, time
import numpy as np
from dicom2nifti import common, convert_dicom
logging.disable(logging.CRITICAL)
for line in sys.stdin:
    start = time.perf_counter()
    files = common.read_dicom_directory(line.rstrip())
    image = convert_dicom.dicom_array_to_nifti(files, None, reorient_nifti=False)["NII"]
    np.asanyarray(image.dataobj)
    print(time.perf_counter() - start, flush=True)
"""
PEAK = """
import sys
from pathlib import Path
from scanwright.inspection.doctor import inspect
from scanwright.io import read_image
from scanwright.io.dataset import find_cases

def mib(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))

before = mib("VmRSS")
result = read_image(sys.argv[2]) if sys.argv[1] == "read" else inspect(find_cases(sys.argv[2]))
print(mib("VmHWM") - before)
"""


def slice_of(stored: np.ndarray, **fields: object) -> Dataset:
    """A CT slice with about as many fields as an export has."""
    one = Dataset()
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID = CTImageStorage
    one.SpecificCharacterSet, one.ImageType = "ISO_IR 100", ["ORIGINAL", "PRIMARY", "AXIAL"]
    for name in ("Study", "Series", "Acquisition", "Content"):
        setattr(one, f"{name}Date", "20200203")
        setattr(one, f"{name}Time", "101500")
    one.Modality, one.Manufacturer, one.ManufacturerModelName = "CT", "Maker", "Model"
    one.AccessionNumber, one.StudyDescription, one.SeriesDescription = "1", "Thorax", "Lung"
    one.PatientName, one.PatientBirthDate, one.PatientSex = "Phantom", "19500101", "F"
    one.ProcedureCodeSequence = Sequence([Dataset()])
    one.ProcedureCodeSequence[0].CodeValue = "1"
    one.KVP, one.XRayTubeCurrent, one.ExposureTime, one.ConvolutionKernel = 120, 200, 500, "B"
    one.PatientPosition, one.SeriesNumber, one.AcquisitionNumber = "HFS", 1, 1
    one.ImageOrientationPatient, one.PixelSpacing, one.SliceThickness = [1, 0, 0, 0, 1, 0], [0.7, 0.7], 2.5
    one.WindowCenter, one.WindowWidth = 40, 400
    one.Rows, one.Columns = stored.shape[-2:]
    one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
    one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = 16, 12, 11, 0
    one.RescaleSlope, one.RescaleIntercept = 1, -1024
    one.PixelData = stored.astype("<u2").tobytes()
    for name, value in fields.items():
        setattr(one, name, value)
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    return one


def write_heap(root: Path, n_files: int) -> int:
    """Small slices of 20 patients with two studies of five series each, in random order, names and folders.

    Returns:
        How many series there are.
    """
    rng = np.random.default_rng(0)
    n_series = 200
    for n in rng.permutation(n_files):
        series, number = int(n) % n_series, int(n) // n_series
        patient, study = series % 20, series // 20 % 2
        uid = f"1.2.{patient + 1}.{study + 1}.{series + 1}"
        one = slice_of(
            rng.integers(0, 4000, (16, 16)),
            PatientID=f"P{patient}",
            StudyInstanceUID=f"1.2.{patient + 1}.{study + 1}",
            SeriesInstanceUID=uid,
            SOPInstanceUID=f"{uid}.{number + 1}",
            InstanceNumber=number + 1,
            ImagePositionPatient=[-150, -160, 2.5 * number],
        )
        path = root / f"{rng.integers(20):02X}" / f"{rng.integers(10):X}" / f"{rng.integers(16**10):010X}"
        path.parent.mkdir(parents=True, exist_ok=True)
        one.save_as(path, enforce_file_format=True)
    return n_series


def write_large(root: Path, n_slices: int) -> dict[str, Path]:
    """A large CT in several encodings: files of slices, and one file of frames. Four slices take turns.

    Returns:
        By what it is: its folder, or its file.
    """
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:1:512j, -1:1:512j]
    body = np.where(x**2 + y**2 < 0.7, 1030, 30)
    four = [(body + rng.normal(0, 12, body.shape)).clip(0).astype(np.uint16) for _ in range(4)]
    uids = {"StudyInstanceUID": "1.3.1", "SeriesInstanceUID": "1.3.1.1", "PatientID": "P"}
    made = {}
    for name, encoding in (("slices", None), ("slices, RLE", RLELossless), ("slices, J2K", JPEG2000Lossless)):
        made[name] = root / name
        made[name].mkdir()
        slices = [slice_of(stored, SOPInstanceUID="1", **uids) for stored in four]
        for one in slices if encoding else ():
            one.compress(encoding, encoding_plugin="pylibjpeg", generate_instance_uid=False)
        for k in range(n_slices):
            one = slices[k % 4]
            one.ImagePositionPatient, one.InstanceNumber = [-150, -160, 2.5 * k], k + 1
            one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = f"1.3.1.1.{k + 1}"
            one.save_as(made[name] / f"{k}", enforce_file_format=True)
    frames = enhanced(np.stack([four[k % 4] for k in range(n_slices)]), SOPInstanceUID="1.3.1.1.1", **uids)
    for name, encoding in (("frames", None), ("frames, RLE", RLELossless)):
        made[name] = root / f"{name}.dcm"
        if encoding:
            frames.compress(encoding, encoding_plugin="pylibjpeg", generate_instance_uid=False)
        frames.save_as(made[name], enforce_file_format=True)
    return made


def enhanced(stored: np.ndarray, **fields: object) -> Dataset:
    """All slices as frames of one file, which says what is common to them and what is each one's own."""
    one = slice_of(stored, **fields)
    one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID = EnhancedCTImageStorage
    one.NumberOfFrames = len(stored)
    shared = {
        "PlaneOrientationSequence": {"ImageOrientationPatient": one.ImageOrientationPatient},
        "PixelMeasuresSequence": {"PixelSpacing": one.PixelSpacing, "SliceThickness": one.SliceThickness},
        "PixelValueTransformationSequence": {
            "RescaleSlope": 1,
            "RescaleIntercept": -1024,
            "RescaleType": "HU",
        },
    }
    own = [{"PlanePositionSequence": {"ImagePositionPatient": [0, 0, 2.5 * k]}} for k in range(len(stored))]
    one.SharedFunctionalGroupsSequence = Sequence([groups(shared)])
    one.PerFrameFunctionalGroupsSequence = Sequence([groups(frame) for frame in own])
    return one


def groups(values: Mapping[str, Mapping[str, object]]) -> Dataset:
    """A sequence of one item for each group."""
    made = Dataset()
    for group, fields in values.items():
        item = Dataset()
        for name, value in fields.items():
            setattr(item, name, value)
        setattr(made, group, Sequence([item]))
    return made


def compare(rounds: int, readers: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """The seconds of each reader, in turns, after one unmeasured round."""
    times: dict[str, list[float]] = {name: [] for name in readers}
    for number in range(rounds + 1):
        for name, read in readers.items():
            seconds = read()
            if number:
                times[name].append(seconds)
    return times


def timed(read: Callable[[], object]) -> Callable[[], float]:
    """A reader that says how long it took."""

    def measured() -> float:
        start = time.perf_counter()
        read()
        return time.perf_counter() - start

    return measured


def with_simpleitk(folder: Path) -> np.ndarray:
    """What GDCM finds first in a folder."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return SimpleITK.GetArrayFromImage(reader.Execute())


class Peer:
    """dicom2nifti in its own environment, which says how long it took."""

    def __init__(self, python: str) -> None:
        self.process = subprocess.Popen(
            [python, "-c", PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, folder: Path) -> float:
        print(folder, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())


def print_row(what: str, ours: list[float], theirs: Mapping[str, list[float]], unit_s: float = 1e-3) -> None:
    """Minimum and median of each, and how they compare."""
    unit = "ms" if unit_s < 1 else "s"

    def shown(times: list[float]) -> str:
        return f"{min(times) / unit_s:.3g} / {statistics.median(times) / unit_s:.3g} {unit}"

    print(f"{what}: ours {shown(ours)}", end="")
    for name, times in theirs.items():
        by_min, by_median = min(times) / min(ours), statistics.median(times) / statistics.median(ours)
        print(f"; {name} {shown(times)}: {by_min:.2f} / {by_median:.2f} ×", end="")
    print(flush=True)


def to_array(folders: Mapping[str, Path], peer: Peer | None, rounds: int) -> None:
    """Series → array."""
    print("series → array, minimum / median; goal ≥ 1.5 × SimpleITK, ≥ 3 × dicom2nifti")
    for name, folder in folders.items():
        readers = {
            "ours": timed(lambda folder=folder: read_image(folder).array),
            "SimpleITK": timed(lambda folder=folder: with_simpleitk(folder)),
        }
        if peer:
            readers["dicom2nifti"] = lambda folder=folder: peer(folder)
        times = compare(rounds, readers)
        print_row(f"  {name}", times.pop("ours"), times)


def sort_heap(root: Path, n_series: int, rounds: int) -> None:
    """A heap of files → series."""
    paths = [path for path in sorted(root.rglob("*")) if path.is_file()]

    def bare() -> None:
        for path in paths:
            pydicom.dcmread(path, stop_before_pixels=True, specific_tags=SIX)

    times = compare(rounds, {"ours": timed(lambda: open_inputs(root)), "six tags with pydicom": timed(bare)})
    found = open_inputs(root)
    n_right = sum(case.image.read().shape[2] == len(paths) // n_series for case in found.cases)
    print(
        f"{len(paths)} files sorted into series, checked and placed; goal ≥ 0.67 × (1.5 times pydicom's time)"
    )
    print_row(f"  {n_right} of {n_series} series right", times.pop("ours"), times, unit_s=1)


def measure_peaks(made: Mapping[str, Path], array_mib: float) -> None:
    """Peak memory in a fresh process, over what it had after its imports."""
    print(f"peak memory over an array of {array_mib:.0f} MiB; goal ≤ 2 × for reading")
    for what in ("read", "inspect"):
        for name, path in made.items():
            if what == "inspect" and path.is_file():
                continue
            run = [sys.executable, "-c", PEAK, what, str(path)]
            peak = float(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
            print(f"  {what} {name}: {peak:.0f} MiB, {peak / array_mib:.2f} ×", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000, help="in the heap that is sorted")
    parser.add_argument("--slices", type=int, default=300, help="of the large series")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--dicom2nifti", default=os.environ.get("DICOM2NIFTI_PYTHON", ""), help="its python")
    options = parser.parse_args()
    print_header("DICOM fast and lean", rounds=options.rounds)
    peer = Peer(options.dicom2nifti) if options.dicom2nifti else None
    if peer is None:
        print("dicom2nifti is left out: name the python of an environment that has it with --dicom2nifti")
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        (root / "large").mkdir()
        made = write_large(root / "large", options.slices)
        real = {name: data_root() / name for name in SERIES}
        to_array(real, peer, options.rounds)
        to_array({f"{options.slices} made slices": made["slices"]}, peer, 3)
        n_series = write_heap(root / "heap", options.files)
        sort_heap(root / "heap", n_series, 3)
        measure_peaks(made, options.slices * 512 * 512 * 2 / 2**20)


if __name__ == "__main__":
    main()
