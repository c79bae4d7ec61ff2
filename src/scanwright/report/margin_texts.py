"""Words of reports about how far masks may be off; a part of ``texts``."""

EN = {
    "calibration.voxels": (
        "Of voxels, 5,000 of each case, drawn around reference and prediction: far away nearly all are "
        "surely nothing. On the line, what is said to be of the class in 70 % of the voxels is so in 70 %. "
        "The bar shows how far other cases of the same kind may move the dot (95 %, resampled cases). The "
        "masks themselves are decided on the network's own probabilities."
    ),
    "metric.voxel_brier": "Brier score (voxels)",
    "metric.voxel_brier_before": "Brier score before (voxels)",
    "metric.voxel_ece": "Calibration error (voxels)",
    "metric.voxel_ece_before": "Calibration error before (voxels)",
    "about.voxel_brier": "mean squared distance between probability and truth of voxels near the target",
    "about.voxel_brier_before": "the same of the network's own probabilities, before calibration",
    "about.voxel_ece": (
        "by how much probabilities of voxels near the target are off, on average (ECE: ten bins of equal "
        "width); value and interval are corrected for what cases differ by chance"
    ),
    "about.voxel_ece_before": "the same of the network's own probabilities, before calibration",
    "margins": "How large is it really, and what may be missed?",
    "margins.volume": (
        "{name}: the true volume should lie between the outlined one divided by {factor} and times "
        "{factor}, in at least {level} % of new patients in whom something is outlined ({outlined} "
        "validation cases). Predictions give this interval in volumes.csv."
    ),
    "margins.no_volume": (
        "{name}: no interval of its volume. That takes {needed} validation cases in which it is outlined, "
        "and is there in nearly all of them ({outlined} cases)."
    ),
    "margins.cautious": (
        "{name}: all voxels whose probability (the network's own) is {least} or more make a cautious mask, "
        "which leaves out at most {rest} % of it in the mean over new patients who have it ({n} validation "
        "cases). The table shows its price: how many times as large as the outline it is."
    ),
    "margins.no_cautious": (
        "{name}: no cautious mask that misses at most {rest} %. That takes {needed} validation cases that "
        "have it ({n} cases), and a network that does not overlook much of it wholly."
    ),
    "margins.not_promised": (
        "Promised on average over the choice of the validation patients, for new patients of the same "
        "source, one image each. Not promised: anything about another hospital or scanner, a subgroup, or "
        "a single patient. The validation cases also chose when to stop the training, and of an ensemble "
        "the limits come from single networks: the promise is then approximate."
    ),
    "metric.volume_coverage": "True volume in its interval",
    "metric.cautious_missed": "Missed by the cautious mask",
    "metric.cautious_volume": "Cautious mask, times the outline",
    "about.volume_coverage": (
        "of the cases with an interval of the volume, those whose true volume lies in it"
    ),
    "about.cautious_missed": "part of the reference that the cautious mask leaves out, mean over the cases",
    "about.cautious_volume": "voxels of the cautious mask over those outlined, median over the cases",
}

ZH = {
    "calibration.voxels": (
        "针对体素：每例在参考标注与预测周围抽取 5,000 个；远处几乎全部必然为无。在对角线上，说有 70 % 可能"
        "属于该类的体素中确有 70 % 属于该类。竖线表示同类的其他病例可使该点移动的范围（95 %，病例重抽样）。"
        "掩膜本身由网络的原始概率决定。"
    ),
    "metric.voxel_brier": "Brier 分数（体素）",
    "metric.voxel_brier_before": "校准前 Brier 分数（体素）",
    "metric.voxel_ece": "校准误差（体素）",
    "metric.voxel_ece_before": "校准前校准误差（体素）",
    "about.voxel_brier": "目标附近体素的概率与真实之间距离平方的均值",
    "about.voxel_brier_before": "同上，为校准前网络的原始概率",
    "about.voxel_ece": (
        "目标附近体素的概率平均偏离多少（ECE：十个等宽区间）；数值与区间已对病例间的偶然差异校正"
    ),
    "about.voxel_ece_before": "同上，为校准前网络的原始概率",
    "margins": "实际有多大，可能漏掉多少？",
    "margins.volume": (
        "{name}：在勾画出内容的新患者中，至少 {level} % 的真实体积应介于勾画体积除以 {factor} 与乘以 "
        "{factor} 之间（{outlined} 个验证病例）。预测时该区间写入 volumes.csv。"
    ),
    "margins.no_volume": (
        "{name}：没有体积区间。需要 {needed} 个勾画出该类、且几乎都确有该类的验证病例（现有 {outlined} 个）。"
    ),
    "margins.cautious": (
        "{name}：网络原始概率不低于 {least} 的全部体素构成谨慎掩膜；在患有该类的新患者中，平均至多漏掉其 "
        "{rest} %（{n} 个验证病例）。下表给出其代价：为勾画体积的多少倍。"
    ),
    "margins.no_cautious": (
        "{name}：没有至多漏掉 {rest} % 的谨慎掩膜。需要 {needed} 个有该类的验证病例（现有 {n} 个），并且网"
        "络不会完全忽略其大部分。"
    ),
    "margins.not_promised": (
        "该保证是对验证患者抽取的平均，针对同一来源、每人一幅图像的新患者。不保证：其他医院或设备、某个亚组"
        "或某一名患者。验证病例还用于选择何时停止训练，而集成模型的界限来自单个网络，因此保证只是近似的。"
    ),
    "metric.volume_coverage": "真实体积在区间内",
    "metric.cautious_missed": "谨慎掩膜漏掉",
    "metric.cautious_volume": "谨慎掩膜与勾画之比",
    "about.volume_coverage": "在有体积区间的病例中，真实体积位于区间内者",
    "about.cautious_missed": "参考标注中被谨慎掩膜漏掉的部分，病例平均",
    "about.cautious_volume": "谨慎掩膜体素数与勾画体素数之比，病例中位数",
}
