"""Checkpoints: everything needed to go on, as safetensors and JSON; a kill at any moment leaves a whole one."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from scanwright.errors import ModelError
from scanwright.io.files import read_json, whole_folder, write_bytes, write_json

SCHEMA_VERSION = 1
Tensors = dict[str, torch.Tensor]


@dataclass
class Position:
    """Where training stands.

    Attributes:
        step: steps done.
        progress: 0 … 1.
        elapsed_s: seconds spent, over all runs.
        pace: rounds done, each (steps, progress at its end).
        best_score: best validation score so far; ``None`` before the first.
        best_round: the round it was reached in.
        log: one row a round.
    """

    step: int = 0
    progress: float = 0.0
    elapsed_s: float = 0.0
    pace: list[tuple[int, float]] = field(default_factory=list)
    best_score: float | None = None
    best_round: int = 0
    log: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Checkpoint:
    """A position and the tensors that belong to it, by name of the part ("networks", "optimisers", …)."""

    position: Position
    tensors: Mapping[str, Tensors]


def save_checkpoint(checkpoint: Checkpoint, folder: Path, plan_key: str) -> None:
    """Write a checkpoint beside the last one, switch to it in one step, then drop the old one.

    Raises:
        OutputError: the disk is full; the last checkpoint is still there.
    """
    name = f"step-{checkpoint.position.step:07d}-{len(checkpoint.position.log):04d}"
    hashes = {}
    with whole_folder(folder / name) as part:
        for kind, tensors in checkpoint.tensors.items():
            raw = save_tensors({key: value.detach().cpu().contiguous() for key, value in tensors.items()})
            hashes[kind] = hashlib.sha256(raw).hexdigest()
            write_bytes(part / f"{kind}.safetensors", raw)
        write_json(part / "position.json", asdict(checkpoint.position))
    write_json(
        folder / "latest.json",
        {"schema_version": SCHEMA_VERSION, "folder": name, "plan": plan_key, "sha256": hashes},
    )
    for old in folder.iterdir():
        if old.is_dir() and old.name != name:
            shutil.rmtree(old, ignore_errors=True)


def load_checkpoint(folder: Path, plan_key: str) -> Checkpoint | None:
    """The latest checkpoint, or ``None`` when there is none yet.

    Raises:
        ModelError: it is damaged, newer than this program, or belongs to another plan.
    """
    if not (folder / "latest.json").is_file():
        return None
    latest = read_json(folder / "latest.json")
    if latest.get("schema_version", 0) > SCHEMA_VERSION:
        raise ModelError("the checkpoint is newer than this program", subject=str(folder), do="Install a newer one.")
    if latest.get("plan") != plan_key:
        raise ModelError(
            "the checkpoint belongs to another plan",
            subject=str(folder),
            do="Resume with the same data and settings, or train into another --out.",
        )
    inside = folder / latest["folder"]
    tensors = {}
    for kind, stated in latest["sha256"].items():
        try:
            raw = (inside / f"{kind}.safetensors").read_bytes()
            if hashlib.sha256(raw).hexdigest() != stated:
                raise ModelError("the checkpoint is damaged", subject=str(inside), do="Train again without --resume.")
            tensors[kind] = load_tensors(raw)
        except (OSError, SafetensorError) as error:
            raise ModelError(
                "the checkpoint is damaged", subject=str(inside), do="Train again without --resume."
            ) from error
    plain = read_json(inside / "position.json")
    plain["pace"] = [(int(steps), float(end)) for steps, end in plain["pace"]]
    return Checkpoint(Position(**plain), tensors)


def plan_key(plan: Mapping[str, Any]) -> str:
    """Hash of the decisions that a checkpoint depends on; minutes and pace may differ on resuming."""
    free = ("reasons", "overruled", "minutes", "pace", "patience")
    return hashlib.sha256(
        json.dumps({k: v for k, v in plan.items() if k not in free}, sort_keys=True).encode()
    ).hexdigest()


def flatten_optimiser(optimiser: torch.optim.Optimizer) -> Tensors:
    """An optimiser's state as named tensors ("3.exp_avg")."""
    state = optimiser.state_dict()["state"]
    return {
        f"{index}.{name}": torch.as_tensor(value)
        for index, entry in state.items()
        for name, value in entry.items()
        if value is not None
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Tensors) -> None:
    """The inverse of :func:`flatten_optimiser`; the groups come from the plan."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
