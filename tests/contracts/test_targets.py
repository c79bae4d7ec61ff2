"""The contract that every target of ``export`` keeps, for every family of networks, in planes and volumes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import openvino as ov
import pytest
import torch

from scanwright.inference.model import Model
from scanwright.inference.runtimes import open_graphs
from scanwright.inference.runtimes.openvino_runtime import OpenVinoRuntime
from scanwright.networks.catalogue import build_network
from scanwright.packaging import openvino
from scanwright.packaging.export import export_model
from scanwright.packaging.targets import TARGETS
from tiny_networks import KINDS, tiny_plan

# One of each way to answer; the others take a minute and more.
USUAL = {("unet", 3), ("resnet", 2), ("fpn", 2)}
every_network = pytest.mark.parametrize(
    ("family", "dims"),
    [kind if kind in USUAL else pytest.param(*kind, marks=pytest.mark.slow) for kind in KINDS],
)


# A convolution with a norm of rows, one with a norm of the batch, attention: each is rounded in another way.
ROUNDED = {("unet", 3), ("resnet", 2), ("vit", 2)}
every_rounded_network = pytest.mark.parametrize(
    ("family", "dims"),
    [kind if kind in ROUNDED else pytest.param(*kind, marks=pytest.mark.slow) for kind in KINDS],
)


def model_of(family: str, dims: int) -> Model:
    torch.manual_seed(0)
    plan = tiny_plan(family, dims)
    network = build_network(plan).eval()
    with torch.no_grad():
        for value in network.parameters():  # as if it had learnt something: no layer is nought
            value.add_(0.1 * torch.randn_like(value))
    return Model(plan, {name: value.numpy().copy() for name, value in network.state_dict().items()})


@every_network
def test_graphs_answer_as_the_network_by_every_runtime(family: str, dims: int) -> None:
    model = model_of(family, dims)
    patches = np.random.default_rng(1).normal(size=(3, 2, *model.plan.patch_voxels)).astype(np.float32)
    wanted = model.open("cpu")(patches)
    exported = export_model(model, TARGETS["onnx"]).model
    assert exported.graphs is not None
    np.testing.assert_allclose(exported.open("cpu", 1)(patches), wanted, atol=1e-5, rtol=1e-5)
    for member in exported.graphs.members:
        run = OpenVinoRuntime(member, "fp32", "cpu", 1)
        np.testing.assert_allclose(run(patches), wanted, atol=1e-5, rtol=1e-5)
        # Nothing tells of the machine that it was made on.
        assert b"/" + b"site-packages" not in member["graph.onnx"]
        assert b"scanwright/networks" not in member["graph.onnx"]


def test_graphs_for_openvino_answer_as_the_network() -> None:
    model = model_of("unet", 3)
    patches = np.random.default_rng(1).normal(size=(2, 2, *model.plan.patch_voxels)).astype(np.float32)
    graphs = export_model(model, TARGETS["openvino"]).model.graphs
    assert graphs is not None
    assert set(graphs.members[0]) == {"graph.xml", "graph.bin"}
    np.testing.assert_allclose(open_graphs(graphs)(patches), model.open("cpu")(patches), atol=1e-5)


@every_rounded_network
def test_graphs_in_8_bits_answer_about_as_the_network(family: str, dims: int) -> None:
    quantise = pytest.importorskip("scanwright.packaging.int8").quantise
    model = model_of(family, dims)
    patches = np.random.default_rng(1).normal(size=(6, 2, *model.plan.patch_voxels)).astype(np.float32)
    files = quantise(model.plan, model.weights, list(patches))
    graph = ov.Core().read_model(files["graph.xml"], ov.Tensor(np.frombuffer(files["graph.bin"], np.uint8)))
    steps = [step for step in graph.get_ordered_ops() if step.get_type_name() == "FakeQuantize"]
    assert len(steps) > 2
    assert {step.get_levels() for step in steps} <= {255, 256}
    wanted, rounded = model.open("cpu")(patches), OpenVinoRuntime(files, "int8", "cpu", 1)(patches)
    # An untrained network is nothing to measure a loss by: this finds what is broken, not what is lost.
    assert rounded.shape == wanted.shape
    assert np.corrcoef(rounded.ravel(), wanted.ravel())[0, 1] > 0.95
    assert np.sqrt(np.mean((rounded - wanted) ** 2)) < 0.05 * max(1.0, np.abs(wanted).max())


def test_every_row_can_be_made() -> None:
    assert set(TARGETS) == {"onnx", "openvino"}
    assert callable(openvino.convert)
    for target in TARGETS.values():
        assert "fp32" in target.precisions


def test_networks_that_answer_together_become_graphs_that_do() -> None:
    one, other = model_of("resnet", 2), model_of("resnet", 2)
    weights = {f"member-00/{name}": value for name, value in one.weights.items()}
    weights |= {
        f"member-01/{name}": (value * 1.1).astype(value.dtype) for name, value in other.weights.items()
    }
    both = replace(one, weights=weights)
    patches = np.random.default_rng(2).normal(size=(1, 2, *one.plan.patch_voxels)).astype(np.float32)
    exported = export_model(both, TARGETS["onnx"]).model
    assert exported.n_members == 2
    np.testing.assert_allclose(exported.open("cpu")(patches), both.open("cpu")(patches), atol=1e-6)
    assert not np.allclose(exported.open("cpu")(patches), one.open("cpu")(patches), atol=1e-3)
