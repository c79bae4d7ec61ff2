"""``scanwright export``: one file, proven equal, and plain words where it can't be made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import scanwright as sw
from commands import Command
from scanwright.errors import ModelError, SettingsError
from tiny import TinyRun

WITHOUT_TORCH = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "monai", "lightning"):
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Missing())
import scanwright as sw
for prediction in sw.load(sys.argv[1]).predict(sys.argv[2]):
    print(prediction.case, prediction.predicted, f"{prediction.probabilities['disc']:.4f}")
"""


def test_a_classifier_predicts_without_torch(class_run: TinyRun, tmp_path: Path, command: Command) -> None:
    package = tmp_path / "disc.scanwright"
    said = command("export", class_run.path, "--out", package, "--json")
    assert said.code == 0
    assert said.result["bytes"] == package.stat().st_size
    assert said.result["difference"] < 1e-5
    images = class_run.data / "disc"
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(package), str(images)],
        capture_output=True,
        text=True,
        check=True,
    )
    own = sw.load(class_run.path).predict(images, device="cpu")
    assert done.stdout.splitlines() == [
        f"{one.case} {one.predicted} {one.probabilities['disc']:.4f}" for one in own
    ]


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
