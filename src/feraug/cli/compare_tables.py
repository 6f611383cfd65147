"""The table of a comparison: a measure a row, a model a column, within 80 columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

_COLUMNS: Final = 5
"""Sets side by side; more models come in a table below."""

_WIDEST: Final = 9
"""Letters of a line of a column's title."""

Figures = Mapping[str, Any]
Tell = Callable[[Figures], str]


def print_figures(figures: Figures) -> None:
    """The table or tables, what they are measured with, and what stands out."""
    from feraug.cli import console

    target = figures["pair"].split(":")[1]
    sets = [("as it is", figures["untouched"]), (f"real {target}", figures["real"])]
    sets += [(one["name"], one) for one in figures["models"]]
    for start in range(0, len(sets), _COLUMNS):
        _print_table(figures, sets[start : start + _COLUMNS])
    for line in _lines(figures):
        console.print_text(line)


def _print_table(figures: Figures, sets: Sequence[tuple[str, Figures]]) -> None:
    from feraug.cli import console
    from feraug.errors import one_line

    table = console.new_table(None, figures["pair"], *(_fold(one_line(name)) for name, _ in sets))
    for column in table.columns:
        column.no_wrap = True
    for number, rows in enumerate(_rows(figures)):
        cells = [(label, [tell(one) for _, one in sets]) for label, tell in rows]
        there = [(label, row) for label, row in cells if any(row)]
        if there and number:
            table.add_section()
        for label, row in there:
            table.add_row(label, *row)
    console.print_table(table)


def _rows(figures: Figures) -> list[list[tuple[str, Tell]]]:
    """Sections of rows: a label, and how a set's figures are told there (empty where there is none)."""
    target, floor = figures["pair"].split(":")[1], figures["floor"] or {}
    distances: list[tuple[str, Tell]] = []
    for label, key, times in (
        ("FER-FD", "frechet", 1.0),
        ("FER-KID e-3", "kernel", 1000.0),
        ("density", "density", 1.0),
        ("coverage", "coverage", 1.0),
    ):
        known = f", floor {_short(times * floor[key]['mean'])}" if floor.get(key) else ""
        distances += [(label + known, _mean(key, times)), ("  95 %", _range(key, times))]
    return [
        [
            (f"called {target}, %", _mean("share", 100.0)),
            ("  95 %", _range("share", 100.0)),
            ("SSIM to the source", _mean("identity", form=".3f")),
            ("true error, grey levels", _mean("error")),
            ("  95 %", _range("error")),
        ],
        distances,
        [
            ("SSIM of two of the set", lambda one: _number(one["within"], ".3f")),
            ("variety / the sources'", lambda one: _number(one["variety"], ".2f")),
            ("near copies of train, %", _near_copies),
            ("C_T (below 0: copies)", lambda one: _number((one["copying"] or {}).get("statistic"), ".1f")),
        ],
        [
            ("step", _training(lambda found: f"{found['step']:,}")),
            ("finished", _training(lambda found: "yes" if found["finished"] else "no")),
            ("minutes trained", _training(lambda found: _number(found["seconds"], ".1f", 1 / 60))),
            ("images seen", _training(lambda found: f"{found['images']:,}")),
            ("losses still move by, %", _training(lambda found: _number(found["loss_spread"], ".0f", 100))),
            ("collapsed", lambda one: ("yes" if one["collapsed"] else "no") if "training" in one else ""),
        ],
    ]


def _mean(key: str, times: float = 1.0, form: str = "") -> Tell:
    def tell(one: Figures) -> str:
        if not one[key]:
            return ""
        return format(one[key]["mean"], form) if form else _short(times * one[key]["mean"])

    return tell


def _range(key: str, times: float = 1.0) -> Tell:
    def tell(one: Figures) -> str:
        return "–".join(_short(times * one[key][end]) for end in ("low", "high")) if one[key] else ""

    return tell


def _short(value: float) -> str:
    """Three digits, or all in front of the point."""
    size = abs(value)
    return format(value, ".2f" if size < 9.995 else ".1f" if size < 99.95 else ".0f")


def _number(value: float | None, form: str, times: float = 1.0) -> str:
    return "" if value is None else format(times * value, form)


def _near_copies(one: Figures) -> str:
    return _number(one["near_copies"]["share"] if one["near_copies"] else None, ".1f", 100)


def _training(tell: Tell) -> Tell:
    return lambda one: tell(one["training"]) if "training" in one else ""


def _fold(name: str) -> str:
    """A name in lines that fit a column, broken at hyphens and spaces where there are any."""
    lines = [""]
    for piece in name.replace("-", "-\0").replace(" ", "\0").split("\0"):
        glue = "" if not lines[-1] or lines[-1].endswith("-") else " "
        if lines[-1] and len(lines[-1]) + len(glue) + len(piece) > _WIDEST:
            lines.append(piece)
        else:
            lines[-1] += glue + piece
    return "\n".join(line[at : at + _WIDEST] for line in lines for at in range(0, max(1, len(line)), _WIDEST))


def _lines(figures: Figures) -> list[str]:
    judge = figures["judge"]
    accuracy = judge["validation_accuracy"]
    known = "" if accuracy is None else f", {accuracy:.1%} right on validation"
    pair, size = figures["pair"].split(":"), figures["subsample"]
    lines = [
        f"judge: {judge['name']} (SHA-256 {judge['sha256'][:12]}){known}",
        f"{figures['faces']:,} {pair[0]} validation faces, which no model was trained on; beside them "
        f"{figures['real_faces']:,} {pair[1]} ones",
    ]
    if size:
        lines.append(
            f"distances: {size:,} images against {size:,} of {figures['references']:,} real {pair[1]} training "
            "faces, 20 times"
        )
        lines.append("floor: such real faces against others of them")
    if figures["threshold"] is not None:
        lines.append(f"near copy: SSIM {figures['threshold']:.3f} or more to a training image")
    lines += [
        f"{one['name']}: collapsed: its translations are less than half as varied as their sources"
        for one in figures["models"]
        if one["collapsed"]
    ]
    return lines
