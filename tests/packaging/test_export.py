"""``scanwright export``: one file, proven equal, and plain words where it can't be made."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import RLELossless

import scanwright as sw
from builders import dicom_series, write_dicom
from commands import Command
from scanwright.errors import ModelError, SettingsError
from scanwright.inference.objects import algorithm_of
from scanwright.packaging.export import export_model
from scanwright.packaging.targets import TARGETS
from tiny import TinyRun
from tiny_networks import tiny_model, tiny_plan

LEAN = """
import sys
from importlib.machinery import PathFinder

hidden = {"torch", "monai", "lightning", "scipy", "SimpleITK", "matplotlib", "skimage", "pywt"}
found = PathFinder.find_spec
PathFinder.find_spec = classmethod(
    lambda cls, name, path=None, target=None: None
    if name.partition(".")[0] in hidden
    else found(name, path, target)
)
from scanwright.cli.main import main

try:
    main()
finally:
    assert not hidden & {name.partition(".")[0] for name in sys.modules}
"""
"""The shell where only the base and a runtime are installed."""


def lean(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LEAN, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_the_lean_installation_predicts_pictures(
    class_run: TinyRun, tmp_path: Path, command: Command
) -> None:
    package, images = tmp_path / "disc.scanwright", class_run.data / "disc"
    said = command("export", class_run.path, "--out", package, "--json")
    assert said.code == 0
    assert said.result["bytes"] == package.stat().st_size
    assert said.result["difference"] < 1e-5
    done = lean("predict", package, images, "--out", tmp_path / "lean")
    assert done.returncode == 0, done.stderr
    assert command("predict", class_run.path, images, "--out", tmp_path / "own").code == 0
    own, other = ((tmp_path / out / "predictions.csv").read_text() for out in ("own", "lean"))
    for one, two in zip(*(csv.DictReader(text.splitlines()) for text in (own, other)), strict=True):
        assert float(one.pop("disc")) == pytest.approx(float(two.pop("disc")), abs=1e-4)
        assert [one[name] for name in ("case", "predicted")] == [two[name] for name in ("case", "predicted")]


def test_the_lean_installation_predicts_volumes_bit_by_bit(volume_run: TinyRun, tmp_path: Path) -> None:
    package, images = tmp_path / "ball.scanwright", volume_run.data / "imagesTr"
    sw.export(volume_run.path, package)
    write_dicom(tmp_path / "new", dicom_series())
    for one in [path for path in (tmp_path / "new").rglob("*") if path.is_file()]:
        encoded = pydicom.dcmread(one)
        encoded.compress(RLELossless, generate_instance_uid=False)
        encoded.save_as(one)
    shutil.copytree(images, tmp_path / "new", dirs_exist_ok=True)
    done = lean("predict", package, tmp_path / "new", "--out", tmp_path / "lean")
    assert done.returncode == 0, done.stderr
    sw.predict(package, tmp_path / "new", tmp_path / "full")
    masks = [path.relative_to(tmp_path / "full") for path in (tmp_path / "full").rglob("*.nii.gz")]
    assert len(masks) == len(list(images.iterdir())) + 1
    for mask in masks:
        assert (tmp_path / "lean" / mask).read_bytes() == (tmp_path / "full" / mask).read_bytes()


def test_the_lean_installation_refuses_pictures_before_it_predicts(
    class_run: TinyRun, tmp_path: Path
) -> None:
    package = tmp_path / "disc.scanwright"
    sw.export(class_run.path, package)
    out = tmp_path / "out"
    done = lean("predict", package, class_run.data / "disc", "--out", out, "--pictures")
    assert done.returncode == 1
    wrong = lean("predict", package, class_run.data / "disc", "--out", out, "--also", "foo")
    assert "no such kind of DICOM object" in wrong.stderr
    assert (
        "constraints"
        not in subprocess.run(
            [sys.executable, "-c", LEAN, "inspect", "x"],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        ).stderr
    )
    assert "Drawing pictures needs the package 'matplotlib'" in done.stderr
    assert not out.exists()


def test_what_the_lean_installation_lacks_is_said_in_words(volume_run: TinyRun, tmp_path: Path) -> None:
    for verb in (("inspect", volume_run.data), ("measure", "a.nii", "b.nii"), ("register", "a.nii", "b.nii")):
        done = lean(*verb, "--out", tmp_path / "out")
        assert done.returncode == 1
        assert f"{verb[0]} needs the package" in done.stderr
        assert "pip install 'scanwright[analysis]'" in done.stderr
        assert "Traceback" not in done.stderr


def test_the_shell_predicts_with_a_package(volume_run: TinyRun, tmp_path: Path, command: Command) -> None:
    package, images = tmp_path / "ball.scanwright", volume_run.data / "imagesTr"
    assert command("export", volume_run.path, "--out", package, "--to", "openvino").code == 0
    for model, out in ((package, "packed"), (volume_run.path, "own")):
        assert command("predict", model, images, "--out", tmp_path / out).code == 0
    for mask in (tmp_path / "own").glob("*.nii.gz"):
        assert (tmp_path / "packed" / mask.name).read_bytes() == mask.read_bytes()


def test_card_and_licence_travel_with_it(class_run: TinyRun, tmp_path: Path) -> None:
    import zipfile

    card, licence = tmp_path / "card.md", tmp_path / "terms.txt"
    card.write_text("# What it is for\n")
    licence.write_text("CC-BY-4.0")
    package = tmp_path / "disc.scanwright"
    sw.export(class_run.path, package, card=card, licence=licence)
    with zipfile.ZipFile(package) as archive:
        assert archive.read("model-card.md") == card.read_bytes()
        assert archive.read("LICENCE.txt") == licence.read_bytes()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--to", "phone"), "no such target. Expected onnx or openvino"),
        (("--to", "onnx", "--precision", "bf16"), "onnx can't be computed in that precision"),
        (("--card", "missing.md"), "the text can't be read"),
    ],
)
def test_what_can_not_be_made_is_said_before(
    class_run: TinyRun, tmp_path: Path, command: Command, options: tuple[str, ...], words: str
) -> None:
    said = command("export", class_run.path, "--out", tmp_path / "x.scanwright", *options)
    assert said.code != 0
    assert words in said.err
    assert not (tmp_path / "x.scanwright").exists()


def test_a_package_is_one_file_of_its_own_name(class_run: TinyRun, tmp_path: Path, command: Command) -> None:
    said = command("export", class_run.path, "--out", tmp_path / "folder")
    assert "a name that ends in .scanwright" in said.err
    there = tmp_path / "there.scanwright"
    there.write_text("mine")
    said = command("export", class_run.path, "--out", there)
    assert "there is a file already" in said.err
    assert there.read_text() == "mine"
    assert command("export", tmp_path, "--out", tmp_path / "y.scanwright").code != 0


def test_a_package_is_not_exported_again_nor_looked_into(class_run: TinyRun, tmp_path: Path) -> None:
    package = tmp_path / "disc.scanwright"
    sw.export(class_run.path, package)
    loaded = sw.load(package)
    with pytest.raises(ModelError, match="a package already"):
        sw.export(loaded, tmp_path / "again.scanwright")
    with pytest.raises(ModelError, match="can't be looked into"):
        sw.explain(loaded, class_run.data / "disc", tmp_path / "why")
    with pytest.raises(SettingsError, match=r"no such device|CUDA"):
        loaded.open("cuda")


def test_graphs_that_answer_otherwise_are_not_written(
    class_run: TinyRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graph of other weights stands for a converter that errs."""
    from scanwright.packaging import onnx

    convert = onnx.convert

    def wrong(plan: object, weights: dict[str, np.ndarray], precision: str) -> dict[str, bytes]:
        return convert(plan, {k: v + v.dtype.type(1) for k, v in weights.items()}, precision)  # type: ignore[arg-type]

    monkeypatch.setattr(onnx, "convert", wrong)
    with pytest.raises(ModelError, match="do not answer as the model does"):
        sw.export(class_run.path, tmp_path / "x.scanwright")
    assert not (tmp_path / "x.scanwright").exists()


def test_wavelets_of_an_even_image_are_the_same_in_a_graph() -> None:
    """Where there is no detail the logarithm tells the smallest number that an exporter leaves out."""
    model = tiny_model(tiny_plan("scattering", 2, patch=(32, 32, 1)))
    even = np.ones((1, 2, 32, 32, 1), np.float32)
    exported = export_model(model, TARGETS["onnx"])
    assert exported.difference < 1e-5
    np.testing.assert_allclose(exported.model.open("cpu")(even), model.open("cpu")(even), atol=1e-6)


def test_a_run_that_answers_in_16_bit_is_said_to(
    class_run: TinyRun, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scanwright.packaging import export

    for has in (True, False):
        monkeypatch.setattr(export, "computes_in_bf16", lambda plan, device, has=has: has)
        said = command("export", class_run.path, "--out", tmp_path / f"{has}.scanwright", "--json")
        assert said.result["coarser_run"] is has
        assert ("answers in 16 bit on this processor" in said.out) is has


def test_objects_of_a_package_name_the_run_that_it_came_from(class_run: TinyRun, tmp_path: Path) -> None:
    package = tmp_path / "disc.scanwright"
    sw.export(class_run.path, package)
    run, packed = sw.load(class_run.path), sw.load(package)
    assert packed.provenance["exported_from"] == run.sha256
    told = algorithm_of(packed).version
    assert f"model {packed.sha256[:12]} of run {run.sha256[:12]}" in told
    assert len(told) <= 64
    assert "of run" not in algorithm_of(run).version
