"""Words of the page of ``compare``, in English and in Chinese; a part of ``texts``."""

EN = {
    "title.compare": "Two models on the same cases",
    "compare.asked": "Is model B better than model A on {source}?",
    "compare.models": "A is {a}, B is {b}.",
    "compare.unnamed": "a model without a run",
    "compare.same": "A and B are the same model.",
    "compare.lead.b_better": (
        "Model B is better in {name}: {b} against {a} of model A, a difference of {difference} {interval}. "
        "Chance alone would seldom give that ({test}, p {p}, corrected for the {n_tests} numbers looked "
        "at)."
    ),
    "compare.lead.a_better": (
        "Model A is better in {name}: {a} against {b} of model B, a difference (B − A) of {difference} "
        "{interval}. Chance alone would seldom give that ({test}, p {p}, corrected for the {n_tests} numbers "
        "looked at)."
    ),
    "compare.lead.differs": (
        "The models differ in {name}: A {a}, B {b}, difference {difference} {interval} ({test}, p {p})."
    ),
    "compare.lead.no_difference_shown": (
        "No difference in {name} was shown: A {a}, B {b}, difference (B − A) {difference} {interval} "
        "({test}, p {p}). This does not mean that they are equal."
    ),
    "compare.lead.too_few": (
        "Too few patients to claim anything: {name} is {a} of model A and {b} of model B. Below {fewest} "
        "patients, or {kind} with and {kind} without a finding, nothing is tested."
    ),
    "compare.lead.different_cases": (
        "{name} is not compared: the models have it on different cases (A {a}, B {b})."
    ),
    "compare.nothing": "No number could be computed for both models.",
    "compare.others.b": "Model B is also better in {names}.",
    "compare.others.a": "Model A is also better in {names}.",
    "compare.n": "{n_cases} cases of {n_patients} patients, the same for both.",
    "compare.n_unknown": (
        "{n_cases} cases, the same for both; which patient each comes from is not known, so the intervals "
        "may be too narrow."
    ),
    "compare.smallest": (
        "With so many patients, a true difference in {name} of {smallest} would be shown in {power} % of "
        "such studies; a smaller one is easily missed."
    ),
    "compare.within": "Differences (B − A) from {low} to {high} agree with what was seen.",
    "compare.test": "None of these cases was used to train or to choose either model.",
    "compare.external": "Neither model has learnt from these images; they are of another data set.",
    "compare.one_pair": (
        "It is a comparison of these two trainings: another seed may turn a small difference round."
    ),
    "compare.next.look": "Look at the cases below in which B falls behind most: are they of one kind?",
    "compare.next.more": "Judge both on more patients; four times as many halve the smallest difference.",
    "compare.next.elsewhere": "Before replacing a model, compare both on images of your own scanner.",
    "compare.next.seeds": "Train each with other seeds, and see whether the difference stays.",
    "compare.numbers": "Numbers of both and their differences",
    "compare.numbers.note": (
        "Difference: B − A, in brackets its {level} % interval (not corrected for many looks). p: two-sided, "
        "of no difference; corrected by Holm, over the numbers of all classes and over those of single "
        "classes. Smallest: the true difference that would be shown in {power} % of studies of this size. "
        "Bootstrap: both models on the same {n_resamples} resamples of patients."
    ),
    "compare.numbers.alone": (
        "Each patient has one case: areas under the curve are tested by DeLong, means by Wilcoxon's signed "
        "ranks, right and wrong by McNemar."
    ),
    "compare.numbers.clusters": (
        "Patients have several cases, or are not known: only the bootstrap is used, no test that takes cases "
        "for independent."
    ),
    "compare.head.number": "number",
    "compare.head.a": "A",
    "compare.head.b": "B",
    "compare.head.difference": "difference",
    "compare.head.p": "p",
    "compare.head.p_holm": "p (Holm)",
    "compare.head.smallest": "smallest",
    "compare.head.test": "test",
    "compare.head.n": "n",
    "compare.head.verdict": "what can be said",
    "compare.verdict.b_better": "B better",
    "compare.verdict.a_better": "A better",
    "compare.verdict.differs": "they differ",
    "compare.verdict.no_difference_shown": "no difference shown",
    "compare.verdict.too_few": "n too small to claim",
    "compare.verdict.different_cases": "not the same cases",
    "compare.test.bootstrap": "bootstrap",
    "compare.constant": "(the same in all resamples of patients, so without an interval)",
    "compare.scatter": "Case by case",
    "compare.scatter.note": (
        "How well each case went with both models ({what}); larger is better. Above the line B is better."
    ),
    "compare.axis.a": "model A",
    "compare.axis.b": "model B",
    "compare.cases": "All cases",
    "compare.cases.note": "First those in which B falls behind A most. Higher is better.",
    "compare.cases.some": (
        "{shown} of {total} cases shown, the worst and the best; all are in comparison.json."
    ),
    "compare.goodness.dice": "Dice",
    "compare.goodness.probability": "probability of the true class",
    "compare.goodness.grades": "minus the expected error in grades",
    "compare.goodness.error": "minus the absolute error",
    "compare.goodness.labels": "mean probability of what is true",
    "compare.goodness.boxes": "F1 of the findings",
    "compare.goodness": "larger is better",
    "compare.aside.note": "Cases that one of the models could not be judged on are left out for both.",
}

ZH = {
    "title.compare": "两个模型在相同病例上的比较",
    "compare.asked": "在 {source} 上，模型 B 是否优于模型 A？",
    "compare.models": "A 为 {a}，B 为 {b}。",
    "compare.unnamed": "未附训练记录的模型",
    "compare.same": "A 与 B 是同一个模型。",
    "compare.lead.b_better": (
        "模型 B 的{name}更好：{b}，模型 A 为 {a}，差值为 {difference} {interval}。"
        "仅凭偶然很少会出现这样的差值（{test}，p {p}，已针对所看的 {n_tests} 个指标校正）。"
    ),
    "compare.lead.a_better": (
        "模型 A 的{name}更好：{a}，模型 B 为 {b}，差值（B − A）为 {difference} {interval}。"
        "仅凭偶然很少会出现这样的差值（{test}，p {p}，已针对所看的 {n_tests} 个指标校正）。"
    ),
    "compare.lead.differs": (
        "两个模型的{name}不同：A 为 {a}，B 为 {b}，差值为 {difference} {interval}（{test}，p {p}）。"
    ),
    "compare.lead.no_difference_shown": (
        "未能显示{name}有差异：A 为 {a}，B 为 {b}，差值（B − A）为 {difference} {interval}（{test}，p {p}）。"
        "这并不意味着两者相等。"
    ),
    "compare.lead.too_few": (
        "患者太少，不能下结论：模型 A 的{name}为 {a}，模型 B 为 {b}。"
        "少于 {fewest} 名患者，或者有、无该类的病例任一少于 {kind} 例时，不做检验。"
    ),
    "compare.lead.different_cases": "{name}不作比较：两个模型的该指标来自不同病例（A 为 {a}，B 为 {b}）。",
    "compare.nothing": "没有两个模型都能算出的指标。",
    "compare.others.b": "模型 B 的以下指标也更好：{names}。",
    "compare.others.a": "模型 A 的以下指标也更好：{names}。",
    "compare.n": "{n_patients} 名患者的 {n_cases} 个病例，两个模型相同。",
    "compare.n_unknown": "{n_cases} 个病例，两个模型相同；不知各来自哪位患者，因此区间可能过窄。",
    "compare.smallest": (
        "以现有患者数，若{name}的真实差值为 {smallest}，{power}% 的此类研究能显示出来；更小的差值容易被漏掉。"
    ),
    "compare.within": "从 {low} 到 {high} 的差值（B − A）都与所见相符。",
    "compare.test": "这些病例均未用于训练或选择任何一个模型。",
    "compare.external": "两个模型都未从这些图像学习；它们来自另一个数据集。",
    "compare.one_pair": "比较的是这两次训练：换一个随机种子，小的差值可能反转。",
    "compare.next.look": "请看下方 B 落后最多的病例：它们是否属于同一类？",
    "compare.next.more": "用更多患者评估两个模型；患者数为四倍时，可显示的最小差值减半。",
    "compare.next.elsewhere": "替换模型之前，请在您自己设备的图像上比较两者。",
    "compare.next.seeds": "用其他随机种子分别训练，看差值是否仍在。",
    "compare.numbers": "两个模型的指标及其差值",
    "compare.numbers.note": (
        "差值：B − A，括号内为 {level}% 区间（未针对多次比较校正）。p：双侧，假设无差异；用 Holm 法校正，"
        "所有类别合计的指标与单个类别的指标分别校正。"
        "最小差值：同等规模的研究中有 {power}% 能显示出的真实差值。"
        "自助法：两个模型使用相同的 {n_resamples} 次患者重采样。"
    ),
    "compare.numbers.alone": (
        "每名患者只有一个病例：曲线下面积用 DeLong 检验，平均值用 Wilcoxon 符号秩检验，"
        "判对与判错用 McNemar 检验。"
    ),
    "compare.numbers.clusters": ("有患者含多个病例，或患者未知：只用自助法，不用把病例当作相互独立的检验。"),
    "compare.head.number": "指标",
    "compare.head.a": "A",
    "compare.head.b": "B",
    "compare.head.difference": "差值",
    "compare.head.p": "p",
    "compare.head.p_holm": "p（Holm）",
    "compare.head.smallest": "最小差值",
    "compare.head.test": "检验",
    "compare.head.n": "n",
    "compare.head.verdict": "可以说什么",
    "compare.verdict.b_better": "B 更好",
    "compare.verdict.a_better": "A 更好",
    "compare.verdict.differs": "两者不同",
    "compare.verdict.no_difference_shown": "未显示差异",
    "compare.verdict.too_few": "n 太小，不能下结论",
    "compare.verdict.different_cases": "病例不同",
    "compare.test.bootstrap": "自助法",
    "compare.constant": "（所有患者重采样中都相同，因此没有区间）",
    "compare.scatter": "逐例比较",
    "compare.scatter.note": "每个病例在两个模型上的表现（{what}），越大越好。线的上方为 B 更好。",
    "compare.axis.a": "模型 A",
    "compare.axis.b": "模型 B",
    "compare.cases": "全部病例",
    "compare.cases.note": "B 落后于 A 最多的排在最前。数值越大越好。",
    "compare.cases.some": "共 {total} 个病例，显示最差与最好的 {shown} 个；全部见 comparison.json。",
    "compare.goodness.dice": "Dice",
    "compare.goodness.probability": "真实类别的概率",
    "compare.goodness.grades": "级别期望误差的相反数",
    "compare.goodness.error": "绝对误差的相反数",
    "compare.goodness.labels": "真实情况的平均概率",
    "compare.goodness.boxes": "所检出目标的 F1",
    "compare.goodness": "越大越好",
    "compare.aside.note": "只要有一个模型无法评估的病例，两个模型都不计入。",
}
