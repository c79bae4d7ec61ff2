"""Words of reports about how far probabilities can be trusted; a part of ``texts``."""

EN = {
    "calibration": "Are the probabilities right?",
    "calibration.temperature": (
        "The probabilities shown are calibrated: a temperature, fitted on {n} validation cases, makes "
        "them more or less sure ({numbers}; above 1: the network was too sure of itself). The fewer the "
        "cases, the nearer it is held to 1."
    ),
    "calibration.biases": (
        "A lean to some classes, as training that weighs rare classes more brings with it, is undone: odds "
        "are multiplied ({numbers})."
    ),
    "calibration.decision": (
        "Which class is called is decided on the network's own probabilities, so that rare classes are not "
        "neglected; it may be one whose calibrated probability is below a half, or not the highest (here in "
        "{n} of {total} cases; captions of pictures then say which one is more probable)."
    ),
    "calibration.threshold": (
        "{name} is called where the network's own probability of it is {least} or more: there errors in both "
        "classes weighed the same on the validation cases."
    ),
    "likelier": "more probable: {name}",
    "calibration.isotonic": (
        "The probabilities shown are calibrated: growing steps, fitted on {n} validation cases, put the "
        "share that came true in place of each probability."
    ),
    "calibration.none": (
        "The probabilities are the network's own: {n} validation cases are too few, or too few of each "
        "class, to calibrate them. Take them for a ranking and not for chances."
    ),
    "calibration.never": "The probabilities are the network's own: nothing was kept to calibrate them by.",
    "calibration.off": "The probabilities are the network's own: the plan asks for no calibration.",
    "calibration.diagram": "{group}: said and come true",
    "calibration.note": (
        "On the line, what is said to happen in 70 % of the cases does so in 70 %. Below it the class "
        "comes true less often than said, above it more often. Each dot stands for a fifth of the cases; "
        "the bar shows by how much chance alone may move it (95 %, Wilson)."
    ),
    "axis.said": "mean probability",
    "axis.came_true": "share that came true",
    "reliability.after": "as shown",
    "reliability.before": "before calibration",
    "metric.brier": "Brier score",
    "metric.brier_before": "Brier score before",
    "metric.ece": "Calibration error",
    "metric.ece_plain": "Calibration error, plain",
    "metric.voxel_ece_plain": "Calibration error, plain (voxels)",
    "about.ece_plain": (
        "the same as papers mostly give it, not corrected for chance; compare this one with theirs"
    ),
    "about.voxel_ece_plain": (
        "the same as papers mostly give it, not corrected for chance; compare this one with theirs"
    ),
    "method.plain": "not corrected for chance, no interval",
    "metric.ece_before": "Calibration error before",
    "about.brier": (
        "Mean squared distance between probability and truth; 0 is perfect, 0.25 is to always say a "
        "half. Mean over the classes."
    ),
    "about.ece": (
        "By how much probabilities are off, on average over the cases (ECE: five bins of as many cases "
        "each; of each class by itself, then the mean). Chance makes it too large in few cases; value "
        "and interval are corrected for that."
    ),
    "about.brier_before": "The same of the network's own probabilities, before calibration.",
    "about.ece_before": "The same of the network's own probabilities, before calibration.",
    "referral": "When to ask a person",
    "referral.rule": (
        "Each prediction comes with the classes that can't be excluded. Where that is one class, the "
        "predicted one, the answer may stand; every other case is referred to a person."
    ),
    "referral.promise": (
        "Promised for new patients of the same source, one image each: of those who have a class, at "
        "least {level} % have it among their possible classes, so at most {rest} % are given another "
        "answer without a person being asked. It holds for each class by itself, on average over the "
        "choice of the validation patients ({counts})."
    ),
    "referral.not_promised": (
        "Not promised: anything about another hospital or scanner, about a subgroup, or about the cases "
        "alone whose answer stands. The validation cases also chose when to stop the training, so the "
        "share may be a little smaller; the table shows what these cases gave."
    ),
    "referral.ensemble": (
        "The model is an ensemble: its limits come from networks that had not learnt from a case, and "
        "the mean of all answers. The promise is then only approximate."
    ),
    "referral.none": (
        "Single answers have no set of possible classes: that takes {needed} validation cases of each "
        "class ({counts})."
    ),
    "referral.count": "{name}: {n}",
    "referral.risk": "Error among the surest cases",
    "referral.risk.all": "all classes",
    "axis.answered": "share of the cases answered",
    "axis.wrong": "share of these that are wrong",
    "metric.set_coverage": "True class is possible",
    "metric.missed_unseen": "Missed, nobody asked",
    "metric.set_size": "Possible classes a case",
    "metric.referred": "Referred",
    "about.set_coverage": (
        "of the cases of a class, those whose possible classes hold it; all: mean of classes"
    ),
    "about.missed_unseen": (
        "of the cases of a class, those that are neither called so nor referred; all: mean of the classes"
    ),
    "about.set_size": "classes that can't be excluded, mean over the cases",
    "about.referred": "part of the cases that a person must see",
    "method.patient": "patient bootstrap, {n} resamples",
    "method.case": "case bootstrap (patients unknown), {n} resamples",
    "method.patient_bca": "patient bootstrap (BCa), {n} resamples",
    "method.case_bca": "case bootstrap (BCa, patients unknown), {n} resamples",
    "method.left_out": ", {n} without a value left out",
    "method.small": "n too small for an interval",
    "method.same": "the same in all resamples, no interval",
    "method.undefined": "undefined in {n} of {total} resamples, no interval",
    "method.corrected": ", corrected for chance",
    "summary.few": "n = {n}: too few to claim",
    "summary.single": (
        "Each patient has one case: shares of cases have Wilson's interval, areas under one ROC curve "
        "DeLong's."
    ),
    "found.few": "{line}; too few to claim",
    "sure.too_few": (
        "Only {n} stand behind this number, and fewer than 20 patients are too few to claim anything: take "
        "it as a first impression."
    ),
    "sure.too_few.class": (
        "A class behind this number has too few patients to claim anything (fewer than 10 with it or without "
        "it, or than 20 for a number of its own cases): take it as a first impression."
    ),
    "decision": "Is acting on it worth it?",
    "decision.note": (
        "Net benefit: cases rightly acted on, of all cases, less the false alarms, at the rate that the "
        "threshold stands for. Who acts from a probability of 20 % on takes four false alarms for one "
        "missed case. Where the curve lies below acting on all or on nobody, the model does harm. Band: "
        "95 % interval from resampled patients."
    ),
    "decision.of": "Acting on {group}",
    "costs": "What do wrong answers cost?",
    "costs.balanced": (
        "Nobody has named costs: every error costs the same, of grades as much as they are apart, and every "
        "class counts as if it were as frequent as the others. A table of your own (evaluate --costs) says "
        "more."
    ),
    "costs.named": (
        "By the costs that were named, with the classes as frequent as they are in these cases: {costs}. "
        "“Least by probability” is what answers would cost that are chosen by the calibrated probabilities "
        "to be cheapest, and not those that the model gives."
    ),
    "costs.one": "{answer} where {truth} is true: {cost}",
    "metric.expected_cost": "Expected cost",
    "metric.least_expected_cost": "Least by probability",
    "about.expected_cost": (
        "mean cost of the answers, over that of the best single answer given to every case: 0 is perfect, 1 "
        "is no better than looking at no image"
    ),
    "about.least_expected_cost": (
        "the same, if each case got the answer whose cost is expected to be least by the probabilities"
    ),
    "decision.value": "this model",
    "decision.all": "acting on all",
    "decision.none": "acting on nobody",
    "axis.threshold": "probability from which one acts",
    "axis.net_benefit": "net benefit",
    "subgroups": "For whom does it work?",
    "subgroups.note": (
        "The same numbers for groups of the cases. Where many groups are looked at, some differ by chance: "
        "every two groups of a column are compared, and p is corrected for all these looks (Holm)."
    ),
    "subgroups.by": "By {column}",
    "subgroups.site": "site",
    "subgroups.age": "age",
    "subgroups.sex": "sex",
    "subgroups.size": "volume that the reference outlines (ml, or pixels)",
    "subgroups.other": "all others",
    "subgroups.head": "cases",
    "subgroups.group": "{name} (n = {n})",
    "subgroups.few": "Too few patients to claim anything or to be compared: {names}.",
    "subgroups.differs": (
        "{name} of {b} less that of {a}: {difference}, more than chance (p {p} after correction). Find out "
        "why before it is used for the weaker group."
    ),
    "subgroups.no_difference": (
        "Largest difference in {name}, {b} less {a}: {difference}. Not more than chance may do (p {p} after "
        "correction); that does not show that the groups are alike."
    ),
    "subgroups.untested": "Largest difference in {name}, {b} less {a}: {difference}; it could not be tested.",
    "subgroups.without": "Nothing is known in this column of {n} cases; they are in no group.",
}

ZH = {
    "calibration": "概率可信吗？",
    "calibration.temperature": (
        "所示概率已经校准：在 {n} 个验证病例上拟合的温度使概率更保守或更肯定（{numbers}；大于 1 表示网络原先"
        "过于自信）。病例越少，温度越接近 1。"
    ),
    "calibration.biases": (
        "训练时加重少见类别会使概率偏向某些类别，现已消除：比值乘以相应系数（{numbers}）。"
    ),
    "calibration.decision": (
        "所判类别按网络自身的概率决定，因而不会忽视少见类别；其校准后的概率可能低于一半，也可能不是最高的"
        "（此处 {total} 个病例中有 {n} 个；图片说明会写出更可能的类别）。"
    ),
    "calibration.threshold": (
        "网络自身给出的概率达到 {least} 时判为 {name}：在验证病例上，此处两类的错误权重相同。"
    ),
    "likelier": "更可能的类别：{name}",
    "calibration.isotonic": (
        "所示概率已经校准：在 {n} 个验证病例上拟合的单调阶梯，用实际发生的比例代替每个概率。"
    ),
    "calibration.none": (
        "概率是网络的原始输出：{n} 个验证病例太少（或某些类别太少），无法校准。请只把它当作排序，不要当作"
        "可能性。"
    ),
    "calibration.never": "概率是网络的原始输出：没有保留可用于校准的验证结果。",
    "calibration.off": "概率是网络的原始输出：计划不要求校准。",
    "calibration.diagram": "{group}：所说与实际",
    "calibration.note": (
        "在对角线上，说有 70 % 可能的病例中确有 70 % 发生。低于线表示实际发生少于所说，高于线表示多于所说"
        "。每个点代表五分之一的病例；竖线表示仅由偶然可造成的移动（95 %，Wilson）。"
    ),
    "axis.said": "平均概率",
    "axis.came_true": "实际发生的比例",
    "reliability.after": "所示概率",
    "reliability.before": "校准前",
    "metric.brier": "Brier 分数",
    "metric.brier_before": "校准前 Brier 分数",
    "metric.ece": "校准误差",
    "metric.ece_plain": "校准误差（未校正）",
    "metric.voxel_ece_plain": "校准误差（未校正，体素）",
    "about.ece_plain": "同上，未对偶然性校正，与多数论文的算法相同：与论文比较时用它",
    "about.voxel_ece_plain": "同上，未对偶然性校正，与多数论文的算法相同：与论文比较时用它",
    "method.plain": "未校正偶然影响，不给区间",
    "metric.ece_before": "校准前校准误差",
    "about.brier": "概率与真实之间距离平方的均值；0 为完美，总说一半则为 0.25。各类取平均。",
    "about.ece": (
        "概率平均偏离多少（ECE：五个病例数相等的区间；逐类计算后取平均）。病例少时偶然会使其偏大；数值与"
        "区间已对此校正。"
    ),
    "about.brier_before": "同上，为校准前网络的原始概率。",
    "about.ece_before": "同上，为校准前网络的原始概率。",
    "referral": "何时交给人判断",
    "referral.rule": (
        "每个预测都附有不能排除的类别。若只剩一类且正是所预测的，则答案可以成立；其余病例一律转交人判断。"
    ),
    "referral.promise": (
        "对同一来源、每人一幅图像的新患者的保证：患有某一类的人中，至少 {level} % 的可能类别包含该类，因"
        "此至多 {rest} % 会在无人过问的情况下得到别的答案。该保证对每一类分别成立，是对验证患者抽取的平均"
        "（{counts}）。"
    ),
    "referral.not_promised": (
        "不保证：其他医院或设备、某个亚组、或仅就答案成立的那些病例。验证病例还用于选择何时停止训练，因此"
        "实际比例可能略低；下表为这些病例的实际结果。"
    ),
    "referral.ensemble": (
        "本模型为集成：其界限来自未学习过该病例的单个网络，而答案是全部网络的平均，因此保证只是近似的。"
    ),
    "referral.none": "单个答案没有可能类别的集合：每一类需要 {needed} 个验证病例（{counts}）。",
    "referral.count": "{name}：{n}",
    "referral.risk": "最有把握的病例中的错误",
    "referral.risk.all": "所有类别",
    "axis.answered": "作答病例的比例",
    "axis.wrong": "其中错误的比例",
    "metric.set_coverage": "真实类别在可能之列",
    "metric.missed_unseen": "漏判且无人过问",
    "metric.set_size": "每例可能类别数",
    "metric.referred": "转交比例",
    "about.set_coverage": "某类病例中，可能类别包含该类者；全部：各类平均",
    "about.missed_unseen": "某类病例中，既未判为该类也未转交者；全部：各类平均",
    "about.set_size": "不能排除的类别数，病例平均",
    "about.referred": "必须由人查看的病例所占部分",
    "method.patient": "按患者自助法，重采样 {n} 次",
    "method.case": "按病例自助法（患者未知），重采样 {n} 次",
    "method.patient_bca": "按患者 BCa 自助法，重采样 {n} 次",
    "method.case_bca": "按病例 BCa 自助法（患者未知），重采样 {n} 次",
    "method.left_out": "，其中 {n} 次无值，已剔除",
    "method.small": "n 太小，不给区间",
    "method.same": "所有重采样结果相同，不给区间",
    "method.undefined": "{total} 次重采样中有 {n} 次无定义，不给区间",
    "method.corrected": "，已校正偶然影响",
    "summary.few": "n = {n}：太少，不足以下结论",
    "summary.single": "每名患者只有一个病例：病例的比例用 Wilson 区间，ROC 曲线下面积用 DeLong 区间。",
    "found.few": "{line}；太少，不足以下结论",
    "sure.too_few": "此数值仅由 {n} 例支持，少于 20 名患者不足以下任何结论：此数值仅为初步印象。",
    "sure.too_few.class": (
        "此数值所含的某一类别患者太少（有或无该类别者少于 10 名，或仅由该类病例得出的数值少于 20 名），"
        "不足以下任何结论：此数值仅为初步印象。"
    ),
    "decision": "据此行动值得吗？",
    "decision.note": (
        "净获益：全部病例中正确采取行动的比例，减去误报（按阈值所代表的比率折算）。从 20 % 的概率起行动，"
        "意味着宁可四次误报也不漏一例。曲线低于“全部行动”或“都不行动”之处，使用模型有害。阴影为患者重抽样"
        "得到的 95 % 区间。"
    ),
    "decision.of": "针对 {group} 行动",
    "costs": "答错的代价有多大？",
    "costs.balanced": (
        "没有给出代价：每个错误代价相同（分级则按相差的级数），并且各类视为同样常见。用自己的代价表（"
        "evaluate --costs）能说明更多。"
    ),
    "costs.named": (
        "按给出的代价，各类频率取这些病例中的实际频率：{costs}。“按概率最小”指若根据校准概率为每例选择代价最"
        "小的答案，而不用模型给出的答案，代价会是多少。"
    ),
    "costs.one": "真实为 {truth} 而答 {answer}：{cost}",
    "metric.expected_cost": "期望代价",
    "metric.least_expected_cost": "按概率最小",
    "about.expected_cost": (
        "答案的平均代价，除以对所有病例都给同一最佳答案的代价：0 为完美，1 表示不比不看图像更好"
    ),
    "about.least_expected_cost": "同上，但每例取按概率期望代价最小的答案",
    "decision.value": "本模型",
    "decision.all": "全部行动",
    "decision.none": "都不行动",
    "axis.threshold": "开始行动的概率",
    "axis.net_benefit": "净获益",
    "subgroups": "对哪些人有效？",
    "subgroups.note": (
        "各组病例的同样数值。比较的组多了，总有一些因偶然而不同：每一列中的各组两两比较，p 值已按全部比较"
        "次数校正（Holm）。"
    ),
    "subgroups.by": "按{column}",
    "subgroups.site": "中心",
    "subgroups.age": "年龄",
    "subgroups.sex": "性别",
    "subgroups.size": "参考轮廓的体积（ml 或像素）",
    "subgroups.other": "其余各组",
    "subgroups.head": "病例",
    "subgroups.group": "{name}（n = {n}）",
    "subgroups.few": "患者太少，不足以下结论，也不参加比较：{names}。",
    "subgroups.differs": (
        "{name}：{b} 减 {a} 为 {difference}，超出偶然（校正后 p {p}）。用于较弱的一组之前，请先查明原因。"
    ),
    "subgroups.no_difference": (
        "{name} 的最大差别：{b} 减 {a} 为 {difference}，未超出偶然（校正后 p {p}）；这并不说明各组相同。"
    ),
    "subgroups.untested": "{name} 的最大差别：{b} 减 {a} 为 {difference}；无法检验。",
    "subgroups.without": "有 {n} 个病例此列未知，不在任何组中。",
}
