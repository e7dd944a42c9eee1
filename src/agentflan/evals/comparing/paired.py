"""Statistics of pairs: an interval for the mean difference, McNemar's test, Holm's correction."""

from __future__ import annotations

import math
from collections.abc import Sequence

from agentflan.evals.intervals import Estimate, Z


def mean_difference(differences: Sequence[float]) -> Estimate:
    """Mean of differences in [-1, 1] with its 95 % interval.

    That of Agresti and Min (2005) for matched pairs: half a pair more in each of the four cells keeps it from shrinking
    to nothing where no pair differs. Differences of values between 0 and 1 are taken the same way.
    """
    count = len(differences)
    if not count:
        return Estimate(math.nan, -1.0, 1.0)
    total, squares = math.fsum(differences), math.fsum(each * each for each in differences)
    middle = total / (count + 2)
    half = Z * math.sqrt(max(0.0, (squares + 1) / (count + 2) - middle * middle) / (count + 2))
    return Estimate(total / count, max(-1.0, middle - half), min(1.0, middle + half))


def apart(one: Estimate, other: Estimate) -> Estimate:
    """`other` - `one` for figures that are no means over problems, from their intervals as if the two were independent:
    wider than a paired one where the models fail on the same problems.
    """
    value = other.value - one.value
    down = math.hypot(other.value - other.low, one.high - one.value)
    up = math.hypot(other.high - other.value, one.value - one.low)
    return Estimate(value, max(-1.0, value - down), min(1.0, value + up))


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided mid-p of the exact test: which of the two wins a discordant pair is the toss of a fair coin.

    Of values that are not binary, the pairs that differ at all are counted: a sign test.
    """
    tosses, fewer = only_first + only_second, min(only_first, only_second)
    if only_first == only_second:
        return 1.0
    below, ways = 0, 1
    for heads in range(fewer):
        below += ways
        ways = ways * (tosses - heads) // (heads + 1)
    return (2 * below + ways) / (1 << tosses)


def holm(values: Sequence[float]) -> list[float]:
    """Each p-value corrected for having looked at all of them (Holm 1979)."""
    corrected, worst = [0.0] * len(values), 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=lambda place: values[place])):
        worst = max(worst, min(1.0, (len(values) - rank) * values[place]))
        corrected[place] = worst
    return corrected
