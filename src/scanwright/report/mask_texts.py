"""Words of reports about masks; a part of ``texts``."""

EN = {
    "metric.assd": "Average surface distance",
    "metric.cldice": "clDice",
    "about.assd": "mean distance between the outlines, symmetric; smaller is better",
    "about.cldice": "overlap of the centre lines: thin branches weigh as much as thick ones",
    "volumes": "{name}: differences of volume, {unit} (Bland–Altman)",
}

ZH = {
    "metric.assd": "平均表面距离",
    "metric.cldice": "clDice",
    "about.assd": "两条轮廓间的平均距离（对称）；越小越好",
    "about.cldice": "中心线的重叠程度：细分支与粗分支同等重要",
    "volumes": "{name}：体积差值，{unit}（Bland–Altman 图）",
}
