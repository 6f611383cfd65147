"""The page docs/results/drawn.md from the JSON files that ``drawn_models.py`` left.

python benchmarks/drawn_report.py WORKSPACE docs/results
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from drawn_models import DEPARTURES, MODELS, another_take

from feraug.config import NOISE_GENERATORS, STARGANS, TRANSLATORS
from feraug.config.values import option
from feraug.emotions import EMOTIONS

HEAD = """# Every model on drawn faces

Made by `benchmarks/drawn_models.py` and `benchmarks/drawn_report.py`; do not edit. 35,000 drawn
faces (`feraug prepare drawn:35000`), preset `cpu`{departures}, seed 0 for the full run, seeds 1 to 5 for
short ones. {machine}
Run it again: `python benchmarks/drawn_models.py WORKSPACE`, and it goes on where it was stopped.
{note}

The judge is a small CNN trained on 6,000 drawn people whom no model has seen; it names {accuracy} of
fresh people rightly. *Error* is the mean distance, in grey levels of 255, to the true answer: the same
person drawn with the target emotion. *Copying* is the error of handing back the face unchanged, *another
take* that of a second true answer, in which the person shows the emotion another time: nobody can know which
it will be.

## Translators, neutral:happy

{translators}

![Neutral faces, the true answers, and the translators' answers]({translators_picture})

*Rows: neutral validation faces; the same people drawn happy (the true answer); {translator_rows}.*

## One translator for every pair

{stargan}

![Neutral faces, and for each emotion the true answers and stargan's]({stargan_picture})

*Rows: neutral validation faces; then for each of {stargan_rows} the same people drawn so (the true
answer), and `stargan`'s translation.*

## Faces from noise, seven emotions in one network

{noise}

*Share* is how many of 1,400 faces the judge calls the emotion that was asked for; *classes* how many
emotions it sees at all (2 % or more); density and coverage (Naeem et al., 2020, k = 5) in the judge's
features against 1,400 drawn people; *variety* the mean distance between two made faces over that
between two drawn ones.

![Faces from noise]({noise_picture})

*Three rows a model, each with the emotions in turn: {noise_rows}.*

## Short seeds

{short}{missing}

A translator counts as collapsed when its translations differ from each other less than half as much as
their sources do, a generator when its faces differ less than half as much as drawn ones do. So few
steps show a collapse at the start and no later one: translators still hand faces back nearly unchanged,
and after 200 steps the faces of all five seeds of `dcgan` and `r3gan` were yet too much alike (varieties
0.08 and 0.35), which is why these have more.
"""


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table; the first column to the left."""
    lines = ["| " + " | ".join(head) + " |", "| --- " + "| ---: " * (len(head) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


TRANSLATION_HEAD = [
    "model",
    "steps",
    "minutes",
    "called target",
    "untouched",
    "truth",
    "error",
    "copying",
    "another take",
]


def _options(settings: dict[str, Any]) -> str:
    words = (
        f"{option(name)} {value if isinstance(value, str) else f'{value:g}'}"
        for name, value in settings.items()
    )
    return f"`{' '.join(words)}`"


def _translator_rows(results: list[dict[str, Any]]) -> Iterable[list[str]]:
    for result in results:
        for pair, part in result["pairs"].items():
            yield [
                f"`{result['model']}` {pair}", f"{result['steps']:,}", f"{result['seconds'] / 60:.1f}",
                f"{part['share']:.1%}", f"{part['untouched']:.1%}", f"{part['truth_called']:.1%}",
                f"{part['error']:.2f}", f"{part['copy_error']:.2f}", f"{another_take(pair):.2f}",
            ]  # fmt: skip


def _noise_rows(results: list[dict[str, Any]]) -> Iterable[list[str]]:
    for result in results:
        yield [
            f"`{result['model']}`", f"{result['steps']:,}", f"{result['seconds'] / 60:.1f}",
            f"{result['classes_made']}", f"{result['share']:.1%}", f"{result['density']:.2f}",
            f"{result['coverage']:.2f}", f"{result['variety']:.2f}",
        ]  # fmt: skip


def _short_rows(short: dict[str, list[dict[str, Any]]]) -> Iterable[list[str]]:
    for model, results in short.items():
        if model not in NOISE_GENERATORS:
            shares = [result["pairs"]["neutral:happy"]["share"] for result in results]
            variety = [min(part["variety"] for part in result["pairs"].values()) for result in results]
        else:
            shares = [result["share"] for result in results]
            variety = [result["variety"] for result in results]
        yield [
            f"`{model}`", str(len(results)), str(results[0]["steps"]), f"{results[0]['seconds']:.0f}",
            f"{min(shares):.0%} to {max(shares):.0%}", f"{min(variety):.2f}",
            str(sum(result["collapsed"] for result in results)),
        ]  # fmt: skip


def _short_table(short: dict[str, list[dict[str, Any]]]) -> str:
    head = ["model", "seeds", "steps each", "seconds each", "share", "least variety", "collapsed"]
    return table(head, _short_rows(short)) if short else ""


def main(workspace: Path, docs: Path, note: str = "") -> None:
    """Write the page and its pictures."""
    found = [json.loads(path.read_text()) for path in sorted((workspace / "results").glob("*-seed*.json"))]
    full = {result["model"]: result for result in found if result["seed"] == 0}
    short: dict[str, list[dict[str, Any]]] = {}
    for model in MODELS:
        if chosen := [result for result in found if result["model"] == model and result["seed"]]:
            short[model] = chosen
    docs.mkdir(parents=True, exist_ok=True)
    pictures = {}
    for name in ("translators", "stargan", "noise"):
        pictures[name] = f"drawn-{name}.png"
        if (workspace / "results" / f"{name}.png").exists():
            shutil.copy(workspace / "results" / f"{name}.png", docs / pictures[name])
    translators = [full[model] for model in TRANSLATORS if model in full]
    noise = [full[model] for model in NOISE_GENERATORS if model in full]
    facts = json.loads((workspace / "results" / "machine.json").read_text())
    missing = [f"`{model}`" for model in MODELS if model not in short]
    page = HEAD.format(
        note=f"\n**{note}**\n" if note else "",
        missing=f"\n\nNot run: {', '.join(missing)}." if missing else "",
        machine=facts["machine"],
        departures=f" ({', '.join(f'`{model}` {_options(DEPARTURES[model])}' for model in DEPARTURES)})",
        accuracy=f"{facts['judge']:.1%}",
        translators=table(TRANSLATION_HEAD, _translator_rows(translators)),
        translators_picture=pictures["translators"],
        translator_rows="; ".join(f"`{result['model']}`" for result in translators),
        stargan=table(
            TRANSLATION_HEAD, _translator_rows([full[model] for model in STARGANS if model in full])
        ),
        stargan_picture=pictures["stargan"],
        stargan_rows=", ".join(name for name in EMOTIONS if name != "neutral"),
        noise=table(
            ["model", "steps", "minutes", "classes", "share", "density", "coverage", "variety"],
            _noise_rows(noise),
        ),
        noise_picture=pictures["noise"],
        noise_rows="; ".join(f"`{result['model']}`" for result in noise),
        short=_short_table(short),
    )
    (docs / "drawn.md").write_text(page)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
