"""Masks whose outline follows nothing in the image, and masks that fit better when mirrored."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scanwright.inspection.exam import Examined
from scanwright.inspection.kinds.base import Found, Kind, Words

# An outline is odd when it is this many robust deviations less steep than those of the other cases.
DEVIATIONS = 4.0
BETTER = 1.25
SIDED = 0.2


def find(examined: Examined) -> Iterator[Found]:
    mirrored = dict(_mirrored(examined))
    yield from mirrored.values()
    for name, found in _off_the_edges(examined):
        if name not in mirrored:
            yield found


def _mirrored(examined: Examined) -> Iterator[tuple[str, Found]]:
    """Masks that lie where those of the others lie only when mirrored left to right."""
    for exams, coarse in examined.by_grid(lambda exam: exam.mask.coarse if exam.mask else None):
        usual = coarse.mean(axis=0)
        usual /= max(float(np.linalg.norm(usual)), 1e-9)
        axes = tuple(range(1, coarse.ndim))
        straight = (coarse * usual).sum(axis=axes)
        flipped = (coarse[:, ::-1] * usual).sum(axis=axes)
        # Organs that lie in the middle, or on either side, say nothing.
        sided = float(np.median(straight - flipped))
        if sided < SIDED:
            continue
        for exam, a, b in zip(exams, straight, flipped, strict=True):
            if b - a > SIDED / 2 and b > 0.5 * float(np.median(straight)):
                yield (
                    exam.name,
                    Found(
                        (exam.name,),
                        {
                            "how": f"its place agrees with the others by {a:.2f}, mirrored by {b:.2f}",
                            "how_zh": f"其位置与其他掩膜的一致度为 {a:.2f}，镜像后为 {b:.2f}",
                            "flip": True,
                            "guess": "it fits better mirrored left to right",
                            "guess_zh": "左右镜像后更吻合",
                        },
                    ),
                )


def _off_the_edges(examined: Examined) -> Iterator[tuple[str, Found]]:
    """Masks whose outline is no edge of the image, where those of the others are."""
    held = [(exam, mask) for exam, mask in examined.masked if np.isfinite(mask.edge)]
    if len(held) < 8:
        return
    edges = np.log(np.maximum([mask.edge for _, mask in held], 1e-3))
    usual = float(np.median(edges))
    spread = 1.4826 * float(np.median(np.abs(edges - usual)))
    for (exam, mask), edge in zip(held, edges, strict=True):
        if usual < np.log(1.1) or edge > usual - DEVIATIONS * max(spread, 0.02):
            continue
        flip = bool(
            np.isfinite(mask.edge_mirrored)
            and mask.edge_mirrored > BETTER * mask.edge
            and np.log(max(mask.edge_mirrored, 1e-3)) > usual - DEVIATIONS * max(spread, 0.02)
        )
        steep = round(mask.edge, 2), round(float(np.exp(usual)), 2)
        yield (
            exam.name,
            Found(
                (exam.name,),
                {
                    "how": f"the image is {steep[0]} times as steep along the outline as near it; "
                    f"{steep[1]} is usual here",
                    "how_zh": f"沿轮廓的图像陡度是附近的 {steep[0]} 倍，而这里通常为 {steep[1]} 倍",
                    "flip": flip,
                    "guess": "it fits better mirrored left to right" if flip else "it may be of another case",
                    "guess_zh": "左右镜像后更吻合" if flip else "可能属于其他病例",
                },
            ),
        )


KIND = Kind(
    "foreign_mask",
    "warning",
    Words(
        "A mask does not seem to belong to its image: {guess}",
        "Evidence: {how}. What is learnt from it is wrong.",
        "Compare mask and image; look for swapped names or a left–right flip.",
    ),
    Words(
        "掩膜似乎不属于该图像：{guess_zh}",
        "依据：{how_zh}。由此学到的内容将是错的。",
        "请对照掩膜与图像，检查是否文件名互换或左右翻转。",
    ),
    find,
)
