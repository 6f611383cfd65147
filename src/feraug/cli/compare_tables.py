"""The table of a comparison: a measure a row, a model a column, as wide as the terminal and at least 80."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from feraug.words import plural

_SETS: Final = 5
"""Sets side by side in 80 columns."""

_WIDEST: Final = 16
"""Letters of a line of a column's title; less where columns have not that much room."""

_LABELS: Final = 31
"""Columns of the terminal for the rows' labels and all that stands between columns."""

_LEAST: Final = 9
"""Letters that figures need; so many always fit."""

_LEAST_LABEL: Final = 18
"""Letters of a row's label that are left where there is little room."""

Figures = Mapping[str, Any]
Tell = Callable[[Figures], str]


def print_side_by_side(
    title: str, names: Sequence[str], sections: Sequence[Sequence[tuple[str, Sequence[str]]]]
) -> None:
    """Tables of sets by ``names``, as many in each as there is room for; rows: a label, and a cell a set."""
    columns = _sets_a_table()
    for start in range(0, len(names), columns):
        some = slice(start, start + columns)
        _print_columns(title, names[some], [[(label, row[some]) for label, row in rows] for rows in sections])


def _print_columns(
    title: str, names: Sequence[str], sections: Sequence[Sequence[tuple[str, Sequence[str]]]]
) -> None:
    from feraug.cli import console
    from feraug.errors import one_line

    safe = [one_line(name) for name in names]
    titles = _titles(safe, _room())
    table = console.new_table(None, title, *titles)
    table.collapse_padding = True
    for column in table.columns:
        column.no_wrap = True
    begun = False
    for rows in sections:
        if rows and begun:
            table.add_section()
        begun |= bool(rows)
        for label, row in rows:
            table.add_row(one_line(label), *row)
    cells = [row for rows in sections for _, row in rows]
    needed = sum(2 + max(len(cell) for cell in column) for column in zip(*cells, strict=True))
    # Labels are broken rather than numbers cut, where that leaves something of the labels.
    table.columns[0].no_wrap = needed > max(80, console.width()) - _LEAST_LABEL
    console.print_table(table, wrap=True)


def _room() -> int:
    """Letters that all columns of sets together may have; tables of less than 80 columns there are none."""
    from feraug.cli import console

    return max(80, console.width()) - _LABELS


def _sets_a_table() -> int:
    """Sets side by side; more come in a table below."""
    return max(_SETS, _room() // (_LEAST + 2))


def print_figures(figures: Figures) -> None:
    """The table or tables, what they are measured with, and what stands out."""
    from feraug.cli import console

    target = figures["pair"].split(":")[1]
    sets = [("untouched", figures["untouched"]), (f"real {target}", figures["real"])]
    sets += [(one["name"], one) for one in figures["models"]]
    _print_table(figures, sets)
    for line in _lines(figures):
        console.print_prose(line)


def _print_table(figures: Figures, sets: Sequence[tuple[str, Figures]]) -> None:
    sections = []
    for rows in _rows(figures):
        cells = [(label, [tell(one) for _, one in sets]) for label, tell in rows]
        sections.append([(label, row) for label, row in cells if any(row)])
    print_side_by_side(figures["pair"], [name for name, _ in sets], sections)


def _rows(figures: Figures) -> list[list[tuple[str, Tell]]]:
    """Sections of rows: a label, and how a set's figures are told there (empty where there is none)."""
    target, floor = figures["pair"].split(":")[1], figures["floor"] or {}
    distances: list[tuple[str, Tell]] = []
    for label, key, times in (
        ("FER-FD", "frechet", 1.0),
        ("FER-KID x 1000", "kernel", 1000.0),
        ("density", "density", 1.0),
        ("coverage", "coverage", 1.0),
    ):
        known = f"; floor {short(times * floor[key]['mean'])}" if floor.get(key) else ""
        distances += [(label, _mean(key, times)), (f"  95 %{known}", _range(key, times))]
    return [
        [
            (f"called {target}, %", _mean("share", 100.0)),
            ("  95 %", _range("share", 100.0)),
            ("SSIM to the source", _mean("identity", form=".3f")),
            ("error, grey levels", _mean("error")),
            ("  95 %", _range("error")),
        ],
        distances,
        [
            ("SSIM within the set", lambda one: _number(one["within"], ".3f")),
            ("variety / sources'", lambda one: _number(one["variety"], ".2f")),
            ("histogram distance", lambda one: _number(one.get("histogram"), ".1f")),
            ("near copies, %", _near_copies),
            ("C_T (0: as real)", lambda one: _number((one["copying"] or {}).get("statistic"), ".1f")),
        ],
        [
            ("step", _training(lambda found: f"{found['step']:,}")),
            ("finished", _training(lambda found: "yes" if found["finished"] else "no")),
            ("minutes trained", _training(lambda found: _number(found["seconds"], ".1f", 1 / 60))),
            ("steps x batch size", _training(lambda found: f"{found['images']:,}")),
            ("losses' spread, %", _training(lambda found: _number(found["loss_spread"], ".0f", 100))),
            ("collapsed", lambda one: ("yes" if one["collapsed"] else "no") if "training" in one else ""),
        ],
    ]


def _mean(key: str, times: float = 1.0, form: str = "") -> Tell:
    def tell(one: Figures) -> str:
        if not one[key]:
            return ""
        return format(one[key]["mean"], form) if form else short(times * one[key]["mean"])

    return tell


def _range(key: str, times: float = 1.0) -> Tell:
    def tell(one: Figures) -> str:
        return "–".join(short(times * one[key][end]) for end in ("low", "high")) if one[key] else ""

    return tell


def short(value: float) -> str:
    """Three digits, or all in front of the point; one less behind a minus."""
    size, fewer = abs(value), int(value <= -0.005)
    digits = 2 if size < 9.995 else 1 if size < 99.95 else 0
    return format(value, f".{max(0, digits - fewer)}f")


def _number(value: float | None, form: str, times: float = 1.0) -> str:
    return "" if value is None else format(times * value, form)


def _near_copies(one: Figures) -> str:
    return _number(one["near_copies"]["share"] if one["near_copies"] else None, ".1f", 100)


def _training(tell: Tell) -> Tell:
    return lambda one: tell(one["training"]) if "training" in one else ""


def _titles(names: Sequence[str], room: int) -> list[str]:
    """Names in lines, all columns together ``room`` letters wide; words break where nothing else helps."""
    widths = [_WIDEST] * len(names)

    def used(place: int) -> int:
        return max(_LEAST, *map(len, _fold(names[place], widths[place]).split("\n")))

    while sum(map(used, range(len(names)))) > room:
        wide = [place for place in range(len(names)) if used(place) > _LEAST]
        if not wide:
            break
        # The widest of those that lose no word by it, or else the widest.
        whole = [place for place in wide if used(place) > max(map(len, _pieces(names[place])))]
        place = max(whole or wide, key=used)
        widths[place] = used(place) - 1
    return [_fold(name, width) for name, width in zip(names, widths, strict=True)]


def _pieces(name: str) -> list[str]:
    """What a name may be broken into: after hyphens, at spaces."""
    return name.replace("-", "-\0").replace(" ", "\0").split("\0")


def _fold(name: str, width: int) -> str:
    """A name in lines that fit a column, broken at hyphens and spaces where there are any."""
    lines = [""]
    for piece in _pieces(name):
        glue = "" if not lines[-1] or lines[-1].endswith("-") else " "
        if lines[-1] and len(lines[-1]) + len(glue) + len(piece) > width:
            lines.append(piece)
        else:
            lines[-1] += glue + piece
    return "\n".join(line[at : at + width] for line in lines for at in range(0, max(1, len(line)), width))


def _lines(figures: Figures) -> list[str]:
    judge = figures["judge"]
    accuracy = judge["validation_accuracy"]
    known = "" if accuracy is None else f", {accuracy:.1%} right on validation"
    pair, size = figures["pair"].split(":"), figures["subsample"]
    face = f"{pair[0]} validation face"
    lines = [
        f"judge: {judge['name']} (SHA-256 {judge['sha256'][:12]}){known}",
        f"{plural(figures['faces'], f'{face} was', f'{face}s were')} translated; real {pair[1]}: "
        f"{plural(figures['real_faces'], 'validation face')}",
    ]
    if size:
        lines.append(
            f"distances: {size:,} images against {size:,} of {figures['references']:,} real {pair[1]} "
            "training faces, 20 times: the mean, and the range of 95 % of them"
        )
        lines.append(
            "floor: the same distance between two disjoint samples of those real faces; if the judge was "
            f"trained on them, new real faces lie above it, too: compare with real {pair[1]}"
        )
    if figures["threshold"] is not None:
        whose = {"validation": "new validation faces", "train": "training faces to their nearest other one"}
        of = figures.get("threshold_from")  # earlier versions did not keep it
        lines.append(f"near copy: SSIM {figures['threshold']:.3f} or more to a training image")
        if of:
            lines.append(f"  (the 99 % quantile of {figures['threshold_images']:,} {whose[of]})")
    lines += [
        f"{one['name']}: collapsed: its translations are less than half as varied as their sources"
        for one in figures["models"]
        if one["collapsed"]
    ]
    return lines
