"""The table of classical steps: names, values, words. What they do is in ``transforms/enhancement``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Scale: TypeAlias = Literal["source", "reference", "unit", "deviations"]
"""What the values are: the source's own units, those of a reference, 0 … 1, or standard deviations."""
Values: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """One value that a step takes.

    Attributes:
        name: as the step's function has it.
        word: as the user sees it, with its unit ("SIGMA_MM").
        low, high: the values allowed.
        open_low: ``low`` itself is not allowed.
        whole: only whole numbers.
        is_file: the name of an image file instead of a number.
        optional: may be left out.
    """

    name: str
    word: str
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    whole: bool = False
    is_file: bool = False
    optional: bool = False

    @property
    def expected(self) -> str:
        """In words, for messages."""
        if self.is_file:
            return f"{self.word}, an image file"
        kind = "a whole number" if self.whole else "a number"
        bounds = []
        if self.low > -math.inf:
            bounds.append(f"above {self.low:g}" if self.open_low else f"from {self.low:g}")
        if self.high < math.inf:
            bounds.append(f"to {self.high:g}")
        return " ".join([f"{self.word},", kind, *bounds])

    def allows(self, value: float) -> bool:
        """True for a finite number within the bounds."""
        if not math.isfinite(value) or not self.low <= value <= self.high:
            return False
        return not (self.open_low and value == self.low) and (value == int(value) or not self.whole)


@dataclass(frozen=True)
class Kind:
    """A kind of step.

    Attributes:
        name: as the user writes it.
        about, about_zh: what it does, in one line, in English and in Chinese.
        parameters: in the order in which they are written.
        undo: how the image before can be had from the one after and the record; "" where it can't.
        check: says what is wrong with values that are allowed one by one; "" when nothing is.
        scale: what the values are after it; ``None`` where it leaves that as it was.
        one_for_all: a single number may stand for all parameters.
        fills: takes images with unusable voxels as they are.
        moves_grid: the image gets another grid.
        not_in_plans: why a plan can't hold it, and what to do instead; "" where it can.
    """

    name: str
    about: str
    about_zh: str
    parameters: tuple[Parameter, ...] = ()
    undo: str = ""
    check: Callable[[Values], str] = lambda values: ""
    scale: Scale | None = None
    one_for_all: bool = False
    fills: bool = False
    moves_grid: bool = False
    not_in_plans: str = ""

    @property
    def usage(self) -> str:
        """As it is written: "percentile=LOW:HIGH"."""
        if not self.parameters:
            return self.name
        words = ":".join(one.word for one in self.parameters)
        if self.one_for_all:
            first, _, others = words.partition(":")
            return f"{self.name}={first}[:{others}]"
        return f"{self.name}[={words}]" if self.parameters[0].optional else f"{self.name}={words}"


_TO_UNIT = "low + value × (high − low); what was cut off is lost"
_SIGMA = Parameter("sigma", "SIGMA_MM", low=0, high=200, open_low=True)
_NOISE = Parameter("sigma", "SIGMA_INTENSITY", low=0, open_low=True, optional=True)


def _ordered(values: Values) -> str:
    return "" if values["low"] < values["high"] else "LOW must be below HIGH"


KINDS: tuple[Kind, ...] = (
    Kind("grey", "colour to luminance", "彩色变为亮度"),
    Kind(
        "median",
        "median of the box around each voxel, against salt and pepper; RADIUS in mm",
        "取每个体素周围方框内的中位数，去除椒盐噪声；半径单位为毫米",
        (Parameter("radius", "RADIUS", low=0, high=50, open_low=True),),
    ),
    Kind("gaussian", "blur with a Gaussian", "高斯模糊", (_SIGMA,)),
    Kind(
        "bilateral",
        "mean over near voxels of like intensity: smooths and keeps edges; slow where SIGMA_MM is several "
        "voxels",
        "对邻近且强度相近的体素取平均：平滑并保留边缘；SIGMA_MM 为多个体素时较慢",
        (_SIGMA, Parameter("sigma_intensity", "SIGMA_INTENSITY", low=0, open_low=True)),
    ),
    Kind(
        "nlm",
        "mean over pixels of the slice whose surroundings look alike (non-local means); the noise is "
        "estimated unless SIGMA_INTENSITY says how strong it is",
        "对同一层面内周围结构相似的像素取平均（非局部均值）；未给出 SIGMA_INTENSITY 时自动估计噪声强度",
        (_NOISE,),
    ),
    Kind(
        "wavelet",
        "takes out what is small beside the noise at every scale (wavelets); the noise is estimated unless "
        "SIGMA_INTENSITY says how strong it is",
        "在各个尺度上去除小于噪声的成分（小波）；未给出 SIGMA_INTENSITY 时自动估计噪声强度",
        (_NOISE,),
    ),
    Kind(
        "diffusion",
        "smoothing that stops at edges (anisotropic diffusion)",
        "在边缘处停止的平滑（各向异性扩散）",
        (Parameter("iterations", "ITERATIONS", low=1, high=500, whole=True),),
    ),
    Kind(
        "n4",
        "takes out slow changes of brightness across an MR image (N4 bias field)",
        "去除磁共振图像中缓慢的亮度变化（N4 偏置场）",
    ),
    Kind(
        "zscore",
        "mean 0 and standard deviation 1",
        "均值为 0，标准差为 1",
        undo="value × deviation + mean",
        scale="deviations",
    ),
    Kind(
        "percentile",
        "cuts at two percentiles, then 0 to 1",
        "在两个百分位处截断，再变换到 0 至 1",
        (Parameter("low", "LOW", low=0, high=100), Parameter("high", "HIGH", low=0, high=100)),
        undo=_TO_UNIT,
        check=_ordered,
        scale="unit",
    ),
    Kind(
        "window",
        "cuts at half the width on both sides of the centre (HU in CT), then 0 to 1",
        "在窗位两侧各半个窗宽处截断（CT 为 HU），再变换到 0 至 1",
        (Parameter("centre", "CENTRE"), Parameter("width", "WIDTH", low=0, open_low=True)),
        undo=_TO_UNIT,
        scale="unit",
    ),
    Kind(
        "match",
        "gives the image the histogram of a reference image",
        "使图像的直方图与参考图像一致",
        (Parameter("reference", "REFERENCE_FILE", is_file=True),),
        scale="reference",
        not_in_plans="a model takes no file along; percentile and zscore bring images to one scale too",
    ),
    Kind(
        "clahe",
        "evens the histogram region by region (contrast limited); CLIP 2 is mild, 10 is strong",
        "分区域均衡直方图（限制对比度）；CLIP 为 2 较弱，为 10 较强",
        (Parameter("clip", "CLIP", low=1, high=256),),
    ),
    Kind(
        "fill",
        "fills missing slices, NaN and voxels of the value MARKED from what is around them",
        "用周围的值填补缺失的层面、NaN 和值为 MARKED 的体素",
        (Parameter("marked", "MARKED", optional=True),),
        fills=True,
    ),
    Kind(
        "spacing",
        "resamples to another distance between voxels",
        "重采样到另一体素间距",
        tuple(Parameter(axis, "MM", low=0, open_low=True) for axis in "ijk"),
        undo="resample to shape_before, affine_before; detail finer than the new spacing is lost",
        one_for_all=True,
        moves_grid=True,
        not_in_plans="the plan's own spacing_mm does this, and predictions come back to the image's grid",
    ),
    Kind(
        "crop",
        "cuts out the box around the body, with a margin (5 mm)",
        "裁剪出身体所在的方框，留有边距（5 毫米）",
        (Parameter("margin", "MARGIN_MM", low=0, optional=True),),
        undo="put the voxels at box_ijk of an image of shape_before; what lay outside is lost",
        moves_grid=True,
        not_in_plans="a prediction covers the whole image",
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}
