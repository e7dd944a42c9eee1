"""Half-way points of curves that are known."""

from __future__ import annotations

import numpy as np
import pytest

from agentflan.train.speed.curves import Floats
from agentflan.train.speed.fit import fit

TIMES = np.linspace(0, 200, 31)


def fallen(tau: float, bend: float, times: Floats = TIMES) -> Floats:
    return np.exp(-((times / tau) ** bend))


def half_way(tau: float, bend: float) -> float:
    return float(tau * (-np.log((1 + np.exp(-((200 / tau) ** bend))) / 2)) ** (1 / bend))


@pytest.mark.parametrize("bend", [0.45, 0.7, 1.0, 1.33, 1.8])
@pytest.mark.parametrize("tau", [20, 60, 150, 900])
@pytest.mark.parametrize("floor", [0.0, 2.0])
def test_a_curve_without_noise_gives_its_half_way_point(tau: float, bend: float, floor: float) -> None:
    found = fit(TIMES, (floor + 3 * fallen(tau, bend))[None])
    assert found.half[0] == pytest.approx(half_way(tau, bend), rel=0.03)
    assert found.fall[0] == pytest.approx(3 * (1 - fallen(tau, bend)[-1]), rel=0.03)
    assert found.misfit[0] < 0.02


def test_the_half_way_point_moves_neither_with_the_scale_nor_with_the_unit_of_time() -> None:
    noisy = 1 + 3 * fallen(50, 0.8) + 0.05 * np.random.default_rng(0).normal(size=31)
    one = fit(TIMES, noisy[None])
    for loss, time in ((7.0, 1.0), (1.0, 1000.0)):
        other = fit(time * TIMES, loss * noisy[None])
        assert other.half[0] == pytest.approx(time * one.half[0], rel=1e-6)
        assert other.bend[0] == pytest.approx(one.bend[0], rel=1e-6)


def test_another_family_of_curves_has_the_same_half_way_point() -> None:
    """The floor of this power law is 0, and no stretched exponential can follow it for ever; half-way they agree."""
    power = 4 * (1 + TIMES / 20) ** -0.5
    middle = float(np.interp(-(power[0] + power[-1]) / 2, -power, TIMES))
    found = fit(TIMES, power[None])
    assert found.half[0] == pytest.approx(middle, rel=0.1)


def test_what_does_not_fall_has_no_fall() -> None:
    rising = np.linspace(1, 2, 31)
    assert (fit(TIMES, np.stack([rising, np.ones(31)])).fall < 1e-9).all()


def test_a_straight_line_is_told_by_its_last_quarter() -> None:
    assert fit(TIMES, np.linspace(2, 1, 31)[None]).late[0] == pytest.approx(0.25, abs=0.02)
    assert fit(TIMES, fallen(30, 1)[None]).late[0] < 0.01


def test_curves_are_fitted_each_for_itself() -> None:
    dice = np.random.default_rng(1)
    many = 1 + 3 * fallen(50, 0.8) + 0.1 * dice.normal(size=(40, 31))
    together, alone = fit(TIMES, many), [fit(TIMES, one[None]) for one in many]
    for name in together._fields:
        assert np.allclose(getattr(together, name), [getattr(one, name)[0] for one in alone])
