"""Batch norm: what it holds of the images' statistics is of use from the first steps on.

torch starts the running statistics at mean 0 and variance 1 and moves them by a tenth at every batch: after
15 steps a fifth of what the network answers by still stands for nothing, and it may call every image the
same.
"""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

MOMENTUM = 0.1
"""Least share of a batch in the running statistics."""
PLAIN_MEAN_STEPS = round(1 / MOMENTUM)


def weigh_batch(network: nn.Module, step: int) -> None:
    """Let the running statistics be the plain mean over the first batches, and move by ``MOMENTUM`` after.

    Args:
        network: about to see a batch; statistics that it was given with its weights count as seen.
        step: of the training; from the tenth on nothing changes any more.
    """
    if step >= PLAIN_MEAN_STEPS:
        return
    for layer in network.modules():
        if isinstance(layer, _BatchNorm) and layer.num_batches_tracked is not None:
            layer.momentum = max(MOMENTUM, 1 / (1 + int(layer.num_batches_tracked)))
