"""Assignment: which places of a network's answer are to learn which object.

Task-aligned (TOOD, Feng et al., ICCV 2021): an object is learnt by the places inside it that are best at it
already, at telling its class and its box together; so no rule by size or by distance is needed, in planes and
in volumes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

MOST_PLACES = 10
"""That learn one object."""
CLASS_POWER, BOX_POWER = 1.0, 4.0
LEAST_REACH = 0.75
"""Of the distance between places: an object counts as at least so far reaching from its middle, so that some
place lies in the smallest."""


@dataclass(frozen=True)
class Assigned:
    """What the places of one image learn.

    Attributes:
        objects: (place,) index of the object, −1 for none.
        strength: (place,) how sure a place shall be of its object's class, 0 … 1.
        ignored: (place,) lies in an object that does not count, and learns nothing.
    """

    objects: torch.Tensor
    strength: torch.Tensor
    ignored: torch.Tensor


@torch.no_grad()
def assign(
    scores: torch.Tensor,
    boxes: torch.Tensor,
    places: torch.Tensor,
    truth: torch.Tensor,
    step: torch.Tensor,
) -> Assigned:
    """Assign the places of one image.

    Args:
        scores: (place, class) probabilities.
        boxes: (place, 2, axes) as answered.
        places: (place, axes) middles, in voxels.
        truth: (object, 2 + 2 · axes): class, whether it is ignored, lo, hi.
        step: (axes,) between places.
    """
    n_places, dims = places.shape
    true = truth[:, 2:].reshape(-1, 2, dims)
    middle, half = true.mean(dim=1), (true[:, 1] - true[:, 0]) / 2
    off = (places[None] - middle[:, None]).abs()
    inside = (off < torch.maximum(half, LEAST_REACH * step)[:, None]).all(dim=2)
    counts = truth[:, 1] == 0
    ignored = inside[~counts].any(dim=0)
    numbers = counts.nonzero()[:, 0]
    nobody = torch.full((n_places,), -1, dtype=torch.long, device=places.device)
    strength = torch.zeros(n_places, device=places.device)
    if not len(numbers):
        return Assigned(nobody, strength, ignored)
    overlap = pairwise_overlap(true[numbers], boxes)
    classes = truth[numbers, 0].long()
    fit = scores[:, classes].T ** CLASS_POWER * overlap**BOX_POWER * inside[numbers]
    # What no place fits yet goes to the nearest.
    off_ratio = (off[numbers] / torch.maximum(half[numbers], step)[:, None]).amax(dim=2)
    fit = fit + 1e-12 * inside[numbers] / (1 + off_ratio)
    best = fit.topk(min(MOST_PLACES, n_places), dim=1)
    chosen = torch.zeros_like(fit, dtype=torch.bool).scatter_(1, best.indices, best.values > 0)
    # A place in several objects learns the one that it covers best.
    owner = torch.where(chosen, overlap + 1e-6, torch.zeros_like(overlap)).max(dim=0)
    taken = owner.values > 0
    own = chosen & (torch.arange(len(numbers), device=places.device)[:, None] == owner.indices[None])
    fit, overlap = fit * own, overlap * own
    relative = fit / fit.amax(dim=1, keepdim=True).clamp(min=1e-20)
    aligned = (relative * overlap.amax(dim=1, keepdim=True)).amax(dim=0)
    objects = torch.where(taken, numbers[owner.indices], nobody)
    return Assigned(objects, torch.where(taken, aligned, strength), ignored & ~taken)


def pairwise_overlap(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """(n, m) intersection over union of boxes (n, 2, axes) with others (m, 2, axes)."""
    low, high = torch.maximum(a[:, None, 0], b[None, :, 0]), torch.minimum(a[:, None, 1], b[None, :, 1])
    shared = (high - low).clamp(min=0).prod(dim=2)
    return shared / (_volume(a)[:, None] + _volume(b)[None] - shared).clamp(min=1e-9)


def distance_loss(found: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """(n,) 1 − IoU + how far apart the middles are, of boxes (n, 2, axes): DIoU (Zheng et al., AAAI 2020).

    It has a gradient where boxes do not touch, and needs nothing but axes.
    """
    low, high = torch.maximum(found[:, 0], true[:, 0]), torch.minimum(found[:, 1], true[:, 1])
    shared = (high - low).clamp(min=0).prod(dim=1)
    union = (_volume(found) + _volume(true) - shared).clamp(min=1e-9)
    around = torch.maximum(found[:, 1], true[:, 1]) - torch.minimum(found[:, 0], true[:, 0])
    apart = (found.mean(dim=1) - true.mean(dim=1)).square().sum(dim=1)
    return 1 - shared / union + apart / around.square().sum(dim=1).clamp(min=1e-9)


def _volume(boxes: torch.Tensor) -> torch.Tensor:
    return (boxes[:, 1] - boxes[:, 0]).clamp(min=0).prod(dim=1)
