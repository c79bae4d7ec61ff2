"""Checkpoints: everything needed to go on, as safetensors and JSON; a kill at any moment leaves one."""

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
from scanwright.io.files import forget_partials, read_json, whole_folder, write_json

SCHEMA_VERSION = 1
POSITION_FILE = "position.json"
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
        best_round: the round whose weights are kept: of equal scores, the latest.
        improved_round: the last round that was better than all before it.
        log: one row a round.
    """

    step: int = 0
    progress: float = 0.0
    elapsed_s: float = 0.0
    pace: list[tuple[int, float]] = field(default_factory=list)
    best_score: float | None = None
    best_round: int = 0
    improved_round: int = 0
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
    forget_partials(folder)
    with whole_folder(folder / name) as part:
        for kind, tensors in checkpoint.tensors.items():
            raw = save_tensors({key: value.detach().cpu().contiguous() for key, value in tensors.items()})
            hashes[f"{kind}.safetensors"] = _put(part / f"{kind}.safetensors", raw)
        hashes[POSITION_FILE] = _put(part / POSITION_FILE, json.dumps(asdict(checkpoint.position)).encode())
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
    version = latest.get("schema_version") if isinstance(latest, dict) else None
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise ModelError(
            "the checkpoint was written by another version of scanwright",
            subject=str(folder),
            expected=f"schema_version {SCHEMA_VERSION} or less",
            received=f"{version}",
            do="Install a newer scanwright, or train again with --overwrite.",
        )
    if latest.get("plan") != plan_key:
        raise ModelError(
            "the checkpoint belongs to another plan",
            subject=str(folder),
            do="Resume with the same data and settings, or train into another --out.",
        )
    try:
        return _read(folder / latest["folder"], latest["sha256"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            "the checkpoint is damaged",
            subject=str(folder),
            do="Train again, with --overwrite in place of --resume.",
        ) from error


def _put(path: Path, raw: bytes) -> str:
    path.write_bytes(raw)
    return hashlib.sha256(raw).hexdigest()


def _read(folder: Path, hashes: Mapping[str, str]) -> Checkpoint:
    """The checkpoint in a folder; a ValueError says that a file is not what was written."""
    files = {name: (folder / name).read_bytes() for name in hashes}
    for name, stated in hashes.items():
        if hashlib.sha256(files[name]).hexdigest() != stated:
            raise ValueError(name)
    plain = json.loads(files.pop(POSITION_FILE))
    plain["pace"] = [(int(steps), float(end)) for steps, end in plain["pace"]]
    return Checkpoint(
        Position(**plain),
        {name.removesuffix(".safetensors"): load_tensors(raw) for name, raw in files.items()},
    )


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
