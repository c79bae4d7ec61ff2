"""A package comes back as it was written, and one that was changed is refused with the reason."""

from __future__ import annotations

import contextlib
import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

import scanwright as sw
from scanwright.errors import MissingExtraError, ModelError, ScanwrightError
from scanwright.inference import runtimes
from scanwright.inference.golden import TOLERANCE, answer_golden, golden_image, how_far
from scanwright.inference.model import content_hash
from scanwright.inference.package import read_package
from tiny import TinyRun

Change = Callable[[dict[str, bytes]], None]


@pytest.fixture(scope="module")
def package(volume_run: TinyRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "tiny.scanwright"
    sw.export(volume_run.path, path)
    return path


def rewritten(source: Path, target: Path, change: Change, *, forged: bool) -> Path:
    """The package with other files in it; ``forged``: with hashes that fit them."""
    with zipfile.ZipFile(source) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    if forged:
        content = json.loads(files.pop("package.json"))
        content["files"] = {
            name: {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
            for name, raw in files.items()
        }
        content.pop("sha256")
        files["package.json"] = json.dumps({**content, "sha256": content_hash(content)}).encode()
    with zipfile.ZipFile(target, "w") as archive:
        for name, raw in files.items():
            archive.writestr(name, raw)
    return target


def test_a_package_predicts_as_its_model(package: Path, volume_run: TinyRun, tmp_path: Path) -> None:
    own, packed = sw.load(volume_run.path), sw.load(package)
    images = volume_run.data / "imagesTr"
    for one, other in zip(own.predict(images, device="cpu"), packed.predict(images), strict=True):
        np.testing.assert_array_equal(one.mask.array, other.mask.array)
        np.testing.assert_allclose(
            one.probabilities.read().array, other.probabilities.read().array, atol=1e-5
        )
    assert packed.plan == own.plan
    assert packed.thresholds == own.thresholds
    assert packed.sha256 != own.sha256
    assert packed.n_members == own.n_members


def test_the_same_model_makes_the_same_file(package: Path, volume_run: TinyRun, tmp_path: Path) -> None:
    again = tmp_path / "again.scanwright"
    sw.export(volume_run.path, again)
    assert again.read_bytes() == package.read_bytes()


def test_a_package_is_judged_like_a_model(package: Path, volume_run: TinyRun) -> None:
    data = sw.open(volume_run.data)
    own = sw.evaluate(volume_run.path, data, device="cpu").number("dice", "")
    assert sw.evaluate(package, data).number("dice", "")["value"] == pytest.approx(own["value"], abs=1e-6)


def put(name: str, content: bytes) -> Change:
    return lambda files: files.update({name: content})


def edit(name: str, old: bytes, new: bytes) -> Change:
    def change(files: dict[str, bytes]) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)

    return change


def huge(files: dict[str, bytes]) -> None:
    header = b'{"case-0":{"dtype":"F32","shape":[1000000,1000000],"data_offsets":[0,4000000000000]}}'
    files["golden.safetensors"] = len(header).to_bytes(8, "little") + header


@pytest.mark.parametrize(
    ("change", "forged", "reason"),
    [
        (
            edit("00-graph.onnx", b"answers", b"Answers"),
            False,
            "'00-graph.onnx' in the package has been changed",
        ),
        (edit("package.json", b'"onnx"', b'"ONNX"'), False, "has been changed or damaged"),
        (put("../outside", b"x"), True, "does not belong there"),
        (put("/absolute", b"x"), True, "does not belong there"),
        (put("weights.pkl", b"cos\nsystem\n"), False, "has been changed or damaged"),
        (put("00-graph.onnx", b"\x80\x04\x95 no graph"), True, "can't read the package's graph"),
        (put("00-graph.onnx", b"location /etc/passwd"), True, "asks for files outside"),
        (huge, True, "has been changed or damaged"),
        (put("golden.safetensors", save({"case-0": np.zeros(3, np.float32)})), True, "golden cases"),
        (lambda files: files.pop("golden.safetensors"), True, "has been changed or damaged"),
        (lambda files: files.pop("00-graph.onnx"), True, "has been changed or damaged"),
        (put("package.json", b"[]"), False, "has been changed or damaged"),
        (put("package.json", b'{"schema_version": 99}'), False, "another version"),
        (put("package.json", b"[" * 100_000), False, "has been changed or damaged"),
    ],
)
def test_what_was_tampered_with_is_refused(
    package: Path, tmp_path: Path, change: Change, forged: bool, reason: str
) -> None:
    other = rewritten(package, tmp_path / "other.scanwright", change, forged=forged)
    with pytest.raises(ModelError, match=reason):
        sw.load(other)
    assert list(tmp_path.iterdir()) == [other]  # nothing was unpacked anywhere


def test_the_graph_of_another_model_is_refused(package: Path, tmp_path: Path) -> None:
    """With hashes that fit: only the golden cases can tell."""

    def swap(files: dict[str, bytes]) -> None:
        graph = bytearray(files["00-graph.onnx"])
        at = len(graph) // 2
        graph[at : at + 64] = np.random.default_rng(0).normal(size=16).astype("<f4").tobytes()
        files["00-graph.onnx"] = bytes(graph)

    with pytest.raises(ModelError):
        sw.load(rewritten(package, tmp_path / "other.scanwright", swap, forged=True))


def odd(plain: object, rng: np.random.Generator) -> object:
    """The plain values, one of them, somewhere, replaced by what makes no sense."""
    if not isinstance(plain, (dict, list)) or not plain or rng.random() < 0.1:
        return [None, -1, 1e308, 2**63, "x" * 999, [], {}, [1e9] * 3][int(rng.integers(8))]
    keys = list(plain) if isinstance(plain, dict) else list(range(len(plain)))
    key = keys[int(rng.integers(len(keys)))]
    plain[key] = odd(plain[key], rng)
    return plain


@pytest.mark.parametrize("seed", range(40))
def test_odd_descriptions_with_hashes_that_fit_are_refused_in_words(
    package: Path, tmp_path: Path, seed: int
) -> None:
    rng = np.random.default_rng(seed)

    def change(files: dict[str, bytes]) -> None:
        content = json.loads(files["package.json"])
        part = str(rng.choice(["plan", "graphs", "calibration", "margins", "familiar", "thresholds"]))
        content[part] = odd(content[part], rng)
        files["package.json"] = json.dumps(content).encode()

    other = rewritten(package, tmp_path / "other.scanwright", change, forged=True)
    with contextlib.suppress(ScanwrightError):  # some make sense by chance
        assert sw.load(other).n_members == 1


@pytest.mark.parametrize("seed", range(40))
def test_no_changed_byte_gets_through(package: Path, tmp_path: Path, seed: int) -> None:
    rng, raw = np.random.default_rng(seed), bytearray(package.read_bytes())
    at = int(rng.integers(len(raw)))
    raw[at : at + 4] = rng.bytes(4)
    other = tmp_path / "other.scanwright"
    other.write_bytes(raw if seed % 2 else raw[:at])
    with contextlib.suppress(ModelError):
        assert sw.load(other).sha256 == sw.load(package).sha256  # only the zip's own dates changed


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_what_could_blow_up_is_refused(tmp_path: Path, kind: int) -> None:
    path = tmp_path / "bomb.scanwright"
    with zipfile.ZipFile(path, "w", kind) as archive:
        archive.writestr("package.json", b" " * 10_000_000)
    with pytest.raises(ModelError, match="declares more than it holds, or is compressed"):
        read_package(path)


def test_what_is_no_package_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.scanwright").write_text("hello")
    with pytest.raises(ModelError, match="no package"):
        sw.load(tmp_path / "notes.scanwright")


def test_golden_images_never_change(volume_run: TinyRun) -> None:
    """Packages of earlier versions hold answers to them."""
    plan = sw.load(volume_run.path).plan
    image = golden_image(plan, 0)
    assert image.array.dtype == np.float32
    rows = [float(f"{value:.5g}") for value in np.asarray(image.array).reshape(-1)[:3]]
    assert rows == [0.76053, 0.56998, 0.086623]
    again = golden_image(plan, 0)
    np.testing.assert_array_equal(image.array, again.array)
    assert not np.array_equal(image.array, golden_image(plan, 1).array)


@pytest.mark.parametrize("precision", TOLERANCE)
def test_in_16_and_8_bits_single_voxels_may_tip_but_not_all_may_drift(precision: str) -> None:
    then = {"case-0": np.full((2, 10, 10, 10), 0.5, np.float32), "case-1": np.array([100.0], np.float32)}
    tipped, drifted = ({name: answer.copy() for name, answer in then.items()} for _ in range(2))
    tipped["case-0"][0, 3, 3, 3] += 0.4
    drifted["case-0"] += 0.03
    assert (how_far(tipped, then, precision) <= TOLERANCE[precision]) == (precision != "fp32")
    assert how_far(drifted, then, precision) > TOLERANCE[precision]
    assert how_far({**then, "case-1": np.array([100.01], np.float32)}, then, precision) < 1.1e-4
    assert how_far({"case-0": then["case-0"]}, then, precision) == np.inf
    tipped["case-0"][0] = np.nan
    assert not how_far(tipped, then, precision) <= TOLERANCE[precision]


def test_without_a_runtime_the_line_to_install_one_is_named(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtimes, "is_installed", lambda name: False)
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"scanwright\[run\]"):
        sw.load(package)


def test_golden_answers_are_of_all_cases(package: Path) -> None:
    model = read_package(package)
    assert set(answer_golden(model.open(), model.plan)) == {"case-0", "case-1"}
