"""Training survives being killed at any moment, and goes on to the very same weights."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
from pathlib import Path

import pytest

import scanwright as sw
import survivor
from scanwright.io.files import write_json
from tiny import SMALL_2D, disc_photographs, plan_of

KILLS = 26
ROUNDS = 40


@pytest.fixture(scope="module")
def spawner() -> multiprocessing.context.BaseContext:
    """Processes forked from one that has imported everything: starting one takes a moment and not seconds."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["survivor"])
    start = context.Process(target=os.getpid)
    start.start()
    start.join()
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before
    return context


def run(
    spawner: multiprocessing.context.BaseContext, data: Path, plan: Path, out: Path, moment: str, count: int
) -> tuple[int, str]:
    """Exit code of a training process, and where it ended."""
    here, there = spawner.Pipe(duplex=False)
    process = spawner.Process(target=survivor.train, args=(data, plan, out, moment, count, there))
    process.start()
    there.close()
    process.join(120)
    assert process.exitcode is not None, "the training hangs"
    return process.exitcode, here.recv() if here.poll() else "nowhere"


def test_training_killed_26_times_also_while_saving_ends_with_the_same_weights(
    tmp_path: Path, spawner: multiprocessing.context.BaseContext
) -> None:
    data = disc_photographs(tmp_path / "data")
    pace = [(1 + n % 2, (n + 1) / ROUNDS) for n in range(ROUNDS)]
    plan = tmp_path / "plan.json"
    write_json(plan, plan_of(data, pace, overrides=SMALL_2D).to_json())
    rng = random.Random(5)
    # The first kills strike before there is any checkpoint; file by file through the very first moments.
    moments = [("file", n) for n in (1, 2, 5, 9, 16)]
    for _ in range(KILLS - len(moments)):
        kinds = [("file", rng.randint(15, 60)), ("byte", rng.randint(1, 25)), ("step", rng.randint(1, 6))]
        moments.append(rng.choice(kinds))
    out = tmp_path / "killed"
    struck = []
    for moment, count in moments:
        code, where = run(spawner, data, plan, out, moment, count)
        assert code == -signal.SIGKILL, (moment, count, where)
        struck.append(where)
    assert run(spawner, data, plan, out, "never", 0) == (0, "finished")
    assert run(spawner, data, plan, tmp_path / "whole", "never", 0) == (0, "finished")

    while_saving = [where for where in struck if "checkpoint" in where]
    assert len(struck) == KILLS
    assert len(while_saving) >= 6, struck
    assert any(where.startswith("half") for where in struck), struck
    assert "step" in struck
    for name in ("model/weights.safetensors", "splits.json", "settings.toml", "plan.json"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    scores = [[row["score"] for row in json.loads((run / "provenance.json").read_text())["log"]]
              for run in (out, tmp_path / "whole")]  # fmt: skip
    assert scores[0] == scores[1]
    assert sorted(entry.name for entry in out.iterdir()) == sorted(
        e.name for e in (tmp_path / "whole").iterdir()
    )
    assert sw.load(out).plan.pace == tuple(pace)


def test_an_ensemble_killed_in_every_member_ends_with_the_same_weights(
    tmp_path: Path, spawner: multiprocessing.context.BaseContext
) -> None:
    data = disc_photographs(tmp_path / "data")
    paces = [[[2, 0.3], [2, 0.7], [1 + n, 1.0]] for n in range(3)]
    plan = sw.plan(data, folds=3, overrides=SMALL_2D).plan
    path = tmp_path / "plan.json"
    write_json(path, {**plan.to_json(), "paces": paces})
    out = tmp_path / "killed"
    moments = [("step", 3), ("file", 30), ("byte", 4), ("file", 50), ("step", 4), ("file", 40), ("byte", 6)]
    for moment, count in moments:
        code, where = run(spawner, data, path, out, moment, count)
        assert code == -signal.SIGKILL, (moment, count, where)
    assert run(spawner, data, path, out, "never", 0) == (0, "finished")
    assert run(spawner, data, path, tmp_path / "whole", "never", 0) == (0, "finished")
    for name in ("model/weights.safetensors", "splits.json", "plan.json"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert sw.load(out).thresholds == sw.load(tmp_path / "whole").thresholds
