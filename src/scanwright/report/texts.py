"""Every word on a page, in English and in Chinese. Both hold the same keys and the same gaps to fill."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from scanwright.core.calibration import CORRECTED
from scanwright.errors import SettingsError
from scanwright.report import (
    answer_texts,
    card_texts,
    checklist_texts,
    cohort_texts,
    compare_texts,
    compress_texts,
    detection_texts,
    doubt_texts,
    enhancement_texts,
    explanation_texts,
    findings_texts,
    first_texts,
    follow_texts,
    margin_texts,
    mask_texts,
    measurement_texts,
    registration_texts,
    result_texts,
    study_texts,
    trust_texts,
)

Lang: TypeAlias = Literal["en", "zh"]

_EN = {
    "research_only": "Research use only, not for diagnosis",
    "title.segmentation": "How well the model outlines",
    "title.classification": "How well the model classifies",
    "title.other": "Evaluation",
    "asked": "What was asked",
    "found": "What was found",
    "sure": "How sure",
    "next": "What to do next",
    "asked.segmentation": "Can a model outline {classes} in the images of {source}?",
    "asked.classification": "Can a model tell {classes} apart in the images of {source}?",
    "asked.other": "How good is the model on {source}?",
    "asked.cases": "Measured on {n_cases} cases of {n_patients} patients ({split}).",
    "asked.cases_unknown": (
        "Measured on {n_cases} cases ({split}); which patient each comes from is not known."
    ),
    "split.test": "the test set",
    "split.val": "the validation set",
    "split.train": "the training set",
    "split.all": "all cases",
    "split.external": "cases from outside the training run",
    "found.nothing": "No number could be computed; the list of cases below says why.",
    "found.n": "n = {n} cases, {n_patients} patients",
    "found.n_unknown": "n = {n} cases (patients unknown)",
    "found.per_class": "{group}: {number}, n = {n}",
    "found.right": "{right} of {total} cases were classified correctly.",
    "found.better": "A naive method ({method}) reaches {name} {value} on the same cases.",
    "found.worse": (
        "A naive method ({method}) does as well or better: {name} {value} on the same cases. This model is "
        "not worth using."
    ),
    "found.one_class": (
        "Every case was called {group}: the model has learnt nothing that tells the classes apart."
    ),
    "found.empty": "Nothing was outlined as {group} in any case.",
    "sure.interval": (
        "For patients of the same kind, {low} to {high} should hold the true value, as such intervals do in "
        "{level} % of studies like this one ({method}; {n} cases)."
    ),
    "sure.chance": "The interval reaches down to chance (0.5): the model may tell nothing apart.",
    "sure.none": "No interval ({method}): what other patients would give is open.",
    "sure.test": "None of these cases was used to train the model or to choose it.",
    "sure.val": "These cases were used to choose the model: on new patients expect somewhat less.",
    "sure.train": "The model was trained on these cases: they say nothing about new patients.",
    "sure.all": (
        "Cases that the model was trained on are included: the numbers say little about new patients."
    ),
    "sure.external": (
        "None of these images was used to train the model or to choose it. Whether they come from the same "
        "source as those that were is not known."
    ),
    "sure.members": (
        "The model is an ensemble of {n} members: the mean of {n} networks, each of which learnt without "
        "another part of the patients."
    ),
    "sure.few_steps": (
        "The training was very short ({n} steps): a longer one (--minutes) may give a very different model."
    ),
    "sure.worst": "The worst case ({case}) has {name} {value}.",
    "sure.set_aside": "{n} of {found} cases were set aside and are not in these numbers.",
    "patients.unknown": "unknown",
    "unknown_patients": (
        "Patients unknown: nothing in the data says which images belong to one person. Images of one "
        "patient may "
        "be both in training and in the test, and then every number here is too good."
    ),
    "next.worst": "Look at the worst cases below: is the model wrong, or the reference?",
    "next.no_pictures": (
        "Look at the cases at the top of the list below: is the model wrong, or the reference?"
    ),
    "next.patients": (
        "Say who the patient of each file is: a column “patient” in manifest.csv, or --patient-pattern."
    ),
    "next.set_aside": "Read why {n} cases were set aside, and mend what can be mended.",
    "next.learn": "Train longer, and check that the labels are right; until then, use the naive method.",
    "next.train_more": "Train longer (--minutes), and check that the labels are right.",
    "next.weakest": "The weakest class is {group} ({name} {value}): check its labels first.",
    "next.more_train": "Add labelled patients: {n} cases to learn from are few.",
    "next.more_test": "Add test patients: with {n}, the numbers stay rough.",
    "next.elsewhere": "Before relying on it, measure it on images of your own scanner and your own patients.",
    "next.test_split": "Measure on the test set (evaluate --split test) before quoting a number.",
    "summary": "Numbers",
    "summary.note": (
        "In brackets: {level} % interval ({method}). Without brackets: fewer than 5 patients, or no "
        "interval defined."
    ),
    "summary.n": "n = {n}",
    "summary.n_all": "n = {n_cases} cases, {n_patients} patients, unless a cell says otherwise.",
    "summary.n_unknown": "n = {n_cases} cases (patients unknown), unless a cell says otherwise.",
    "summary.missing": (
        "Where n is smaller, the number does not exist for the other cases (a class that is in neither "
        "mask; a "
        "distance when one of the two masks is empty)."
    ),
    "group": "class",
    "all_groups": "all",
    "baselines": "Beside naive methods",
    "baselines.note": (
        "What simple methods reach on the same cases. A model that does not beat them has learnt little."
    ),
    "method": "method",
    "our_model": "this model",
    "distribution": "Case by case",
    "distribution.note": (
        "Each dot is a case; the box holds the middle half, the line in it is the median (box from 5 "
        "cases on)."
    ),
    "pictures": "Pictures",
    "pictures.legend": "Outlines:",
    "pictures.thin": "Thin structures are filled; white is where both agree.",
    "pictures.convention": (
        "Volumes are shown as radiologists see them: the patient's right is on the left of the picture."
    ),
    "pictures.some": "{shown} of {total} pictures shown.",
    "reference": "reference",
    "prediction": "prediction",
    "rank.best": "best",
    "rank.median": "median",
    "rank.worst": "worst",
    "rank.example": "example",
    "truth": "truth",
    "predicted": "predicted",
    "alt": "Image of case {case}, {rank}",
    "confusion": "Which class was taken for which",
    "confusion.note": (
        "Rows: truth. Columns: what the model said. Counts of cases; stronger shade, larger part of the row."
    ),
    "confusion.large": "{n} classes are too many for a table; the {shown} most frequent confusions:",
    "confusion.pair": "{truth} taken for {predicted}: {n}",
    "curves": "Curves",
    "curve.roc": "ROC",
    "curve.pr": "Precision and recall",
    "curves.some": "The first {shown} of {total} classes.",
    "axis.fpr": "false-positive rate",
    "axis.tpr": "true-positive rate (recall)",
    "axis.recall": "recall",
    "axis.precision": "precision",
    "training": "Training",
    "training.note": "Loss should fall and the validation score rise, then both level off.",
    "minutes": "minutes",
    "loss": "loss",
    "score": "validation score",
    "flow": "Where the cases went",
    "flow.found": "found",
    "flow.set_aside": "set aside",
    "flow.train": "training",
    "flow.val": "validation",
    "flow.test": "test",
    "flow.judged": "judged",
    "set_aside": "Set aside",
    "case": "case",
    "stage": "stage",
    "reason": "reason",
    "table.some": "{shown} of {total} rows shown; all of them are in evaluation.json.",
    "records": "All cases",
    "records.note": "Worst first.",
    "plan": "Decisions and their reasons",
    "plan.note": "As in plan.json; a field that was changed by hand is said to be so.",
    "field": "field",
    "value": "value",
    "provenance": "Where this comes from",
    "created": "created",
    "data": "data",
    "layout": "layout",
    "patients": "patients",
    "data_hash": "data hash",
    "model_hash": "model hash",
    "run": "run",
    "undefined": "undefined",
    "unit.cases": "cases",
    "tolerance": "{name} at {tolerance} {unit}",
    "probability_truth": "probability of the truth",
    "metric.false_alarms": "False alarms",
    "metric.cpm": "CPM",
    "metric.accuracy": "Accuracy",
    "metric.balanced_accuracy": "Balanced accuracy",
    "metric.precision": "Precision",
    "metric.recall": "Recall",
    "metric.f1": "F1",
    "metric.macro_f1": "Macro F1",
    "metric.probability": "Probability",
    "metric.auroc": "AUROC",
    "metric.average_precision": "Average precision",
    "about.cpm": "part of the objects found, averaged over 1/8 to 8 false alarms a case",
    "about.false_alarms": "of the cases without the target, the share in which something was found",
    "about.accuracy": "part of the cases that are right",
    "about.balanced_accuracy": (
        "mean recall over the classes (over having one and not having it, where they go together)"
    ),
    "about.precision": "right among those said to be of the class",
    "about.recall": "found among those that are of the class (sensitivity)",
    "about.f1": "precision and recall in one number",
    "about.auroc": "how often a case of the class gets a higher score than another, 0.5 is chance",
    "about.average_precision": "precision averaged over recall; chance is the share of the class",
    "and": " and ",
    "comma": ", ",
}

_ZH = {
    "research_only": "仅供科研使用，不得用于诊断",
    "title.segmentation": "模型勾画得如何",
    "title.classification": "模型分类得如何",
    "title.other": "评估",
    "asked": "问题",
    "found": "结果",
    "sure": "可信程度",
    "next": "下一步",
    "asked.segmentation": "模型能否在 {source} 的图像中勾画{classes}？",
    "asked.classification": "模型能否在 {source} 的图像中区分{classes}？",
    "asked.other": "模型在 {source} 上表现如何？",
    "asked.cases": "在 {n_patients} 名患者的 {n_cases} 个病例上测得（{split}）。",
    "asked.cases_unknown": "在 {n_cases} 个病例上测得（{split}）；不清楚各病例来自哪位患者。",
    "split.test": "测试集",
    "split.val": "验证集",
    "split.train": "训练集",
    "split.all": "全部病例",
    "split.external": "训练数据之外的病例",
    "found.nothing": "未能算出任何数值；原因见下方病例列表。",
    "found.n": "n = {n} 个病例，{n_patients} 名患者",
    "found.n_unknown": "n = {n} 个病例（患者未知）",
    "found.per_class": "{group}：{number}，n = {n}",
    "found.right": "{total} 个病例中有 {right} 个分类正确。",
    "found.better": "简单方法（{method}）在相同病例上的 {name} 为 {value}。",
    "found.worse": "简单方法（{method}）不比模型差：在相同病例上 {name} 为 {value}。此模型不值得使用。",
    "found.one_class": "所有病例都被判为 {group}：模型没有学到任何区分类别的东西。",
    "found.empty": "在所有病例中都没有勾画出 {group}。",
    "sure.interval": (
        "对同类患者而言，{low} 至 {high} 应包含真实值，"
        "此类区间在 {level}% 的同类研究中如此（{method}；{n} 个病例）。"
    ),
    "sure.chance": "区间包含随机水平（0.5）：模型可能什么也没有区分出来。",
    "sure.none": "没有区间（{method}）：其他患者的情况无从推断。",
    "sure.test": "这些病例既未用于训练模型，也未用于选择模型。",
    "sure.val": "这些病例曾用于选择模型：在新患者上结果可能略差。",
    "sure.train": "模型就是用这些病例训练的：不能说明在新患者上的表现。",
    "sure.all": "其中包含训练过的病例：这些数值几乎不能说明在新患者上的表现。",
    "sure.external": "这些图像既未用于训练模型，也未用于选择模型。它们与训练图像是否来自同一来源尚不清楚。",
    "sure.members": "该模型是 {n} 个成员的集成：{n} 个网络的平均，每个网络训练时留出另一部分患者。",
    "sure.few_steps": "训练非常短（{n} 步）：更长的训练（--minutes）可能得到很不一样的模型。",
    "sure.worst": "最差的病例（{case}）：{name} 为 {value}。",
    "sure.set_aside": "{found} 个病例中有 {n} 个被搁置，未计入这些数值。",
    "patients.unknown": "未知",
    "unknown_patients": (
        "患者未知：数据中没有说明哪些图像属于同一个人。同一患者的图像可能同时出现在训练集和测试集中，"
        "若如此，这里的所有数值都偏高。"
    ),
    "next.worst": "查看下方最差的病例：是模型错了，还是参考标注错了？",
    "next.no_pictures": "查看下方列表最前面的病例：是模型错了，还是参考标注错了？",
    "next.patients": (
        "说明每个文件属于哪位患者：在 manifest.csv 中加入 “patient” 列，或使用 --patient-pattern。"
    ),
    "next.set_aside": "查看 {n} 个病例被搁置的原因，能修正的加以修正。",
    "next.learn": "延长训练，并检查标注是否正确；在此之前请使用简单方法。",
    "next.train_more": "延长训练（--minutes），并检查标注是否正确。",
    "next.weakest": "最弱的类别是 {group}（{name} {value}）：先检查它的标注。",
    "next.more_train": "增加有标注的患者：可供学习的病例只有 {n} 个，偏少。",
    "next.more_test": "增加测试患者：只有 {n} 名，数值仍然粗略。",
    "next.elsewhere": "在依赖它之前，请用自己的设备和自己的患者的图像进行测量。",
    "next.test_split": "在引用任何数值之前，请在测试集上测量（evaluate --split test）。",
    "summary": "数值",
    "summary.note": "括号内为 {level}% 区间（{method}）。没有括号：患者少于 5 名，或区间无定义。",
    "summary.n": "n = {n}",
    "summary.n_all": "除非单元格另有说明，n = {n_cases} 个病例，{n_patients} 名患者。",
    "summary.n_unknown": "除非单元格另有说明，n = {n_cases} 个病例（患者未知）。",
    "summary.missing": (
        "n 较小之处，其余病例没有该数值（该类别在两个掩膜中都不存在；或其中一个掩膜为空，距离不存在）。"
    ),
    "group": "类别",
    "all_groups": "全部",
    "baselines": "与简单方法相比",
    "baselines.note": "简单方法在相同病例上的结果。胜不过它们的模型几乎没有学到东西。",
    "method": "方法",
    "our_model": "本模型",
    "distribution": "逐例分布",
    "distribution.note": "每个点是一个病例；方框为中间一半，框内的线为中位数（5 例起画方框）。",
    "pictures": "图像",
    "pictures.legend": "轮廓：",
    "pictures.thin": "细小结构以填色显示；白色为两者一致之处。",
    "pictures.convention": "体数据按放射科惯例显示：患者的右侧在图像左边。",
    "pictures.some": "共 {total} 幅图像，显示 {shown} 幅。",
    "reference": "参考标注",
    "prediction": "模型预测",
    "rank.best": "最好",
    "rank.median": "中位",
    "rank.worst": "最差",
    "rank.example": "示例",
    "truth": "真实类别",
    "predicted": "预测类别",
    "alt": "病例 {case} 的图像，{rank}",
    "confusion": "哪一类被认作哪一类",
    "confusion.note": "行：真实类别。列：模型的判断。数字为病例数；颜色越深，占该行的比例越大。",
    "confusion.large": "{n} 个类别太多，无法列表；最常见的 {shown} 种混淆：",
    "confusion.pair": "{truth} 被认作 {predicted}：{n}",
    "curves": "曲线",
    "curve.roc": "ROC 曲线",
    "curve.pr": "精确率与召回率",
    "curves.some": "共 {total} 个类别，显示前 {shown} 个。",
    "axis.fpr": "假阳性率",
    "axis.tpr": "真阳性率（召回率）",
    "axis.recall": "召回率",
    "axis.precision": "精确率",
    "training": "训练过程",
    "training.note": "损失应下降，验证得分应上升，随后两者趋于平稳。",
    "minutes": "分钟",
    "loss": "损失",
    "score": "验证得分",
    "flow": "病例去向",
    "flow.found": "找到",
    "flow.set_aside": "搁置",
    "flow.train": "训练",
    "flow.val": "验证",
    "flow.test": "测试",
    "flow.judged": "已评估",
    "set_aside": "被搁置的病例",
    "case": "病例",
    "stage": "阶段",
    "reason": "原因",
    "table.some": "共 {total} 行，显示 {shown} 行；全部内容见 evaluation.json。",
    "records": "全部病例",
    "records.note": "最差的在前。",
    "plan": "各项决定及其理由",
    "plan.note": "内容与 plan.json 一致，理由以英文记录；手工修改过的项目会注明。",
    "field": "项目",
    "value": "取值",
    "provenance": "来源",
    "created": "生成时间",
    "data": "数据",
    "layout": "数据布局",
    "patients": "患者",
    "data_hash": "数据哈希",
    "model_hash": "模型哈希",
    "run": "运行",
    "undefined": "无定义",
    "unit.cases": "例",
    "tolerance": "{name}（容差 {tolerance} {unit}）",
    "probability_truth": "真实类别的概率",
    "metric.false_alarms": "误报率",
    "metric.cpm": "CPM",
    "metric.accuracy": "准确率",
    "metric.balanced_accuracy": "平衡准确率",
    "metric.precision": "精确率",
    "metric.recall": "召回率",
    "metric.f1": "F1",
    "metric.macro_f1": "宏平均 F1",
    "metric.probability": "概率",
    "metric.auroc": "AUROC",
    "metric.average_precision": "平均精确率",
    "about.cpm": "每例 1/8 到 8 个误报时检出目标的平均比例",
    "about.false_alarms": "在没有目标的病例中，仍然找到某些东西的比例",
    "about.accuracy": "判断正确的病例所占比例",
    "about.balanced_accuracy": "各类别召回率的平均（类别可并存时，为有与无两者召回率的平均）",
    "about.precision": "判为该类的病例中判对的比例",
    "about.recall": "该类病例中被找出的比例（灵敏度）",
    "about.f1": "精确率与召回率合为一个数",
    "about.auroc": "该类病例得分高于其他病例的概率，0.5 为随机",
    "about.average_precision": "精确率对召回率的平均；随机水平为该类所占比例",
    "and": "和",
    "comma": "、",
}

_PARTS = (
    *(answer_texts, detection_texts, mask_texts, findings_texts, enhancement_texts),
    *(doubt_texts, compare_texts, compress_texts, card_texts, trust_texts, margin_texts, explanation_texts),
    *(measurement_texts, registration_texts, follow_texts, cohort_texts, result_texts),
    *(checklist_texts, study_texts, first_texts),
)
TEXTS: Mapping[Lang, Mapping[str, str]] = {
    "en": _EN | {key: text for part in _PARTS for key, text in part.EN.items()},
    "zh": _ZH | {key: text for part in _PARTS for key, text in part.ZH.items()},
}


_COLUMNS = ("size", "site", "age", "sex")


class Words:
    """The texts of one language; call it with a key and what fills the gaps.

    Raises:
        SettingsError: there is no such language.
    """

    def __init__(self, lang: str) -> None:
        if lang not in ("en", "zh"):
            raise SettingsError("no such language", expected="en or zh", received=f"lang={lang}")
        self.lang: Lang = "en" if lang == "en" else "zh"
        self._texts = TEXTS[self.lang]

    def __call__(self, key: str, **gaps: object) -> str:
        return self._texts[key].format(**gaps)

    def has(self, key: str) -> bool:
        """Whether there is a text of this key."""
        return key in self._texts

    def patients(self, how: str | None) -> str | None:
        """How patients are told apart, as datasets say it."""
        return self("patients.unknown") if how == "unknown" else how

    def metric(self, name: str) -> str:
        """The metric's name for people; the name itself when we have no word for it.

        "dice anterior" is the metric with the group it belongs to; the group stays as it is.
        """
        known, _, group = name.partition(" ")
        if group and f"metric.{known}" in self._texts:
            return f"{self._texts[f'metric.{known}']} {group}"
        return self._texts.get(f"metric.{name}", name.replace("_", " "))

    def comparator(self, name: str) -> str:
        """The simpler method's name for people; the name itself when we have no word for it."""
        return self._texts.get(f"comparator.{name}", name)

    def column(self, name: str) -> str:
        """The name of a column of facts for people; the name itself when we have no word for it."""
        return self._texts.get(f"subgroups.{name}", name) if name in _COLUMNS else name

    def about(self, name: str) -> str:
        """What the metric means, in one line; "" when we have none."""
        return self._texts.get(f"about.{name}", "")

    def split(self, name: str) -> str:
        """The split's name for people."""
        return self._texts.get(f"split.{name}", name)

    def listed(self, names: list[str]) -> str:
        """Names in a row, "a, b and c"."""
        if len(names) < 2:
            return "".join(names)
        return self("comma").join(names[:-1]) + self("and") + names[-1]

    def interval_method(self, method: str) -> str:
        """The method of an interval, which ``core.statistics`` writes in English."""
        if self.lang == "en":
            return method
        if method.endswith(CORRECTED):
            return self.interval_method(method.removesuffix(CORRECTED)) + self("method.corrected")
        if found := re.fullmatch(r"(patient|case) bootstrap.*?, (\d+) resamples(, (\d+) without.*)?", method):
            kind, n, _, left_out = found.groups()
            kind += "_bca" if "BCa" in method else ""
            tail = self("method.left_out", n=left_out) if left_out else ""
            return self(f"method.{kind}", n=n) + tail
        if found := re.fullmatch(r"undefined in (\d+) of (\d+) resamples, no interval", method):
            return self("method.undefined", n=found[1], total=found[2])
        for key in ("method.small", "method.same", "method.plain"):
            if method == TEXTS["en"][key]:
                return self(key)
        return method
