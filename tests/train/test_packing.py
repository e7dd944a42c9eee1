"""Packed rows: full, whole, in random order, and no sequence sees another."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from transformers import (
    Gemma2Config,
    Gemma2ForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.batching.batches import Batch, Plan
from agentflan.train.batching.packing import pack
from agentflan.train.settings import TrainSettings
from agentflan.train.stepping.objective import Objective
from tests.train.tokens_folder import write

ROOM = 24
PACKED = TrainSettings(packing=True, sequence_length=ROOM, batch_size=3)
SIZE = {
    "vocab_size": 40,
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "initializer_range": 0.5,
}
FAMILIES: dict[str, Callable[[], PreTrainedModel]] = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**SIZE)),
    "mistral": lambda: MistralForCausalLM(MistralConfig(**SIZE, sliding_window=5)),
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**SIZE)),
    "gemma2": lambda: Gemma2ForCausalLM(Gemma2Config(**SIZE, query_pre_attn_scalar=8, sliding_window=5)),
}


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    return Tokens.open(write(tmp_path_factory.mktemp("tokens") / "t", 50, held_out=7, muted=3))


def model_of(family: str, attention: str) -> PreTrainedModel:
    torch.manual_seed(0)
    model = FAMILIES[family]()
    model.set_attn_implementation(attention)
    return model


def apart(batch: Batch, tokens: Tokens) -> list[tuple[int, int, Tensor]]:
    """Row, first column and ids of each sequence of a packed batch, found by its tokens."""
    found, filled = [], [0] * len(batch.ids)
    for number in batch.members:
        ids = tokens.sequence(int(number)).ids.astype(np.int64)
        rows = [r for r, start in enumerate(filled) if np.array_equal(batch.ids[r, start : start + len(ids)], ids)]
        assert rows
        found.append((rows[0], filled[rows[0]], torch.from_numpy(ids)))
        filled[rows[0]] += len(ids)
    return found


@given(lengths=st.lists(st.integers(1, 64), max_size=200))
def test_no_row_holds_more_than_its_room_and_no_two_would_fit_in_one(lengths: list[int]) -> None:
    rows = pack(np.array(lengths, dtype=np.int64), 64)
    filled = np.bincount(rows, weights=lengths) if lengths else np.zeros(0)
    assert (filled > 0).all()
    assert filled.max(initial=0) <= 64
    assert len(filled) < 2 or np.sort(filled)[:2].sum() > 64


def test_a_hundred_thousand_conversations_fill_their_rows_in_a_second() -> None:
    lengths = np.random.default_rng(0).lognormal(6.5, 0.8, 100_000).clip(10, 4096).astype(np.int64)
    start = time.process_time()
    rows = pack(lengths, 4096)
    assert time.process_time() - start < 2  # 0.25 s where nobody else is at work
    assert lengths.sum() / (4096 * (rows.max() + 1)) > 0.999


@given(
    size=st.integers(1, 20), window=st.integers(1, 9), order=st.sampled_from(["shuffled", "given"]), seed=st.integers(0)
)
def test_every_epoch_packs_every_trainable_sequence_once(
    tokens: Tokens, size: int, window: int, order: str, seed: int
) -> None:
    one, two = (
        Plan(
            TrainSettings(
                packing=True,
                sequence_length=ROOM,
                batch_size=size,
                window=window,
                order=order,
                seed=seed,
                epochs=epochs,
            ),
            tokens,
        )
        for epochs in (1, 2)
    )
    assert one.steps < two.steps
    for first, last in ((0, one.steps), (one.steps, two.steps)):
        batches = [two.step(number).batches[0] for number in range(first, last)]
        assert sorted(np.concatenate([batch.members for batch in batches])) == list(range(3, 43))
        assert [len(batch.ids) for batch in batches[:-1]] == [size] * (len(batches) - 1)
        assert {batch.ids.shape[1] for batch in batches} == {ROOM}


def test_batches_are_those_of_seed_and_number(tokens: Tokens) -> None:
    def seen(seed: int) -> list[bytes]:
        plan = Plan(TrainSettings(packing=True, sequence_length=ROOM, batch_size=3, seed=seed, epochs=2), tokens)
        return [plan.step(number).batches[0].ids.tobytes() for number in range(10)]

    assert seen(0) == seen(0) != seen(1)


def test_a_shuffled_epoch_is_packed_well_whatever_the_batch(tmp_path: Path) -> None:
    tokens = Tokens.open(write(tmp_path / "t", 4000, length=100))
    plan = Plan(TrainSettings(packing=True, sequence_length=1000, batch_size=1, window=1), tokens)
    batches = [plan.step(number).batches[0] for number in range(plan.steps)]
    assert sum(batch.tokens for batch in batches) / (1000 * len(batches)) > 0.98  # none is shorter than 50


@given(step=st.integers(0, 30), weight=st.sampled_from([0.0, 0.1]), micro=st.sampled_from([None, 1, 2]))
def test_a_packed_batch_trains_the_same_tokens_at_other_places(
    tokens: Tokens, step: int, weight: float, micro: int | None
) -> None:
    settings = TrainSettings(
        packing=True, sequence_length=ROOM, batch_size=3, steps=40, prompt_weight=weight, micro_batch_size=micro
    )
    for batch in Plan(settings, tokens).step(step).batches:
        if not len(batch.members):  # the last batch of an epoch has fewer rows
            continue
        assert batch.positions is not None
        flat, positions = batch.ids.reshape(-1), batch.positions.reshape(-1)
        assert (flat[batch.rows + 1] == batch.targets).all()
        assert (positions[batch.rows + 1] == positions[batch.rows] + 1).all()  # never the first of the next
        trained = []
        for owner, number in enumerate(batch.members):
            one = tokens.sequence(int(number))
            weights = np.where(one.trained, one.weight, np.float32(weight))[1:]
            mine = batch.owners == owner
            assert batch.targets[mine].tolist() == one.ids[1:][weights > 0].tolist()
            assert batch.weights[mine].tolist() == weights[weights > 0].tolist()
            trained.append(mine.sum())
        assert sum(trained) == len(batch.rows)
        assert batch.lengths.tolist() == [len(tokens.sequence(int(number)).ids) for number in batch.members]
        for row, start, ids in apart(batch, tokens):
            assert batch.positions[row, start : start + len(ids)].tolist() == list(range(len(ids)))
        assert (flat == 0).sum() == batch.ids.size - batch.tokens
        padded = (batch.ids == 0).any(axis=1).sum()
        assert (batch.positions == 0).sum() == len(batch.members) + padded  # padding is one more sequence


@pytest.mark.parametrize(
    ("family", "attention"),
    [*((family, "eager") for family in FAMILIES), *((family, "sdpa") for family in FAMILIES if family != "gemma2")],
)
def test_packed_hidden_states_are_those_of_each_sequence_alone(family: str, attention: str, tokens: Tokens) -> None:
    model = model_of(family, attention)
    batch = Plan(PACKED, tokens).step(0).batches[0]
    assert len(batch.members) > len(batch.ids)
    for training in (False, True):
        model.train(training)
        given = {"input_ids": torch.from_numpy(batch.ids), "position_ids": torch.from_numpy(batch.positions)}
        packed = model(**given, use_cache=False).logits
        for row, start, ids in apart(batch, tokens):
            alone = model(input_ids=ids[None], use_cache=False).logits[0]
            assert torch.allclose(packed[row, start : start + len(ids)], alone, atol=1e-5)


@pytest.mark.parametrize("leak", ["use_cache", "attention_mask"])
def test_a_cache_or_a_mask_lets_sequences_see_each_other(leak: str, tokens: Tokens) -> None:
    """Why Objective gives neither: transformers then takes the row for one sequence, and says nothing."""
    model = model_of("llama", "sdpa")
    batch = Plan(PACKED, tokens).step(0).batches[0]
    ids, positions = torch.from_numpy(batch.ids), torch.from_numpy(batch.positions)
    more = {"use_cache": True} if leak == "use_cache" else {"use_cache": False, "attention_mask": (ids != 0).long()}
    packed = model(input_ids=ids, position_ids=positions, **more).logits
    row, start, alone = max(apart(batch, tokens), key=lambda found: found[1])
    assert (packed[row, start : start + len(alone)] - model(input_ids=alone[None]).logits[0]).abs().max() > 0.1


@pytest.mark.parametrize("family", FAMILIES)
def test_loss_and_gradient_do_not_know_how_sequences_lie(family: str, tokens: Tokens) -> None:
    """The objective of one packed batch, and of the same sequences in rows of their own."""
    model = model_of(family, "eager")
    objective = Objective(model)
    packed = Plan(msgspec.structs.replace(PACKED, batch_size=99, order="given"), tokens).step(0).batches[0]
    plain = (
        Plan(msgspec.structs.replace(PACKED, batch_size=99, order="given", packing=False), tokens).step(0).batches[0]
    )
    assert sorted(packed.members) == sorted(plain.members)
    found = {}
    for batch in (packed, plain):
        loss, sums = objective(batch, float(batch.weights.sum()))
        by_number = {int(number): sums[place] for place, number in enumerate(batch.members)}
        found[id(batch)] = (loss, by_number, torch.autograd.grad(loss, list(model.parameters())))
    (loss, sums, grads), (other, others, theirs) = found[id(packed)], found[id(plain)]
    assert torch.allclose(loss, other, rtol=1e-6)
    assert all(torch.allclose(sums[number], others[number], rtol=1e-5) for number in sums)
    for one, two in zip(grads, theirs, strict=True):
        assert torch.linalg.vector_norm(one - two) <= 1e-5 * torch.linalg.vector_norm(two)


def test_validation_is_packed_in_rows_of_a_micro_batch(tokens: Tokens) -> None:
    settings = TrainSettings(packing=True, sequence_length=ROOM, batch_size=8, micro_batch_size=2)
    batches = list(Plan(settings, tokens).validation())
    assert sorted(np.concatenate([batch.members for batch in batches])) == list(range(43, 50))
    assert max(len(batch.ids) for batch in batches) == 2
