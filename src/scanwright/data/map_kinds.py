"""The table of maps that explain a prediction: names and words. How they are made is in ``explanation``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scanwright.data.plan import Plan
from scanwright.errors import SettingsError

ATTENTION = "vit"
"""The family whose attention can be followed from the answer back to the image."""


@dataclass(frozen=True)
class MapKind:
    """A way to tell which parts of an image an answer hangs on.

    Attributes:
        name: as the user writes it.
        title: as papers write it.
        title_zh: in Chinese, where it has a name there.
        about, about_zh: what it does, in one line, in English and in Chinese.
        attention: only for networks whose attention can be followed.
    """

    name: str
    title: str
    about: str
    about_zh: str
    attention: bool = False
    title_zh: str = ""

    def told(self, lang: str) -> tuple[str, str]:
        """Its title, and what it does, in a language."""
        return (self.title_zh or self.title, self.about_zh) if lang == "zh" else (self.title, self.about)


MAP_KINDS: tuple[MapKind, ...] = (
    MapKind(
        "grad_cam",
        "Grad-CAM",
        "the coarse features, each weighed by how the score grows with it (Selvaraju et al. 2017)",
        "粗分辨率特征图，按分数随其增长的程度加权（Selvaraju 等，2017）",
    ),
    MapKind(
        "grad_cam_pp",
        "Grad-CAM++",
        "as Grad-CAM, places that raise the score count more (Chattopadhyay et al. 2018)",
        "同 Grad-CAM，但提高分数的位置权重更大（Chattopadhyay 等，2018）",
    ),
    MapKind(
        "integrated_gradients",
        "Integrated gradients",
        "the gradient along the way from the blurred image to the image, times their difference "
        "(Sundararajan et al. 2017)",
        "从模糊图像到原图像的路径上的梯度，乘以两者之差（Sundararajan 等，2017）",
        title_zh="积分梯度",
    ),
    MapKind(
        "smooth_grad",
        "SmoothGrad",
        "the mean square of the gradient over noisy copies of the image (Smilkov et al. 2017)",
        "在多个加噪副本上求梯度平方的平均（Smilkov 等，2017）",
    ),
    MapKind(
        "occlusion",
        "Occlusion",
        "how far the score falls where a window of the image is blurred (Zeiler and Fergus 2014)",
        "将图像的一个窗口模糊后分数下降多少（Zeiler 与 Fergus，2014）",
        title_zh="遮挡",
    ),
    MapKind(
        "attention_rollout",
        "Attention rollout",
        "how much of each patch reaches the answer through all layers of attention; the same for every class "
        "(Abnar and Zuidema 2020)",
        "每个图像块经各层注意力到达答案的份额；对所有类别相同（Abnar 与 Zuidema，2020）",
        attention=True,
        title_zh="注意力展开",
    ),
)
MAPS_BY_NAME = {kind.name: kind for kind in MAP_KINDS}


def choose_maps(wanted: Sequence[str] | None, plan: Plan) -> tuple[MapKind, ...]:
    """The named kinds, each once, or all that suit the plan's network.

    Args:
        wanted: names; nothing for all.
        plan: of the model.

    Raises:
        SettingsError: there is no such map, or it does not suit the network.
    """
    if not wanted:
        return tuple(kind for kind in MAP_KINDS if _suits(kind, plan))
    for name in wanted:
        if name not in MAPS_BY_NAME:
            raise SettingsError("no such map", expected=", ".join(MAPS_BY_NAME), received=f"methods={name}")
        if not _suits(MAPS_BY_NAME[name], plan):
            raise SettingsError(
                f"{name} follows attention through a network that has it",
                expected=f"a model of the family {ATTENTION}",
                received=plan.network.family,
                do="Leave it out of --methods.",
            )
    return tuple(MAPS_BY_NAME[name] for name in dict.fromkeys(wanted))


def _suits(kind: MapKind, plan: Plan) -> bool:
    return not kind.attention or plan.network.family == ATTENTION
