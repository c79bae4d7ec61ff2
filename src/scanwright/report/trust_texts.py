"""Words of reports about how far probabilities can be trusted; a part of ``texts``."""

EN = {
    "calibration": "Are the probabilities right?",
    "calibration.temperature": (
        "The probabilities shown are calibrated: a temperature, fitted on {n} validation cases, makes them "
        "more or less sure without changing which class is the most probable ({numbers}; above 1: the "
        "network was too sure of itself)."
    ),
    "calibration.isotonic": (
        "The probabilities shown are calibrated: growing steps, fitted on {n} validation cases, put the "
        "share that came true in place of each probability."
    ),
    "calibration.none": (
        "The probabilities are the network's own: {n} validation cases are too few, or too few of each "
        "class, to calibrate them. Take them for a ranking and not for chances."
    ),
    "calibration.off": "The probabilities are the network's own: the plan asks for no calibration.",
    "calibration.diagram": "{group}: said and come true",
    "calibration.note": (
        "On the line, what is said to happen in 70 % of the cases does so in 70 %. Below it the model is too "
        "sure, above it not sure enough. Each dot stands for a fifth of the cases; the bar shows by how much "
        "chance alone may move it (95 %, Wilson)."
    ),
    "axis.said": "mean probability",
    "axis.came_true": "share that came true",
    "reliability.after": "as shown",
    "reliability.before": "before calibration",
    "metric.brier": "Brier score",
    "metric.brier_before": "Brier score before",
    "metric.ece": "Calibration error",
    "metric.ece_before": "Calibration error before",
    "about.brier": (
        "Mean squared distance between probability and truth; 0 is perfect, 0.25 is to always say a half. "
        "Mean over the classes."
    ),
    "about.ece": (
        "By how much probabilities are off, on average over the cases (ECE: five bins of as many cases each; "
        "of each class by itself, then the mean). Chance makes it too large in few cases; value and interval "
        "are corrected for that."
    ),
    "about.brier_before": "The same of the network's own probabilities, before calibration.",
    "about.ece_before": "The same of the network's own probabilities, before calibration.",
    "method.corrected": ", corrected for chance",
}

ZH = {
    "calibration": "概率可信吗？",
    "calibration.temperature": (
        "所示概率已经校准：在 {n} 个验证病例上拟合的温度使概率更保守或更肯定，而不改变哪一类最可能"
        "（{numbers}；大于 1 表示网络原先过于自信）。"
    ),
    "calibration.isotonic": (
        "所示概率已经校准：在 {n} 个验证病例上拟合的单调阶梯，用实际发生的比例代替每个概率。"
    ),
    "calibration.none": (
        "概率是网络的原始输出：{n} 个验证病例太少（或某些类别太少），无法校准。"
        "请只把它当作排序，不要当作可能性。"
    ),
    "calibration.off": "概率是网络的原始输出：计划不要求校准。",
    "calibration.diagram": "{group}：所说与实际",
    "calibration.note": (
        "在对角线上，说有 70 % 可能的病例中确有 70 % 发生。低于线表示模型过于自信，高于线表示不够自信。"
        "每个点代表五分之一的病例；竖线表示仅由偶然可造成的移动（95 %，Wilson）。"
    ),
    "axis.said": "平均概率",
    "axis.came_true": "实际发生的比例",
    "reliability.after": "所示概率",
    "reliability.before": "校准前",
    "metric.brier": "Brier 分数",
    "metric.brier_before": "校准前 Brier 分数",
    "metric.ece": "校准误差",
    "metric.ece_before": "校准前校准误差",
    "about.brier": "概率与真实之间距离平方的均值；0 为完美，总说一半则为 0.25。各类取平均。",
    "about.ece": (
        "概率平均偏离多少（ECE：五个病例数相等的区间；逐类计算后取平均）。病例少时偶然会使其偏大；"
        "数值与区间已对此校正。"
    ),
    "about.brier_before": "同上，为校准前网络的原始概率。",
    "about.ece_before": "同上，为校准前网络的原始概率。",
    "method.corrected": "，已校正偶然影响",
}
