"""``docs/results/fer2013.md`` out of the JSON files: nothing is on the page that is not in one of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fer2013 import tables
from fer2013.aims import aims
from fer2013.comparisons import controls, in_its_place, number_or_filter, of_other_runs, together
from fer2013.experiments import EACH_RUN, experiments
from fer2013.steps import AGAIN, BOTH, OTHERS_AGAIN, PRIORITIES, RESAMPLED, RUNS, TARGETS
from fer2013.summary import between, chosen_way
from fer2013.trainings import beside, side_by_side, ways

Record = Mapping[str, Any]

COMMAND = "python examples/reproduce_fer2013.py --csv fer2013.csv --ferplus fer2013new.csv"

HEAD = """# FER2013: the protocol, and what it found

Made by `examples/reproduce_fer2013.py --report` out of the figures in `docs/results/fer2013/`; do not edit.
Each section shows the commands whose figures it prints, for the workspace `artifacts`;

```bash
{command} --scale full
```

runs them and all that they need (trainings, synthesis) in their order, for nine minutes, and goes on when
called again (`--minutes 3000`: by itself); `--list` prints them all. `--scale reduced` is what two CPU cores
can do in a day or two:
**what is labelled reduced shows that the chain works, and says little about what full trainings reach**. Each
finished repeat is a file of its own, and other machines' repeats join in.
No face of FER2013 is shown here, and no translation of one: many are so near to their source that they are
FER2013's images for all purposes."""

ELSEWHERE = """## Figures elsewhere

| | accuracy on test, % |
| --- | ---: |
| `simple`, the slides that inspired feraug, real | 65.09 |
| the same, with synthetic images | 66.26 |
| its recall of Neutral: real, with synthetic images | 73, 67 |
| VGG19, the slides | about 73 |
| VGG19, [a public repository][wujie], epoch chosen on the test set | 73.1 |
| VGG19, epoch chosen on validation | 72.6 |
| VGGNet, Khaireddin and Chen, [arXiv:2105.03588](https://arxiv.org/abs/2105.03588) | 73.28 |

The slides are no publication that could be cited, and give single runs without intervals: of a share of
65 % in 3,589 images the standard error is 0.8 points, before the randomness of training. 72.6 was told to us
without a source. An epoch chosen on the test set flatters.

[wujie]: https://github.com/WuJie1010/Facial-Expression-Recognition.Pytorch"""

SEVERAL_RUNS = (
    "Every other interval on this page takes the synthetic images as given. "
    f"{', '.join(f'*{bench}*' for bench in RUNS)} have those of several runs of one recipe, each from a seed "
    f"of its own, filtered by classifiers of the same settings. In *{EACH_RUN[0]}* the first repeat has the "
    "first run's, the second the second's, and so on, so the luck of a run is in its interval. Repeats are "
    "compared with real faces on the same machine: the same seed comes to something else on another CPU."
)

EARLIER = {
    3: "[`simple`, eight epochs](fer2013-simple.md)",
    4: "[translators of 20 minutes](fer2013-translators.md), [side by side](compare-fer2013.md)",
}
"""Results from before this protocol, by priority."""

MORE = """## More

Reduced, made with other settings before this protocol: [`simple`, eight epochs](fer2013-simple.md),
[translators of 20 minutes](fer2013-translators.md), [the same side by side](compare-fer2013.md). What the
figures mean: [the benchmark](../bench.md), [the comparison](../compare.md), [similarity](../similarity.md),
[the audit](../audit.md)."""


def write_page(folder: Path) -> Path:
    """Write the page beside the folder of the JSON files."""
    records = read(folder)
    makers: Mapping[int, Callable[[Sequence[Record]], list[str]]] = {
        1: tables.data, 2: tables.translators, 3: lambda all_: side_by_side(all_, ("simple",)),
        4: lambda all_: tables.compared(all_, ("translators",)),
        5: lambda all_: ways(all_) + number_or_filter(all_) + tables.of_other_translators(all_),
        6: lambda all_: side_by_side(
            all_, ("simple-wider", "vgg19", "surreal", "simple-controls", "simple-synthetic")
        ),
        # The first has the translations of the next three, all of them and no more neutral images.
        7: lambda all_: side_by_side(
            all_, ("simple-long", "simple-few", "simple-neutral", "simple-noise", "simple-noise-sources")
        )
        + beside(all_, ("simple-few", "simple-neutral"))
        + tables.filtered(all_, "long-all-neutral")
        + tables.filtered(all_, "noise-neutral")
        + tables.distributions(all_, "noise"),
        8: lambda all_: tables.fewer(all_)
        + side_by_side(all_, ("simple-tenth",))
        + tables.filtered(all_, "tenth-all"),
        9: lambda all_: [SEVERAL_RUNS] * any(EACH_RUN in one.arms for one in experiments(all_))
        + of_other_runs(all_)
        + side_by_side(all_, (*RUNS, EACH_RUN[0], *OTHERS_AGAIN))
        + beside(all_, RUNS[1:])
        + tables.compared(all_, [f"{run}-neutral-{emotion}" for run in AGAIN for emotion in TARGETS])
        + [part for run in AGAIN for part in tables.filtered(all_, f"{run}-neutral")],
        10: lambda all_: together(all_) + side_by_side(all_, BOTH),
        11: lambda all_: controls(all_) + side_by_side(all_, RESAMPLED),
    }  # fmt: skip
    parts = [HEAD.format(command=COMMAND), "## What helped, and what did not", chosen_way(records)]
    parts += between(records) + in_its_place(records)
    if reached := aims(records):
        parts += ["## Aims", *reached]
    parts += [ELSEWHERE]
    for number, title in PRIORITIES.items():
        body = makers[number](records) or [nothing_yet(number)]
        parts += [f"## {number}. {title}", *body]
    parts += [MORE]
    page = folder.with_suffix(".md")
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8", newline="\n")
    return page


def read(folder: Path) -> list[Record]:
    """All results, in the order of their files' names."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def nothing_yet(priority: int) -> str:
    """What stands in a section without results: the command that makes them, and what there was before."""
    earlier = f" Earlier, reduced: {EARLIER[priority]}." if priority in EARLIER else ""
    return f"No results yet: `{COMMAND} --scale full --only {priority}` (or `--scale reduced`).{earlier}"
