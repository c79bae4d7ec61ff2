"""Hostile files: mutants of good ones must be read, or refused with a clear error; nothing else.

Bits are flipped, stretches overwritten, cut out, doubled or cut off, numbers made extreme, mostly near the
beginning, where headers are. In every second file that is compressed or has checksums, what is inside is
changed, so that mutants get past those. Mutants are read in another process, with a limit of memory. One that
kills it, takes more than 10 s, or raises anything but our own error is a failure, and is kept. How many were
accepted tells whether mutants get far enough; so does --coverage: which lines and branches of scanwright.io
ran (slower; a worker that a mutant kills takes what it saw with it).

Goal: 50,000 mutants, no failure.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import json
import multiprocessing as mp
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import coverage
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

import scanwright.io
from figures import data_root, print_header
from scanwright.api import load_plan
from scanwright.data.volume import Volume
from scanwright.errors import ScanwrightError
from scanwright.io import open_dataset, open_inputs, read_image, read_mask
from scanwright.io.annotations.coco import boxes_of, read_coco
from scanwright.io.annotations.table import read_boxes
from scanwright.io.annotations.voc import read_voc
from scanwright.io.annotations.yolo import read_names, read_yolo
from scanwright.io.failures import reading

LABELLED = "dicom-conformance/dcmqi/data/segmentations/23x38x3"
SECONDS = 10
BYTES = 6 << 30
Read = Callable[[Path], object]


def mutate(good: bytes, rng: np.random.Generator) -> bytes:
    """One to four changes."""
    data = bytearray(good)
    for _ in range(int(rng.integers(1, 5))):
        if not data:
            break
        near = rng.random() < 0.7
        at = int(rng.integers(min(len(data), 1024) if near else len(data)))
        length = int(min(len(data) - at, 2 ** rng.integers(0, 7)))
        match int(rng.integers(7)):
            case 0:
                data[at] ^= 1 << int(rng.integers(8))
            case 1:
                data[at : at + length] = rng.bytes(length)
            case 2:
                data[at : at + length] = bytes([int(rng.choice([0, 255, 127, 128]))]) * length
            case 3:
                del data[at : at + length]
            case 4:
                data[at:at] = data[at : at + length]
            case 5:
                value = int(rng.choice([0, 1, -1, 2**31 - 1, -(2**31), 2**16, 10**9]))
                data[at : at + 4] = (value % 2**32).to_bytes(4, str(rng.choice(["little", "big"])))
            case 6:
                del data[int(rng.integers(len(data))) :]
    return bytes(data)


def is_compressed(dicom: bytes) -> bool:
    """Whether a decoder has to read the pixels."""
    header = pydicom.dcmread(io.BytesIO(dicom), stop_before_pixels=True, force=True).file_meta
    return bool("TransferSyntaxUID" in header and header.TransferSyntaxUID.is_compressed)


def mutate_inside(good: bytes, rng: np.random.Generator) -> bytes:
    """As :func:`mutate`, behind gzip, zip, the checksums of PNG, or the header of DICOM."""
    if good.startswith(b"\x1f\x8b"):
        return gzip.compress(mutate(gzip.decompress(good), rng), 1)
    if good.startswith(b"PK"):
        packed = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(packed, "w") as new:
            names = old.namelist()
            changed = str(rng.choice(names))
            for name in names:
                new.writestr(name, mutate(old.read(name), rng) if name == changed else old.read(name))
        return packed.getvalue()
    if good[128:132] == b"DICM":
        pixels = max(0, good.rfind(b"\xe0\x7f\x10\x00"))
        return good[:pixels] + mutate(good[pixels:], rng)
    if good.startswith(b"\x89PNG"):
        chunks = png_chunks(good) if rng.random() < 0.5 else png_chunks(mutate(good, rng))
        pixels = b"".join(data for kind, data in chunks if kind == b"IDAT")
        with contextlib.suppress(zlib.error):
            pixels = zlib.compress(mutate(zlib.decompress(pixels), rng), 1)
        others = [chunk for chunk in chunks if chunk[0] != b"IDAT"]
        return good[:8] + b"".join(png_chunk(*one) for one in [*others[:-1], (b"IDAT", pixels), *others[-1:]])
    return mutate(good, rng)


def png_chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and content of the chunks that are whole."""
    found, at = [], 8
    while at + 12 <= len(png):
        end = at + 8 + int.from_bytes(png[at : at + 4], "big")
        found.append((png[at + 4 : at + 8], png[at + 8 : end]))
        at = end + 4
    return found


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """With its length and its checksum."""
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


def read_whole(path: Path) -> object:
    """A dataset and the images and masks of its first cases."""
    dataset = open_dataset(path)
    for case in dataset.cases[:2]:
        case.image.read()
        if "mask" in case.targets:
            case.mask.read()
    return dataset


def read_inputs(path: Path) -> object:
    """What predictions would be made of."""
    return [case.image.read() for case in open_inputs(path).cases[:3]]


def beside(read: Read) -> Read:
    """Read the folder in which a mutant lies."""
    return lambda path: read(path.parent)


def onto(grid: Volume, read: Callable[[Path, Volume], object]) -> Read:
    """Read annotations onto the grid of an image, as a dataset does."""

    def whole(path: Path) -> object:
        with reading(path.name):
            return read(path, grid)

    return whole


def boxes_of_all(path: Path, grid: Volume) -> object:
    """The boxes of every image that a COCO file tells of."""
    return [boxes_of(entry, grid) for entry in read_coco(path).images]


def boxes_of_one(path: Path, grid: Volume) -> object:
    """The boxes of one of the cases in a table."""
    return read_boxes(path, grid, case="c1", image="x.png")


def seeds(root: Path) -> dict[str, tuple[list[bytes], str, Read]]:
    """By format: good files, the name a mutant gets, and how it is read."""

    def some(folder: str, pattern: str, n: int, most: int = 300_000) -> list[bytes]:
        files = [path for path in sorted((root / folder).rglob(pattern)) if path.is_file()]
        return [path.read_bytes() for path in files if path.stat().st_size < most][:n]

    dicom = some("dicom-conformance", "*.dcm", 60) + some("ibsi-sts-dicom", "*.dcm", 20)
    encoded = some("dicom-wg04", "*_*", 30, 700_000) + [one for one in dicom if is_compressed(one)]
    pictures = {"PNG": some("busi-breast-ultrasound", "*.png", 20)}
    from PIL import Image

    grey = Image.open(io.BytesIO(pictures["PNG"][0])).resize((64, 64))
    for name in ("JPEG", "TIFF", "BMP", "GIF"):
        buffer = io.BytesIO()
        (grey.convert("P") if name == "GIF" else grey).save(buffer, name)
        pictures[name] = [buffer.getvalue()]
    pictures["TIFF"] += some("retina-drive", "*.tif", 4, 2_000_000)
    archive = io.BytesIO()
    rng = np.random.default_rng(0)
    np.savez(
        archive,
        **{f"{side}_images": rng.integers(0, 255, (12, 8, 8), np.uint8) for side in ("train", "val", "test")},
        **{f"{side}_labels": np.arange(12)[:, None] % 2 for side in ("train", "val", "test")},
    )
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as made:
        for number, one in enumerate(dicom[:5]):
            made.writestr(f"a/{number}", one)
    manifest = b"case,patient,split,image,mask\n" + b"".join(
        b"c%d,p%d,train,x.png,x.png\n" % (n, n) for n in range(8)
    )
    told = b"case,patient,image,labels,label:a,label:b,value:age,boxes\n" + b"".join(
        b"c%d,p%d,x.png,m|n,%d,-1,%d.5,\n" % (n, n, n % 2, n) for n in range(8)
    )
    coco = {
        "images": [{"id": n, "file_name": f"{n}.png", "width": 64, "height": 48} for n in range(4)],
        "annotations": [
            {"id": n, "image_id": n % 4, "category_id": 1 + n % 2, "bbox": [n, 2.5, 9, 7], "iscrowd": n % 2}
            for n in range(12)
        ],
        "categories": [{"id": 1, "name": "a", "supercategory": "x"}, {"id": 2, "name": "b"}],
    }
    voxels = b"id,case,class,score,flag,i_lo,j_lo,k_lo,i_hi,j_hi,k_hi\n" + b"".join(
        b"%d,c%d,a,0.5,crowd,%d,2,3,%d.5,9,7\n" % (n, n % 2, n, n + 9) for n in range(9)
    )
    balls = b"seriesuid,coordX,coordY,coordZ,diameter_mm\n" + b"c1,-8.5,26.25,12.5,7.5\n" * 4
    ball = {"class": "a", "i": 5, "j": 4, "k": 3, "diameter_mm": 7.5, "score": 0.5}
    yaml = b"path: ../x\ntrain: images/train\nnc: 3\nnames:\n  0: red\n  1: 'white'\n  2: no\n"
    picture, slide = (Volume(np.zeros((1, *shape, 1), np.uint8)) for shape in ((64, 48), (640, 480)))
    scan = Volume(np.zeros((1, 12, 10, 8), np.uint8), np.diag([-0.7, 0.7, 2.5, 1.0]))
    described = json.dumps({"labels": {"background": 0, "x": 1}, "channel_names": {"0": "T1"}}).encode()
    return {
        "DICOM": (dicom, "x.dcm", read_image),
        "DICOM in a folder": (dicom, "folder/x", beside(read_inputs)),
        "DICOM labels": (labels(root), "folder/labels", beside(read_whole)),
        "DICOM, compressed": (encoded, "x.dcm", read_image),
        "NIfTI": (some("msd-hippocampus", "*.nii.gz", 20), "x.nii.gz", read_image),
        "NIfTI mask": (some("msd-hippocampus/labelsTr", "*.nii.gz", 20), "x.nii.gz", read_mask),
        "NRRD": (some("dicom-conformance", "*.nrrd", 10), "x.nrrd", read_image),
        **{name: (files, f"x.{name.lower()}", read_image) for name, files in pictures.items()},
        "npz": ([archive.getvalue()], "x.npz", read_whole),
        "zip": ([zipped.getvalue()], "x.zip", read_inputs),
        "Pascal VOC": (some("bccd", "*.xml", 20), "x.xml", onto(slide, read_voc)),
        "COCO": ([json.dumps(coco).encode()], "x.json", onto(picture, boxes_of_all)),
        "YOLO": (some("brain-tumor-detection-yolo", "*.txt", 20), "x.txt", onto(picture, read_yolo)),
        "data.yaml": ([yaml, b"names: [a, b]"], "data.yaml", onto(picture, lambda path, _: read_names(path))),
        "boxes.csv": ([voxels, balls], "boxes.csv", onto(scan, boxes_of_one)),
        "boxes.json": ([json.dumps([ball] * 3).encode()], "boxes.json", onto(scan, boxes_of_one)),
        "manifest": ([manifest, told], "folder/manifest.csv", beside(read_whole)),
        "dataset.json": ([described], "folder/dataset.json", beside(read_whole)),
        "plan.json": ([PLAN.encode()], "plan.json", load_plan),
    }


def labels(root: Path) -> list[bytes]:
    """A SEG, and an RTSTRUCT with a ring in two planes, of the series at ``LABELLED``."""
    first, *_ = (pydicom.dcmread(path) for path in sorted((root / LABELLED / "image").glob("*.dcm")))
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = RTStructureSetStorage
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = generate_uid(entropy_srcs=["ring"])
    made.SeriesInstanceUID = generate_uid(entropy_srcs=["outlines"])
    made.PatientID, made.StudyInstanceUID, made.Modality = first.PatientID, first.StudyInstanceUID, "RTSTRUCT"
    place = np.array(first.ImagePositionPatient, float)
    along, down = np.array(first.ImageOrientationPatient, float).reshape(2, 3) * float(first.PixelSpacing[0])
    turns = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    rings = [
        place + (10 + radius * np.cos(turns))[:, None] * along + (10 + radius * np.sin(turns))[:, None] * down
        for radius in (7, 3)
    ]
    contours = [
        item(ContourGeometricType="CLOSED_PLANAR", ContourData=np.round(r, 3).ravel().tolist()) for r in rings
    ]
    made.StructureSetROISequence = Sequence([item(ROINumber=1, ROIName="ring")])
    made.ROIContourSequence = Sequence([item(ReferencedROINumber=1, ContourSequence=Sequence(contours))])
    series = Sequence([item(SeriesInstanceUID=first.SeriesInstanceUID)])
    study = Sequence([item(RTReferencedSeriesSequence=series)])
    frame = item(FrameOfReferenceUID=first.FrameOfReferenceUID, RTReferencedStudySequence=study)
    made.ReferencedFrameOfReferenceSequence = Sequence([frame])
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, made, enforce_file_format=True)
    return [(root / LABELLED / "seg" / "label.seg").read_bytes(), buffer.getvalue()]


def item(**fields: object) -> Dataset:
    made = Dataset()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def worker(pipe: Connection, read: Read, place: Path) -> None:
    """Reads what it is told to, and says what came of it."""
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    signal.signal(signal.SIGALRM, _too_long)
    sys.stderr = io.StringIO()  # libraries grumble
    while (data := pipe.recv()) is not None:
        place.write_bytes(data)
        signal.alarm(SECONDS)
        try:
            read(place)
            said = "read"
        except ScanwrightError:
            said = "refused"
        except BaseException:  # noqa: BLE001 (whatever it is, it is a failure)
            said = traceback.format_exc()
        signal.alarm(0)
        pipe.send(said)


def _too_long(*_: object) -> None:
    raise TimeoutError


class Reader:
    """A worker that is made anew when a mutant has killed it."""

    def __init__(self, read: Read, place: Path) -> None:
        self.read, self.place = read, place
        self.start()

    def start(self) -> None:
        self.pipe, other = mp.Pipe()
        self.process = mp.get_context("fork").Process(
            target=worker, args=(other, self.read, self.place), daemon=True
        )
        self.process.start()
        other.close()

    def __call__(self, data: bytes) -> str:
        self.pipe.send(data)
        try:
            if self.pipe.poll(SECONDS + 5):
                return str(self.pipe.recv())
            said = "no answer"
        except (EOFError, ConnectionError):
            self.process.join()
            said = f"the process died ({self.process.exitcode})"
        self.process.kill()
        self.start()
        return said

    def stop(self) -> None:
        self.pipe.send(None)
        self.process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("failures"), help="where failing mutants go")
    parser.add_argument("--coverage", action="store_true", help="tell which of scanwright.io was reached")
    options = parser.parse_args()
    if options.coverage:
        run_with_coverage([argument for argument in sys.argv if argument != "--coverage"])
        return
    print_header("Hostile files", mutants=options.mutants, seed=options.seed)
    all_seeds = seeds(data_root())
    each = -(-options.mutants // len(all_seeds))
    print(f"{'format':18} {'mutants':>8} {'accepted':>8} {'refused':>8} {'failed':>7} {'ms each':>8}")
    total = 0
    for name, (goods, file, read) in all_seeds.items():
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / file
            place.parent.mkdir(parents=True, exist_ok=True)
            furnish(place.parent, name)
            reader, said = Reader(read, place), Counter[str]()
            rng = np.random.default_rng((options.seed, len(name), *name.encode()))
            goods = [good for good in goods if reader(good) == "read"]
            start = time.perf_counter()
            for number in range(each):
                change = mutate_inside if number % 2 else mutate
                mutant = change(goods[number % len(goods)], rng)
                outcome = reader(mutant)
                said[outcome if outcome in ("read", "refused") else "failed"] += 1
                if outcome not in ("read", "refused"):
                    options.keep.mkdir(parents=True, exist_ok=True)
                    stem = f"{name.replace(' ', '-')}-{number}"
                    (options.keep / stem).write_bytes(mutant)
                    (options.keep / f"{stem}.txt").write_text(outcome)
            reader.stop()
        total += said["failed"]
        ms = 1000 * (time.perf_counter() - start) / each
        print(
            f"{name:18} {each:8d} {said['read'] / each:8.1%} {said['refused'] / each:8.1%} "
            f"{said['failed']:7d} {ms:8.1f}",
            flush=True,
        )
    print(f"failed: {total}")


def run_with_coverage(command: list[str]) -> None:
    """This script again, from its imports on, and in its workers."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config"
        settings = {
            "branch": "true",
            "parallel": "true",
            "concurrency": "multiprocessing",
            "data_file": f"{folder}/data",
            "source": str(Path(scanwright.io.__file__).parent),
        }
        config.write_text("\n".join(["[run]", *(f"{name} = {value}" for name, value in settings.items())]))
        subprocess.run([sys.executable, "-m", "coverage", "run", f"--rcfile={config}", *command], check=True)
        measured = coverage.Coverage(config_file=str(config))
        measured.combine()
        print("\nlines and branches of scanwright.io that ran")
        measured.report(sort="cover", precision=1)


def furnish(folder: Path, name: str) -> None:
    """What labels, a table or a description need beside them."""
    from PIL import Image

    if name == "DICOM labels":
        for path in (data_root() / LABELLED / "image").glob("*.dcm"):
            shutil.copy(path, folder)
    if name not in ("manifest", "dataset.json"):
        return
    Image.fromarray(np.tile(np.array([0, 1], np.uint8), (8, 4))).save(folder / "x.png")
    if name == "dataset.json":
        rows = [f"c{n},p{n},train,x.png,x.png" for n in range(8)]
        (folder / "manifest.csv").write_text("\n".join(["case,patient,split,image,mask", *rows]))


PLAN = """{"schema_version": 1, "task": "segmentation", "dims": 2, "classes": ["background", "lesion"],
"channels": [{"name": "image", "method": "zscore"}], "label_values": [0, 1], "patch_voxels": [32, 32, 1],
"network": {"family": "unet", "widths": [4, 8], "strides": [[1, 1], [2, 2]], "kernels": [[3, 3], [3, 3]]},
"augmentation": {"flip_axes": [0], "rotate_degrees": 10.0}, "batch_size": 2, "minutes": 1, "seed": 0}"""

if __name__ == "__main__":
    main()
