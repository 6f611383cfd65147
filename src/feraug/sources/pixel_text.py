"""The pixels column of FER2013: decimal numbers with blanks between, to uint8.

Two parsers that accept the same text with the same result:

- :func:`parse_pixels` reads one cell, exactly, and says what is wrong with it;
- :func:`decode_cells` reads several cells at once with whole-array operations, some 15 times as fast,
  and gives up (``None``) on anything unusual, without judging it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feraug.images import PIXELS, SIDE
from feraug.sources.csv_text import BadRow, printable

BLOCK_ROWS: Final = 6
"""Rows that :func:`decode_cells` is best given at once (measured).

Its arrays are then 50 to 110 KB: they stay in the L2 cache, and below the 128 KB from which malloc gives
memory back to the system after each use, which costs more than the arithmetic.
"""

_DIGITS: Final = b"0123456789"
_BLANKS: Final = b" \t"
_PIXEL: Final = re.compile(rb"0*(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])")
_ZERO: Final = np.uint8(ord("0"))
_BLANK: Final = np.uint8(ord(" "))
_TEN: Final = np.uint8(10)
_HUNDRED: Final = np.uint8(100)
_LEAD: Final = b"   "  # three blanks, so that every byte of the first number has three bytes before it


def parse_pixels(cell: bytes) -> NDArray[np.uint8]:
    """The pixels (48, 48) of one cell: 2,304 whole numbers 0-255 with blanks or tabs around and between.

    Raises :class:`BadRow` that names the first value that is none, or the number of pixels found.
    """
    words = [word for word in cell.replace(b"\t", b" ").split(b" ") if word]
    try:
        if cell.translate(None, _DIGITS + _BLANKS):  # int() would take signs and underscores as well
            raise ValueError
        values = bytes(map(int, words))
    except ValueError:
        wrong = next((word for word in words if not _PIXEL.fullmatch(word)), max(words, key=len))
        raise BadRow(
            "bad pixel value", f"expected whole numbers 0-255 as pixels, found '{printable(wrong)}'"
        ) from None
    if len(values) != PIXELS:
        raise BadRow("wrong number of pixels", f"expected {PIXELS} pixels, found {len(values)}")
    return np.frombuffer(values, np.uint8).reshape(SIDE, SIDE)


def decode_cells(cells: Sequence[bytes]) -> NDArray[np.uint8] | None:
    """The pixels (n, 48, 48) of ``n`` cells, or None when any of them is bad or merely unusual.

    Usual is: 2,304 numbers 0-255 of one to three digits, and nothing but blanks around and between.

    The cells are laid out as rows of equal width, each with a blank at its end.  At every byte ``i`` the
    value of a number that would end there is put together from the digits at ``i``, ``i-1`` and
    ``i-2``; then the bytes where a number does end are picked out.  All sums stay in uint8: values above
    255 show by the hundreds digit, or by a sum that came out smaller than its summand.
    """
    width = max(map(len, cells)) + 1
    text = np.frombuffer(_LEAD + b"".join([cell.ljust(width) for cell in cells]), np.uint8)
    digit = text - _ZERO  # wraps round for bytes below "0"
    is_digit = digit < _TEN
    if np.count_nonzero(is_digit) + np.count_nonzero(text == _BLANK) != text.size:
        return None
    digit *= is_digit.view(np.uint8)  # blanks count as zero
    # From here on index k of each array stands for byte k + 3 of the text.
    two_digits = is_digit[1:] & is_digit[:-1]
    if (two_digits[2:] & two_digits[:-2]).any():  # four digits in a row
        return None
    below_hundred = digit[2:-1] * _TEN + digit[3:]
    hundreds = digit[1:-2] * two_digits[2:].view(np.uint8)
    if hundreds.max() > 2:
        return None
    values = hundreds * _HUNDRED + below_hundred
    if (values < below_hundred).any():
        return None
    is_end = is_digit[3:-1] > is_digit[4:]
    ends = np.flatnonzero(is_end)
    if ends.size != len(cells) * PIXELS:
        return None
    starts = np.arange(len(cells)) * width  # of the rows
    firsts, lasts = ends[::PIXELS], ends[PIXELS - 1 :: PIXELS]  # numbers of each row, if it has 2,304
    if (firsts < starts).any() or (lasts >= starts + width).any():
        return None  # one row has too few and another as many too many
    return values.take(ends).reshape(len(cells), SIDE, SIDE)
