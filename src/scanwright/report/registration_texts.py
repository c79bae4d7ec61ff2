"""Words of the pages of ``register`` and ``fuse``, in English and in Chinese; a part of ``texts``."""

EN = {
    "title.register": "One image laid on another",
    "register.asked": "Where does every place of {fixed} lie in {moving}?",
    "register.kind.rigid": "Rigid: turned and shifted, nothing else.",
    "register.kind.affine": "Affine: turned, shifted, stretched and sheared.",
    "register.kind.deformable": "Deformable: affine, then bent by B-splines that can't fold.",
    "register.masked": "Compared only inside the mask {mask}.",
    "register.ok": "Registered: {share} of {n} places with structure fit where they were laid.",
    "register.failed": "The registration failed: do not use it.",
    "register.reason.little_in_common": (
        "Only {covered} of the body in the fixed image lies in the moving one. Do both show the same part?"
    ),
    "register.reason.few_places": (
        "Only {n} places have enough structure to be checked, so nothing vouches for the result."
    ),
    "register.reason.places": (
        "Only {share} of {n} places with structure fit where they were laid. So it is with images of "
        "different patients, of different parts of the body, mirrored, or without structure."
    ),
    "register.reason.both_ways": (
        "Registered the other way round, places come back {inverse} mm away on average: the two answers "
        "contradict each other."
    ),
    "register.reason.mirrored": (
        "Mirrored, the moving image would fit better: in one of the two, left and right are exchanged."
    ),
    "register.reason.folded": "The map is folded: two places of the fixed image lie at one of the moving.",
    "register.moved": "Places move by {mean} mm on average, at most {most} mm.",
    "register.sure.places": (
        "Each place with structure looks around for where it fits best: half of them within {error} mm of "
        "where they were laid, told in steps of the grid ({step} mm). By chance {chance} would fit."
    ),
    "register.sure.both_ways": "There and back, places come back within {inverse} mm on average.",
    "register.sure.blind": (
        "No number sees everything: what grew, shrank or was cut out does not fit, and should not."
    ),
    "register.next.look": (
        "Look at the pictures: outlines run on from square to square, and edges lie on edges, where it fits."
    ),
    "register.next.failed": "Check patient, body part and orientation of both images; try --mask or --kind.",
    "register.numbers": "Numbers",
    "register.similarity": "Mutual information, by the headers → registered (nats)",
    "register.overlap": "Overlap of both bodies (Dice)",
    "register.covered": "Part of the fixed body that the moving image reaches",
    "register.displacement": "Displacement, mean / most (mm)",
    "register.inverse": "There and back, mean (mm)",
    "register.starts": "Starts that ended at this pose",
    "register.places": "Places that fit",
    "register.jacobian": "Volume, moving over fixed, least / most",
    "register.before": "By the headers",
    "register.after": "Registered",
    "register.pictures.note": (
        "Above: squares of both images in turn, the moving one in the window of the fixed. Below: the moving "
        "image with edges of the fixed one in orange."
    ),
    "register.fixed": "fixed image",
    "register.moving": "moving image",
    "title.fuse": "Images laid over one another",
    "fuse.asked": "What do {names} show at the same places?",
    "fuse.found": "{n} images on the grid of {base}.",
    "fuse.by.headers": "Laid over one another as their headers say; nothing was registered.",
    "fuse.by.registration": "Registered onto the first image ({kind}).",
    "fuse.set_aside": "Left out: {name}. {reason}",
    "fuse.apart": "It does not overlap the first image.",
    "fuse.opacity": (
        "{top} in colour over {base} in grey: from clear at {low} to {opacity} % opaque at {high}."
    ),
    "fuse.sure": (
        "Headers of one examination agree as far as the patient lay still; breathing and the heart move "
        "organs between CT and PET by a centimetre and more."
    ),
    "fuse.next.look": "Look at edges that both images show: do they lie on one another?",
    "fuse.stack": "{file} holds all images as channels, in this order: {names}.",
    "fuse.shows": "{top} on {base}",
}

ZH = {
    "title.register": "将一幅图像配准到另一幅",
    "register.asked": "{fixed} 的每个位置在 {moving} 中位于何处？",
    "register.kind.rigid": "刚性：仅旋转和平移。",
    "register.kind.affine": "仿射：旋转、平移、缩放和剪切。",
    "register.kind.deformable": "形变：先仿射，再用不会折叠的 B 样条弯曲。",
    "register.masked": "仅在掩膜 {mask} 内比较。",
    "register.ok": "已配准：{n} 处有结构的位置中 {share} 吻合。",
    "register.failed": "配准失败：请勿使用。",
    "register.reason.little_in_common": "固定图像中的身体仅 {covered} 位于移动图像内。两者是否显示同一部位？",
    "register.reason.few_places": "仅 {n} 处有足够的结构可供检查，结果无从证实。",
    "register.reason.places": (
        "{n} 处有结构的位置中仅 {share} 吻合。不同患者、不同部位、左右镜像或缺乏结构的图像会如此。"
    ),
    "register.reason.both_ways": "反方向配准后，各位置平均偏离 {inverse} mm：两个结果互相矛盾。",
    "register.reason.mirrored": "若将移动图像左右镜像，则更吻合：两者之一左右颠倒。",
    "register.reason.folded": "映射发生折叠：固定图像的两个位置对应移动图像的同一位置。",
    "register.moved": "各位置平均移动 {mean} mm，最多 {most} mm。",
    "register.sure.places": (
        "每处有结构的位置在周围寻找最吻合之处：一半距配准位置不超过 {error} mm（以网格步长 {step} mm 计）。"
        "随机情况下 {chance} 会吻合。"
    ),
    "register.sure.both_ways": "往返之后，各位置平均偏离 {inverse} mm。",
    "register.sure.blind": "没有数字能看到一切：生长、缩小或被切除的部分不吻合，也不应吻合。",
    "register.next.look": "请看图片：吻合之处，轮廓在方格间连续，边缘落在边缘上。",
    "register.next.failed": "请检查两幅图像的患者、部位和方向；可尝试 --mask 或 --kind。",
    "register.numbers": "数值",
    "register.similarity": "互信息，按头文件 → 配准后 (nats)",
    "register.overlap": "两者身体的重叠 (Dice)",
    "register.covered": "移动图像所覆盖的固定图像身体部分",
    "register.displacement": "位移，平均 / 最大 (mm)",
    "register.inverse": "往返，平均 (mm)",
    "register.starts": "到达此姿态的起点数",
    "register.places": "吻合的位置",
    "register.jacobian": "体积，移动比固定，最小 / 最大",
    "register.before": "按头文件",
    "register.after": "配准后",
    "register.pictures.note": (
        "上：两幅图像的方格交替，移动图像用固定图像的窗显示。下：移动图像，固定图像的边缘为橙色。"
    ),
    "register.fixed": "固定图像",
    "register.moving": "移动图像",
    "title.fuse": "图像融合",
    "fuse.asked": "{names} 在相同位置显示什么？",
    "fuse.found": "{n} 幅图像位于 {base} 的网格上。",
    "fuse.by.headers": "按头文件叠加；未做配准。",
    "fuse.by.registration": "已配准到第一幅图像（{kind}）。",
    "fuse.set_aside": "未纳入：{name}。{reason}",
    "fuse.apart": "它与第一幅图像不重叠。",
    "fuse.opacity": "{top} 以彩色叠加在灰度的 {base} 上：{low} 处透明，{high} 处不透明度 {opacity} %。",
    "fuse.sure": "同一次检查的头文件只在患者静卧时一致；呼吸和心跳会使 CT 与 PET 之间的器官移动一厘米以上。",
    "fuse.next.look": "请看两幅图像都显示的边缘：是否重合？",
    "fuse.stack": "{file} 以通道保存全部图像，顺序为：{names}。",
    "fuse.shows": "{top} 叠加于 {base}",
}
