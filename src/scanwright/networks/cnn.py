"""Plain convolutions, nothing beside them: what every other family should beat.

After VGG (Simonyan & Zisserman, ICLR 2015), with batch norm, and with a stride in place of its pooling.
"""

from __future__ import annotations

from monai.networks.blocks import Convolution
from torch import nn

from scanwright.data.plan import Plan
from scanwright.networks.classifier import Classifier


def cnn(plan: Plan) -> Classifier:
    """Levels of convolutions; the first of each takes the level's stride."""
    network = plan.network
    levels, n_in = [], len(plan.channels)
    for n, width in enumerate(network.widths):
        convolutions = []
        for number in range(network.blocks[n]):
            convolutions.append(
                Convolution(
                    plan.dims,
                    n_in,
                    width,
                    network.strides[n] if number == 0 else 1,
                    network.kernels[n],
                    act=("relu", {"inplace": True}),
                    norm="batch",
                    bias=False,
                )
            )
            n_in = width
        levels.append(nn.Sequential(*convolutions))
    return Classifier(plan, levels[0], nn.Sequential(*levels[1:]), n_in)
