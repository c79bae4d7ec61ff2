"""Words of what must stand on the first screen of a report; a part of ``texts``."""

EN = {
    "first.recall": "Recognised of those that are of the class: {recalls}.",
    "first.recall_worst": "Recognised of those that are of the class, the worst classes: {recalls}.",
    "first.recall_two": (
        "Recognised of those that are of the class (sensitivity of one, specificity of the other): {recalls}."
    ),
    "first.referred": "Share of the cases in which a person is asked: {share}.",
    "first.lesions": (
        "{group}: {found} of {n} lesions found, {share}; {false} false findings in {n_cases} cases."
    ),
    "first.unknown_classes": (
        "{n} cases have a class that the model does not know ({named}). They are in none of these numbers, "
        "and the model would call each one of its own classes."
    ),
    "first.group": (
        "Worse by {column}: {name} {low} in {worse} against {high} in {better} (p {p}, corrected for many "
        "looks)."
    ),
    "first.broken.set_coverage": (
        "Not kept: in {level} % of {group} the true class was to be among those named; here {share}."
    ),
    "first.broken.volume_coverage": (
        "Not kept: in {level} % of the cases the true volume of {group} was to lie in its interval; "
        "here {share}."
    ),
    "first.broken.coverage": (
        "Not kept: in {level} % of the cases the true number was to lie in its interval; here {share}."
    ),
    "first.calibration": "Calibration made the probabilities worse here: {name} {before} before, {now} now.",
    "first.costs": (
        "With your costs the answers cost {times} times ({interval}) what always giving the best single "
        "answer costs."
    ),
    "first.costs_equal": (
        "With every class weighing the same, the answers "
        "cost {times} times ({interval}) what always giving the "
        "best single answer costs."
    ),
    "first.scope": ("For images like those learnt from: {what}. Not for other images."),
    "first.scope_classes": "labels {classes}",
    "first.to": " to ",
    "first.photographs": "photographs",
    "first.voxels": "voxels of {sizes} mm",
    "first.pixels": "{sizes} pixels",
    "first.semicolon": "; ",
    "next.unknown_classes": (
        "Train with examples of the unknown class ({n} "
        "cases here), or keep such patients away from the model."
    ),
    "limits": "Limits",
}

ZH = {
    "first.recall": "各类别的病例中被识别的比例：{recalls}。",
    "first.recall_worst": "各类别的病例中被识别的比例（最差的类别）：{recalls}。",
    "first.recall_two": "各类别的病例中被识别的比例（对一类是灵敏度，对另一类是特异度）：{recalls}。",
    "first.referred": "转交人工判断的病例比例：{share}。",
    "first.lesions": "{group}：{n} 个病灶中找到 {found} 个，{share}；{n_cases} 个病例中误报 {false} 处。",
    "first.unknown_classes": (
        "{n} 个病例属于模型不认识的类别（{named}）。它"
        "们未计入这些数值；模型会把每一例都判为它自己的某一类别。"
    ),
    "first.group": (
        "按{column}较差：{worse} 的{name}为 {low}，{better} 为 {high}（p {p}，已按多次比较校正）。"
    ),
    "first.broken.set_coverage": (
        "承诺未兑现：{group} 的病例中应有 {level}% 的真实类别在所列之中；此处为 {share}。"
    ),
    "first.broken.volume_coverage": (
        "承诺未兑现：应有 {level}% 的病例中 {group} 的真实体积在区间内；此处为 {share}。"
    ),
    "first.broken.coverage": "承诺未兑现：应有 {level}% 的病例真实值在区间内；此处为 {share}。",
    "first.calibration": "此处校准使概率变差：{name}校准前为 {before}，现在为 {now}。",
    "first.costs": "按您给定的代价，模型答案的代价是总给出最佳单一答案的 {times} 倍（{interval}）。",
    "first.costs_equal": "各类别同等重要时，模型答案的代价是总给出最佳单一答案的 {times} 倍（{interval}）。",
    "first.scope": "适用于与训练图像同类的图像：{what}。不适用于其他图像。",
    "first.scope_classes": "标签为{classes}",
    "first.to": " 至 ",
    "first.photographs": "照片",
    "first.voxels": "体素 {sizes} mm",
    "first.pixels": "{sizes} 像素",
    "first.semicolon": "；",
    "next.unknown_classes": "加入未知类别的样本重新训练（此处 {n} 个病例），或不对这类患者使用该模型。",
    "limits": "局限",
}
