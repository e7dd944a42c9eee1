"""Which sequences share a row of fixed length: best fit, the longest first. Numpy alone."""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def pack(lengths: Ints, room: int) -> Ints:
    """The row of each sequence, counted from 0: the fullest that still has place for it, or else a new one.

    No length exceeds `room`. Equal lengths go in the order given.
    """
    taken = np.empty(len(lengths), dtype=np.int64)
    open_rows: dict[int, list[int]] = {}  # by what is left in them
    left: list[int] = []  # the keys of open_rows, sorted: at most `room` of them, so inserting stays cheap
    count = 0
    for number in np.argsort(-lengths, kind="stable").tolist():
        length = int(lengths[number])
        place = bisect_left(left, length)
        if place == len(left):
            rest, row, count = room - length, count, count + 1
        else:
            fits = left[place]
            row = open_rows[fits].pop()
            if not open_rows[fits]:
                del open_rows[fits], left[place]
            rest = fits - length
        taken[number] = row
        if rest in open_rows:
            open_rows[rest].append(row)
        elif rest:
            open_rows[rest] = [row]
            insort(left, rest)
    return taken


def windows(lengths: Ints, room: int, rows: int) -> Ints:
    """Where to cut an order of sequences into equal shares of about `rows` rows: the first number of each but one."""
    before = np.cumsum(lengths) - lengths
    total = int(lengths.sum())
    count = max(1, round(total / (rows * room)))
    return np.flatnonzero(np.diff(before * count // max(1, total))) + 1
