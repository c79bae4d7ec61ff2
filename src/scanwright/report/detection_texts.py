"""Words of reports about findings: boxes, and lesions of masks; a part of ``texts``."""

EN = {
    "title.detection": "How well the model finds objects",
    "asked.detection": "Can a model find {classes} in the images of {source}?",
    "found.objects": (
        "{group}: {hits} of {true} were found; {false} of {found} findings are false alarms ({rate} a case)."
    ),
    "found.no_object": "Nothing was found as {group} in any case.",
    "rules": "What counts",
    "rule.iou": (
        "A finding hits an object of its class where the two boxes share at least {least} of what they cover "
        "together (intersection over union). The surest finding chooses first, and an object is hit once: "
        "whatever else lies on it is a false alarm."
    ),
    "rule.centre": (
        "A finding hits an object of its class where its centre is nearer to that of the object than half of "
        "the object's mean side, measured in {unit}. An object is hit once; further findings on it do not "
        "count (LUNA16)."
    ),
    "rule.precision": (
        "AP and FROC go by this rule, the figures at an IoU by intersection over union (COCO). Of a class at "
        "most {most} findings a case are looked at, the surest."
    ),
    "rule.thresholds": (
        "A finding counts from these scores on, chosen on validation cases for {target} (0.5 where there was "
        "nothing to choose by): {thresholds}."
    ),
    "rule.unreached": "Warning: out of reach for {groups}, whatever the threshold.",
    "rule.reached": "On the {n} validation cases that the thresholds were chosen on, for {target}: {each}.",
    "rule.each": "{group} sensitivity {sensitivity} with {rate} false alarms a case",
    "rule.here": "Here they give a sensitivity of {sensitivity} with {rate} false alarms a case.",
    "rule.short": "That falls short of what they were chosen for, by more than chance.",
    "rule.sizes.2": (
        "Small, medium and large: the root of the area of the object's box is up to {low} px, up to {high} "
        "px, or more (COCO)."
    ),
    "rule.sizes.3": (
        "Small, medium and large: the mean side of the object's box is up to {low} {unit}, up to {high} "
        "{unit}, or more."
    ),
    "rule.flags": "Objects marked as difficult or as a crowd do not count, neither found nor missed.",
    "target.f1": "the best balance of sensitivity and precision (F1)",
    "target.sensitivity": "a sensitivity of {value}",
    "target.false_alarms": "at most {value} false alarms a case",
    "numbers.precision": "Average precision",
    "numbers.threshold": "At the threshold",
    "numbers.froc": "Sensitivity by false alarms a case (FROC)",
    "numbers.sizes": "By size",
    "numbers.sizes_froc": "By size, sensitivity at one false alarm a case",
    "pictures.boxes": "Boxes:",
    "pictures.finding": "finding, with its score",
    "pictures.false": "false alarm (FP)",
    "pictures.missed": "missed (FN)",
    "pictures.dotted": "Dotted: does not count.",
    "pictures.planes": (
        "Of a volume the planes through up to three boxes are shown, those that went wrong first."
    ),
    "curve.froc": "FROC",
    "curve.froc.note": "Shaded: the interval at each of the seven false-alarm rates.",
    "axis.false_alarms": "false alarms a case",
    "axis.sensitivity": "sensitivity",
    "metric.ap": "AP",
    "metric.map50": "AP at IoU 0.5",
    "metric.map": "AP at IoU 0.5–0.95",
    "metric.map50_small": "AP, small",
    "metric.map50_medium": "AP, medium",
    "metric.map50_large": "AP, large",
    "metric.sensitivity": "Sensitivity",
    "metric.sensitivity_small": "Sensitivity, small",
    "metric.sensitivity_medium": "Sensitivity, medium",
    "metric.sensitivity_large": "Sensitivity, large",
    "metric.sensitivity_at_0.125": "Sensitivity at 1/8",
    "metric.sensitivity_at_0.25": "Sensitivity at 1/4",
    "metric.sensitivity_at_0.5": "Sensitivity at 1/2",
    "metric.sensitivity_at_1": "Sensitivity at 1",
    "metric.sensitivity_at_2": "Sensitivity at 2",
    "metric.sensitivity_at_4": "Sensitivity at 4",
    "metric.sensitivity_at_8": "Sensitivity at 8",
    "metric.sensitivity_at_1_small": "Sensitivity at 1, small",
    "metric.sensitivity_at_1_medium": "Sensitivity at 1, medium",
    "metric.sensitivity_at_1_large": "Sensitivity at 1, large",
    "metric.false_alarms_per_case": "False alarms a case",
    "metric.count_error": "Count error",
    "metric.objects": "objects",
    "metric.findings": "findings",
    "metric.hits": "hits",
    "metric.misses": "misses",
    "metric.false_findings": "false alarms",
    "metric.lesion_sensitivity": "Lesions found",
    "metric.lesion_false_alarms": "False lesions a case",
    "about.ap": (
        "average precision: how precise findings are, averaged over recall, whatever the threshold, by the "
        "rule of hits under “What counts”; over all classes it is the mean of theirs (mAP)"
    ),
    "about.map50": "the same, where a hit overlaps with an IoU of 0.5 (COCO); by size it is this, too",
    "about.map": "the same, averaged over ten hit rules from 0.5 to 0.95: boxes must fit well",
    "about.sensitivity": "part of the objects that were found (recall)",
    "about.false_alarms_per_case": "findings that hit nothing; over all classes it is their sum",
    "about.count_error": "how far the number of findings is from the number of objects, on average",
    "about.lesion_sensitivity": (
        "part of the connected pieces of the reference that a piece of the prediction overlaps (intersection "
        "over union of 0.1 or more)"
    ),
    "about.lesion_false_alarms": (
        "connected pieces of the prediction that overlap none of the reference so much"
    ),
}

ZH = {
    "title.detection": "模型查找目标得如何",
    "asked.detection": "模型能否在 {source} 的图像中找出{classes}？",
    "found.objects": (
        "{group}：{true} 个中找到 {hits} 个；{found} 个检出中有 {false} 个误报（每例 {rate} 个）。"
    ),
    "found.no_object": "在所有病例中都没有检出 {group}。",
    "rules": "计数规则",
    "rule.iou": (
        "当检出框与同类目标框的重叠部分至少占两者合并范围的 {least}（交并比）时，算作命中。"
        "得分最高的检出优先匹配，每个目标只命中一次：落在同一目标上的其余检出均为误报。"
    ),
    "rule.centre": (
        "当检出的中心到同类目标中心的距离小于目标平均边长的一半（以 {unit} 计）时，算作命中。"
        "每个目标只命中一次；落在同一目标上的其余检出不计（LUNA16）。"
    ),
    "rule.precision": (
        "AP 和 FROC 按此规则计算，标明 IoU 的数值按交并比计算（COCO）。"
        "每例每类最多考察得分最高的 {most} 个检出。"
    ),
    "rule.thresholds": (
        "检出的得分达到以下阈值才计入；阈值在验证病例上选定，目标为{target}"
        "（无从选择时为 0.5）：{thresholds}。"
    ),
    "rule.unreached": "警告：{groups} 无论取何阈值都达不到该目标。",
    "rule.reached": "在用于选定阈值的 {n} 个验证病例上（目标：{target}）：{each}。",
    "rule.each": "{group} 灵敏度 {sensitivity}，每例误报 {rate} 个",
    "rule.here": "在此处，灵敏度为 {sensitivity}，每例误报 {rate} 个。",
    "rule.short": "这未达到选定阈值时的目标，且超出偶然误差。",
    "rule.sizes.2": "小、中、大：目标框面积的平方根不超过 {low} 像素、不超过 {high} 像素、或更大（COCO）。",
    "rule.sizes.3": "小、中、大：目标框的平均边长不超过 {low} {unit}、不超过 {high} {unit}、或更大。",
    "rule.flags": "标记为困难或成群的目标不计入，检出与否都不影响结果。",
    "target.f1": "灵敏度与精确率的最佳平衡（F1）",
    "target.sensitivity": "灵敏度达到 {value}",
    "target.false_alarms": "每例误报不超过 {value} 个",
    "numbers.precision": "平均精确率",
    "numbers.threshold": "在阈值处",
    "numbers.froc": "不同每例误报数下的灵敏度（FROC）",
    "numbers.sizes": "按大小",
    "numbers.sizes_froc": "按大小：每例一个误报时的灵敏度",
    "pictures.boxes": "方框：",
    "pictures.finding": "检出及其得分",
    "pictures.false": "误报（FP）",
    "pictures.missed": "漏检（FN）",
    "pictures.dotted": "点线：不计入。",
    "pictures.planes": "体数据最多显示穿过三个方框的平面，出错的在前。",
    "curve.froc": "FROC 曲线",
    "curve.froc.note": "阴影：七个误报水平处的区间。",
    "axis.false_alarms": "每例误报数",
    "axis.sensitivity": "灵敏度",
    "metric.ap": "平均精确率（AP）",
    "metric.map50": "平均精确率（IoU 0.5）",
    "metric.map": "平均精确率（IoU 0.5–0.95）",
    "metric.map50_small": "平均精确率（小）",
    "metric.map50_medium": "平均精确率（中）",
    "metric.map50_large": "平均精确率（大）",
    "metric.sensitivity": "灵敏度",
    "metric.sensitivity_small": "灵敏度（小）",
    "metric.sensitivity_medium": "灵敏度（中）",
    "metric.sensitivity_large": "灵敏度（大）",
    "metric.sensitivity_at_0.125": "灵敏度（误报 1/8 个）",
    "metric.sensitivity_at_0.25": "灵敏度（误报 1/4 个）",
    "metric.sensitivity_at_0.5": "灵敏度（误报 1/2 个）",
    "metric.sensitivity_at_1": "灵敏度（误报 1 个）",
    "metric.sensitivity_at_2": "灵敏度（误报 2 个）",
    "metric.sensitivity_at_4": "灵敏度（误报 4 个）",
    "metric.sensitivity_at_8": "灵敏度（误报 8 个）",
    "metric.sensitivity_at_1_small": "灵敏度（误报 1 个），小",
    "metric.sensitivity_at_1_medium": "灵敏度（误报 1 个），中",
    "metric.sensitivity_at_1_large": "灵敏度（误报 1 个），大",
    "metric.false_alarms_per_case": "每例误报数",
    "metric.count_error": "计数误差",
    "metric.objects": "目标",
    "metric.findings": "检出",
    "metric.hits": "命中",
    "metric.misses": "漏检",
    "metric.false_findings": "误报",
    "metric.lesion_sensitivity": "病灶检出率",
    "metric.lesion_false_alarms": "每例误报病灶数",
    "about.ap": "不论阈值，按“计数规则”中的命中标准，检出的精确率对召回率的平均；“全部”为各类别的平均（mAP）",
    "about.map50": "同上，命中标准为交并比 0.5（COCO）；按大小列出的也是它",
    "about.map": "同上，对 0.5 至 0.95 的十个命中标准取平均：方框必须吻合得好",
    "about.sensitivity": "找到的目标所占比例（召回率）",
    "about.false_alarms_per_case": "没有命中任何目标的检出；“全部”为各类别之和",
    "about.count_error": "检出数与目标数平均相差多少",
    "about.lesion_sensitivity": "参考标注的连通块中，被预测的某个连通块重叠（交并比不低于 0.1）的比例",
    "about.lesion_false_alarms": "预测的连通块中，与参考标注没有这样重叠的个数",
}
