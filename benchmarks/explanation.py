"""Explanations: do maps point at a planted lesion, do trials catch broken maps, do maps expose a shortcut?

Slices of known truth (``phantoms/slices.py``) are classified as with and without a lesion by a small network,
trained here with the ordinary command. Then, on test slices with a lesion:

1. the pointing game of every method, worst first, and how many of its maps stood their trials;
2. three methods that are broken on purpose and know nothing of the model, put to the same trials;
3. the same for a model whose training slices bear a marker in the corner wherever there is a lesion, and the
   lesion is faint; its page and pictures are written to look at.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

import scanwright as sw
from figures import arguments, print_header, print_number, progress
from scanwright.data.dataset import Dataset
from scanwright.data.map_kinds import MAP_KINDS, MAPS_BY_NAME, MapKind
from scanwright.explanation.catalogue import METHODS
from scanwright.explanation.question import Question
from scanwright.phantoms.slices import MARKER, SliceSettings, write_slices


def edges(question: Question, image: torch.Tensor, blank: torch.Tensor) -> torch.Tensor:
    """Where the image itself changes: looks like a map, and never asks the model."""
    down = image[0, 0].diff(dim=0, append=image[0, 0, -1:])
    across = image[0, 0].diff(dim=1, append=image[0, 0, :, -1:])
    return torch.hypot(down, across)


def brightness(question: Question, image: torch.Tensor, blank: torch.Tensor) -> torch.Tensor:
    """What is brighter than its surroundings: on these slices that is the lesion, whatever was learnt."""
    return (image - blank)[0, 0]


def middle(question: Question, image: torch.Tensor, blank: torch.Tensor) -> torch.Tensor:
    """Always the middle of the picture."""
    lines = [torch.linspace(-1, 1, n) for n in image.shape[2:]]
    return -(lines[0][:, None] ** 2) - lines[1][None, :] ** 2


BROKEN = (edges, brightness, middle)


def trained(args: Any, name: str, settings: SliceSettings, family: str) -> tuple[Any, Dataset]:
    """A model of that family of networks (as the rules have it for ""), and the test slices with a lesion."""
    data = sw.open(write_slices(args.out / f"{name}-data", settings))
    overrides = {"network.family": family} if family else {}
    wishes = {"task": "classification", "seed": args.seed, "overrides": overrides}
    plan = sw.plan(data, minutes=args.minutes, **wishes).plan
    # So many steps, whatever else the machine has to do.
    pace = ((args.steps // 2, 0.5), (args.steps - args.steps // 2, 1.0))
    with progress() as told:
        model = (
            sw.load(args.out / name)
            if args.reuse and (args.out / name / "model").exists()
            else sw.train(
                data,
                args.out / name,
                plan=replace(plan, pace=pace),
                threads=args.threads,
                overwrite=True,
                progress=told,
            )
        )
    print(f"{name}: {model.plan.network.family}, {sum(n for n, _ in model.plan.pace)} steps", flush=True)
    evaluation = sw.evaluate(model, data, threads=args.threads)
    print_number(f"{name}: AUROC of the model, test slices", evaluation.number("auroc"))
    cases = [case for case in data.cases if case.split == "test" and case.label == "lesion"]
    return model, replace(data, cases=tuple(cases[: args.cases]))


def explained(args: Any, name: str, model: Any, cases: Dataset, methods: list[str] | None) -> Any:
    """Its explanation, printed: methods with the lowest score of the pointing game first."""
    with progress() as told:
        result = sw.explain(
            model,
            cases,
            args.out / f"{name}-explained",
            methods=methods,
            class_name="lesion",
            seed=args.seed,
            threads=args.threads,
            overwrite=True,
            progress=told,
        )
    numbers = {(one["name"], one["group"]): one for one in result.content["numbers"]}
    order = sorted(result.content["asked"]["methods"], key=lambda one: numbers["pointing", one]["value"])
    for method in order:
        own = {key: numbers[key, method] for key in ("pointing", "stood")}
        mean = {
            key: numbers[key, method]["value"]
            for key in ("deletion", "chance_deletion", "insertion", "chance_insertion", "correlation")
        }
        print_number(f"{name}: {method:22} pointing game", own["pointing"])
        print_number(f"{name}: {method:22} stood", own["stood"])
        print(
            f"{name}: {method:22} deletion {mean['deletion']:.3f} (chance {mean['chance_deletion']:.3f}), "
            f"insertion {mean['insertion']:.3f} (chance {mean['chance_insertion']:.3f}), "
            f"correlation with fresh weights {mean['correlation']:.2f}",
            flush=True,
        )
    return result


def at_marker(result: Any) -> None:
    """Of each method, how many peaks lie on the marker or within two pixels of it."""
    records = result.content["records"]
    for method in result.content["asked"]["methods"]:
        peaks = [record["maps"][method]["peak_ijk"] for record in records]
        hits = sum(max(peak[:2]) <= MARKER + 2 for peak in peaks)
        print(f"marker: {method:22} peak at the marker in {hits} of {len(peaks)}", flush=True)


def main() -> None:
    """Train, explain and print."""
    parser = arguments(__doc__ or "", minutes=2.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--family", default="", help="of networks; by default as the plan's rules have it")
    parser.add_argument("--reuse", action="store_true", help="models that an earlier run left in --out")
    parser.add_argument("--steps", type=int, default=200, help="of training")
    parser.add_argument("--cases", type=int, default=24, help="slices with a lesion that are explained")
    parser.add_argument("--parts", default="lesion,broken,marker", help="some of lesion, broken, marker, vit")
    args = parser.parse_args()
    parts = args.parts.split(",")
    args.out = Path(args.out) / "explanation"
    args.out.mkdir(parents=True, exist_ok=True)
    print_header("Explanations", seed=args.seed, steps=args.steps, cases=args.cases)
    if {"lesion", "broken"} & set(parts):
        model, cases = trained(args, "lesion", SliceSettings(seed=args.seed), args.family)
        if "lesion" in parts:
            explained(args, "lesion", model, cases, None)
        if "broken" in parts:
            for method in BROKEN:
                METHODS[method.__name__] = method
                MAPS_BY_NAME[method.__name__] = MapKind(method.__name__, method.__name__, "broken", "")
            explained(args, "broken", model, cases, [method.__name__ for method in BROKEN])
    if "marker" in parts:
        settings = SliceSettings(marker=True, contrast=25.0, seed=args.seed + 1)
        model, cases = trained(args, "marker", settings, args.family)
        result = explained(args, "marker", model, cases, None)
        at_marker(result)
        print(f"marker: page to look at: {result.folder / 'explanation.html'}")
    if "vit" in parts:
        model, cases = trained(args, "vit", SliceSettings(seed=args.seed), "vit")
        explained(args, "vit", model, cases, [kind.name for kind in MAP_KINDS])


if __name__ == "__main__":
    main()
