"""Row ids are digests of rows; the n-th repetition of a row gets the number n, in the order of the sources."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np

from agentflan.corpus.building.groups import save_verdicts

_BYTES = 16


def number_rows(digests: Sequence[Path], verdicts: Sequence[Path]) -> int:
    """Writes to `verdicts[i]` (place in shard i, number) of each row that stood somewhere before; returns the rows.

    `digests[i]` holds 16 bytes a row. In memory: about 40 bytes a row.
    """
    whole = b"".join(path.read_bytes() for path in digests)
    every = np.frombuffer(whole, dtype=f"S{_BYTES}")
    order = np.argsort(every, kind="stable")
    same = np.flatnonzero(every[order[1:]] == every[order[:-1]]) + 1
    numbers: dict[int, int] = {}
    for place in same.tolist():  # in the order of equal rows: the one before has its number already
        numbers[int(order[place])] = numbers.get(int(order[place - 1]), 0) + 1
    starts = list(accumulate((path.stat().st_size // _BYTES for path in digests), initial=0))
    repeated = np.array(sorted(numbers), np.int64)
    for path, start, end in zip(verdicts, starts, starts[1:], strict=False):
        low, high = np.searchsorted(repeated, [start, end])
        save_verdicts(path, ((int(row) - start, numbers[int(row)]) for row in repeated[low:high]))
    return len(every)
