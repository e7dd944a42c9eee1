"""The loss of a batch is that of the model's own logits, whatever its head does to them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import Gemma2Config, Gemma2ForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedModel

from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.batching.batches import Plan
from agentflan.train.settings import TrainSettings
from agentflan.train.stepping.objective import Objective
from tests.train.tokens_folder import write

SIZE = {
    "vocab_size": 40,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "initializer_range": 0.5,
}


def llama() -> PreTrainedModel:
    return LlamaForCausalLM(LlamaConfig(**SIZE))


def gemma() -> PreTrainedModel:
    """Caps its logits."""
    return Gemma2ForCausalLM(Gemma2Config(**SIZE, head_dim=8, query_pre_attn_scalar=8, final_logit_softcapping=1.0))


@pytest.mark.parametrize("family", [llama, gemma])
def test_loss_and_gradient_are_those_of_the_whole_logits(family: type[PreTrainedModel], tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = family()
    batch = Plan(TrainSettings(batch_size=6), Tokens.open(write(tmp_path / "t", 6))).step(0).batches[0]
    ids, rows, targets, weights, classes = map(torch.from_numpy, batch[:5])
    each = cross_entropy(model(input_ids=ids).logits.flatten(0, 1)[rows], targets, reduction="none")
    wanted = (each * weights).sum() / weights.sum()
    wanted_grads = torch.autograd.grad(wanted, list(model.parameters()))
    loss, sums = Objective(model)(batch, float(batch.weights.sum()))
    grads = torch.autograd.grad(loss, list(model.parameters()))
    assert torch.allclose(loss, wanted, atol=1e-6)
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(grads, wanted_grads, strict=True))
    assert torch.allclose(sums.sum(0)[1], each[classes == 1].sum().double(), atol=1e-5)
    owners = torch.from_numpy(batch.owners)
    assert torch.allclose(sums[3].sum(), each[owners == 3].sum().double(), atol=1e-5)
