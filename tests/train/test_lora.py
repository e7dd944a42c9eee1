"""Adapters: who is trained, what is kept, and what is refused before any weights are read."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from agentflan.core.errors import Mistake
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.batching.batches import Plan
from agentflan.train.settings import Lora, ModelSettings, Scratch, TrainSettings
from agentflan.train.starting import lora, model
from agentflan.train.stepping.objective import Objective
from tests.train.tokens_folder import write

SMALL = ModelSettings(scratch=Scratch(hidden_size=64, layers=2, heads=2, intermediate_size=128, tie=False))
SETTINGS = TrainSettings(model=SMALL, batch_size=6, lora=Lora(rank=4))
TARGETS = [("all-linear",), ("q_proj", "v_proj"), ("lm_head", "layers.1.mlp.up_proj")]


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("tokens") / "t", 6)


def begin(tokens: Path, settings: TrainSettings = SETTINGS) -> PreTrainedModel:
    return lora.adapt(model.begin(settings.model, tokens / "tokenizer", 0), settings)


def stepped(tuned: PreTrainedModel, tokens: Path) -> float:
    """The loss of one step, whose gradient is left on the weights."""
    step = Plan(SETTINGS, Tokens.open(tokens)).step(0)
    loss, _ = Objective(tuned)(step.batches[0], step.weight)
    loss.backward()
    return loss.item()


@pytest.mark.parametrize("targets", TARGETS)
def test_the_adapters_alone_are_trained_and_kept(targets: tuple[str, ...], tokens: Path) -> None:
    tuned = begin(tokens, msgspec.structs.replace(SETTINGS, lora=Lora(rank=4, targets=targets)))
    whole = begin(tokens, msgspec.structs.replace(SETTINGS, lora=None))
    assert stepped(tuned, tokens) == pytest.approx(stepped(whole, tokens), abs=1e-6)  # fresh adapters add nothing
    moved = {name for name, weight in tuned.named_parameters() if weight.grad is not None}
    assert moved == set(lora.trained(tuned))
    assert all("lora_" in name for name in moved)
    assert lora.trained(whole).keys() == whole.state_dict().keys()


@pytest.mark.parametrize("targets", TARGETS[:2])
def test_merged_weights_are_plain_and_say_the_same(targets: tuple[str, ...], tokens: Path) -> None:
    tuned = begin(tokens, msgspec.structs.replace(SETTINGS, lora=Lora(rank=4, targets=targets))).eval()
    with torch.no_grad():
        for weight in lora.trained(tuned).values():
            weight.normal_(0, 0.1)
        ids = torch.arange(10).unsqueeze(0)
        wanted = tuned(input_ids=ids).logits
        plain = lora.merged(tuned)
        assert torch.allclose(plain(input_ids=ids).logits, wanted, atol=1e-5)
    assert type(plain) is LlamaForCausalLM
    assert plain.state_dict().keys() == model.begin(SMALL, tokens / "tokenizer", 0).state_dict().keys()
    assert lora.merged(plain) is plain


def test_the_seed_decides_the_adapters(tokens: Path) -> None:
    one, other = lora.trained(begin(tokens)), lora.trained(begin(tokens))
    third = lora.trained(begin(tokens, msgspec.structs.replace(SETTINGS, seed=1)))
    assert all(torch.equal(weight, other[name]) for name, weight in one.items())
    assert not all(torch.equal(weight, third[name]) for name, weight in one.items())


def test_layers_that_are_worked_out_again_learn_beside_frozen_embeddings(tokens: Path) -> None:
    grads = []
    for again in (False, True):
        begun = model.begin(SMALL, tokens / "tokenizer", 0)
        if again:
            begun.activation_checkpointing_enable()
        tuned = lora.adapt(begun, SETTINGS)
        tuned.train()
        stepped(tuned, tokens)
        grads.append({name: weight.grad for name, weight in tuned.named_parameters() if weight.grad is not None})
    plain, checkpointed = grads
    assert plain.keys() == checkpointed.keys()
    assert all(torch.allclose(grad, checkpointed[name], atol=1e-6) for name, grad in plain.items())


@pytest.mark.parametrize("bits", [4, 8])
def test_frozen_weights_lie_in_few_bits(bits: int, tokens: Path) -> None:
    settings = msgspec.structs.replace(SETTINGS, lora=Lora(rank=4, bits=bits))
    tuned, whole = begin(tokens, settings), begin(tokens)
    size = sum(weight.nbytes for name, weight in tuned.named_parameters() if "proj.base_layer.weight" in name)
    full = sum(weight.nbytes for name, weight in whole.named_parameters() if "proj.base_layer.weight" in name)
    assert size == full * bits / 32
    assert stepped(tuned, tokens) == pytest.approx(stepped(whole, tokens), rel=0.02)
    assert all("lora_" in name for name in lora.trained(tuned))


@pytest.mark.parametrize("tie", [True, False])
def test_embedding_and_head_are_tuned_beside_the_adapters_on_request(tie: bool, tokens: Path) -> None:
    small = ModelSettings(scratch=Scratch(hidden_size=32, layers=2, heads=2, intermediate_size=64, tie=tie))
    settings = msgspec.structs.replace(SETTINGS, model=small, lora=Lora(rank=4, embeddings=True, merge=True))
    begun = model.begin(small, tokens / "tokenizer", 0)
    ends = [begun.get_input_embeddings().weight, begun.get_output_embeddings().weight]
    before = [end.detach().clone() for end in ends]
    tuned = lora.adapt(begun, settings)
    stepped(tuned, tokens)
    assert all(end.grad is not None and end.grad.abs().max() > 0 for end in ends)
    kept = lora.trained(tuned)
    assert len([name for name in kept if "lora_" not in name]) == (1 if tie else 2)
    with torch.no_grad():
        for end in ends:
            end += 1
    plain = lora.merged(tuned)
    assert torch.allclose(plain.get_output_embeddings().weight, before[1] + (2 if tie else 1))


def test_adapters_are_not_merged_into_few_bits() -> None:
    with pytest.raises(ValueError, match="not merged"):
        Lora(bits=4, merge=True)


def test_a_target_that_names_nothing_is_refused_before_weights_are_read(tokens: Path, tmp_path: Path) -> None:
    """There are none: the folder holds a configuration alone, of a model too large for this machine."""
    LlamaConfig(num_hidden_layers=80, hidden_size=8192).save_pretrained(tmp_path)
    settings = ModelSettings(path=tmp_path)
    lora.check(settings, Lora(targets=("q_proj", "layers.79.mlp.up_proj")), tokens / "tokenizer")
    with pytest.raises(Mistake, match=r"called 'query_proj'; did you mean 'q_proj'\?\n.*'fc1'; known: down_proj,"):
        lora.check(settings, Lora(targets=("query_proj", "k_proj", "fc1")), tokens / "tokenizer")
    with pytest.raises(Mistake, match="did you mean 'lm_head'"):
        lora.check(SMALL, Lora(targets=("lm_heads",)), tokens / "tokenizer")
