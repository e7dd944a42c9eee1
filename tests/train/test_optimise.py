"""The schedule and who is moved by what."""

from __future__ import annotations

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from agentflan.train.settings import TrainSettings
from agentflan.train.stepping.optimise import Optimiser, learning_rate


def test_the_papers_schedule_rises_from_4e6_to_2e5_and_falls_to_nothing() -> None:
    settings = TrainSettings()
    rates = [learning_rate(settings, step, 1000) for step in range(1001)]
    assert rates[0] == 4e-6
    assert max(rates) == rates[30] == 2e-5
    assert rates[30:] == sorted(rates[30:], reverse=True)
    assert rates[515] == pytest.approx(1e-5)
    assert rates[1000] == 0


def test_the_linear_tail_is_flat_until_the_last_three_tenths() -> None:
    settings = TrainSettings(schedule="linear_tail", learning_rate=1e-3, warmup_steps=50)
    rates = [learning_rate(settings, step, 1000) for step in range(1001)]
    assert set(rates[50:700]) == {1e-3}
    assert rates[850] == pytest.approx(5e-4)
    assert rates[999] > 0 == rates[1000]


def test_a_run_shorter_than_its_warmup_still_has_a_rate_for_each_step() -> None:
    settings = TrainSettings(warmup_steps=50)
    assert all(4e-6 <= learning_rate(settings, step, 3) <= 2e-5 for step in range(3))


@pytest.mark.parametrize("tie", [True, False])
def test_muon_moves_the_hidden_matrices_and_adamw_the_rest(tie: bool) -> None:
    size = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=12, tie_word_embeddings=tie, attention_bias=True, **size))
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    settings = TrainSettings(optimizer="muon", muon_learning_rate=0.01, learning_rate=1e-3, warmup_steps=0, clip=0.0)
    optimiser = Optimiser(settings, model, 10)
    ids = torch.arange(12).unsqueeze(0)
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    assert optimiser.step(0) == 1e-3
    for name, weight in model.named_parameters():
        moved = (weight - before[name]).abs()
        if "proj.weight" in name:  # an orthogonal step: its norm is that of the step for the whole matrix
            rank, tall = min(weight.shape), max(1.0, weight.shape[0] / weight.shape[1])
            assert moved.norm().item() == pytest.approx(0.01 * (rank * tall) ** 0.5, rel=0.35), name
        else:  # AdamW's first step is as long as the rate wherever there is a gradient
            assert moved.max().item() <= 1.01e-3, name
        assert weight.grad is None


def test_only_matrices_decay() -> None:
    size = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=12, **size))
    optimiser = Optimiser(TrainSettings(weight_decay=0.5, learning_rate=0.1, warmup_steps=0), model, 10)
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    optimiser.step(0)
    for name, weight in model.named_parameters():
        share = 0.95 if weight.ndim == 2 else 1.0
        assert torch.allclose(weight, share * before[name]), name
