"""Attention of our own beside transformers', on a CPU; what a GPU alone can do is in test_gpu.py."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from transformers import Lfm2Config, Lfm2ForCausalLM, MambaConfig, MambaForCausalLM, PreTrainedModel

from agentflan.core.errors import Mistake
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.batching.batches import Plan
from agentflan.train.run import train
from agentflan.train.settings import ModelSettings, Scratch, TrainSettings
from agentflan.train.stepping import attention
from tests.train.test_packing import FAMILIES, ROOM
from tests.train.tokens_folder import write

PACKED = TrainSettings(packing=True, sequence_length=ROOM, batch_size=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("tokens") / "t", 50, held_out=7)


def told(attention_kind: str, family: str) -> PreTrainedModel:
    torch.manual_seed(0)
    model = FAMILIES[family]()
    attention.use(model, msgspec.structs.replace(PACKED, attention=attention_kind))
    return model


@torch.no_grad()
@pytest.mark.parametrize("packing", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_flex_equals_eager(family: str, packing: bool, folder: Path) -> None:
    """Forward alone: torch has no backward of FlexAttention for a CPU."""
    plan = Plan(msgspec.structs.replace(PACKED, packing=packing), Tokens.open(folder))
    batch = plan.step(0).batches[0]
    given = {"input_ids": torch.from_numpy(batch.ids), "use_cache": False}
    if batch.positions is not None:
        given["position_ids"] = torch.from_numpy(batch.positions)
    flex, eager = told("flex", family), told("eager", family)
    assert flex.config._attn_implementation == "flex"
    assert torch.allclose(flex(**given).logits, eager(**given).logits, atol=1e-5)


def test_borders_are_where_sequences_begin(folder: Path) -> None:
    batch = Plan(PACKED, Tokens.open(folder)).step(0).batches[0]
    assert batch.positions is not None
    found = attention.borders(batch.positions)
    assert found.dtype == np.int32
    assert (found[0], found[-1]) == (0, batch.ids.size)
    lengths = np.diff(found).tolist()
    padding = [ROOM - (row != 0).sum() for row in batch.ids if (row == 0).any()]
    assert sorted(lengths) == sorted([*batch.lengths.tolist(), *padding])


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("family", ["mamba", "lfm2"])
def test_a_model_that_mixes_without_attention_is_not_packed(family: str) -> None:
    """A recurrent state, or a convolution, runs over the borders, whatever the positions say."""
    torch.manual_seed(0)
    size = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "initializer_range": 0.5}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "layer_types": ["conv", "full_attention"]}
    model: PreTrainedModel = (
        MambaForCausalLM(MambaConfig(**size, state_size=4))
        if family == "mamba"
        else Lfm2ForCausalLM(Lfm2Config(**size, **heads))
    )
    eager = msgspec.structs.replace(PACKED, attention="eager")
    with pytest.raises(Mistake, match="looks from one sequence of a packed row into the next; say `packing: false`"):
        attention.use(model, eager)
    attention.use(model, msgspec.structs.replace(eager, packing=False))


@pytest.mark.parametrize("kind", ["flex", "varlen"])
def test_what_a_cpu_cannot_train_is_said_before_a_model_is_there(kind: str, folder: Path, tmp_path: Path) -> None:
    small = ModelSettings(scratch=Scratch(hidden_size=16, layers=1, heads=2, intermediate_size=32))
    settings = TrainSettings(model=small, attention=kind, device="cpu", steps=1, batch_size=4)
    with pytest.raises(Mistake, match=f"`{kind}` trains on a GPU alone") as caught:
        train(settings, folder, tmp_path / "run")
    assert "say `attention: sdpa`" in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_what_a_gpu_can_train_is_said_too() -> None:
    gpu = torch.device("cuda")
    with pytest.raises(Mistake, match="bfloat16 alone"):
        attention.check(TrainSettings(attention="varlen", packing=True), gpu)
    with pytest.raises(Mistake, match="is for packed rows"):
        attention.check(TrainSettings(attention="flex"), gpu)
    for kind in ("flex", "varlen", "sdpa"):
        attention.check(TrainSettings(attention=kind, precision="bfloat16", packing=True), gpu)


def test_attention_that_a_model_does_not_know_is_a_mistake() -> None:
    with pytest.raises(Mistake, match="Gemma2ForCausalLM cannot use `sdpa`"):
        told("sdpa", "gemma2")
