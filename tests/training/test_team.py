"""Several processes that train together, as torchrun starts them, give what one process gives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import scanwright as sw
import tiny
from scanwright.data.plan import Plan
from scanwright.errors import SettingsError
from scanwright.io.files import write_json
from scanwright.training.team import Team

PACE = [(6, 0.5), (6, 1.0)]
# Nothing is drawn at random, and the mean of two halves is the mean of the whole.
SAME_FOR_ALL = {
    "loss": "ce",
    "augmentation.rotate_degrees": "0",
    "augmentation.scale": "0",
    "augmentation.brightness": "0",
    "augmentation.elastic": "0",
    "augmentation.low_resolution": "0",
    "augmentation.contrast": "0",
    "augmentation.gamma": "0",
    "augmentation.noise": "0",
    "augmentation.blur": "0",
    "augmentation.flip_axes": "[]",
    "mirror_axes": "[]",
}


def torchrun(n: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in ``n`` processes."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    return subprocess.run(
        [*command, "-m", "scanwright", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def written_plan(data: Path, folder: Path) -> Path:
    plan = tiny.plan_of(data, PACE, overrides=tiny.SMALL_2D | SAME_FOR_ALL)
    write_json(folder / "plan.json", plan.to_json())
    return folder / "plan.json"


def test_two_processes_give_what_one_gives(tmp_path: Path) -> None:
    data = tiny.disc_photographs(tmp_path / "data")
    plan = written_plan(data, tmp_path)
    done = torchrun(2, "train", str(data), "--out", str(tmp_path / "two"), "--plan", str(plan), "--json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Model:") == 1
    alone = sw.train(data, tmp_path / "one", plan=plan, threads=1)
    together = sw.load(tmp_path / "two")
    assert together.provenance["steps"] == alone.provenance["steps"] == 12
    assert together.provenance["machine"]["processes"] == 2
    for name, weight in alone.weights.items():
        np.testing.assert_allclose(together.weights[name], weight, atol=2e-4, err_msg=name)


def test_two_processes_train_an_ensemble_that_one_would_train(tmp_path: Path) -> None:
    data = tiny.disc_photographs(tmp_path / "data")
    plan = sw.plan(data, folds=2, overrides=tiny.SMALL_2D | SAME_FOR_ALL).plan
    write_json(tmp_path / "plan.json", {**plan.to_json(), "paces": [[[6, 1.0]], [[3, 0.5], [3, 1.0]]]})
    out, path = tmp_path / "two", tmp_path / "plan.json"
    done = torchrun(2, "train", str(data), "--out", str(out), "--plan", str(path), "--json")
    assert done.returncode == 0, done.stderr
    alone = sw.train(data, tmp_path / "one", plan=path, threads=1)
    together = sw.load(out)
    assert together.n_members == alone.n_members == 2
    assert together.provenance["out_of_fold_score"] == pytest.approx(
        alone.provenance["out_of_fold_score"], abs=0.02
    )
    for name, weight in alone.weights.items():
        np.testing.assert_allclose(together.weights[name], weight, atol=2e-4, err_msg=name)


def test_layers_that_are_held_at_first_are_learnt_together_too(
    photo_run: tiny.TinyRun, tmp_path: Path
) -> None:
    data, origin = tiny.disc_halves(tmp_path / "data"), str(photo_run.path)
    wanted = SAME_FOR_ALL | {"precision": "32-true", "frozen_share": "0.25", "batch_size": "2"}
    write_json(tmp_path / "plan.json", tiny.plan_of(data, PACE, overrides=wanted, init_from=origin).to_json())
    options = ("--plan", str(tmp_path / "plan.json"), "--init-from", origin)
    done = torchrun(2, "train", str(data), "--out", str(tmp_path / "two"), *options)
    assert done.returncode == 0, done.stderr
    alone = sw.train(data, tmp_path / "one", plan=tmp_path / "plan.json", init_from=origin, threads=1)
    together = sw.load(tmp_path / "two")
    for name, weight in alone.weights.items():
        np.testing.assert_allclose(together.weights[name], weight, atol=2e-3, err_msg=name)


def test_examples_that_can_not_be_shared_are_an_error_of_all(tmp_path: Path) -> None:
    data = tiny.disc_photographs(tmp_path / "data")
    plan = Plan.from_json({**tiny.plan_of(data, PACE, overrides=tiny.SMALL_2D).to_json(), "batch_size": 3})
    write_json(tmp_path / "plan.json", plan.to_json())
    done = torchrun(
        2, "train", str(data), "--out", str(tmp_path / "run"), "--plan", str(tmp_path / "plan.json")
    )
    assert done.returncode != 0
    assert done.stderr.count("--set batch_size=4") == 1


def test_an_error_of_the_leader_ends_all(tmp_path: Path) -> None:
    done = torchrun(2, "train", str(tmp_path), "--out", str(tmp_path / "run"))
    assert done.returncode != 0
    assert "no known layout" in done.stderr
    assert done.stderr.count("scanwright: ") == 1


@pytest.mark.parametrize("n", [0, 1, 5, 6])
def test_what_is_shared_out_is_put_together_in_order(n: int) -> None:
    items = list(range(n))
    parts = [Team(rank, 2, 2).share(items) for rank in range(2)]
    assert sorted(parts[0] + parts[1]) == items
    assert Team().gather(Team().share(items)) == items


def test_a_batch_is_shared_equally(tmp_path: Path) -> None:
    plan = tiny.plan_of(tiny.disc_photographs(tmp_path), PACE, overrides=tiny.SMALL_2D | {"batch_size": "4"})
    with pytest.raises(SettingsError, match="multiple of 3"):
        Team(0, 3, 3).check(plan)
    Team(0, 2, 2).check(plan)
