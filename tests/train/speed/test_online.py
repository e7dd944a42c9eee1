"""Weights that follow the speed: what they settle at, when they change, and that the passes alone decide them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agentflan.core.types import CAPABILITIES
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.batching.batches import Plan
from agentflan.train.settings import TrainSettings
from agentflan.train.speed.curves import Pass
from agentflan.train.speed.online import Balance
from tests.train.speed import known
from tests.train.tokens_folder import write


def passes(groups: int = 300) -> list[Pass]:
    found = known.curves(0, groups=groups)
    counts = {name: each.tolist() for name, each in found.counts.items()}
    return [
        Pass(
            step=int(step),
            peak_steps=float(step),
            groups=list(range(groups)),
            sums={name: sums[number].tolist() for name, sums in found.sums.items()},
            counts=counts,
        )
        for number, step in enumerate(found.steps)
    ]


def test_they_settle_near_the_known_weights() -> None:
    halves = {name: known.half(kind) for name, kind in known.ORDINARY.items()}
    found = Balance(passes()).weights
    for name, half in halves.items():
        assert found[name] == pytest.approx(half / max(halves.values()), rel=0.25)


def test_they_are_1_for_five_passes_and_then_go_half_of_the_way() -> None:
    balance = Balance(passes()[:5])
    assert set(balance.weights.values()) == {1.0}
    sixth = passes()[5]
    assert balance.saw(sixth)
    assert 0.3 < balance.weights["format"] < 1
    assert set(balance.at(sixth.step).tolist()) == {1.0}  # laid out before the pass was over
    after = balance.at(sixth.step + 1)
    assert after[0] == 1
    assert after[1:].tolist() == pytest.approx([balance.weights[name] for name in CAPABILITIES])


def test_the_passes_alone_decide() -> None:
    taken_up, whole = Balance(passes()[:20]), Balance(passes())
    for one in passes()[20:]:
        taken_up.saw(one)
    for step in range(0, 260):
        assert np.array_equal(taken_up.at(step), whole.at(step))


def test_a_plan_multiplies_what_is_trained_and_leaves_what_validates(tmp_path: Path) -> None:
    tokens = Tokens.open(write(tmp_path / "tokens", 40, held_out=6))
    settings = TrainSettings(batch_size=8, steps=300, prompt_weight=0.05)
    plain, followed = Plan(settings, tokens), Plan(settings, tokens)
    balance = Balance(passes())
    followed.follow(balance)
    one, other = plain.step(299), followed.step(299)
    factors = np.append(balance.at(299), np.float32(1))  # what is not trained keeps prompt_weight
    assert np.array_equal(other.batches[0].weights, one.batches[0].weights * factors[one.batches[0].classes])
    assert other.weight == pytest.approx(float(other.batches[0].weights.sum(dtype=np.float64)))
    for before, after in zip(plain.validation(), followed.validation(), strict=True):
        assert np.array_equal(before.weights, after.weights)
