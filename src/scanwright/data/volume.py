"""Volume: an array with its place in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanwright.errors import DataError
from scanwright.types import AnyArray, FloatArray


@dataclass(frozen=True, eq=False)
class Volume:
    """An image or a mask.

    Attributes:
        array: (channel, i, j, k). A photograph is (channel, column, row, 1).
        affine_ras: (4, 4); takes (i, j, k, 1) to patient millimetres, RAS+. ``None`` when the place in
            the patient and the spacing are unknown (photographs).
        modality: DICOM's word where it is known ("CT", "MR"), "photograph", else "".
    """

    array: AnyArray
    affine_ras: FloatArray | None = None
    modality: str = ""

    def __post_init__(self) -> None:
        if self.array.ndim != 4:
            raise DataError(
                "a volume has four axes (channel, i, j, k)", received=f"an array of shape {self.array.shape}"
            )
        if self.affine_ras is not None:
            affine = np.asarray(self.affine_ras, dtype=np.float64)
            if (
                affine.shape != (4, 4)
                or not np.isfinite(affine).all()
                or abs(np.linalg.det(affine[:3, :3])) < 1e-12
            ):
                raise DataError(
                    "the affine is not usable",
                    expected="a finite, invertible 4 × 4 matrix",
                    do="Export the image again, or correct its header.",
                )
            object.__setattr__(self, "affine_ras", affine)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along i, j, k."""
        i, j, k = self.array.shape[1:]
        return int(i), int(j), int(k)

    @property
    def n_channels(self) -> int:
        return int(self.array.shape[0])

    @property
    def spacing_mm(self) -> tuple[float, float, float] | None:
        """Distance between voxel centres along i, j, k; ``None`` when unknown."""
        if self.affine_ras is None:
            return None
        i, j, k = np.linalg.norm(self.affine_ras[:3, :3], axis=0)
        return float(i), float(j), float(k)

    @property
    def voxel_mm3(self) -> float | None:
        """Volume of a voxel, whatever the angles of its axes; ``None`` when the spacing is unknown."""
        return None if self.affine_ras is None else abs(float(np.linalg.det(self.affine_ras[:3, :3])))

    def same_grid(self, other: Volume, tolerance: float = 1e-2) -> bool:
        """True when the shapes agree and no corner lies more than ``tolerance`` mm from its twin.

        An unknown affine agrees with any.
        """
        if self.shape != other.shape:
            return False
        if self.affine_ras is None or other.affine_ras is None:
            return True
        # Corners and not entries of the matrices: a small difference a voxel is a large one at the far end.
        ends = [(0, n - 1) for n in self.shape]
        corners = np.array(
            [(i, j, k, 1) for i in ends[0] for j in ends[1] for k in ends[2]], dtype=np.float64
        )
        apart = (corners @ (self.affine_ras - other.affine_ras).T)[:, :3]
        return bool(np.linalg.norm(apart, axis=1).max() <= tolerance)
