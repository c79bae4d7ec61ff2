"""Origin: where the weights that a training starts from come from, and what follows for the plan.

No weights here: reading and matching them is in ``training/transfer.py``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from scanwright.data.families import FAMILIES
from scanwright.data.plan import Plan
from scanwright.errors import SettingsError
from scanwright.planning.facts import HASH_LENGTH
from scanwright.planning.fingerprint import Fingerprint
from scanwright.planning.rules import choose_batch

# Long enough for new layers to settle, and a small part of the time. Layers begun at random send noise into
# the others: Kumar et al., Fine-tuning can distort pretrained features, ICLR 2022.
FROZEN_SHARE = 0.1
LEARNT_FROM = ("origin", "train", "val")
"""Of the images that a model's provenance lists: those that it was made with."""


@dataclass(frozen=True)
class Origin:
    """Weights to start from.

    Attributes:
        name: the file or folder, as it was given.
        sha256: of the model, or of the weights file.
        plan: that they were learnt by; ``None`` where a weights file does not say.
        seen: the first digits of the hashes of all images that they were learnt from or chosen by.
        data_sha256: hash over all images of the data; "" where nobody knows.
    """

    name: str
    sha256: str
    plan: Plan | None = None
    seen: frozenset[str] = frozenset()
    data_sha256: str = ""


def origin_of_model(name: str, sha256: str, plan: Plan, provenance: Mapping[str, Any]) -> Origin:
    """A model as the origin of another; what it itself started from has been seen, too."""
    images = provenance.get("images", {})
    seen = frozenset(short for split in LEARNT_FROM for short in images.get(split, ()))
    return Origin(name, sha256, plan, seen, provenance.get("data", {}).get("sha256", ""))


def start_from(plan: Plan, origin: Origin, facts: Fingerprint, family: str | None = None) -> Plan:
    """The plan by the rules, for a training that starts from these weights.

    The network of a run of the same task is taken over, and the patch that fits it. What else the rules
    make of the data stays: its grid and its intensities are not those of the origin.

    Args:
        plan: as for fresh weights.
        origin: see there.
        facts: of the data.
        family: of networks that the user wants; another than the origin's is not taken over.
    """
    reasons = {"init_from": f"weights of {origin.name}", "frozen_share": "new layers settle first"}
    changed: dict[str, Any] = {"init_from": origin.sha256, "frozen_share": FROZEN_SHARE}
    before = origin.plan
    if (
        before is not None
        and (before.task, before.dims) == (plan.task, plan.dims)
        and family in (None, before.network.family)
    ):
        batch_size = plan.batch_size
        if FAMILIES[before.network.family].answers == "voxels":
            batch_size = choose_batch(before.patch_voxels, plan.dims, facts.n_train).value
        changed |= {
            "network": before.network,
            "patch_voxels": before.patch_voxels,
            "batch_size": batch_size,
        }
        why = f"as in the run it starts from, so that its weights fit (by the rules: {plan.network.family}"
        reasons["network"] = f"{why}, {list(plan.network.widths)})"
        reasons["patch_voxels"] = f"as in the run it starts from (by the rules: {list(plan.patch_voxels)})"
        if before.classes == plan.classes and len(before.channels) == len(plan.channels):
            changed["frozen_share"] = 0.0
            reasons["frozen_share"] = "0: every layer is taken over, so none is new"
    return replace(plan, **changed, reasons={**plan.reasons, **reasons})


def check_named(plan: Plan, origin: Origin | None) -> Plan:
    """A given plan with the weights that it is to start from.

    Raises:
        SettingsError: it starts from weights that nobody named, or repeats a training that started from
            others.
    """
    found = origin.sha256 if origin is not None else ""
    if plan.init_from != found and (plan.is_recorded or not found):
        raise SettingsError(
            "the plan is of a training that starts from other weights",
            expected=f"--init-from with weights of SHA-256 {plan.init_from[:12]}…"
            if plan.init_from
            else "no --init-from",
            received=f"weights of SHA-256 {found[:12]}…" if found else "no --init-from",
            do="Name those, or make a plan for these.",
        )
    if origin is None or plan.init_from == found:
        return plan
    was = json.dumps(plan.init_from[:12])
    reasons = {**plan.reasons, "init_from": f"weights of {origin.name} (was: {was})"}
    return replace(plan, init_from=found, reasons=reasons)


def check_unseen(origin: Origin, facts: Fingerprint) -> int:
    """How many images that are to choose by the weights were learnt from; they make the validation score,
    or that of the folds, flatter.

    Raises:
        SettingsError: test images are among them, so that the test would flatter, and nobody would see it.
    """
    of = facts.splits.of
    seen = [fact.name for fact in facts.cases if fact.sha256[:HASH_LENGTH] in origin.seen]
    judged = [name for name in seen if of[name] == "test"]
    if judged:
        n_test = len(facts.splits.names("test"))
        raise SettingsError(
            f"{len(judged)} of the {n_test} test cases, such as {judged[0]}, are images that the weights to "
            "start from were learnt from: the test would flatter",
            subject=origin.name,
            do="Give them to 'train' in the column 'split' of a manifest.csv, use the --seed of the run that "
            "it starts from, or start from other weights.",
        )
    return sum(of[name] == "val" or name in facts.splits.folds for name in seen)
