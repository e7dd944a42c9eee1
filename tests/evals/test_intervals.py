"""Intervals against figures known from elsewhere, and against what an interval is for."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.evals.intervals import Estimate, combined, wilson


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        (0, 20, 0.0, 0.1611),  # figures as R's prop.test(correct=FALSE) gives them
        (20, 20, 0.8389, 1.0),
        (1, 10, 0.0179, 0.4042),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I
        (15, 148, 0.0624, 0.1605),
    ],
)
def test_wilson_matches_published_limits(hits: int, count: int, low: float, high: float) -> None:
    estimate = wilson(hits, count)
    assert estimate.value == hits / count
    assert estimate.low == pytest.approx(low, abs=6e-5)
    assert estimate.high == pytest.approx(high, abs=6e-5)


def test_nothing_seen_is_nothing_known() -> None:
    estimate = wilson(0, 0)
    assert math.isnan(estimate.value)
    assert (estimate.low, estimate.high) == (0.0, 1.0)


@given(st.integers(1, 3000).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_wilson_holds_its_share_and_mirrors(drawn: tuple[int, int]) -> None:
    hits, count = drawn
    one, other = wilson(hits, count), wilson(count - hits, count)
    assert 0 <= one.low <= one.value <= one.high <= 1
    assert one.low == pytest.approx(1 - other.high)


def test_wilson_covers_about_as_often_as_it_says() -> None:
    """The exact chance that the interval of 100 tries holds the true share, on average over shares."""
    count, shares = 100, [place / 40 for place in range(1, 40)]
    inside = 0.0
    for share in shares:
        for hits in range(count + 1):
            estimate = wilson(hits, count)
            if estimate.low <= share <= estimate.high:
                inside += math.comb(count, hits) * share**hits * (1 - share) ** (count - hits)
    assert inside / len(shares) == pytest.approx(0.95, abs=0.01)


def test_a_difference_of_shares_has_newcombes_interval() -> None:
    """Newcombe 1998 (interval estimation for the difference), method 10: 56/70 - 48/80 has 0.0524 to 0.3339."""
    found = combined(0, [(1, wilson(56, 70)), (-1, wilson(48, 80))])
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=6e-5), pytest.approx(0.3339, abs=6e-5))


def test_one_part_alone_keeps_its_own_interval() -> None:
    part = Estimate(0.3, 0.2, 0.45)
    assert combined(1, [(-1, part)]) == pytest.approx((0.7, 0.55, 0.8))
