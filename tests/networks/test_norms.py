"""Instance norm of rows gives what torch's gives, forth and back."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from scanwright.networks.norms import InstanceNorm


def volumes(layout: torch.memory_format, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    made = torch.randn(2, 6, 5, 7, 4, generator=torch.Generator().manual_seed(0), dtype=dtype) * 3 + 100
    return made.contiguous(memory_format=layout)


@pytest.mark.parametrize("layout", [torch.channels_last_3d, torch.contiguous_format])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_norms_and_learns_as_torch_does(layout: torch.memory_format, dtype: torch.dtype) -> None:
    norm = InstanceNorm(6).to(dtype)
    with torch.no_grad():
        norm.weight.copy_(torch.linspace(-1, 2, 6))
        norm.bias.copy_(torch.linspace(3, -3, 6))
    images, slopes = volumes(layout, dtype), volumes(layout, dtype) - 100
    answers = []
    for run in (norm, lambda x: F.instance_norm(x, weight=norm.weight, bias=norm.bias)):
        own = images.clone().requires_grad_()
        norm.zero_grad()
        normed = run(own)
        normed.backward(slopes)
        assert own.grad is not None
        answers.append(
            [value.detach().clone() for value in (normed, own.grad, norm.weight.grad, norm.bias.grad)]
        )
    for one, other in zip(*answers, strict=True):
        torch.testing.assert_close(one, other, atol=2e-4, rtol=2e-4)


@pytest.mark.parametrize("n_images", [1, 2])
def test_sixteen_bits_come_as_near_as_they_can(n_images: int) -> None:
    norm = InstanceNorm(6)
    images = (volumes(torch.channels_last_3d) - 100)[:n_images]
    slopes = (volumes(torch.channels_last_3d) - 100).flip(2)[:n_images]
    answers = []
    for own in (images.bfloat16(), images.clone()):
        own.requires_grad_()
        norm.zero_grad()
        normed = norm(own)
        assert normed.dtype == own.dtype
        normed.backward(slopes.to(own.dtype))
        answers.append([value.detach().float() for value in (normed, own.grad, norm.weight.grad)])  # type: ignore[union-attr]
    for one, other in zip(*answers, strict=True):
        torch.testing.assert_close(one, other, atol=0.03, rtol=0.02)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_volumes_keep_their_layout(dtype: torch.dtype) -> None:
    images = volumes(torch.channels_last_3d, dtype).requires_grad_()
    normed = InstanceNorm(6)(images)
    assert normed.is_contiguous(memory_format=torch.channels_last_3d)
    normed.sum().backward()
    assert images.grad is not None
    assert images.grad.is_contiguous(memory_format=torch.channels_last_3d)


def test_an_even_channel_stays_even() -> None:
    images = torch.full((1, 2, 4, 4, 4), 7.0).contiguous(memory_format=torch.channels_last_3d)
    images.requires_grad_()
    normed = InstanceNorm(2)(images)
    normed.square().sum().backward()
    assert normed.abs().max() < 1e-3
    assert images.grad is not None
    assert torch.isfinite(images.grad).all()


def test_many_voxels_lose_nothing_without_slopes() -> None:
    drawn = torch.randn(2, 4, 80, 64, 64, generator=torch.Generator().manual_seed(0)) * 3 + 5
    images = drawn.relu_().contiguous(memory_format=torch.channels_last_3d)
    exact = F.instance_norm(images.double())
    with torch.no_grad():
        normed = InstanceNorm(4)(images)
    assert normed.is_contiguous(memory_format=torch.channels_last_3d)
    assert (normed - exact).abs().max() < 2e-5  # torch's group norm: 6e-4
