"""DICOM read right: places and values against truth that others made, and the time beside SimpleITK's reader.

Goal: corners within 1e-3 mm, equal voxels; lossless encodings bit-identical; RTSTRUCT Dice ≥ 0.97, SEG equal,
on rotated grids Dice ≥ 0.97; numbers of reports as written;
PET in Bq/ml becomes the SUV that it was made of within 1 %; a sheared volume comes back; series → array at
least 1.5 times as fast as SimpleITK.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage, generate_uid
from scipy import ndimage

from figures import arguments, data_root, print_header
from scanwright.data.volume import Volume
from scanwright.errors import DataError
from scanwright.inspection.doctor import inspect
from scanwright.io import open_dataset, open_inputs, read_image, read_mask
from scanwright.io.dataset import find_cases
from scanwright.io.dicom.reports import read_report

LOSSLESS, LOSSY = ("RLE", "J2KR", "JLSL", "JPLL"), ("JLSN", "J2KI", "JPLY")


def canonical(volume: Volume) -> nib.Nifti1Image:
    """Channel 0 with its axes as RAS asks for."""
    return nib.as_closest_canonical(nib.Nifti1Image(volume.array[0].astype(np.float64), volume.affine_ras))


def compare(name: str, ours: nib.Nifti1Image, theirs: nib.Nifti1Image) -> None:
    """The largest distance of a corner, and of a value."""
    if ours.shape != theirs.shape:
        print(f"{name}: shape {ours.shape}, truth {theirs.shape}: DIFFERENT", flush=True)
        return
    corners = np.array([[i, j, k, 1] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * [*ours.shape, 1]
    far = np.abs(corners @ (ours.affine - theirs.affine).T).max()
    values = np.abs(ours.get_fdata() - theirs.get_fdata()).max()
    print(f"{name}: corners within {far:.1e} mm, values within {values:.2g}", flush=True)


def vendors(root: Path) -> None:
    """Each series against its NIfTI."""
    for truth in sorted((root / "dicom2nifti-vendors").rglob("*_ground_truth.nii.gz")):
        folder = truth.with_name(truth.name.removesuffix("_ground_truth.nii.gz"))
        name = folder.relative_to(root).as_posix()
        compare(name, canonical(read_image(folder)), nib.as_closest_canonical(nib.load(truth)))


def sarcoma(root: Path) -> None:
    """CT, MR and PET against their NIfTI, contours against their masks."""
    reference = root / "ibsi-sts-dicom" / "nifti_reference" / "nifti" / "STS_025"
    for modality in ("CT", "MR_T1", "PET"):
        (case,) = open_dataset(root / "ibsi-sts-dicom" / "STS_025" / modality).cases
        truth = nib.as_closest_canonical(nib.load(reference / f"{modality}_image.nii.gz"))
        compare(f"ibsi-sts-dicom {modality}", canonical(case.image.read()), truth)
        mask = nib.as_closest_canonical(nib.load(reference / f"{modality}_mask.nii.gz")).get_fdata() > 0
        dice(f"ibsi-sts-dicom {modality} RTSTRUCT", canonical(case.mask.read()).get_fdata() > 0, mask)


def dice(name: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    """Overlap of two masks."""
    print(f"{name}: Dice {2 * (ours & theirs).sum() / (ours.sum() + theirs.sum()):.4f}", flush=True)


def phantom(root: Path) -> None:
    """The IBSI CT phantom's contours against its mask."""
    folder = root / "ibsi-phantoms" / "ibsi_1_ct_radiomics_phantom"
    (case,) = open_dataset(folder / "dicom").cases
    truth = next(path for path in sorted(folder.rglob("*.nii*")) if "mask" in path.name.lower())
    ours = canonical(case.mask.read()).get_fdata() > 0
    dice("ibsi-phantoms CT RTSTRUCT", ours, nib.as_closest_canonical(nib.load(truth)).get_fdata() > 0)


def segments(root: Path) -> None:
    """SEG against the labels that it was made of."""
    folder = root / "dicom-conformance" / "dcmqi" / "data" / "segmentations"
    for name in ("23x38x3", "24x38x3"):
        with tempfile.TemporaryDirectory() as place:
            for part in ("image", "seg"):
                shutil.copytree(folder / name / part, Path(place) / part)
            mask = open_dataset(place).cases[0].mask.read()
            compare(
                f"dcmqi SEG {name}", canonical(mask), canonical(read_mask(folder / name / "nrrd/label.nrrd"))
            )
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(folder / "ct-3slice", Path(place) / "ct")
        shutil.copy(folder / "liver.dcm", place)
        mask = open_dataset(place).cases[0].mask.read()
        compare("dcmqi SEG liver", canonical(mask), canonical(read_mask(folder / "liver_seg.nrrd")))


def rotated(root: Path) -> None:
    """The sarcoma's mask on slices of random directions, written as SEG, and read onto the CT again."""
    image = root / "ibsi-sts-dicom" / "STS_025" / "CT" / "image"
    truth = nib.load(root / "ibsi-sts-dicom/nifti_reference/nifti/STS_025/CT_mask.nii.gz")
    mask = np.asarray(truth.dataobj) > 0
    to_lps = np.diag([-1.0, -1.0, 1.0, 1.0])
    found = []
    for seed in range(10):
        directions, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
        directions *= np.linalg.det(directions)
        spacing_mm = 0.8
        shape = (int(np.linalg.norm(mask.shape * nib.affines.voxel_sizes(truth.affine)) / spacing_mm),) * 3
        drawn_on = np.eye(4)
        drawn_on[:3, :3] = directions * spacing_mm
        middle = to_lps @ truth.affine @ [*((np.array(mask.shape) - 1) / 2), 1.0]
        drawn_on[:3, 3] = middle[:3] - drawn_on[:3, :3] @ ((np.array(shape) - 1) / 2)
        through = np.linalg.inv(to_lps @ truth.affine) @ drawn_on
        drawn = ndimage.affine_transform(mask.astype(np.float32), through, output_shape=shape, order=1) >= 0.5
        with tempfile.TemporaryDirectory() as place:
            shutil.copytree(image, Path(place) / "image")
            segmentation(drawn, drawn_on, pydicom.dcmread(next(image.iterdir()))).save_as(
                Path(place) / "seg.dcm", enforce_file_format=True
            )
            ours = canonical(open_dataset(place).cases[0].mask.read()).get_fdata() > 0
        theirs = nib.as_closest_canonical(truth).get_fdata() > 0
        found.append(2 * (ours & theirs).sum() / (ours.sum() + theirs.sum()))
    print(f"SEG on 10 rotated grids: Dice {min(found):.4f} (worst) to {max(found):.4f}", flush=True)


def segmentation(mask: np.ndarray, affine_lps: np.ndarray, source: Dataset) -> Dataset:
    """A SEG of one segment by hand (PS3.3 A.51), frames without any left out."""
    frames = [k for k in range(mask.shape[2]) if mask[..., k].any()]
    pixels = np.stack([mask[..., k].T for k in frames])
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = SegmentationStorage
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    made.SeriesInstanceUID, made.Modality, made.SegmentationType = generate_uid(), "SEG", "BINARY"
    made.FrameOfReferenceUID = source.FrameOfReferenceUID
    made.NumberOfFrames, made.Rows, made.Columns = pixels.shape
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 1, 1, 0
    packed = np.packbits(pixels.ravel(), bitorder="little").tobytes()
    made.PixelData = packed + b"\0" * (len(packed) % 2)
    segment, series, orientation, measures, shared = (Dataset() for _ in range(5))
    segment.SegmentNumber, segment.SegmentLabel = 1, "tumour"
    series.SeriesInstanceUID = source.SeriesInstanceUID
    sizes = np.linalg.norm(affine_lps[:3, :3], axis=0)
    orientation.ImageOrientationPatient = [f"{x:.10f}" for x in (affine_lps[:3, :3] / sizes)[:, :2].T.ravel()]
    measures.PixelSpacing, measures.SliceThickness = [float(sizes[1]), float(sizes[0])], float(sizes[2])
    shared.PlaneOrientationSequence = Sequence([orientation])
    shared.PixelMeasuresSequence = Sequence([measures])
    each = []
    for k in frames:
        position, identity, group = Dataset(), Dataset(), Dataset()
        place = affine_lps @ [0, 0, k, 1]
        position.ImagePositionPatient = [f"{x:.6f}" for x in place[:3]]
        identity.ReferencedSegmentNumber = 1
        group.PlanePositionSequence = Sequence([position])
        group.SegmentIdentificationSequence = Sequence([identity])
        each.append(group)
    made.SegmentSequence, made.ReferencedSeriesSequence = Sequence([segment]), Sequence([series])
    made.SharedFunctionalGroupsSequence = Sequence([shared])
    made.PerFrameFunctionalGroupsSequence = Sequence(each)
    return made


def reports(root: Path) -> None:
    """Measurement reports against what dcmqi's own reader and highdicom's tests say of them."""
    folder = root / "dicom-conformance"
    found = [
        report
        for path in (
            folder / "dcmqi" / "data" / "sr-example" / "sr.dcm",
            folder / "highdicom" / "data" / "test_files" / "sr_document_with_multiple_groups.dcm",
        )
        if (report := read_report(path)) is not None
    ]
    values = [
        (one.name, one.value, one.unit)
        for report in found
        for group in report.groups
        for one in group.measurements
    ]
    wanted = [
        ("Volume", 33.5824, "ml"),
        ("SUVbw Mean", 6.01529, "g/ml"),
        ("Total Lesion Glycolysis", 202.008, "g"),
    ]
    wanted += [("Diameter", 10.0, "mm"), ("Diameter", 20.0, "mm"), ("Volume", 0.2, "ml")]
    right = sum(one in values for one in wanted)
    print(
        f"TID 1500: {len(values)} numbers, {right} of {len(wanted)} known ones as they were written",
        flush=True,
    )


def encodings(root: Path) -> None:
    """Images in several encodings: lossless ones must agree to the last bit."""
    folder = root / "dicom-wg04"
    for image in sorted({path.name.split("_")[0] for path in folder.glob("*/*_*") if path.suffix != ".zst"}):
        read: dict[str, np.ndarray] = {}
        failed = []
        for encoding in (*LOSSLESS, *LOSSY):
            path = folder / encoding / f"{image}_{encoding}"
            if not path.is_file():
                continue
            try:
                read[encoding] = read_image(path).array.astype(np.int64)
            except DataError as error:
                failed.append(f"{encoding} ({error.problem})")
        same = [name for name in LOSSLESS if name in read]
        equal = all(np.array_equal(read[same[0]], read[name]) for name in same)
        lossy = [f"{name} {np.abs(read[name] - read[same[0]]).max()}" for name in LOSSY if name in read]
        print(
            f"dicom-wg04 {image}: {', '.join(same)} {'bit-identical' if equal else 'DIFFERENT'}; "
            f"largest error of lossy: {', '.join(lossy) or '-'}; not decoded: {', '.join(failed) or '-'}",
            flush=True,
        )


def uptake(root: Path) -> None:
    """A PET that is SUV already, rewritten as Bq/ml with dose, weight and times, and read again."""
    source = root / "ibsi-sts-dicom" / "STS_025" / "PET" / "image"
    truth = read_image(source).array
    weight_kg, dose_bq, half_life_s, waited_s = 81.5, 412e6, 6586.2, 63 * 60
    factor = dose_bq * 2 ** (-waited_s / half_life_s) / (weight_kg * 1000)
    with tempfile.TemporaryDirectory() as place:
        for path in sorted(source.iterdir()):
            one = pydicom.dcmread(path)
            drug = Dataset()
            drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = dose_bq, half_life_s
            drug.RadiopharmaceuticalStartTime = "101500"
            one.RadiopharmaceuticalInformationSequence = Sequence([drug])
            one.Units, one.DecayCorrection, one.CorrectedImage = "BQML", "START", ["DECY", "ATTN"]
            one.PatientWeight, one.SeriesDate, one.SeriesTime = weight_kg, "20200203", "111800"
            one.AcquisitionDate, one.AcquisitionTime = "20200203", "111800"
            one.RescaleSlope = f"{float(one.RescaleSlope) * factor:.10g}"
            one.RescaleIntercept = f"{float(one.RescaleIntercept) * factor:.10g}"
            one.save_as(Path(place) / path.name)
        found = read_image(place).array
    worst = np.abs(found - truth)[truth > 0.1] / truth[truth > 0.1]
    print(f"PET, Bq/ml to SUV: within {100 * worst.max():.4f} % of what it was made of", flush=True)


def tilt(root: Path) -> None:
    """A real CT cut into tilted slices, and the error against it, beside that of not straightening."""
    source = root / "ibsi-sts-dicom" / "STS_025" / "CT" / "image"
    true = read_image(source)
    with tempfile.TemporaryDirectory() as place:
        files = sorted(
            source.iterdir(), key=lambda path: float(pydicom.dcmread(path).ImagePositionPatient[2])
        )
        for k, path in enumerate(files):
            one = pydicom.dcmread(path)
            moved = (
                2 * k
            )  # rows by which the slice begins further back: whole ones, so that truth stays truth
            rows = int(one.Rows) - 2 * len(files)
            stored = one.pixel_array[moved : moved + rows]
            x, y, z = (float(v) for v in one.ImagePositionPatient)
            one.ImagePositionPatient = [x, y + moved * float(one.PixelSpacing[0]), z]
            one.Rows, one.PixelData = rows, stored.tobytes()
            one.save_as(Path(place) / f"{k}.dcm")
        found = read_image(place)
    shift = np.rint(np.linalg.inv(true.affine_ras) @ found.affine_ras[:, 3])[:3].astype(int)
    region = tuple(slice(s, s + n) for s, n in zip(shift, found.shape, strict=True))
    shown = found.array[0] != found.array.min()
    error = np.abs(found.array[0].astype(float) - true.array[0][region])[shown]
    print(f"tilted gantry: {shown.mean():.0%} of the voxels shown, HU within {error.max():.3g}", flush=True)


def speed(root: Path) -> None:
    """Series → array, warm, in turns; median of 9."""
    folder = root / "dicom-brain-mr" / "Study1" / "12-T1post-05670"

    def ours() -> object:
        return read_image(folder).array

    def theirs() -> object:
        reader = SimpleITK.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
        return SimpleITK.GetArrayFromImage(reader.Execute())

    times: dict[str, list[float]] = {"ours": [], "SimpleITK": []}
    for _ in range(9):
        for name, read in turns(ours, theirs):
            start = time.perf_counter()
            read()
            times[name].append(time.perf_counter() - start)
    ours_s, theirs_s = (statistics.median(times[name]) for name in times)
    print(
        f"22 slices of 512 × 512 → array: {1000 * ours_s:.0f} ms, SimpleITK {1000 * theirs_s:.0f} ms "
        f"({theirs_s / ours_s:.2f} ×)",
        flush=True,
    )


def turns(
    ours: Callable[[], object], theirs: Callable[[], object]
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Both, one after the other."""
    yield "ours", ours
    yield "SimpleITK", theirs


def scrambled(root: Path) -> None:
    """Five real series in one heap, with a localizer, a slice too few, a slice twice, and a patient twice."""
    rng = np.random.default_rng(0)
    sarcoma_folder = root / "ibsi-sts-dicom" / "STS_025"
    study = root / "dicom-brain-mr" / "Study1"
    whole = {name: load(sarcoma_folder / name / "image") for name in ("CT", "MR_T1", "PET")}
    whole |= {"T1": load(study / "12-T1post-05670"), "crop": load(study / "13_HCropVolume")}
    planted = {
        "localizer": [
            changed(one, uid="2.1", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]) for one in whole["CT"][:3]
        ],
        "slice too few": [changed(one, uid="2.2") for n, one in enumerate(whole["MR_T1"]) if n != 12],
        "slice twice": [changed(whole["T1"][9], instance="2.3.1")],
        "patient twice": [
            changed(noisy(one, rng), uid="2.4", StudyInstanceUID="2.4.1", PatientID="another")
            for one in whole["CT"]
        ],
    }
    files = [one for group in (*whole.values(), *planted.values()) for one in group]
    with tempfile.TemporaryDirectory() as place:
        for n in rng.permutation(len(files)):
            path = (
                Path(place)
                / f"{rng.integers(4):02X}"
                / f"{rng.integers(3):X}"
                / f"{rng.integers(16**10):010X}"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            files[n].save_as(path)
        found = inspect(find_cases(place))
        volumes = {exam.name: exam.case.image.read().array for exam in found.examined.exams}
    uids = {name: str(group[0].SeriesInstanceUID) for name, group in whole.items()}
    right = sum(np.array_equal(volumes[uids[name]], values(group)) for name, group in whole.items())
    print(f"scrambled export of {len(files)} files: {right} of {len(whole)} series as they were", flush=True)
    reasons = {one.case: one.reason for one in found.examined.dataset.set_aside}
    notes = " ".join(found.examined.dataset.notes)
    twins = [set(one.cases) for one in found.findings if one.kind == "same_picture"]
    for name, is_told in {
        "localizer": "localizer" in reasons.get("2.1", ""),
        "slice too few": "slices are missing" in reasons.get("2.2", ""),
        "slice twice": f"{uids['T1']}: slices that stand there twice and count once: 1" in notes,
        "patient twice": {uids["CT"], "2.4"} in twins,
    }.items():
        print(f"  planted {name}: {'told' if is_told else 'MISSED'}", flush=True)


def load(folder: Path) -> list[Dataset]:
    """All slices, by their place along the body."""
    slices = [pydicom.dcmread(path) for path in sorted(folder.iterdir())]
    along = np.cross(*np.reshape(np.array(slices[0].ImageOrientationPatient, float), (2, 3)))
    return sorted(slices, key=lambda one: float(np.array(one.ImagePositionPatient, float) @ along))


def changed(one: Dataset, *, uid: str = "", instance: str = "", **fields: object) -> Dataset:
    """A copy in another series, or as another instance."""
    copy = deepcopy(one)
    if uid:
        copy.SeriesInstanceUID, instance = uid, f"{uid}.{one.InstanceNumber}"
    copy.SOPInstanceUID = copy.file_meta.MediaStorageSOPInstanceUID = instance
    for name, value in fields.items():
        setattr(copy, name, value)
    return copy


def noisy(one: Dataset, rng: np.random.Generator) -> Dataset:
    """The slice with as little noise as another export could add."""
    copy, stored = deepcopy(one), one.pixel_array
    grains = np.rint(rng.normal(0, 3, stored.shape)).astype(stored.dtype)
    copy.PixelData = np.clip(stored + grains, stored.min(), stored.max()).astype(stored.dtype).tobytes()
    return copy


def values(slices: list[Dataset]) -> np.ndarray:
    """(1, column, row, slice), rescaled."""
    planes = [
        one.pixel_array * float(one.get("RescaleSlope", 1)) + float(one.get("RescaleIntercept", 0))
        for one in slices
    ]
    stack = np.stack(planes).astype(np.float32)
    return stack.transpose(2, 1, 0)[None]


def zoo(root: Path) -> None:
    """Odd files: each a case or a reason."""
    dataset = open_inputs(root / "dicom-conformance")
    n_read, reasons = 0, len(dataset.set_aside)
    for case in dataset.cases:
        try:
            case.image.read()
            n_read += 1
        except DataError:
            reasons += 1
    print(f"dicom-conformance: {n_read} cases read, {reasons} set aside with a reason", flush=True)


def main() -> None:
    arguments(__doc__ or "", minutes=0).parse_args()
    root = data_root()
    print_header("DICOM against truth")
    checks = (
        vendors,
        sarcoma,
        phantom,
        segments,
        rotated,
        reports,
        encodings,
        uptake,
        tilt,
        scrambled,
        zoo,
        speed,
    )
    for check in checks:
        check(root)


if __name__ == "__main__":
    main()
