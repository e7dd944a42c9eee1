"""Finds rows of a matrix of small signatures that are alike, without comparing every pair.

A signature is one byte of each minimum (b-bit minwise hashing: Li and Koenig, arXiv 0910.3349), so a million of them
take 128 MB. Rows that agree in all bytes of a band are compared; locality-sensitive hashing misses a pair at the
threshold in at most 2 of 100 cases.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Signatures = NDArray[np.uint8]
Numbers = NDArray[np.int64]

MISSED = 0.02
"""Chance that two rows as alike as the threshold share no band."""
AHEAD = 100
"""Rows that a row is compared with in a band: the next ones in an order that puts those alike together. It bounds the
time where thousands agree in a band and are no near-duplicates."""
PAIRS = 1 << 15
"""Pairs compared in one go."""
_FACTOR = np.uint64(0x100000001B3)


def clusters(signatures: Signatures, threshold: float) -> Iterator[Numbers]:
    """Row numbers of each set of two or more that are linked by pairs of an estimated similarity of `threshold`."""
    roots = np.arange(len(signatures))
    width = band_width(signatures.shape[1], threshold)
    least = agreeing(signatures.shape[1], threshold)
    for start in range(0, signatures.shape[1] - width + 1, width):
        for left, right in _candidates(signatures, start, width):
            apart = roots[left] != roots[right]
            left, right = left[apart], right[apart]
            for at in range(0, left.size, PAIRS):
                some, others = left[at : at + PAIRS], right[at : at + PAIRS]
                alike = (signatures[some] == signatures[others]).sum(axis=1) >= least
                _join(roots, some[alike], others[alike])
    order = np.argsort(roots, kind="stable")
    borders = np.flatnonzero(np.diff(roots[order], prepend=-1, append=-1))
    for place in np.flatnonzero(np.diff(borders) > 1):
        yield order[borders[place] : borders[place + 1]]


def band_width(permutations: int, threshold: float) -> int:
    """Bytes of a band: as many as keep the chance to miss a pair at the threshold below `MISSED`."""
    missed = {width: (1 - threshold**width) ** (permutations // width) for width in range(1, permutations + 1)}
    return max((width for width, chance in missed.items() if chance <= MISSED), default=1)


def agreeing(permutations: int, threshold: float) -> int:
    """How many bytes agree, on the average, in rows that are as alike as the threshold; 1 in 256 agrees by chance."""
    return int(np.ceil(permutations * (threshold + (1 - threshold) / 256) - 1e-9))


def _candidates(signatures: Signatures, start: int, width: int) -> Iterator[tuple[Numbers, Numbers]]:
    """Pairs that agree in a band: each row with the next one, then with the one after, up to `AHEAD`."""
    band = _packed(signatures, range(start, start + width))
    rest = _packed(signatures, [(start + width + ahead) % signatures.shape[1] for ahead in range(8)])
    order = np.lexsort((rest, band))
    band = band[order]
    places = np.arange(len(order) - 1)
    for ahead in range(1, AHEAD + 1):
        places = places[places + ahead < len(order)]
        places = places[band[places] == band[places + ahead]]
        if not places.size:
            return
        yield order[places], order[places + ahead]


def _packed(signatures: Signatures, columns: range | list[int]) -> NDArray[np.uint64]:
    """Some bytes of each row as one number."""
    packed = np.zeros(len(signatures), np.uint64)
    for column in columns:
        packed = packed * _FACTOR + signatures[:, column]
    return packed


def _join(roots: Numbers, left: Numbers, right: Numbers) -> None:
    """Puts linked rows into one set; every row's root is its set's smallest number, before and after."""
    while left.size:
        low, high = np.minimum(roots[left], roots[right]), np.maximum(roots[left], roots[right])
        open_ = low != high
        left, right = left[open_], right[open_]
        np.minimum.at(roots, high[open_], low[open_])
        while (roots[roots] != roots).any():
            roots[:] = roots[roots]
