"""Cases that belong together, and what a split that does not care gives away."""

from __future__ import annotations

from collections.abc import Iterator

from scanwright.inspection.exam import Examined
from scanwright.inspection.groups import describe_groups
from scanwright.inspection.kinds.base import Found, Kind, Words

# Difference in balanced accuracy that a reader of a result would care about.
LARGE_LEAK = 0.05
# A file name is no word for who the patient is where somebody said so.
TELLING = ("studies", "pictures")


def find(examined: Examined) -> Iterator[Found]:
    evidence = describe_groups(examined)
    if not evidence["n_related"] or not evidence["splits"]:  # too few for any split: planning says so
        return
    torn, given = evidence["splits"][0]["torn"], evidence["splits"][0]["by"] == "given"
    told = {
        "torn": torn,
        "split": "stand on two sides of the given split"
        if given
        else "would stand on two sides of a split by picture (none is given)",
        "split_zh": "给定的划分" if given else "数据未给定划分；若按图像划分，",
        "given": given,
    }
    probe = evidence["probe"]
    leaks = probe is not None and probe["picture"] - probe["group"] >= LARGE_LEAK
    doubts = any(conflict["source"] in TELLING for conflict in evidence["conflicts"])
    yield Found((), evidence | told, severity="warning" if torn and (leaks or doubts) else None)


KIND = Kind(
    "groups",
    "note",
    Words(
        "{torn} of {n_related} groups of related cases {split}",
        "Cases of one patient, one study or one picture are alike. A model judged on what is like its "
        "training data looks better than it is. (A split by picture deals out images one by one, whoever "
        "they are of.)",
        "Split by group, as scanwright does. Where sources disagree about who belongs together, say it in a "
        "manifest.csv with a column patient.",
    ),
    Words(
        "{split_zh}会把 {n_related} 组相关病例中的 {torn} 组分到两侧",
        "同一患者、同一检查或同一图像的病例彼此相似。用与训练数据相似的病例来测试，模型会显得比实际更好。"
        "（“按图像划分”即不论属于谁，逐幅分配图像。）",
        "请按组划分（scanwright 即如此）。如果各来源对归属的说法不一致，"
        "请在 manifest.csv 的 patient 列中写明。",
    ),
    find,
)
