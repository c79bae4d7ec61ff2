"""Words of reports about grades, several classes at once and numbers, and of doubts; a part of ``texts``."""

EN = {
    "title.ordinal": "How well the model grades",
    "title.multilabel": "How well the model finds each class",
    "title.regression": "How well the model estimates a number",
    "asked.ordinal": "Can a model grade the images of {source} ({classes})?",
    "asked.multilabel": "Can a model tell which of {classes} the images of {source} show?",
    "asked.regression": "Can a model tell “{classes}” from the images of {source}?",
    "found.all_right": "In {right} of {total} cases exactly the right classes were named.",
    "found.within": (
        "The interval of a prediction is ± {half_width}; it should hold the true number in {level} % of "
        "cases like these. Here it does in {within} of {total}."
    ),
    "sure.chance.kappa": (
        "The interval reaches down to chance (0): the model may grade no better than a guess."
    ),
    "sure.chance.r2": (
        "The interval of R² reaches down to 0: the model may be no better than giving every case the mean."
    ),
    "sure.no_half_width": (
        "Single predictions have no interval: the validation cases are too few for one that holds the true "
        "number in {level} % of the cases."
    ),
    "sure.members_missing": (
        "The model is {n} of the {planned} networks that its plan wanted: the training was stopped before "
        "the others. Train again without stopping for all of them."
    ),
    "comparator.training_mean": "always the mean of the training cases",
    "sure.half_width": (
        "The interval of a prediction comes from the validation cases, which also chose when to stop: it may "
        "be a little too narrow. It has the same width for every case."
    ),
    "none_of_them": "none",
    "n_wrong": "classes wrong",
    "difference": "predicted − true",
    "agreement": "Predicted and true numbers",
    "agreement.scatter": "Predicted against true",
    "agreement.scatter.note": "On the line both are the same; dashed: the interval of the predictions.",
    "agreement.differences": "Differences (Bland–Altman)",
    "agreement.differences.note": (
        "The line is the mean difference ({bias}); dashed: the limits of agreement ({low} to {high}), which "
        "hold 95 % of the differences if these are normal."
    ),
    "agreement.some": "{shown} of {total} cases are drawn.",
    "axis.true": "true",
    "axis.predicted": "predicted",
    "axis.mean": "mean of predicted and true",
    "metric.kappa": "Weighted kappa",
    "metric.grade_error": "Mean error",
    "metric.within_one": "Within one grade",
    "metric.mae": "Mean absolute error",
    "metric.rmse": "Root mean square error",
    "metric.r2": "R²",
    "metric.pearson": "Pearson's r",
    "metric.spearman": "Spearman's ρ",
    "metric.bias": "Bias",
    "metric.coverage": "Coverage",
    "about.kappa": (
        "agreement of the grades beyond chance, errors by the square of their distance; "
        "1 is perfect, 0 is chance"
    ),
    "about.grade_error": "how many grades a prediction is off, on average; grades count as equally far apart",
    "about.within_one": "part of the cases that are right or one grade off",
    "about.mae": (
        "what a prediction is off, on average, in the unit of the number; compare it with that of always "
        "giving the mean of the training cases"
    ),
    "about.rmse": "the same with large errors counting more",
    "about.r2": "share of the variance that is explained; 0 is as good as always giving the mean",
    "about.pearson": "linear correlation of predicted and true, −1 to 1",
    "about.spearman": "the same of their ranks",
    "about.bias": "predicted minus true, on average",
    "about.coverage": "part of the cases whose true number the interval of the prediction holds",
    "doubt.modality": (
        "Images are {received} (n = {n}), and the model learnt from {expected}: do not rely on it there."
    ),
    "doubt.spacing": (
        "The voxel spacing of images ({received}, n = {n}) is far from what the model learnt from "
        "({expected}): do not rely on it there."
    ),
    "doubt.size": (
        "The longest side of images ({received}, n = {n}) is far from what the model learnt from "
        "({expected}): what they show may be too small or too large for it. Crop or resize them."
    ),
    "doubt.gaps": (
        "{received} of the voxels of images (n = {n}) are not numbers (NaN or infinite). They were taken for "
        "the lowest value of the image, so what lies there was not seen, and "
        "volumes may be too small: export the images again."
    ),
    "doubt.few_gaps": (
        "{received} of the voxels of images (n = {n}) are not numbers (NaN or infinite). They were taken for "
        "the lowest value of the image."
    ),
    "doubt.class_names": (
        "The data set names some classes otherwise ({received}) than the model ({expected}): make sure that "
        "they are the same."
    ),
}

ZH = {
    "title.ordinal": "模型分级得如何",
    "title.multilabel": "模型识别各类别得如何",
    "title.regression": "模型估计数值得如何",
    "asked.ordinal": "模型能否对 {source} 的图像分级（{classes}）？",
    "asked.multilabel": "模型能否判断 {source} 的图像显示了{classes}中的哪些？",
    "asked.regression": "模型能否从 {source} 的图像得出“{classes}”？",
    "found.all_right": "{total} 个病例中有 {right} 个所列类别完全正确。",
    "found.within": (
        "预测区间为 ± {half_width}；在 {level}% 的此类病例中应包含真实值。"
        "此处 {total} 例中有 {within} 例包含。"
    ),
    "sure.chance.kappa": "区间下限达到随机水平（0）：模型的分级可能不比猜测好。",
    "sure.chance.r2": "R² 的区间下限达到 0：模型可能不比对每个病例都给出平均值更好。",
    "sure.no_half_width": "单个预测没有区间：验证病例太少，无法给出在 {level}% 的病例中包含真实值的区间。",
    "sure.members_missing": (
        "该模型只有计划的 {planned} 个网络中的 {n} 个：其余网络在训练之前被中止。"
        "重新训练且不中止即可得到全部。"
    ),
    "comparator.training_mean": "总是给出训练病例的平均值",
    "sure.half_width": (
        "预测区间来自验证病例，而这些病例也用于决定何时停止训练，因此区间可能略窄。所有病例的区间宽度相同。"
    ),
    "none_of_them": "无",
    "n_wrong": "判错的类别数",
    "difference": "预测值 − 真实值",
    "agreement": "预测值与真实值",
    "agreement.scatter": "预测值对真实值",
    "agreement.scatter.note": "线上两者相等；虚线：预测区间。",
    "agreement.differences": "差值（Bland–Altman 图）",
    "agreement.differences.note": (
        "实线为平均差值（{bias}）；虚线为一致性界限（{low} 至 {high}），若差值服从正态分布，则包含其中 95%。"
    ),
    "agreement.some": "共 {total} 个病例，画出 {shown} 个。",
    "axis.true": "真实值",
    "axis.predicted": "预测值",
    "axis.mean": "预测值与真实值的平均",
    "metric.kappa": "加权 kappa",
    "metric.grade_error": "平均误差",
    "metric.within_one": "相差不超过一级",
    "metric.mae": "平均绝对误差",
    "metric.rmse": "均方根误差",
    "metric.r2": "R²",
    "metric.pearson": "皮尔逊 r",
    "metric.spearman": "斯皮尔曼 ρ",
    "metric.bias": "偏差",
    "metric.coverage": "覆盖率",
    "about.kappa": "超出随机水平的分级一致性，误差按级差的平方加权；1 为完全一致，0 为随机",
    "about.grade_error": "预测平均相差几级；各级之间视为等距",
    "about.within_one": "判对或只差一级的病例所占比例",
    "about.mae": "预测的平均误差，单位与该数值相同；请与总是给出训练病例平均值的误差比较",
    "about.rmse": "同上，较大的误差权重更大",
    "about.r2": "被解释的方差所占比例；0 相当于总是给出平均值",
    "about.pearson": "预测值与真实值的线性相关，−1 至 1",
    "about.spearman": "两者秩次的相关",
    "about.bias": "预测值减真实值的平均",
    "about.coverage": "真实值落在预测区间内的病例所占比例",
    "doubt.modality": "{n} 幅图像为 {received}，而模型是用 {expected} 训练的：对这些图像不要依赖它。",
    "doubt.spacing": (
        "{n} 幅图像的体素间距（{received}）与模型训练所用的（{expected}）相差很大：对这些图像不要依赖它。"
    ),
    "doubt.size": (
        "{n} 幅图像的最长边（{received}）与模型训练所用的（{expected}）相差很大："
        "其中的目标可能过小或过大，请裁剪或缩放。"
    ),
    "doubt.gaps": (
        "{n} 幅图像中有 {received} 的体素不是数值（NaN 或无穷大），已按图像的最低值处理：该处的内容"
        "没有被看到，体积可能偏小。请重新导出图像。"
    ),
    "doubt.few_gaps": "{n} 幅图像中有 {received} 的体素不是数值（NaN 或无穷大），已按图像的最低值处理。",
    "doubt.class_names": (
        "数据集中某些类别的名称（{received}）与模型的（{expected}）不同：请确认它们是同一类别。"
    ),
}
