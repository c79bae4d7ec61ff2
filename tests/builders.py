"""Small, well-named builders of images, masks and datasets; and the way to real data."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid
from scipy import ndimage

from scanwright.data.boxes import Boxes
from scanwright.data.case import Case, Lazy, Target
from scanwright.data.dataset import Dataset as Cohort
from scanwright.data.plan import ChannelPlan, NetworkPlan, Plan
from scanwright.data.volume import Volume

TILTED_AFFINE = np.array(
    [[0.0, -0.8, 0.0, 12.0], [0.7, 0.0, 0.0, -30.0], [0.0, 0.0, 2.5, 5.0], [0.0, 0.0, 0.0, 1.0]]
)


def data_root() -> Path:
    """The folder of public data; skips the test where it is absent."""
    root = Path(os.environ.get("SCANWRIGHT_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not root.is_dir():
        pytest.skip(f"no real data in {root} (set SCANWRIGHT_DATA)")
    return root


def real_data(name: str) -> Path:
    """One of the public datasets; skips the test where it is absent."""
    path = data_root() / name
    if not path.exists():
        pytest.skip(f"{path} is absent")
    return path


def noise(shape: tuple[int, ...], *, seed: int = 0, top: int = 200) -> np.ndarray:
    """Reproducible uint8 noise."""
    return np.random.default_rng(seed).integers(0, top, shape, dtype=np.uint8)


def ball_mask(shape: tuple[int, int, int] = (12, 10, 8), label: int = 1) -> np.ndarray:
    """A ball in the middle of a volume."""
    grid = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij")
    return (sum(axis**2 for axis in grid) < 0.5).astype(np.uint8) * np.uint8(label)


def write_nifti(path: Path, array: np.ndarray, affine: np.ndarray = TILTED_AFFINE) -> Path:
    """A NIfTI file; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.Nifti1Image(array, affine).to_filename(path)
    return path


def write_picture(path: Path, pixels: np.ndarray, mode: str | None = None, **options: object) -> Path:
    """A photograph from (row, column[, channel]); folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def write_text(path: Path, *lines: str) -> Path:
    """A text file; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def nnunet_folder(root: Path, names: tuple[str, ...] = ("a", "b", "c"), *, channels: int = 0) -> Path:
    """imagesTr and labelsTr; ``channels`` > 0 writes NAME_0000, …"""
    for seed, name in enumerate(names):
        for ending in [f"_{channel:04d}" for channel in range(channels)] or [""]:
            write_nifti(root / "imagesTr" / f"{name}{ending}.nii.gz", noise((12, 10, 8), seed=seed))
        write_nifti(root / "labelsTr" / f"{name}.nii.gz", ball_mask())
    return root


def bids_folder(
    root: Path,
    sessions: tuple[str, ...] = ("sub-01", "sub-02", "sub-03"),
    contrasts: tuple[str, ...] = ("T1w",),
) -> Path:
    """sub-*/[ses-*/]anat, a dseg for each in derivatives/lesions; a session is "sub-01" or "sub-01_ses-2"."""
    write_text(root / "dataset_description.json", '{"Name": "made here", "BIDSVersion": "1.9.0"}')
    for seed, session in enumerate(sessions):
        place = "/".join([*session.split("_"), "anat"])
        for channel, contrast in enumerate(contrasts):
            image = noise((12, 10, 8), seed=10 * seed + channel)
            write_nifti(root / place / f"{session}_{contrast}.nii.gz", image)
        write_nifti(root / "derivatives" / "lesions" / place / f"{session}_dseg.nii.gz", ball_mask())
    return root


# Class, and left, top, right, bottom edge in pixels.
TWO_CELLS = (("red", 1.0, 2.0, 5.0, 6.0), ("white", 3.0, 0.0, 8.0, 4.0))


def voc_annotation(path: Path, drawn: tuple = TWO_CELLS, *, size: tuple[int, int] | None = (8, 6)) -> Path:
    """An XML file of Pascal VOC, its pixels counted from 1, of an image of ``size`` (columns, rows)."""
    told = f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>" if size else ""
    objects = [
        f"<object><name>{name}</name><difficult>0</difficult><bndbox><xmin>{x0 + 1:g}</xmin>"
        f"<ymin>{y0 + 1:g}</ymin><xmax>{x1:g}</xmax><ymax>{y1:g}</ymax></bndbox></object>"
        for name, x0, y0, x1, y1 in drawn
    ]
    return write_text(path, "<annotation>", told, *objects, "</annotation>")


def voc_folder(root: Path, names: tuple[str, ...] = ("a", "b", "c")) -> Path:
    """JPEGImages and Annotations, two cells in each picture of 8 by 6 pixels; the last one has none."""
    for seed, name in enumerate(names):
        write_picture(root / "JPEGImages" / f"{name}.png", noise((6, 8, 3), seed=seed))
        voc_annotation(root / "Annotations" / f"{name}.xml", () if name == names[-1] else TWO_CELLS)
    return root


def yolo_lines(drawn: tuple = TWO_CELLS, names: tuple[str, ...] = ("red", "white")) -> list[str]:
    """Such boxes as lines of YOLO, for a picture of 8 by 6 pixels."""
    return [
        f"{names.index(name)} {(x0 + x1) / 16!r} {(y0 + y1) / 12!r} {(x1 - x0) / 8!r} {(y1 - y0) / 6!r}"
        for name, x0, y0, x1, y1 in drawn
    ]


def yolo_folder(root: Path, names: tuple[str, ...] = ("a", "b", "c")) -> Path:
    """images, labels and data.yaml, as :func:`voc_folder`."""
    for seed, name in enumerate(names):
        write_picture(root / "images" / f"{name}.png", noise((6, 8, 3), seed=seed))
        write_text(root / "labels" / f"{name}.txt", *yolo_lines(() if name == names[-1] else TWO_CELLS))
    write_text(root / "data.yaml", "nc: 2", "names: [red, white]")
    return root


def coco_content(names: tuple[str, ...] = ("a", "b", "c")) -> dict:
    """What a JSON file of COCO holds, as :func:`voc_folder`."""
    annotations = [
        {"id": n, "image_id": image, "category_id": ("red", "white").index(name) + 1, "iscrowd": 0}
        | {"bbox": [x0, y0, x1 - x0, y1 - y0]}
        for image in range(len(names) - 1)
        for n, (name, x0, y0, x1, y1) in enumerate(TWO_CELLS, start=10 * image)
    ]
    return {
        "images": [
            {"id": n, "file_name": f"{name}.png", "width": 8, "height": 6} for n, name in enumerate(names)
        ],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "red"}, {"id": 2, "name": "white"}],
    }


def coco_folder(root: Path, names: tuple[str, ...] = ("a", "b", "c")) -> Path:
    """Pictures and annotations/instances.json, as :func:`voc_folder`."""
    for seed, name in enumerate(names):
        write_picture(root / "pictures" / f"{name}.png", noise((6, 8, 3), seed=seed))
    write_text(root / "annotations" / "instances.json", json.dumps(coco_content(names)))
    return root


def class_folders(root: Path, per_class: int = 3, names: tuple[str, ...] = ("benign", "malignant")) -> Path:
    """A folder per class with small grey PNGs."""
    for name in names:
        for index in range(per_class):
            write_picture(root / name / f"{name} ({index}).png", noise((9, 7), seed=index))
    return root


def dicom_slice(
    stored: np.ndarray, *, position: tuple[float, float, float], series: str = "1.2.3"
) -> Dataset:
    """One CT slice from (row, column) as CONTRACTS describes it: axial, 0.7 mm pixels, intercept −1024."""
    slice_ = Dataset()
    slice_.file_meta = FileMetaDataset()
    slice_.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    slice_.file_meta.MediaStorageSOPClassUID = slice_.SOPClassUID = CTImageStorage
    slice_.SOPInstanceUID = slice_.file_meta.MediaStorageSOPInstanceUID = generate_uid(
        entropy_srcs=[series, str(position)]
    )
    slice_.SeriesInstanceUID = series
    slice_.Modality = "CT"
    slice_.PatientID = "P-7"
    slice_.PatientName = "Secret^Name"
    slice_.Manufacturer = "Maker"
    slice_.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    slice_.ImagePositionPatient = list(position)
    slice_.PixelSpacing = [0.7, 0.7]
    slice_.SliceThickness = 5
    slice_.Rows, slice_.Columns = stored.shape
    slice_.SamplesPerPixel = 1
    slice_.PhotometricInterpretation = "MONOCHROME2"
    slice_.BitsAllocated = slice_.BitsStored = 16
    slice_.HighBit = 15
    slice_.PixelRepresentation = 0
    slice_.RescaleSlope, slice_.RescaleIntercept = 1, -1024
    slice_.PixelData = stored.astype("<u2").tobytes()
    return slice_


def dicom_series(n_slices: int = 6, *, series: str = "1.2.3", step_mm: float = 5.0) -> list[Dataset]:
    """An axial series, lowest slice first, of 24 rows and 16 columns; every stored value is known by
    place: 100 · slice + 2 · row + column."""
    rows, columns = np.mgrid[:24, :16]
    return [
        dicom_slice(100 * k + 2 * rows + columns, position=(-150, -160, -500 + step_mm * k), series=series)
        for k in range(n_slices)
    ]


def write_dicom(folder: Path, slices: list[Dataset], *, seed: int = 0) -> Path:
    """Write slices under random names without suffix, in two nested folders, in random order."""
    rng = np.random.default_rng(seed)
    for index in rng.permutation(len(slices)):
        path = folder / f"{rng.integers(2):02X}" / f"{rng.integers(16**8):08X}"
        path.parent.mkdir(parents=True, exist_ok=True)
        slices[index].save_as(path, enforce_file_format=True)
    return folder


def memory_case(
    name: str,
    image: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    label: str | None = None,
    labels: tuple[str, ...] | None = None,
    values: dict[str, float] | None = None,
    boxes: Boxes | None = None,
    affine: np.ndarray | None = TILTED_AFFINE,
    **known: object,
) -> Case:
    """A case that is never written: (channel, i, j, k) image, (i, j, k) mask; ``known``: patient, split, …"""
    targets: dict[str, Target] = {}
    if mask is not None:
        targets["mask"] = Lazy(f"{name} mask", lambda: Volume(mask[None], affine))
    if label is not None:
        targets["label"] = label
    if labels is not None:
        targets["labels"] = labels
    if values is not None:
        targets["values"] = values
    if boxes is not None:
        targets["boxes"] = Lazy(f"{name} boxes", lambda: boxes)
    return Case(name, {"image": Lazy(name, lambda: Volume(image, affine))}, targets, **known)


def cohort(cases: list[Case], **known: object) -> Cohort:
    """A dataset of such cases, its patients unknown unless said."""
    return Cohort(tuple(cases), "memory", "made here", **known)


def masked_volumes(n: int = 6, *, label: int = 1) -> list[Case]:
    """Noise volumes with a ball in the middle."""
    shape = (12, 10, 8)
    return [
        memory_case(
            f"case{k}", noise((1, *shape), seed=k).astype(np.int16), mask=ball_mask(shape, label=label)
        )
        for k in range(n)
    ]


def labelled_pictures(per_class: int = 4, names: tuple[str, ...] = ("benign", "malignant")) -> list[Case]:
    """Grey photographs of noise, a class each."""
    return [
        memory_case(f"{name}{k}", noise((1, 20, 16, 1), seed=100 * c + k), label=name, affine=None)
        for c, name in enumerate(names)
        for k in range(per_class)
    ]


def segmentation_plan(**changed: object) -> Plan:
    """A small 3-D plan of two classes whose masks hold 0 and 2."""
    return Plan(
        **{
            "task": "segmentation",
            "dims": 3,
            "channels": (ChannelPlan("image"),),
            "classes": ("background", "ball"),
            "label_values": (0, 2),
            "patch_voxels": (8, 8, 8),
            "batch_size": 2,
            "network": NetworkPlan("unet", (4, 8), ((1, 1, 1), (2, 2, 2)), ((3, 3, 3), (3, 3, 3))),
            "spacing_mm": (1.0, 1.0, 1.0),
            "loss": "dice_ce",
        }
        | changed
    )


def classification_plan(**changed: object) -> Plan:
    """A small 2-D plan of two classes."""
    return Plan(
        **{
            "task": "classification",
            "dims": 2,
            "channels": (ChannelPlan("image"),),
            "classes": ("benign", "malignant"),
            "patch_voxels": (16, 16, 1),
            "batch_size": 2,
            "network": NetworkPlan("resnet", (4, 8), ((1, 1), (2, 2)), blocks=(1, 1)),
        }
        | changed
    )


def detection_plan(dims: int = 2, **changed: object) -> Plan:
    """A small plan of two classes of objects."""
    one = (2,) * dims
    return Plan(
        **{
            "task": "detection",
            "answer": "boxes",
            "dims": dims,
            "channels": (ChannelPlan("image"),),
            "classes": ("red", "white"),
            "patch_voxels": (16, 16, 1) if dims == 2 else (16, 16, 16),
            "batch_size": 2,
            "network": NetworkPlan("fpn", (4, 8), (one, one), blocks=(0, 1), inner=(8, 8)),
            "loss": "focal",
        }
        | changed
    )


def texture(seed: int, shape: tuple[int, ...] = (64, 64)) -> np.ndarray:
    """A made-up picture of "anatomy": a bright disc with structure of its own on a dark ground, in bytes."""
    rng = np.random.default_rng(seed)
    fine = ndimage.gaussian_filter(rng.normal(size=shape), 1.2)
    i, j = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    body = i**2 + j**2 < 0.7
    return np.clip(body * (120 + 150 * fine), 0, 255).astype(np.uint8)


def bent_pipe() -> np.ndarray:
    """A long bent pipe, two voxels thick."""
    mask = np.zeros((60, 60, 8), dtype=bool)
    mask[5:55, 10:12, 3:5] = True
    mask[53:55, 10:50, 3:5] = True
    return mask
