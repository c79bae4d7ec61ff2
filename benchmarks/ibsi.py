"""Features against the reference values of the Image Biomarker Standardisation Initiative (IBSI 1).

Goal: every value that the IBSI agreed on, of the digital phantom and of the CT phantom in its five
configurations, within its tolerance; morphology and intensities asked, six texture families beside them.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import nibabel as nib
import numpy as np

from figures import data_root, print_header
from scanwright.core.ibsi import Recipe, ibsi_features
from scanwright.core.texture import WAYS

SLICES, BODY = WAYS[:4], WAYS[4:]
# The configurations of the manual (chapter 5, table 5.1); the digital phantom is used as it is.
RECIPES = {
    "digital": Recipe(bin_width=1, bin_lowest=1, ways=WAYS),
    "A": Recipe(limits=(-500, 400), bin_width=25, ways=SLICES),
    "B": Recipe(spacing_mm=(2, 2, None), is_rounded=True, limits=(-500, 400), ways=SLICES),
    "C": Recipe((2, 2, 2), 1, True, (-1000, 400), bin_width=25, fine_width=2.5, ways=BODY),
    "D": Recipe((2, 2, 2), 1, True, sigmas=3, ways=BODY),
    "E": Recipe((2, 2, 2), 3, True, (-1000, 400), sigmas=3, fine_number=1000, ways=BODY),
}
FAMILIES = {
    "morph": "morphology",
    "loc": "local intensity",
    "stat": "intensity statistics",
    "ih": "histogram",
    "ivh": "volume histogram",
    "cm": "co-occurrence",
    "rlm": "run length",
    "szm": "size zones",
    "dzm": "distance zones",
    "ngt": "grey tone differences",
    "ngl": "dependence",
}


def reference(name: str, root: Path) -> dict[str, tuple[float, float]]:
    """Tag → agreed value and how far off is right: the tolerance, and half of the last digit that is told."""
    file = "ibsi_1_dig_phantom" if name == "digital" else f"ibsi_1_chest_config_{name.lower()}"
    with (root / "ibsi_1_reference_values" / f"{file}.csv").open(encoding="utf-8") as stream:
        rows = list(csv.reader(stream, delimiter=";"))[1:]
    found = {}
    for value, tolerance, tag in rows:
        if value and tag.split("_")[0] in FAMILIES and not tag.startswith("morph_mask_"):
            # Values are told in three significant digits.
            last = 10.0 ** (Decimal(value).adjusted() - 2)
            found[tag] = float(value), float(tolerance) + last / 2 * (1 + 1e-9)
    return found


def features(name: str, root: Path) -> dict[str, float]:
    """Of a phantom by its recipe."""
    kind = "ibsi_1_digital_phantom" if name == "digital" else "ibsi_1_ct_radiomics_phantom"
    image, mask = (
        nib.load(root / kind / "nifti" / part) for part in ("image/phantom.nii.gz", "mask/mask.nii.gz")
    )
    inside = np.asarray(mask.dataobj) > 0
    spacing = [float(step) for step in image.header.get_zooms()[:3]]
    return ibsi_features(image.get_fdata(), inside, spacing, RECIPES[name])[0]


def main() -> None:
    """Print how many values of each family agree, and each one that does not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="print every value")
    options = parser.parse_args()
    start, root = time.monotonic(), data_root() / "ibsi-phantoms"
    print_header("IBSI 1 reference values", n="2 phantoms, 6 configurations")
    right, total, wrong = Counter[tuple[str, str]](), Counter[tuple[str, str]](), []
    for name in RECIPES:
        ours = features(name, root)
        for tag, (value, off) in reference(name, root).items():
            key = name, tag.split("_")[0]
            total[key] += 1
            holds = tag in ours and abs(ours[tag] - value) <= off
            right[key] += holds
            line = f"  {name:8} {tag:34} {ours.get(tag, np.nan):14.6g}  agreed {value:g} ± {off:.3g}"
            wrong += [] if holds else [line]
            if options.all:
                print(line + ("" if holds else "  OFF"))
    print(f"{'family':24}" + "".join(f"{name:>10}" for name in RECIPES))
    for family, words in FAMILIES.items():
        cells = [f"{right[name, family]}/{total[name, family]}" for name in RECIPES]
        print(f"{words:24}" + "".join(f"{cell:>10}" for cell in cells))
    print(f"{'all':24}{sum(right.values())} of {sum(total.values())} within tolerance")
    print("\n".join(wrong))
    print(f"{(time.monotonic() - start) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
