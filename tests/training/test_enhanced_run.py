"""Models whose plan begins with classical steps: learnt, evaluated and applied with the same ones."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

import scanwright as sw
from builders import noise, write_nifti, write_picture
from commands import Command
from scanwright.errors import SettingsError
from scanwright.io.image import read_image
from scanwright.transforms.enhancement.enhanced import enhance
from scanwright.transforms.preprocess import preprocess
from tiny import SMALL_2D, SMALL_3D, SMALL_CLASSES, ball, ball_volumes, disc, disc_classes, disc_photographs

PACE = [[4, 0.5], [4, 1.0]]


def trained(data: Path, run: Path, small: dict[str, str], steps: str) -> sw.api.Model:
    plan = sw.plan(data, overrides={**small, "enhance": steps}).plan
    (run.parent / "plan.json").write_text(json.dumps({**plan.to_json(), "pace": PACE}))
    return sw.train(data, run, plan=run.parent / "plan.json", threads=1)


def test_photographs_with_steps_are_learnt_evaluated_and_predicted(tmp_path: Path) -> None:
    data = disc_photographs(tmp_path / "data", value=7)
    model = trained(data, tmp_path / "run", SMALL_2D, "median=1")
    plain = json.loads((tmp_path / "run" / "model" / "model.json").read_text())
    assert plain["plan"]["enhance"] == ["median=1"]
    assert json.loads((tmp_path / "run" / "fingerprint.json").read_text())["enhance"] == ["median=1"]
    assert sw.evaluate(model, data, split="all").content["n_cases"] == 9
    picture = disc(np.random.default_rng(5), 31)[0]
    write_picture(tmp_path / "in" / "new.png", picture)
    result = sw.predict(tmp_path / "run", tmp_path / "in", tmp_path / "out", threads=1)
    with Image.open(result.files[0]) as mask:
        assert mask.size == (31, 31)
        assert set(np.unique(mask)) <= {0, 7}


def test_volumes_with_steps_come_back_to_their_own_grid(tmp_path: Path) -> None:
    data = ball_volumes(tmp_path / "data")
    model = trained(data, tmp_path / "run", SMALL_3D, "median=1,percentile=1:99")
    assert model.plan.enhance == ("median=1", "percentile=1:99")
    affine = np.array([[0, 0, 1.2, 3], [0.9, 0, 0, -4], [0, -1.1, 0, 9], [0, 0, 0, 1.0]])
    image, _ = ball(np.random.default_rng(9), (2, 4))
    path = write_nifti(tmp_path / "in" / "new.nii.gz", image, affine)
    sw.predict(tmp_path / "run", tmp_path / "in", tmp_path / "out", threads=1)
    mask = nib.load(tmp_path / "out" / path.name)
    assert mask.shape == image.shape
    np.testing.assert_allclose(mask.affine, affine, atol=1e-4)
    # The network saw the image after the steps, and not as it came.
    raw = read_image(path)
    seen, _ = preprocess(raw, model.plan)
    again, _ = preprocess(raw, sw.load_plan(tmp_path / "plan.json").overrule({"enhance": ""}))
    assert not np.allclose(seen, again)
    assert enhance(raw, model.plan.enhance).same_grid(raw)


def test_with_grey_a_model_takes_colours_and_grey_alike(tmp_path: Path) -> None:
    data = disc_classes(tmp_path / "data")
    write_picture(data / "nothing" / "colour.png", noise((24, 24, 3), seed=3, top=80))
    trained(data, tmp_path / "run", SMALL_CLASSES, "grey")
    write_picture(tmp_path / "in" / "a.png", noise((24, 24), top=80))
    write_picture(tmp_path / "in" / "b.png", noise((24, 24, 3), top=80))
    result = sw.predict(tmp_path / "run", tmp_path / "in", tmp_path / "out", threads=1)
    assert len(result.predictions) == 2
    assert result.set_aside == []


def test_the_command_line_takes_steps_and_says_them(tmp_path: Path, command: Command) -> None:
    data = disc_photographs(tmp_path / "data")
    said = command("plan", data, "--out", tmp_path / "plan", "--set", "enhance=gaussian=1,clahe=2")
    assert said.code == 0, said.err
    assert "as the steps leave them" in " ".join(said.out.split())
    plan = json.loads((tmp_path / "plan" / "plan.json").read_text())
    assert plan["enhance"] == ["gaussian=1", "clahe=2"]
    assert plan["overruled"] == ["enhance"]
    without = command("plan", data, "--out", tmp_path / "without")
    assert "networks learn what they need" in " ".join(without.out.split())


@pytest.mark.parametrize(
    ("steps", "word"),
    [
        ("n5", "did you mean n4"),
        ("median=0", "above 0"),
        ("spacing=1", "spacing_mm"),
        ("match=a.png", "no file"),
        ("7", "expected a list"),
    ],
)
def test_wrong_steps_are_said_before_anything_is_read(
    tmp_path: Path, command: Command, steps: str, word: str
) -> None:
    for verb in ("plan", "train"):
        said = command(verb, tmp_path / "nowhere", "--out", tmp_path / "out", "--set", f"enhance={steps}")
        assert said.code == 2, said.err
        assert word in " ".join(said.err.split())


def test_steps_written_into_a_plan_of_other_values_are_refused(tmp_path: Path) -> None:
    data = disc_photographs(tmp_path / "data")
    plan = sw.plan(data, overrides=SMALL_2D).plan
    edited = {**plan.to_json(), "enhance": ["window=100:200"]}
    (tmp_path / "plan.json").write_text(json.dumps(edited))
    with pytest.raises(SettingsError, match=r"numbers of channel 'image'.*--set enhance=window=100:200"):
        sw.train(data, tmp_path / "run", plan=tmp_path / "plan.json", threads=1)
    # With steps that leave the scale they may stay; the plan says that they are not those of the rules.
    (tmp_path / "plan.json").write_text(
        json.dumps({**plan.to_json(), "enhance": ["median=1"], "minutes": 0.01})
    )
    model = sw.train(data, tmp_path / "run", plan=tmp_path / "plan.json", threads=1)
    assert {"enhance", "channels"} <= set(model.plan.overruled)


def test_facts_of_other_steps_are_gathered_anew(tmp_path: Path) -> None:
    data = disc_photographs(tmp_path / "data")
    planned = sw.plan(data, overrides=SMALL_2D)
    overrides = {"enhance": "median=1", "minutes": "0.01"}
    sw.train(data, tmp_path / "run", plan=planned, overrides=overrides, threads=1)
    assert json.loads((tmp_path / "run" / "fingerprint.json").read_text())["enhance"] == ["median=1"]
