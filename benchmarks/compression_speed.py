"""Images a second of a network of ResNet-18's size at 224 × 224, as it is, narrower, and in 8 bits.

Goal: 200 images a second after compression. Speed does not depend on weights: they are untrained. Each is
timed after the network as it is; beside the clock stands the time that the processor itself worked, which
other work on the machine stretches less.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from figures import arguments, print_header
from scanwright.compression.narrowing import narrow_plan
from scanwright.data.plan import ChannelPlan, NetworkPlan, Plan
from scanwright.inference.graphs import Graphs
from scanwright.inference.model import Model
from scanwright.inference.package import write_package
from scanwright.inference.predict import Runtime
from scanwright.inference.runtimes import count_footprint, open_graphs
from scanwright.networks.catalogue import build_network, count_cost
from scanwright.packaging import openvino
from scanwright.packaging.int8 import quantise

WIDTHS = (1.0, 0.7, 0.5, 0.35)
ROUNDS = 60


def plan_of() -> Plan:
    """ResNet-18: four levels of two residual blocks; the stem steps by 4 instead of pooling."""
    network = NetworkPlan(
        "resnet",
        widths=(64, 128, 256, 512),
        strides=((4, 4), (2, 2), (2, 2), (2, 2)),
        blocks=(2, 2, 2, 2),
    )
    return Plan(
        task="classification",
        dims=2,
        channels=tuple(ChannelPlan(name) for name in ("red", "green", "blue")),
        classes=("no", "yes"),
        patch_voxels=(224, 224, 1),
        batch_size=8,
        network=network,
    )


def main() -> None:
    options = arguments(__doc__ or "", minutes=0).parse_args()
    print_header("Images a second, ResNet-18's size, 224 x 224", threads=options.threads, seed=0)
    image = np.random.default_rng(0).standard_normal((1, 3, 224, 224, 1)).astype(np.float32)
    first: Runtime | None = None
    for share in WIDTHS:
        plan = plan_of() if share == 1 else narrow_plan(plan_of(), share, 1.0)
        torch.manual_seed(0)
        weights = {name: value.numpy() for name, value in build_network(plan).state_dict().items()}
        cost = count_cost(plan)
        for precision in ("fp32", "int8"):
            patches = [image[0] * scale for scale in np.linspace(0.5, 2.0, 24, dtype=np.float32)]
            files = (
                openvino.convert(plan, weights, "fp32")
                if precision == "fp32"
                else quantise(plan, weights, patches)
            )
            graphs = Graphs("openvino", precision, (files,), count_footprint(plan))
            run = open_graphs(graphs, "cpu", options.threads)
            first = first or run
            with tempfile.TemporaryDirectory() as folder:
                package = Path(folder) / "one.scanwright"
                write_package(package, Model(plan, {}, graphs=graphs), {}, {})
                size = package.stat().st_size
            (clock, worked), (base, _) = measure(run, image), measure(first, image)
            print(
                f"width {share:g} {precision}: {cost.weights / 1e6:.2f} M weights, "
                f"{cost.multiply_adds / 1e9:.2f} G multiply-adds, {size / 1e6:.2f} MB; "
                f"{1 / clock:.0f} images/s by the clock ({base / clock:.1f} x), "
                f"{1e3 * worked:.2f} ms of processor time an image",
                flush=True,
            )


def measure(run: Runtime, image: np.ndarray) -> tuple[float, float]:
    """Median seconds by the clock, and of the processor's work, of one image."""
    run(image)
    clock, worked = [], []
    for _ in range(ROUNDS):
        begun, began = time.perf_counter(), time.process_time()
        run(image)
        clock.append(time.perf_counter() - begun)
        worked.append(time.process_time() - began)
    return statistics.median(clock), statistics.median(worked)


if __name__ == "__main__":
    main()
