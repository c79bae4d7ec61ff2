"""The table of targets: what ``export --to`` knows. A row and a file add one; nothing heavy is imported."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """What graphs are made for.

    Attributes:
        name: as in ``--to``.
        precisions: in which its graphs may be computed.
        needs: packages that making them takes, of the extra "export".
        made_by: module whose ``convert`` makes them.
    """

    name: str
    precisions: tuple[str, ...]
    needs: tuple[str, ...]
    made_by: str


TARGETS = {
    target.name: target
    for target in (
        Target("onnx", ("fp32",), ("onnx", "onnxscript", "onnxruntime"), "scanwright.packaging.onnx"),
        Target(
            "openvino",
            ("fp32", "bf16"),
            ("onnx", "onnxscript", "openvino"),
            "scanwright.packaging.openvino",
        ),
    )
}
