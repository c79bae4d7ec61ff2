"""Transfer: which of the weights of an earlier training fit a plan's network, and what is left fresh.

Weights are matched by name and shape. Nothing in a file of weights is run.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import load_file
from safetensors.torch import save as save_tensors

from scanwright.data.families import FAMILIES
from scanwright.data.plan import Plan
from scanwright.errors import ModelError
from scanwright.inference.members import split_members
from scanwright.inference.model import WEIGHTS_FILE as MODEL_WEIGHTS
from scanwright.inference.model import load_model
from scanwright.io.files import read_json, write_bytes, write_json
from scanwright.networks.catalogue import MOST_WEIGHTS, build_network
from scanwright.planning.origin import Origin, origin_of_model
from scanwright.training.checkpoint import Tensors
from scanwright.types import JsonDict

# In front of the names of a network that was saved inside another module, or by another program.
PREFIXES = ("module.", "_orig_mod.", "_forward_module.", "network.", "model.", "net.")
# Where programs keep the weights among other things that they save.
KEYS = ("state_dict", "model_state_dict", "network_weights", "model", "network", "net")
# What tells the classes apart in every family, see networks/classifier.py, segmenter.py and fpn.py.
HEADS = ("head.", "heads.", "shortcut.")
SAFE, PICKLED = ".safetensors", (".pt", ".pth")
MOST_BYTES = int(8 * MOST_WEIGHTS)
MOST_PICKLED_BYTES = 1 << 24
WEIGHTS_FILE, RECORD_FILE = "start.safetensors", "start.json"
MOST_NAMED = 3


@dataclass(frozen=True)
class Transfer:
    """What of the weights fits.

    Attributes:
        tensors: name in the network → the weights that it starts with.
        adapted: of these, input layers whose weights were spread over another number of channels.
        differ: names that both have, with another shape or, for the last layer, for other classes.
        fresh: names that only the network has.
        unused: names that only the origin has.
        share: of the numbers of the network that are filled so, 0 … 1.
    """

    tensors: Tensors
    adapted: tuple[str, ...]
    differ: tuple[str, ...]
    fresh: tuple[str, ...]
    unused: tuple[str, ...]
    share: float

    @property
    def summary(self) -> str:
        """One line."""
        parts = [f"{len(self.tensors)} tensors loaded ({100 * self.share:.3g} % of the weights)"]
        for names, what in (
            (self.adapted, "spread over other channels"),
            (self.differ, "left fresh as they differ"),
            (self.fresh, "left fresh as they are not there"),
            (self.unused, "not used"),
        ):
            if names:
                parts.append(f"{len(names)} {what} ({_some(names)})")
        return "; ".join(parts)

    def to_json(self) -> JsonDict:
        """Names and counts."""
        rows: dict[str, Iterable[str]] = {
            "loaded": self.tensors,
            "adapted": self.adapted,
            "shape_differs": self.differ,
            "absent_there": self.fresh,
            "unused": self.unused,
        }
        return {
            "share": self.share,
            "summary": self.summary,
            "counts": {name: len(list(names)) for name, names in rows.items()},
            **{name: list(names) for name, names in rows.items()},
        }


def open_origin(path: str) -> tuple[Origin, Tensors]:
    """A run, a model folder, or a weights file: ``.safetensors``, or ``.pt`` or ``.pth`` with tensors only.

    Raises:
        ModelError: there are no weights, they are damaged, too large, or hold more than tensors.
    """
    file = Path(path)
    if file.is_dir():
        model = load_model(file)
        # Of an ensemble the first network: one training starts from one.
        weights = {name: torch.tensor(value) for name, value in split_members(model.weights)[0].items()}
        sha256 = _hash(Path(model.folder or file) / MODEL_WEIGHTS)
        return origin_of_model(path, sha256, model.plan, model.provenance), _checked(weights, path)
    suffix = file.suffix.lower()
    if suffix != SAFE and suffix not in PICKLED:
        raise ModelError(
            "this is nothing to start from",
            subject=path,
            expected=f"a run folder, a model folder, or weights as {SAFE}, {' or '.join(PICKLED)}",
        )
    try:
        if file.stat().st_size > MOST_BYTES:
            raise _too_large(path)
        weights = load_file(file) if suffix == SAFE else _load_pickled(file)
        sha256 = _hash(file)
    except OSError as error:
        raise ModelError("the weights can't be read", subject=path, received=f"{error.strerror}") from error
    except (SafetensorError, RuntimeError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError("the weights are damaged", subject=path, do="Restore the file.") from error
    return Origin(path, sha256), _checked(weights, path)


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _load_pickled(file: Path) -> Tensors:
    """A state dict as torch saves it, by itself or under one of ``KEYS``."""
    if not zipfile.is_zipfile(file):
        raise ModelError(
            "the weights are not in the format of torch 1.6 or later",
            subject=str(file),
            do="Save the state dict again with a newer torch, or as .safetensors.",
        )
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        # torch stores and does not compress: the file is as large as what comes out of it.
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ModelError("the weights are compressed, as torch never writes them", subject=str(file))
        if any(e.filename.endswith(".pkl") and e.file_size > MOST_PICKLED_BYTES for e in entries):
            raise _too_large(str(file))
    try:
        loaded = torch.load(file, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise ModelError(
            "the file holds more than tensors, and loading it could run code",
            subject=str(file),
            do="Where it comes from, save the state dict alone, or as .safetensors.",
        ) from error
    for key in KEYS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
    named = loaded.items() if isinstance(loaded, Mapping) else ()
    return {str(name): value for name, value in named if isinstance(value, torch.Tensor)}


def _checked(weights: Tensors, path: str) -> Tensors:
    """The weights, if they can be ones."""
    if not weights:
        raise ModelError("the file holds no named tensors", subject=path)
    for name, value in weights.items():
        if value.is_sparse or value.is_quantized:
            raise ModelError(f"the tensor {name} is sparse or quantized", subject=path)
        if value.numel() > MOST_WEIGHTS:
            raise _too_large(path)
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ModelError(f"the tensor {name} holds what is no number", subject=path)
    return weights


def _too_large(path: str) -> ModelError:
    return ModelError(
        "the weights are too large for any network here",
        subject=path,
        expected=f"at most {MOST_WEIGHTS:.0e} numbers, {MOST_BYTES / 1e9:.1f} GB",
    )


def match(weights: Tensors, origin: Origin, plan: Plan) -> Transfer:
    """Which weights the plan's network takes.

    Raises:
        ModelError: none.
    """
    state = build_network(plan).state_dict()
    named: dict[str, str] = {}
    for name in weights:
        named.setdefault(_own_name(name, state), name)
    # A last layer that tells other classes apart has nothing to say about these: it is left fresh as a whole.
    heads = {name for name in state if name.startswith(HEADS)}
    same_classes = origin.plan is None or origin.plan.classes == plan.classes
    if same_classes and all(
        weights[named[name]].shape == state[name].shape for name in heads if name in named
    ):
        heads = set()
    tensors: Tensors = {}
    adapted, differ = [], []
    for name in state:
        if name not in named:
            continue
        value, wanted = weights[named[name]], state[name]
        if value.numel() == wanted.numel() == 1:  # a count, which files may hold with an axis of its own
            value = value.reshape(wanted.shape)
        spread = _spread(value, wanted, len(plan.channels))
        if name in heads or value.is_floating_point() != wanted.is_floating_point():
            differ.append(name)
        elif value.shape == wanted.shape:
            tensors[name] = value.to(wanted.dtype).clone()
        elif spread is not None:
            tensors[name] = spread
            adapted.append(name)
        else:
            differ.append(name)
    if not any(value.ndim > 1 for value in tensors.values()):
        raise ModelError(
            f"none of the weights fits the plan's network ({plan.network.family})",
            subject=origin.name,
            expected=f"tensors such as {_shapes(state)}",
            received=_shapes(weights),
            do=_advise(origin, plan),
        )
    total = sum(value.numel() for value in state.values())
    return Transfer(
        tensors,
        tuple(adapted),
        tuple(differ),
        fresh=tuple(name for name in state if name not in named),
        unused=tuple(name for own, name in named.items() if own not in state),
        share=sum(value.numel() for value in tensors.values()) / total,
    )


def _advise(origin: Origin, plan: Plan) -> str:
    """What can be taken over where none of the weights fits, and what can't."""
    before = origin.plan
    if before is None:
        return "Set network.… to the network that the weights are of, or leave out --init-from."
    said = f"They are of {before.task} in {before.dims}-D"
    if _answers(before) != _answers(plan) or before.dims != plan.dims:
        return (
            f"{said}: nothing of such a network can be taken over for {plan.task} in {plan.dims}-D. Start "
            f"from a run of {plan.task} in {plan.dims}-D, or leave out --init-from."
        )
    network = before.network
    return (
        f"{said}: {plan.task} can take them over with the same network "
        f"(--set network.family={network.family} --set network.widths={list(network.widths)} …), "
        "the last layer only for the same classes."
    )


def _answers(plan: Plan) -> str:
    """What the plan's network answers: the whole image, each voxel, or the objects."""
    return FAMILIES[plan.network.family].answers


def _own_name(name: str, state: Mapping[str, torch.Tensor]) -> str:
    """The name without what stands in front of it in other programs."""
    short = name
    while short not in state:
        prefix = next((prefix for prefix in PREFIXES if short.startswith(prefix)), None)
        if prefix is None:
            return name
        short = short.removeprefix(prefix)
    return short


def _spread(value: torch.Tensor, wanted: torch.Tensor, n_channels: int) -> torch.Tensor | None:
    """The weights of an input layer for another number of channels: each gets the mean of the earlier ones,
    so scaled that the same image in all channels gives the same answer. ``None`` where it is no such layer.
    """
    if value.ndim < 4 or value.ndim != wanted.ndim or wanted.shape[1] != n_channels:
        return None
    if (
        value.shape[1] == n_channels
        or value.shape[:1] + value.shape[2:] != wanted.shape[:1] + wanted.shape[2:]
    ):
        return None
    return (value.float().sum(1, keepdim=True) / n_channels).expand(wanted.shape).clone()


def _shapes(tensors: Mapping[str, torch.Tensor]) -> str:
    rows = [f"{name} {list(value.shape)}" for name, value in tensors.items() if value.ndim > 1]
    return ", ".join(rows[:MOST_NAMED]) + (", …" if len(rows) > MOST_NAMED else "")


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")


def save_start(transfer: Transfer, origin: Origin, val_seen: int, folder: Path) -> JsonDict:
    """Keep what training starts with beside its checkpoints, so that it goes on without the origin.

    Returns:
        The record of it, for the provenance.

    Raises:
        OutputError: the disk is full.
    """
    before = origin.plan
    record = {
        "from": origin.name,
        "sha256": origin.sha256,
        "plan": None if before is None else {**before.to_json(), "reasons": {}},
        "data_sha256": origin.data_sha256,
        "seen": sorted(origin.seen),
        "val_seen": val_seen,
        **transfer.to_json(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder / WEIGHTS_FILE, save_tensors({n: t.contiguous() for n, t in transfer.tensors.items()}))
    write_json(folder / RECORD_FILE, record)
    return record


def load_start(plan: Plan, folder: Path) -> Tensors:
    """What :func:`save_start` kept; nothing for a plan that starts fresh.

    Raises:
        ModelError: it is gone or damaged.
    """
    if not plan.init_from:
        return {}
    try:
        return load_tensors((folder / WEIGHTS_FILE).read_bytes())
    except (OSError, SafetensorError) as error:
        raise ModelError(
            "the weights that the run starts from are missing or damaged",
            subject=str(folder / WEIGHTS_FILE),
            do="Begin anew, with --overwrite in place of --resume.",
        ) from error


def load_record(plan: Plan, folder: Path) -> JsonDict:
    """The record that :func:`save_start` kept; empty for a plan that starts fresh."""
    return dict(read_json(folder / RECORD_FILE)) if plan.init_from else {}
