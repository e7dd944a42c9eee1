"""Batches: who is in, in what order, and what is to be predicted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.batching.batches import PROMPT, Plan
from agentflan.train.settings import TrainSettings
from tests.train.tokens_folder import write


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    return Tokens.open(write(tmp_path_factory.mktemp("tokens") / "t", 50, held_out=7, muted=3))


def starts(plan: Plan, step: int, tokens: Tokens) -> list[bytes]:
    """The sequences of a batch, unpadded."""
    batch = plan.step(step).batches[0]
    lengths = (batch.ids != 0).sum(axis=1)
    return [row[:length].astype(np.uint16).tobytes() for row, length in zip(batch.ids, lengths, strict=True)]


@given(
    size=st.integers(1, 60), window=st.integers(1, 9), order=st.sampled_from(["shuffled", "given"]), seed=st.integers(0)
)
def test_every_epoch_shows_every_trainable_sequence_once(
    tokens: Tokens, size: int, window: int, order: str, seed: int
) -> None:
    plan = Plan(TrainSettings(batch_size=size, window=window, order=order, seed=seed, epochs=2), tokens)
    wanted = sorted(tokens.sequence(number).ids.tobytes() for number in range(3, 43))
    each = -(-40 // size)
    assert plan.steps == 2 * each
    assert plan.skipped == 3
    for epoch in range(2):
        steps = range(epoch * each, (epoch + 1) * each)
        assert sorted(found for step in steps for found in starts(plan, step, tokens)) == wanted


def test_a_batch_is_decided_by_its_number_alone(tokens: Tokens) -> None:
    settings = TrainSettings(batch_size=4, steps=100)
    forwards, backwards = Plan(settings, tokens), Plan(settings, tokens)
    seen = [forwards.step(step).batches[0].ids.tobytes() for step in range(100)]
    assert [backwards.step(step).batches[0].ids.tobytes() for step in reversed(range(100))] == seen[::-1]
    assert len(set(seen)) > 90  # the epochs differ, too
    other = Plan(TrainSettings(batch_size=4, steps=100, seed=1), tokens)
    assert [other.step(step).batches[0].ids.tobytes() for step in range(100)] != seen


def test_given_order_without_windows_is_the_order_of_the_folder(tokens: Tokens) -> None:
    plan = Plan(TrainSettings(batch_size=4, window=1, order="given"), tokens)
    found = [row for step in range(plan.steps) for row in starts(plan, step, tokens)]
    assert found == [tokens.sequence(number).ids.tobytes() for number in range(3, 43)]


def test_windows_save_padding(tokens: Tokens) -> None:
    def padded(window: int) -> int:
        plan = Plan(TrainSettings(batch_size=4, window=window), tokens)
        return sum(plan.step(step).batches[0].ids.size for step in range(plan.steps))

    assert padded(10) < padded(1)


@given(weight=st.sampled_from([0.0, 0.05]), size=st.integers(1, 20), step=st.integers(0, 9))
def test_each_trained_token_is_predicted_from_the_place_before_it(
    tokens: Tokens, weight: float, size: int, step: int
) -> None:
    plan = Plan(TrainSettings(batch_size=size, window=1, order="given", prompt_weight=weight, steps=10), tokens)
    batch = plan.step(step).batches[0]
    flat = batch.ids.reshape(-1)
    assert (flat[batch.rows + 1] == batch.targets).all()
    members = plan.rows[(step % -(-len(plan.rows) // size)) * size :][:size]
    expected = []
    for number in members:
        one = tokens.sequence(int(number))
        for place in range(1, len(one.ids)):
            if one.trained[place]:
                expected.append((int(one.ids[place]), float(one.weight[place]), int(one.capability[place])))
            elif weight:
                expected.append((int(one.ids[place]), float(np.float32(weight)), PROMPT))
    assert list(zip(batch.targets, batch.weights, batch.classes, strict=True)) == expected
    assert batch.tokens == sum(len(tokens.sequence(int(number)).ids) for number in members)


def test_validation_rows_are_never_trained_on(tokens: Tokens) -> None:
    plan = Plan(TrainSettings(batch_size=3), tokens)
    assert set(plan.held_out) == set(range(43, 50))
    assert not set(plan.rows) & set(plan.held_out)
    assert sum(len(batch.ids) for batch in plan.validation()) == 7


def test_a_file_of_its_own_is_not_touched(tmp_path: Path) -> None:
    """Reading through memory maps leaves them as they were."""
    folder = write(tmp_path / "t", 6)
    before = {path.name: path.read_bytes() for path in folder.glob("*.npy")}
    Plan(TrainSettings(), Tokens.open(folder)).step(0).batches[0]
    assert {path.name: path.read_bytes() for path in folder.glob("*.npy")} == before


def test_the_parts_of_a_step_add_up_to_it_on_any_number_of_devices(tmp_path: Path) -> None:
    tokens = Tokens.open(write(tmp_path / "tokens", 21))
    whole = Plan(TrainSettings(batch_size=8), tokens)
    parted = Plan(TrainSettings(batch_size=8, micro_batch_size=3), tokens)
    for number in range(whole.steps):
        (one,) = whole.step(number).batches
        for world in (1, 2, 3):
            steps = [parted.step(number, rank, world) for rank in range(world)]
            assert len({len(step.batches) for step in steps}) == 1
            parts = [batch for step in steps for batch in step.batches]
            assert sorted(np.concatenate([part.members for part in parts])) == sorted(one.members)
            assert sum(len(part.rows) for part in parts) == len(one.rows)
            assert {step.weight for step in steps} == {whole.step(number).weight}
