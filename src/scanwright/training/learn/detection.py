"""Learning to find objects: images with their boxes in, what each place should have said out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from scanwright.data.plan import Plan
from scanwright.networks.catalogue import build_network
from scanwright.tasks.base import Example
from scanwright.training.assignment import assign, distance_loss
from scanwright.training.augment.intensity import vary_intensities
from scanwright.training.augment.objects import copy_paste, mosaic
from scanwright.training.augment.spatial import draw_affine, sampling_grid, warp
from scanwright.training.learn.base import Batch
from scanwright.training.learn.patches import add_margin, cut, draw_centre
from scanwright.types import AnyArray, FloatArray

# What an object counts that is cut by the border of its patch: below this part of it, nothing at all.
LEAST_SEEN = 0.4
# How much more a box counts than its class.
BOX_WEIGHT = 2.0
FOCUS = 2.0


class DetectionLearner:
    """Images or patches of them in, a loss out."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.patch = plan.patch_voxels
        self.region = add_margin(self.patch)
        self.spacing = (plan.spacing_mm or (1.0, 1.0, 1.0))[: plan.dims]
        self.weights = torch.tensor(plan.class_weights or (1.0,) * len(plan.classes))

    def networks(self, plan: Plan) -> dict[str, nn.Module]:
        return {"network": build_network(plan)}

    def draw(
        self,
        examples: Sequence[Example],
        chosen: Sequence[int],
        rng: np.random.Generator,
        device: torch.device,
    ) -> Batch:
        plan, dims = self.plan, self.plan.dims
        region, patch = self.region[:dims], self.patch[:dims]
        images, objects = [], []
        for index in chosen:
            example = examples[index]
            shape = example.image.shape[1:]
            centre = draw_centre(shape, self.patch, rng, partial(self._around_an_object, example, rng))
            images.append(cut(example.image, centre, self.region, edge=True))
            corner = [c - n // 2 for c, n in zip(centre, self.region, strict=True)]
            objects.append(_shift(np.asarray(example.target), corner, dims))
        source = torch.from_numpy(np.stack(images).reshape(len(images), -1, *region)).to(device)
        maps = np.stack([draw_affine(plan.augmentation, self.spacing, patch, rng) for _ in images])
        warped = warp(source, sampling_grid(maps, region, patch, device=device))
        boxes = [move_objects(own, one, region, patch) for own, one in zip(objects, maps, strict=True)]
        for chance, mix in ((plan.augmentation.mosaic, mosaic), (plan.augmentation.copy_paste, copy_paste)):
            if chance and rng.random() < chance:
                warped, boxes = mix(warped, boxes, rng)
        warped = vary_intensities(warped, plan.augmentation, rng)
        truth = tuple(torch.from_numpy(own).to(device) for own in boxes)
        return Batch(warped, torch.empty(0), truth)

    def step(self, batch: Batch, networks: dict[str, nn.Module]) -> dict[str, torch.Tensor]:
        outputs = networks["network"](batch.images)[0].float()
        return {"network": self.measure(outputs, batch.objects, batch.images.shape[2:])}

    def measure(
        self, outputs: torch.Tensor, truth: Sequence[torch.Tensor], patch: Sequence[int]
    ) -> torch.Tensor:
        """The loss of a batch.

        Args:
            outputs: (batch, class + 2 · axes, …), logits and distances.
            truth: of each image, see Batch.
            patch: voxels of the images.
        """
        n_classes, dims, grid = len(self.plan.classes), self.plan.dims, outputs.shape[2:]
        step = torch.tensor([n / g for n, g in zip(patch, grid, strict=True)], device=outputs.device)
        axes = [torch.arange(g, device=outputs.device) for g in grid]
        places = (torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).reshape(-1, dims) + 0.5) * step
        flat = outputs.flatten(2).transpose(1, 2)
        logits, sides = flat[..., :n_classes], flat[..., n_classes:]
        boxes = torch.stack([places - sides[..., :dims], places + sides[..., dims:]], dim=2)
        sure = torch.sigmoid(logits.detach())
        weights = self.weights.to(outputs.device)
        class_loss, box_loss, total = outputs.new_zeros(()), outputs.new_zeros(()), 0.0
        for n, own in enumerate(truth):
            made = assign(sure[n], boxes[n].detach(), places, own, step)
            at = (made.objects >= 0).nonzero()[:, 0]
            classes = own[made.objects[at], 0].long()
            wanted = torch.zeros_like(logits[n])
            wanted[at, classes] = made.strength[at]
            losses = F.binary_cross_entropy_with_logits(
                logits[n], wanted, weights.expand_as(wanted), reduction="none"
            )
            if self.plan.loss == "focal":  # quality focal: soft labels (Li et al., NeurIPS 2020)
                losses = losses * (wanted - torch.sigmoid(logits[n])).abs() ** FOCUS
            class_loss = class_loss + losses[~made.ignored].sum()
            true = own[made.objects[at], 2:].reshape(-1, 2, dims)
            counted = made.strength[at] * weights[classes]
            box_loss = box_loss + (distance_loss(boxes[n][at], true) * counted).sum()
            total += float(made.strength.sum())
        scale = max(total, 1.0)
        loss: torch.Tensor = class_loss / scale + BOX_WEIGHT * box_loss / scale
        return loss

    def _around_an_object(self, example: Example, rng: np.random.Generator) -> list[int] | None:
        """First voxels of a patch in which an object lies whole, or that lies within one."""
        counted = np.asarray(example.target)
        counted = counted[counted[:, 1] == 0]
        if not len(counted) or rng.random() >= self.plan.foreground_fraction:
            return None
        _, lo, hi = np.split(counted[rng.integers(len(counted))][1:], [1, 4])
        ends = [
            sorted((math.floor(high - patch), math.ceil(low)))
            for low, high, patch in zip(lo, hi, self.patch, strict=True)
        ]
        return [int(rng.integers(first, last + 1)) for first, last in ends]


def _shift(target: AnyArray, corner: Sequence[int], dims: int) -> FloatArray:
    """Rows of Example in the voxels of a region that begins at ``corner``, without the axes not seen."""
    box = target[:, 2:].reshape(-1, 2, 3)[..., :dims] - np.asarray(corner, dtype=np.float32)[:dims]
    return np.concatenate([target[:, :2], box.reshape(-1, 2 * dims)], axis=1).astype(np.float32)


def move_objects(
    objects: FloatArray, affine: FloatArray, region: Sequence[int], patch: Sequence[int]
) -> FloatArray:
    """Objects of a region as they lie in the patch that was warped from it; those that are hardly seen are
    left out or ignored.

    Objects are rounder than their boxes: what is turned is the ellipsoid inside, and not the corners, which
    would let a box grow with every turn.

    Args:
        objects: (n, 2 + 2 · axes), see Batch.
        affine: (axes, axes + 1), see ``draw_affine``.
        region, patch: their voxels.
    """
    dims = len(patch)
    box = objects[:, 2:].reshape(-1, 2, dims).astype(np.float64)
    back = np.linalg.inv(affine[:, :dims])
    middle = (box.mean(axis=1) - np.asarray(region) / 2 - affine[:, dims]) @ back.T + np.asarray(patch) / 2
    half = np.sqrt(((box[:, 1] - box[:, 0]) / 2) ** 2 @ (back**2).T)
    moved = np.stack([middle - half, middle + half], axis=1)
    seen = np.clip(moved, 0, np.asarray(patch, dtype=float))
    part = (seen[:, 1] - seen[:, 0]).prod(axis=1) / np.maximum((2 * half).prod(axis=1), 1e-9)
    ignored = np.maximum(objects[:, 1], part < LEAST_SEEN)
    rows = np.concatenate([objects[:, :1], ignored[:, None], seen.reshape(-1, 2 * dims)], axis=1)
    return np.asarray(rows[part > 0], dtype=np.float32)
