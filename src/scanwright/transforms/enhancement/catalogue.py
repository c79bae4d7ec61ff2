"""The table of steps; a function and a row add one."""

from __future__ import annotations

from scanwright.transforms.enhancement.base import Kind, Parameter, Values
from scanwright.transforms.enhancement.bias import n4
from scanwright.transforms.enhancement.denoising import bilateral, diffusion, gaussian, median
from scanwright.transforms.enhancement.gaps import fill
from scanwright.transforms.enhancement.grids import crop, spacing
from scanwright.transforms.enhancement.histograms import clahe, match
from scanwright.transforms.enhancement.intensities import grey, percentile, window, zscore

_TO_UNIT = "low + value × (high − low); what was cut off is lost"
_SIGMA = Parameter("sigma", "SIGMA_MM", low=0, open_low=True)


def _ordered(values: Values) -> str:
    return "" if values["low"] < values["high"] else "LOW must be below HIGH"


KINDS: tuple[Kind, ...] = (
    Kind("grey", grey, "colour to luminance", "彩色变为亮度"),
    Kind(
        "median",
        median,
        "median of the box around each voxel, against salt and pepper; RADIUS in mm",
        "取每个体素周围方框内的中位数，去除椒盐噪声；半径单位为毫米",
        (Parameter("radius", "RADIUS", low=0, high=50, open_low=True),),
    ),
    Kind("gaussian", gaussian, "blur with a Gaussian", "高斯模糊", (_SIGMA,)),
    Kind(
        "bilateral",
        bilateral,
        "mean over near voxels of like intensity: smooths and keeps edges; slow in large volumes",
        "对邻近且强度相近的体素取平均：平滑并保留边缘；大的体数据较慢",
        (_SIGMA, Parameter("sigma_intensity", "SIGMA_INTENSITY", low=0, open_low=True)),
    ),
    Kind(
        "diffusion",
        diffusion,
        "smoothing that stops at edges (anisotropic diffusion)",
        "在边缘处停止的平滑（各向异性扩散）",
        (Parameter("iterations", "ITERATIONS", low=1, high=500, whole=True),),
    ),
    Kind(
        "n4",
        n4,
        "takes out slow changes of brightness across an MR image (N4 bias field)",
        "去除磁共振图像中缓慢的亮度变化（N4 偏置场）",
    ),
    Kind(
        "zscore",
        zscore,
        "mean 0 and standard deviation 1",
        "均值为 0，标准差为 1",
        undo="value × deviation + mean",
    ),
    Kind(
        "percentile",
        percentile,
        "cuts at two percentiles, then 0 to 1",
        "在两个百分位处截断，再变换到 0 至 1",
        (Parameter("low", "LOW", low=0, high=100), Parameter("high", "HIGH", low=0, high=100)),
        undo=_TO_UNIT,
        check=_ordered,
    ),
    Kind(
        "window",
        window,
        "cuts at half the width on both sides of the centre (HU in CT), then 0 to 1",
        "在窗位两侧各半个窗宽处截断（CT 为 HU），再变换到 0 至 1",
        (Parameter("centre", "CENTRE"), Parameter("width", "WIDTH", low=0, open_low=True)),
        undo=_TO_UNIT,
    ),
    Kind(
        "match",
        match,
        "gives the image the histogram of a reference image",
        "使图像的直方图与参考图像一致",
        (Parameter("reference", "REFERENCE_FILE", is_file=True),),
    ),
    Kind(
        "clahe",
        clahe,
        "evens the histogram region by region (contrast limited); CLIP 2 is mild, 10 is strong",
        "分区域均衡直方图（限制对比度）；CLIP 为 2 较弱，为 10 较强",
        (Parameter("clip", "CLIP", low=1, high=256),),
    ),
    Kind(
        "fill",
        fill,
        "fills missing slices, NaN and voxels of the value MARKED from what is around them",
        "用周围的值填补缺失的层面、NaN 和值为 MARKED 的体素",
        (Parameter("marked", "MARKED", optional=True),),
        fills=True,
    ),
    Kind(
        "spacing",
        spacing,
        "resamples to another distance between voxels",
        "重采样到另一体素间距",
        tuple(Parameter(axis, "MM", low=0, open_low=True) for axis in "ijk"),
        undo="resample to shape_before, affine_before; detail finer than the new spacing is lost",
        one_for_all=True,
        moves_grid=True,
    ),
    Kind(
        "crop",
        crop,
        "cuts out the box around the body, with a margin (5 mm)",
        "裁剪出身体所在的方框，留有边距（5 毫米）",
        (Parameter("margin", "MARGIN_MM", low=0, optional=True),),
        undo="put the voxels at box_ijk of an image of shape_before; what lay outside is lost",
        moves_grid=True,
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}
