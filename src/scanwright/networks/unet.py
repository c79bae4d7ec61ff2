"""U-Net: MONAI's blocks, put together after nnU-Net (Isensee et al., Nature Methods 2021)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monai.networks.blocks.dynunet_block import UnetBasicBlock, UnetResBlock, UnetUpBlock
from torch import nn

from scanwright.data.plan import Plan
from scanwright.networks.norms import instance_norm
from scanwright.networks.segmenter import Encoder, Segmenter, plain_heads, shortcut


def unet(plan: Plan) -> Segmenter:
    """Two convolutions a level on both ways.

    MONAI's DynUNet holds every block under two names, which safetensors rightly refuses; so its blocks are
    used and not the whole.
    """
    return _u_shaped(plan, lambda level, n_in: _block(UnetBasicBlock, plan, level, n_in))


def residual_unet(plan: Plan) -> Segmenter:
    """A U-Net whose encoder has residual blocks, as many a level as the plan says.

    nnU-Net's ResEnc (Isensee et al., nnU-Net Revisited, MICCAI 2024).
    """

    def level(n: int, n_in: int) -> nn.Module:
        width, first = plan.network.widths[n], _block(UnetResBlock, plan, n, n_in)
        more = [_block(UnetResBlock, plan, n, width, stride=1) for _ in range(plan.network.blocks[n] - 1)]
        return nn.Sequential(first, *more)

    return _u_shaped(plan, level)


def _u_shaped(plan: Plan, level: Callable[[int, int], nn.Module]) -> Segmenter:
    """An encoder of levels (number, channels that come in), and the decoder of a U-Net."""
    network, dims = plan.network, plan.dims
    widths = network.widths
    encoder = Encoder(level(n, (len(plan.channels), *widths)[n]) for n in range(len(widths)))
    # From the deepest level upwards: level n takes what comes from level n + 1.
    decoder = [
        UnetUpBlock(
            dims,
            widths[n + 1],
            widths[n],
            network.kernels[n],
            1,
            network.strides[n + 1],
            instance_norm(widths[n]),
            dropout=network.dropout or None,
        )
        for n in reversed(range(len(widths) - 1))
    ]
    return Segmenter(encoder, decoder, plain_heads(plan), shortcut(plan))


def _block(
    kind: type[nn.Module], plan: Plan, n: int, n_in: int, *, stride: int | Sequence[int] | None = None
) -> nn.Module:
    """One block of level ``n``."""
    network = plan.network
    return kind(
        plan.dims,
        n_in,
        network.widths[n],
        network.kernels[n],
        network.strides[n] if stride is None else stride,
        instance_norm(network.widths[n]),
        dropout=network.dropout or None,
    )
