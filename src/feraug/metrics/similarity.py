"""Structural similarity (SSIM) of face images: pair by pair, and all pairs of two sets.

scikit-image's ``structural_similarity`` is the definition, with a data range of 255; two variants:

- ``uniform``, its default: 7x7 windows, sample covariance;
- ``gaussian``, of Wang et al., "Image Quality Assessment: From Error Visibility to Structural
  Similarity" (2004): Gaussian windows (sigma 1.5, 11x11), population covariance; in scikit-image
  ``gaussian_weights=True, sigma=1.5, use_sample_covariance=False``.

MS-SSIM (Wang et al. 2003) is left out: its five scales halve the image four times, and 11x11 windows
must fit into what is left, so it needs more than 160 pixels a side, where a face has 48.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feraug.config import SSIM_VARIANTS
from feraug.errors import UsageError
from feraug.images import checked_faces
from feraug.metrics.threads import in_threads

Images = NDArray[np.uint8]

ROWS_AT_ONCE: Final = 512
"""Images of the first set whose means and variances are kept: 13 MB (uniform) or 20 MB (gaussian)."""

TILE: Final = 24
"""Images of the second set that a thread compares with those: about what a core's own cache holds."""


def all_pairs_ssim(
    a: Images,
    b: Images,
    variant: str = "uniform",
    *,
    device: str | None = None,
    threads: int | None = None,
) -> NDArray[np.float32]:
    """SSIM of every image of ``a`` (N) with every one of ``b`` (M), uint8 (., 48, 48); float32 (N, M).

    Within 1e-5 of scikit-image.  Beside the result it takes some 50 MB, whatever N and M.  ``device``
    None computes on the CPU in ``threads`` threads (None: all cores that this process may use);
    ``"cuda"``, or any other name that torch knows, there; ``"auto"`` on an NVIDIA GPU, if there is one.

    Raises :class:`UsageError` for images of another shape or type, an unknown variant or device.
    """
    a, b = checked_faces(a), checked_faces(b)
    check_variant(variant)
    out = np.empty((len(a), len(b)), np.float32)
    if device == "auto":
        import torch

        device = "cuda" if torch.cuda.is_available() else None
    if device is not None:
        from feraug.metrics.ssim_torch import block_ssim, blocks

        for rows, columns in blocks(len(a), len(b), variant):
            out[rows, columns] = block_ssim(a[rows], b[columns], variant, device)
        return out
    from feraug.metrics.ssim_kernels import ABANDONED, Prepared, prepare, ssim_of_pairs

    def tile(job: tuple[Prepared, int, int]) -> None:
        prepared, row, column = job
        others = prepare(b[column : column + TILE], variant)
        ia, ib = every_pair(len(prepared), len(others))
        found, _ = ssim_of_pairs(prepared, others, ia, ib, np.full(len(ia), ABANDONED, np.float32))
        out[row : row + len(prepared), column : column + len(others)] = found.reshape(-1, len(others))

    def jobs() -> Iterator[tuple[Prepared, int, int]]:
        for row in range(0, len(a), ROWS_AT_ONCE):
            prepared = prepare(a[row : row + ROWS_AT_ONCE], variant)
            yield from ((prepared, row, column) for column in range(0, len(b), TILE))

    for _ in in_threads(tile, jobs(), threads):
        pass
    return out


def paired_ssim(
    a: Images, b: Images, variant: str = "uniform", *, threads: int | None = None
) -> NDArray[np.float32]:
    """SSIM of each image of ``a`` with the image of ``b`` in the same place; float32 (N,).

    ``a`` and ``b`` uint8 (N, 48, 48).  Raises :class:`UsageError` as :func:`all_pairs_ssim`, and for
    sets of different length.
    """
    a, b = checked_faces(a), checked_faces(b)
    check_variant(variant)
    if len(a) != len(b):
        raise UsageError(f"images in pairs: {len(a)} and {len(b)} are not as many")
    from feraug.metrics.ssim_kernels import ABANDONED, prepare, ssim_of_pairs

    def piece(start: int) -> tuple[int, NDArray[np.float32]]:
        ours, theirs = (prepare(images[start : start + ROWS_AT_ONCE], variant) for images in (a, b))
        numbers = np.arange(len(ours))
        return start, ssim_of_pairs(
            ours, theirs, numbers, numbers, np.full(len(ours), ABANDONED, np.float32)
        )[0]

    out = np.empty(len(a), np.float32)
    for start, found in in_threads(piece, range(0, len(a), ROWS_AT_ONCE), threads):
        out[start : start + len(found)] = found
    return out


def check_variant(variant: str) -> None:
    """Raise :class:`UsageError` unless this is a variant of SSIM."""
    if variant not in SSIM_VARIANTS:
        raise UsageError(f"unknown SSIM variant '{variant}'; known: {', '.join(SSIM_VARIANTS)}")


def every_pair(rows: int, columns: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the rows and of the columns of all pairs, (rows * columns,) each, row by row."""
    return np.repeat(np.arange(rows), columns), np.tile(np.arange(columns), rows)
