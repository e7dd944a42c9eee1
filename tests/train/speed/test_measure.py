"""Speeds with intervals: what they cover, and when nothing is told."""

from __future__ import annotations

import numpy as np
import pytest

from agentflan.train.speed.curves import Curves, Floats
from agentflan.train.speed.measure import Speeds, interval, measure
from agentflan.train.speed.propose import FLOOR, Proposal, propose
from tests.train.speed import known
from tests.train.speed.known import ORDINARY

HALVES = {name: known.half(kind) for name, kind in ORDINARY.items()}
WEIGHTS = {name: half / max(HALVES.values()) for name, half in HALVES.items()}


def proposed(curves: Curves, replicates: int = 300) -> Proposal:
    return propose(measure(curves, replicates=replicates), {})


def covered(runs: int, groups: int) -> dict[str, float]:
    """Share of the runs whose 90 % interval holds the truth, for each half-way time, and each weight but the 1."""
    hits: dict[str, list[bool]] = {}
    for seed in range(runs):
        found = proposed(known.curves(seed, groups=groups))
        for name, truth in HALVES.items():
            half = found.measured[name].half
            if half:
                hits.setdefault(f"half {name}", []).append(half.low <= truth <= half.high)
        for name, truth in WEIGHTS.items():
            if name in found.weights and truth < 1:
                weight = found.weights[name]
                hits.setdefault(f"weight {name}", []).append(weight.low <= truth <= weight.high)
    assert all(len(each) > 0.95 * runs for each in hits.values())
    return {name: float(np.mean(each)) for name, each in hits.items()}


def test_the_interval_of_90_percent_covers_the_truth_about_as_often() -> None:
    found = covered(runs=40, groups=60)
    assert len(found) == 7
    assert all(share >= 0.775 for share in found.values())  # fewer of 40 come once in 160 times at 0.9
    assert 0.84 <= float(np.mean(list(found.values()))) <= 0.96


@pytest.mark.slow
@pytest.mark.parametrize("groups", [60, 120])
def test_the_interval_of_90_percent_covers_the_truth_in_85_to_95_percent_of_runs(groups: int) -> None:
    found = covered(runs=400, groups=groups)
    assert all(0.85 <= share <= 0.95 for share in found.values()), found


def test_the_same_curves_and_seed_give_the_same_figures() -> None:
    one, other = (measure(known.curves(3), replicates=100, seed=5) for _ in range(2))
    assert one.measured == other.measured
    assert measure(known.curves(3), replicates=100, seed=6).measured != one.measured


def test_the_slowest_weighs_1_and_no_other_more_nor_below_the_floor() -> None:
    for seed in range(4):
        kinds = {**ORDINARY, "format": ORDINARY["format"]._replace(tau=4)}
        found = proposed(known.curves(seed, kinds=kinds, passes=100))
        assert found.slowest == "reasoning"
        assert found.weights["reasoning"].value == found.weights["reasoning"].high == 1
        assert found.weights["format"].value == FLOOR
        for weight in found.weights.values():
            assert FLOOR <= weight.low <= weight.value <= weight.high <= 1


def test_more_groups_give_narrower_intervals() -> None:
    few, many = (proposed(known.curves(0, groups=groups)).weights["retrieval"] for groups in (40, 640))
    assert many.high - many.low < 0.5 * (few.high - few.low)


def test_few_groups_widen_an_interval_and_many_leave_it() -> None:
    drawn = np.exp(np.random.default_rng(0).normal(size=1000))
    plain = np.percentile(drawn, [5, 95])
    assert interval(1.0, drawn, 1e9)[1:] == pytest.approx(plain)
    assert interval(1.0, drawn, 10).high == pytest.approx(plain[1] ** (1.833 / 1.645 * np.sqrt(10 / 9)), rel=0.03)


def doubt(kind: known.Capability, **settings: int) -> tuple[str, Proposal]:
    found = proposed(known.curves(0, kinds={**ORDINARY, "retrieval": kind}, **settings))
    return found.measured["retrieval"].doubt, found


def test_what_cannot_be_told_is_said_and_gets_no_weight() -> None:
    plain = ORDINARY["retrieval"]
    for kind, why in (
        (plain._replace(absent=0.95), "held-out groups have tokens of it"),
        (plain._replace(gap=0.0), "does not surely fall"),
        (plain._replace(tau=2.0), "before the first pass"),
        (plain._replace(tau=900.0, bend=1.0), "last quarter of the run, which is too short"),
    ):
        said, found = doubt(kind)
        assert why in said
        assert "retrieval" not in found.weights
        assert set(found.weights) == {"format", "reasoning", "understanding"}


def test_what_still_falls_straight_is_what_the_others_are_measured_by() -> None:
    """Its own weight is not proposed, but it is slower than they are, and they must not be told too low."""
    _, found = doubt(ORDINARY["retrieval"]._replace(tau=900.0, bend=1.0))
    assert found.slowest == "retrieval"
    assert found.measured["retrieval"].at_least
    assert max(weight.value for weight in found.weights.values()) < 1


def test_too_few_passes_or_nothing_to_compare_with_propose_nothing() -> None:
    said, found = doubt(ORDINARY["retrieval"], passes=5)
    assert said == "only 5 passes until its lowest loss; lower `validate_every`"
    assert (found.slowest, found.weights) == ("", {})
    alone = proposed(known.curves(0, kinds={"reasoning": ORDINARY["reasoning"]}))
    assert (alone.slowest, alone.weights) == ("", {})


def test_points_that_no_falling_curve_follows_are_doubted() -> None:
    curves = known.curves(0)
    waves = 1 + 0.8 * np.sin(np.arange(36))[:, None]
    wavy = curves._replace(sums={**curves.sums, "retrieval": curves.sums["retrieval"] * waves})
    assert "misses the points by" in proposed(wavy).measured["retrieval"].doubt


def test_passes_after_the_lowest_loss_are_overfitting_and_left_out() -> None:
    curves = known.curves(0, passes=40, last=400.0)
    rise = np.maximum(0, np.arange(40) - 25) * 0.1
    bent = curves._replace(
        sums={name: sums + rise[:, None] * curves.counts[name] for name, sums in curves.sums.items()}
    )
    plain, found = measure(curves, replicates=100), measure(bent, replicates=100)
    for name, one in found.measured.items():
        assert one.until <= 270
        assert half(found, name) == pytest.approx(half(plain, name), rel=0.15)


def half(speeds: Speeds, name: str) -> float:
    found = speeds.measured[name].half
    assert found
    return found.value


def test_a_share_makes_up_for_what_drop_cannot_take_out() -> None:
    speeds = measure(known.curves(0), replicates=100)
    found = propose(speeds, {"retrieval": 0.8, "format": 0.0, "understanding": 1.0})
    weight = found.weights["retrieval"].value
    assert 0.2 + 0.8 * found.shares["retrieval"] == pytest.approx(weight)
    assert found.shares["understanding"] == found.weights["understanding"].value
    assert found.shares["format"] == 1
    assert found.out_of_reach == {"format": 1.0}


def test_a_balance_that_ran_along_is_counted_in_the_clock() -> None:
    """Half the weight on what then takes twice the time: measured in its own time it is as fast as before."""
    curves = known.curves(0)
    halved: dict[str, Floats] = {**curves.clocks, "retrieval": curves.clocks["retrieval"] / 2}
    slow = measure(curves._replace(clocks=halved), replicates=100)
    assert half(slow, "retrieval") == pytest.approx(half(measure(curves, replicates=100), "retrieval") / 2)
