"""A comparison by group and by degradation: a group or a strength a row, a set a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from feraug.cli.compare_tables import print_side_by_side, short
from feraug.words import plural

Figures = Mapping[str, Any]

_LABEL: Final = 26
"""Letters of a row's label: what 80 leave beside the columns."""


def print_groups(figures: Figures, groups: Sequence[Figures]) -> None:
    """Share called the target, SSIM and error of each group; nothing where there are no groups."""
    if not groups:
        return
    from feraug.cli import console

    target = figures["pair"].split(":")[1]
    for title, key, times, form in (
        (f"called {target}, %", "share", 100.0, ""),
        ("SSIM to the source", "identity", 1.0, ".3f"),
        ("error, grey levels", "error", 1.0, ""),
    ):
        sections = [
            [(label, row) for label, row in (_group(one, key, times, form) for one in some) if any(row)]
            for _, some in groupby(groups, lambda one: str(one["attribute"]))
        ]
        columns = [
            number
            for number in range(2 + len(figures["models"]))
            if any(row[number] for rows in sections for _, row in rows)
        ]
        if columns:
            names = [_names(figures)[number] for number in columns]
            kept = [[(label, [row[at] for at in columns]) for label, row in rows] for rows in sections]
            print_side_by_side(title, names, kept)
    fewest = min((one for one in groups if one["faces"]), key=lambda one: int(one["faces"]), default=None)
    console.print_prose("(n): faces that were translated; --json has the intervals")
    if fewest is not None and (share := fewest["models"][0]["share"]):
        console.print_prose(
            f"few faces say little: the 95 % interval of the first model's share for\n{_label(fewest)} is "
            f"{100 * share['low']:.0f} to {100 * share['high']:.0f} %"
        )


def print_degradations(figures: Figures, degraded: Figures) -> None:
    """Share called the target of degraded faces, of real ones degraded, and of degraded ones translated."""
    from feraug.cli import console

    target = figures["pair"].split(":")[1]
    rows = []
    for level in degraded["levels"]:
        shares = [level["untouched"], level["real"], *(one["share"] for one in level["models"])]
        rows.append(
            (f"{level['name']} {level['amount']}".strip(), [short(100 * one["mean"]) for one in shares])
        )
    print_side_by_side(f"called {target}, %", _names(figures), [rows[:1], rows[1:]])
    source = figures["pair"].split(":")[0]
    console.print_prose(
        f"{plural(degraded['faces'], f'{source} face')} and "
        f"{plural(degraded['real_faces'], f'real {target} one')}, degraded;\n"
        f"where 'real {target}' is low, the judge itself fails; --json has the intervals"
    )


def _names(figures: Figures) -> list[str]:
    target = figures["pair"].split(":")[1]
    return ["untouched", f"real {target}", *(str(one["name"]) for one in figures["models"])]


def _label(group: Figures) -> str:
    """``age: child (18)``, cut where it would be too long."""
    name, count = f"{group['attribute']}: {group['group']}", f" ({group['faces']:,})"
    if len(name) + len(count) > _LABEL:
        name = f"{name[: _LABEL - len(count) - 1]}…"
    return f"{name}{count}"


def _group(group: Figures, key: str, times: float, form: str) -> tuple[str, list[str]]:
    """A row: the group with the number of its faces, and a figure of each set; empty where there is none."""
    cells = []
    for number, one in enumerate((group["untouched"], group["real"], *group["models"])):
        if one[key] is None or (key == "identity" and number == 0):  # of what is its own source: 1
            cells.append("")
        else:
            value = times * one[key]["mean"]
            cells.append(format(value, form) if form else short(value))
    return _label(group), cells
