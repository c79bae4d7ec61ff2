"""Words of the page on the result of one case, in English and in Chinese; a part of ``texts``."""

EN = {
    "title.result": "What a model found in one case",
    "result.asked.masks": "Where in this image are: {classes}? How large are they?",
    "result.asked.boxes": "Which of these are in this image, and where: {classes}?",
    "result.asked.class": "Which of these does this image show: {classes}?",
    "result.asked.value": "How much is {classes} in this image?",
    "result.none": "Nothing is outlined.",
    "result.none_found": "Nothing was found.",
    "result.count": "Findings: {n}",
    "result.case": "case",
    "result.class": "Class",
    "result.volume": "Volume ({unit})",
    "result.probability": "Probability",
    "result.score": "Score",
    "result.value": "Value",
    "result.interval.masks": (
        "In brackets: the interval that should hold the true volume, by the validation cases of the model."
    ),
    "result.interval.value": (
        "In brackets: the interval that should hold the true number, by the validation cases of the model."
    ),
    "result.no_interval": "How far off this may be is not known: the validation cases were too few.",
    "result.refer": "A person must see this case: {reason}.",
    "result.alike": "The image is like those that the model learnt from.",
    "result.next.look": "Look at the images yourself: does what was found fit?",
    "result.next.objects": "Outlines and measurements lie beside this page, as objects of the same study.",
    "result.some": "{shown} of {total} rows are shown; all are in the tables beside the results.",
    "result.alt": "Planes of the image with what was found",
    "result.model": "model",
}

ZH = {
    "title.result": "模型在一个病例中的发现",
    "result.asked.masks": "图像中 {classes} 位于何处？有多大？",
    "result.asked.boxes": "图像中有以下哪些，位于何处：{classes}？",
    "result.asked.class": "图像显示的是以下哪一类：{classes}？",
    "result.asked.value": "图像中 {classes} 的数值是多少？",
    "result.none": "没有勾画出任何结构。",
    "result.none_found": "没有发现任何目标。",
    "result.count": "发现数目：{n}",
    "result.case": "病例",
    "result.class": "类别",
    "result.volume": "体积（{unit}）",
    "result.probability": "概率",
    "result.score": "得分",
    "result.value": "数值",
    "result.interval.masks": "括号内：按模型的验证病例，应包含真实体积的区间。",
    "result.interval.value": "括号内：按模型的验证病例，应包含真实数值的区间。",
    "result.no_interval": "误差范围未知：验证病例太少。",
    "result.refer": "该病例必须由人判读：{reason}。",
    "result.alike": "该图像与模型学习过的图像相似。",
    "result.next.look": "请亲自查看图像：所发现的是否相符？",
    "result.next.objects": "勾画和测量结果作为同一检查的对象存放在本页旁边。",
    "result.some": "显示了 {total} 行中的 {shown} 行；全部内容在结果旁的表格中。",
    "result.alt": "图像的层面及所发现的内容",
    "result.model": "模型",
}
