"""Losses: what training makes small. A table for each answer about whole images, and one for voxels.

MONAI has most of these. It turns class indices into one map for each class before it begins, and takes 1.1
to 5 times as long on processors (decision note 30); so they are written here, and the tests compare.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from scanwright.data.plan import Plan

FOCUS = 2.0
"""Exponent of the focal loss: how much less counts what is right already (Lin et al. 2017)."""
MISSED = 0.7
"""Of Tversky: what a missed voxel counts; a false one counts the rest (Salehi et al. 2017)."""
EDGE_WEIGHT = 5.0
"""Of "boundary": what a voxel counts more, times the share of its neighbours that are of another class."""
EDGE_REACH = 3
"""Neighbours on each side, along the axes of finest voxels."""


@dataclass(frozen=True)
class Terms:
    """What of a plan acts in a loss.

    Attributes:
        weights: of each class; ``None`` when all count the same.
        smoothing: share of each label that is spread over all classes.
        reach: along each axis, the neighbours on each side that tell how near a boundary is.
    """

    weights: torch.Tensor | None
    smoothing: float
    reach: tuple[int, ...]

    @classmethod
    def of(cls, plan: Plan, device: torch.device) -> Terms:
        """The terms of a plan."""
        size = (plan.spacing_mm or (1.0, 1.0, 1.0))[: plan.dims]
        return cls(
            torch.tensor(plan.class_weights, device=device) if plan.class_weights else None,
            plan.label_smoothing,
            tuple(round(EDGE_REACH * min(size) / s) for s in size),
        )


def measure_images(plan: Plan, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The plan's loss of a batch of whole images.

    Args:
        plan: names the answer and the loss.
        outputs: (batch, output), of the last layer.
        targets: (batch, output): how much of each class an image is (where it is one of several, they add up
            to 1), or the number.
    """
    terms = Terms.of(plan, outputs.device)
    chances = 2 if plan.answer == "labels" else plan.n_outputs  # a label by itself is there or not
    spread = targets * (1 - terms.smoothing) + terms.smoothing / chances
    return IMAGE_LOSSES[plan.answer][plan.loss](adjust(plan, outputs), spread, terms)


def measure_voxels(plan: Plan, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The plan's loss of a batch of patches.

    Args:
        plan: names the loss.
        logits: (batch, class, …).
        targets: class indices (batch, …).
    """
    return VOXEL_LOSSES[plan.loss](adjust(plan, logits), targets, Terms.of(plan, logits.device))


def adjust(plan: Plan, logits: torch.Tensor) -> torch.Tensor:
    """Logits with those of the classes' shares added, for training only (Menon et al. 2021): what the network
    need not say itself, it leaves out of its answers."""
    if not plan.logit_adjustment:
        return logits
    offsets = plan.logit_adjustment * torch.tensor(plan.class_shares, device=logits.device).log()
    return logits + offsets.reshape(1, -1, *(1,) * (logits.ndim - 2))


def image_focal(logits: torch.Tensor, shares: torch.Tensor, terms: Terms) -> torch.Tensor:
    """Cross-entropy in which what is right already counts less (Lin et al. 2017)."""
    logs = torch.log_softmax(logits, dim=1)
    losses = -((1 - logs.exp()) ** FOCUS) * logs * shares
    return (losses if terms.weights is None else losses * terms.weights).sum(1).mean()


def image_squares(logits: torch.Tensor, shares: torch.Tensor, terms: Terms) -> torch.Tensor:
    """Squares of what the probabilities are wrong by: Brier's score (1950)."""
    wrong = (torch.softmax(logits, dim=1) - shares).square().sum(1)
    return _mean_of_images(wrong, shares, terms)


def image_differences(logits: torch.Tensor, shares: torch.Tensor, terms: Terms) -> torch.Tensor:
    """What the probabilities are wrong by; wrong labels harm it less (Ghosh et al. 2017)."""
    wrong = (torch.softmax(logits, dim=1) - shares).abs().sum(1)
    return _mean_of_images(wrong, shares, terms)


def earth_mover(logits: torch.Tensor, shares: torch.Tensor, terms: Terms) -> torch.Tensor:
    """Squared distance between the cumulative probabilities of classes in order (Hou et al. 2016).

    It is the ranked probability score (Epstein 1969), which is proper: in the mean it is smallest where the
    probabilities are the true ones.
    """
    probabilities = torch.softmax(logits, dim=1)
    further = (probabilities - shares).cumsum(dim=1)[:, :-1].square().sum(1)
    return _mean_of_images(further, shares, terms)


def label_cross_entropy(logits: torch.Tensor, held: torch.Tensor, terms: Terms) -> torch.Tensor:
    """Cross-entropy of each class by itself, the mean over images and classes."""
    return F.binary_cross_entropy_with_logits(logits, held, terms.weights)


def label_focal(logits: torch.Tensor, held: torch.Tensor, terms: Terms) -> torch.Tensor:
    """The same, in which what is right already counts less (Lin et al. 2017)."""
    wrong = held + torch.sigmoid(logits) * (1 - 2 * held)
    losses = wrong**FOCUS * F.binary_cross_entropy_with_logits(logits, held, reduction="none")
    return (losses if terms.weights is None else losses * terms.weights).mean()


def _mean_of_images(losses: torch.Tensor, shares: torch.Tensor, terms: Terms) -> torch.Tensor:
    return (losses if terms.weights is None else losses * (shares @ terms.weights)).mean()


def voxel_cross_entropy(logits: torch.Tensor, targets: torch.Tensor, terms: Terms) -> torch.Tensor:
    """Cross-entropy; a mean weighted by the weights of the true classes."""
    return F.cross_entropy(logits, targets, terms.weights, label_smoothing=terms.smoothing)


def voxel_focal(logits: torch.Tensor, targets: torch.Tensor, terms: Terms) -> torch.Tensor:
    """Cross-entropy in which what is right already counts less (Lin et al. 2017)."""
    losses = F.cross_entropy(logits, targets, reduction="none")
    losses = (1 - torch.exp(-losses)) ** FOCUS * losses
    if terms.weights is None:
        return losses.mean()
    weights = terms.weights[targets]
    return (losses * weights).sum() / weights.sum()


def boundary_loss(logits: torch.Tensor, targets: torch.Tensor, terms: Terms) -> torch.Tensor:
    """Dice and cross-entropy in which voxels near a boundary of the reference count more.

    After the position-aware loss of F3Net (Wei et al., AAAI 2020), for any number of classes. It needs no
    distance maps and no other loss to begin with, as the boundary loss of Kervadec et al. (2019) does.
    """
    weights = 1 + EDGE_WEIGHT * share_of_others(targets, logits.shape[1], terms.reach)
    losses = F.cross_entropy(
        logits, targets, terms.weights, reduction="none", label_smoothing=terms.smoothing
    )
    counted = weights if terms.weights is None else weights * terms.weights[targets]
    return (losses * weights).sum() / counted.sum() + overlap_loss(logits, targets, weights=weights)


def overlap_loss(
    logits: torch.Tensor, targets: torch.Tensor, missed: float = 0.5, weights: torch.Tensor | None = None
) -> torch.Tensor:
    """1 − soft Dice over the batch, mean over the classes but background (Milletari et al. 2016).

    Args:
        logits: (batch, class, …).
        targets: class indices (batch, …).
        missed: what a missed voxel counts, and a false one the rest; other than a half it is Tversky's index.
        weights: of the voxels, (batch, …).
    """
    probabilities = torch.softmax(logits, dim=1)[:, 1:].flatten(2)
    n_classes = logits.shape[1]
    truth = torch.stack([targets == c for c in range(1, n_classes)], dim=1).flatten(2).to(probabilities.dtype)
    found = probabilities if weights is None else probabilities * weights.flatten(1)[:, None]
    true = truth if weights is None else truth * weights.flatten(1)[:, None]
    common = (found * truth).sum((0, 2))
    both = 2 * (1 - missed) * found.sum((0, 2)) + 2 * missed * true.sum((0, 2))
    return 1 - ((2 * common + 1e-5) / (both + 1e-5)).mean()


def share_of_others(targets: torch.Tensor, n_classes: int, reach: Sequence[int]) -> torch.Tensor:
    """Of each voxel's neighbours, the share that is of another class: 0 inside, near 1 for a lone voxel.

    Args:
        targets: class indices (batch, …).
        n_classes: how many.
        reach: neighbours on each side, along each axis; those beyond the border do not count.
    """
    maps = [(targets == c).float() for c in range(1, n_classes)]
    for axis, n in enumerate(reach, start=1):
        maps = [_mean_along(near, axis, n) for near in maps]
    others = torch.stack(maps).sum(0)  # as the background sees it
    for c, near in enumerate(maps, start=1):
        others = torch.where(targets == c, 1 - near, others)
    return others


def _mean_along(maps: torch.Tensor, axis: int, reach: int) -> torch.Tensor:
    """Means of every entry and its neighbours along one axis, from sums of all entries up to each."""
    length = maps.shape[axis]
    places = torch.arange(length, device=maps.device)
    first, behind = (places - reach).clamp(min=0), (places + reach + 1).clamp(max=length)
    nothing = torch.zeros_like(maps.narrow(axis, 0, 1))
    sums = torch.cat([nothing, maps.cumsum(axis)], dim=axis)
    counts = (behind - first).reshape(-1, *[1] * (maps.ndim - 1 - axis))
    return (sums.index_select(axis, behind) - sums.index_select(axis, first)) / counts


Loss = Callable[[torch.Tensor, torch.Tensor, Terms], torch.Tensor]
_ONE_CLASS: dict[str, Loss] = {
    "ce": lambda logits, shares, terms: F.cross_entropy(logits, shares, terms.weights),
    "focal": image_focal,
    "mse": image_squares,
    "mae": image_differences,
}
IMAGE_LOSSES: dict[str, dict[str, Loss]] = {
    "class": _ONE_CLASS,
    "grade": {"emd": earth_mover, **_ONE_CLASS},
    "labels": {"bce": label_cross_entropy, "focal": label_focal},
    "value": {
        "mse": lambda values, truth, terms: F.mse_loss(values, truth),
        "mae": lambda values, truth, terms: F.l1_loss(values, truth),
        "huber": lambda values, truth, terms: F.huber_loss(values, truth),
    },
}
VOXEL_LOSSES: dict[str, Loss] = {
    "dice_ce": lambda logits, targets, terms: (
        voxel_cross_entropy(logits, targets, terms) + overlap_loss(logits, targets)
    ),
    "ce": voxel_cross_entropy,
    "focal": voxel_focal,
    "dice": lambda logits, targets, terms: overlap_loss(logits, targets),
    "tversky": lambda logits, targets, terms: overlap_loss(logits, targets, MISSED),
    "boundary": boundary_loss,
}
