"""Words about doubts: images unlike those learnt from, uncertain answers, and the gallery; a part of
``texts``."""

EN = {
    "doubt.unlike.extent": (
        "What images show is larger, smaller or of other proportions (n = {n}) than in those that the model "
        "learnt from: another part of the body, or a wrong voxel spacing? Do not rely on it there."
    ),
    "doubt.unlike.level": (
        "The values of images (n = {n}) lie far from those that the model learnt from: another "
        "modality, unit "
        "or range? Do not rely on it there."
    ),
    "doubt.unlike.greys": (
        "Light and dark are divided otherwise in images (n = {n}) than in those that the model learnt from: "
        "inverted, another window or modality? Do not rely on it there."
    ),
    "doubt.unlike.texture": (
        "Images (n = {n}) are coarser or finer than those that the model learnt from: magnified, "
        "blurred, noisy, "
        "or of something else? Do not rely on it there."
    ),
    "doubt.unlike.layout": (
        "What lies where in images (n = {n}) is unlike those that the model learnt from: another part of the "
        "body or view? Do not rely on it there."
    ),
    "doubt.unlike.channels": (
        "The channels of images (n = {n}) go together otherwise than in those that the model learnt from: "
        "another stain, colour or order of channels? Do not rely on it there."
    ),
    "doubt.unlike.orientation": (
        "Images (n = {n}) would fit those that the model learnt from better if they were mirrored or turned: "
        "check their orientation. Do not rely on it there."
    ),
    "doubt.unlike.inverted": (
        "Images (n = {n}) would be like those that the model learnt from if light and dark were exchanged: "
        "look whether they are inverted. Do not rely on it there."
    ),
    "rank.surest_wrong": "surest of the wrong",
    "rank.surest_worst": "surest of the worst quarter",
    "rank.most_uncertain": "most uncertain",
    "rank.strangest": "least like those learnt from",
    "metric.uncertainty": "own uncertainty",
    "metric.sampled_uncertainty": "uncertainty over several answers",
    "metric.disagreement": "disagreement of answers",
    "metric.strangeness": "strangeness",
    "doubts": "Do doubts come before errors?",
    "doubts.whole": (
        "Area under the risk–coverage curve: the share of wrong answers among the cases of least doubt, over "
        "all shares that could be answered. Lower is better: {best} if doubts knew every error, "
        "{chance} if they "
        "knew none (n = {n})."
    ),
    "doubts.masks": (
        "Area under the risk–coverage curve: one less the score, among the cases of least doubt, over all "
        "shares that could be answered. Lower is better: {best} if doubts knew every error, "
        "{chance} if they knew "
        "none (n = {n})."
    ),
    "doubts.area": "{name} {value}",
    "doubts.areas": "By {areas}.",
    "doubts.tta": "Several answers: to the image mirrored, or a little lighter, darker, flatter and steeper.",
    "doubts.dropout": "Several answers: with features left out at random, as in training.",
    "doubts.ensemble": "Several answers: one of each network of the ensemble.",
    "doubts.read": (
        "Uncertainty: 0 sure, 1 nothing known; of masks, on the border of what is outlined. "
        "Strangeness: how unlike "
        "those learnt from an image is; above 1 predict warns."
    ),
}

ZH = {
    "doubt.unlike.extent": (
        "{n} 幅图像所示的范围比模型训练所用的更大、更小或比例不同：是否为其他部位，或体素间距有误？对这些"
        "图像不要依赖它。"
    ),
    "doubt.unlike.level": (
        "{n} 幅图像的数值与模型训练所用的相差很远：是否为其他模态、单位或范围？对这些图像不要依赖它。"
    ),
    "doubt.unlike.greys": (
        "{n} 幅图像的明暗分布与模型训练所用的不同：是否被反相，或为其他窗位、模态？对这些图像不要依赖它。"
    ),
    "doubt.unlike.texture": (
        "{n} 幅图像比模型训练所用的更粗或更细：是否被放大、模糊、含噪，或为其他内容？对这些图像不要依赖它。"
    ),
    "doubt.unlike.layout": (
        "{n} 幅图像的布局与模型训练所用的不同：是否为其他部位或视角？对这些图像不要依赖它。"
    ),
    "doubt.unlike.channels": (
        "{n} 幅图像各通道之间的关系与模型训练所用的不同：是否为其他染色、颜色或通道顺序？对这些图像不要依赖"
        "它。"
    ),
    "doubt.unlike.orientation": (
        "{n} 幅图像若镜像或旋转会更像模型训练所用的图像：请检查方向。对这些图像不要依赖它。"
    ),
    "doubt.unlike.inverted": (
        "{n} 幅图像若将明暗反相，便与模型训练所用的相像：请查看它们是否被反相。对这些图像不要依赖它。"
    ),
    "rank.surest_wrong": "最有把握的错误",
    "rank.surest_worst": "最差四分之一中最有把握的",
    "rank.most_uncertain": "最不确定",
    "rank.strangest": "与训练图像最不相像",
    "metric.uncertainty": "自身不确定度",
    "metric.sampled_uncertainty": "多次回答的不确定度",
    "metric.disagreement": "多次回答的分歧",
    "metric.strangeness": "陌生程度",
    "doubts": "疑虑能否预示错误？",
    "doubts.whole": (
        "风险–覆盖曲线下面积：在疑虑最小的病例中答错的比例，对所有作答比例取平均。越低越好：若疑虑能认出每个"
        "错误为 {best}，若一个也认不出为 {chance}（n = {n}）。"
    ),
    "doubts.masks": (
        "风险–覆盖曲线下面积：在疑虑最小的病例中 1 减得分的平均，对所有作答比例取平均。越低越好：若疑虑能认出"
        "每个错误为 {best}，若一个也认不出为 {chance}（n = {n}）。"
    ),
    "doubts.area": "{name} {value}",
    "doubts.areas": "各疑虑：{areas}。",
    "doubts.tta": "多次回答：对镜像的或略亮、略暗、对比略低、略高的图像。",
    "doubts.dropout": "多次回答：如训练时那样随机略去部分特征。",
    "doubts.ensemble": "多次回答：集成中每个网络各一次。",
    "doubts.read": (
        "不确定度：0 为确定，1 为一无所知；对掩膜，取所勾画区域边界上的值。陌生程度：图像与训练图像不相像的"
        "程度；大于 1 时 predict 会警告。"
    ),
}
