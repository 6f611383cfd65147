"""Translations of degraded faces: what share the classifier calls by the target, at each strength."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from feraug.data.degradations import Level, levels
from feraug.emotions import DomainPair, emotion_code
from feraug.metrics.intervals import share_interval
from feraug.plots.files import write_figure
from feraug.plots.robustness import labelled_sheet
from feraug.workflows.classifiers import Classifier
from feraug.workflows.events import Notify, Progress
from feraug.workflows.photo_record import RobustnessRow
from feraug.workflows.translators import Translator

Images = NDArray[np.uint8]

CLEAN: Final = Level("clean", 0.0, "")
SHOWN: Final = 4
"""Faces on a sheet."""


def robustness(
    faces: Images,
    names: Sequence[str],
    translator: Translator,
    pair: DomainPair,
    judge: Classifier | None,
    seed: int,
    notify: Notify,
) -> tuple[list[RobustnessRow], list[tuple[str, Images]]]:
    """Degrade faces uint8 (N, 48, 48), one or more, at every strength of the degradations, and translate.

    Returns a row for the clean faces and each level, and the rows of the sheet: a label, and some of
    the degraded faces, each followed by its translation, uint8 (2 n, 48, 48).
    """
    shown = np.unique(np.linspace(0, len(faces) - 1, min(SHOWN, len(faces))).round().astype(int))
    clean = translator.translate(faces, str(pair))
    rows, sheet = [], []
    wanted = [CLEAN, *levels(names)]
    for number, level in enumerate(wanted):
        degraded, translated, after = faces, clean, clean
        if level is not CLEAN:
            degraded, after = level.of(faces, seed), level.of(clean, seed)
            translated = translator.translate(degraded, str(pair))
        change = float(np.abs(translated.astype(np.int16) - degraded).mean())
        shares = [_share(judge, pair, images) for images in (degraded, translated, after)]
        rows.append(RobustnessRow(level.name, level.strength, level.amount, round(change, 4), *shares))
        beside = np.stack([degraded[shown], translated[shown]], axis=1).reshape(-1, *faces.shape[1:])
        sheet.append((f"{level.name} {level.amount}".strip(), beside))
        notify(Progress("degrading", number + 1, len(wanted), "levels"))
    return rows, sheet


def write_sheet(sheet: Sequence[tuple[str, Images]], pair: DomainPair, path: Path) -> None:
    """The rows of :func:`robustness` as a labelled picture, PNG."""
    faces = len(sheet[0][1]) // 2
    write_figure(labelled_sheet(sheet, ["face", f"to {pair.b}"] * faces, str(pair)), path, kinds=("png",))


def write_table(rows: Sequence[RobustnessRow], faces: int, path: Path) -> None:
    """The figures as CSV; empty cells where there was no classifier."""
    shares = ("degraded", "translated", "translated_first")
    ends = ("mean", "low", "high")
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        titles = [f"{name}_{end}" for name in shares for end in ends]
        table.writerow(["degradation", "strength", "amount", "faces", "change", *titles])
        for row in rows:
            found: list[dict[str, Any]] = [getattr(row, name) or {} for name in shares]
            cells = [share.get(end, "") for share in found for end in ends]
            table.writerow([row.name, f"{row.strength:.4g}", row.amount, faces, row.change, *cells])


def _share(judge: Classifier | None, pair: DomainPair, images: Images) -> dict[str, float] | None:
    if judge is None:
        return None
    return share_interval(judge.emotions(images) == emotion_code(pair.b)).as_json()
