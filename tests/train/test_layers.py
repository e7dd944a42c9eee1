"""Layers worked out again, compiled, narrowed; the weights that validated best; what a batch costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from agentflan.core.errors import Mistake
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.batching.batches import Plan
from agentflan.train.run import train
from agentflan.train.settings import Lora, ModelSettings, Scratch, TrainSettings
from agentflan.train.stepping.layers import prepare
from agentflan.train.stepping.narrow import Narrowed
from agentflan.train.watching.flops import Work, peak
from tests.train.tokens_folder import write

SMALL = ModelSettings(scratch=Scratch(hidden_size=32, layers=2, heads=2, intermediate_size=64))
SETTINGS = TrainSettings(
    model=SMALL, steps=8, batch_size=6, micro_batch_size=2, learning_rate=1e-2, log_every=1, validate_every=4
)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("tokens") / "t", 25, held_out=5)


def run(tokens: Path, folder: Path, **changes: Any) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """The weights and the log of a run."""
    train(msgspec.structs.replace(SETTINGS, **changes), tokens, folder)
    (file,) = (folder / "model").glob("*model.safetensors")
    return load_file(file), [json.loads(line) for line in (folder / "train" / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("changes", [{}, {"precision": "bfloat16"}, {"packing": True, "sequence_length": 30}])
def test_layers_worked_out_again_change_nothing(changes: dict[str, Any], tokens: Path, tmp_path: Path) -> None:
    kept, _ = run(tokens, tmp_path / "kept", **changes)
    again, _ = run(tokens, tmp_path / "again", gradient_checkpointing=True, **changes)
    assert all(torch.equal(weight, again[name]) for name, weight in kept.items())


def test_layers_worked_out_again_are_not_kept_for_backward() -> None:
    """What lies between forward and backward: without them hardly more than each layer's input."""

    def kept(again: bool) -> int:
        torch.manual_seed(0)
        size = {"hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 6, "num_attention_heads": 4}
        model = LlamaForCausalLM(LlamaConfig(vocab_size=40, **size)).train()
        prepare(model, TrainSettings(gradient_checkpointing=again))
        sizes: list[int] = []

        def count(tensor: Tensor) -> Tensor:
            sizes.append(tensor.nbytes)
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            model.model(input_ids=torch.zeros(4, 64, dtype=torch.long), use_cache=False)
        return sum(sizes)

    assert 5 * kept(True) < kept(False)


def test_narrow_copies_stand_for_weights_that_stay_wide(tokens: Path, tmp_path: Path) -> None:
    wide, lines = run(tokens, tmp_path / "wide")
    narrow, others = run(tokens, tmp_path / "narrow", precision="bfloat16")
    for name, weight in narrow.items():
        assert weight.dtype == torch.float32
        assert not torch.equal(weight, weight.bfloat16().float())  # finer than the copies ever were
        assert torch.linalg.vector_norm(weight - wide[name]) < 0.1 * torch.linalg.vector_norm(wide[name])
    for one, other in zip(lines, others, strict=True):
        name = "loss" if "loss" in one else "validation_loss"
        assert one[name] == pytest.approx(other[name], rel=0.02)


@pytest.mark.parametrize("tie", [True, False])
def test_gradients_of_many_parts_add_up_wide(tie: bool) -> None:
    """1,024 parts, each so small that a sum in bfloat16 would stand still."""
    size = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=12, tie_word_embeddings=tie, **size))
    before = dict(model.named_parameters())
    narrowed = Narrowed(model)
    assert {weight.dtype for weight in model.parameters()} == {torch.bfloat16}
    assert len(dict(model.named_parameters())) == len(before)
    for _ in range(1024):
        sum(weight.float().sum() for weight in model.parameters()).backward()
    for name, weight in model.named_parameters():
        assert weight.grad is None
        assert torch.equal(before[name].grad, torch.full_like(before[name], 1024.0))
    narrowed.undo()
    assert all(weight is before[name] for name, weight in model.named_parameters())


def test_the_best_weights_are_those_of_the_lowest_validation_loss(tokens: Path, tmp_path: Path) -> None:
    """Random sequences are learned by heart, so validation soon gets worse."""
    hot = {"steps": 40, "validate_every": 2, "learning_rate": 3e-2, "warmup_steps": 2}
    _, lines = run(tokens, tmp_path / "best", keep="best", **hot)
    losses = {line["step"]: line["validation_loss"] for line in lines if "validation_loss" in line and line["step"]}
    best = min(losses, key=lambda step: losses[step])
    assert best < 40
    last, _ = run(tokens, tmp_path / "last", **hot)
    kept = load_file(next((tmp_path / "best" / "model").glob("*.safetensors")))
    assert not all(torch.equal(weight, last[name]) for name, weight in kept.items())
    model = ModelSettings(path=tmp_path / "best" / "model")
    _, again = run(tokens, tmp_path / "again", model=model, steps=1)
    assert again[0]["validation_loss"] == pytest.approx(losses[best], rel=1e-6)


def test_best_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="needs sequences to validate on"):
        run(write(tmp_path / "t", 8), tmp_path / "run", keep="best")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the compiler, about itself
def test_compiled_layers_do_what_they_do_else(tokens: Path, tmp_path: Path) -> None:
    packed = {"packing": True, "sequence_length": 30, "steps": 3, "learning_rate": 1e-3}
    _, plain = run(tokens, tmp_path / "plain", **packed)
    for again in (False, True):
        _, compiled = run(tokens, tmp_path / f"compiled_{again}", compile=True, gradient_checkpointing=again, **packed)
        for one, other in zip(plain, compiled, strict=True):
            name = "loss" if "loss" in one else "validation_loss"
            assert one[name] == pytest.approx(other[name], rel=1e-4)


def test_flops_are_six_for_each_weight_and_token_and_what_attention_looks_at(tokens: Path) -> None:
    """Llama-2-7B packed to 4096 comes to 42.9 GFLOP a token with whole rows, its head included."""
    with torch.device("meta"):
        model = LlamaForCausalLM(LlamaConfig())
    assert sum(weight.numel() for weight in model.parameters()) == 6_738_415_616
    batch = Plan(TrainSettings(batch_size=4), Tokens.open(tokens)).step(0).batches[0]
    whole = batch._replace(lengths=np.array([4096]), rows=np.zeros(4096, dtype=np.int64))
    assert Work(model).of(whole) / 4096 / 1e9 == pytest.approx(42.9, abs=0.05)
    halves = batch._replace(lengths=np.array([2048, 2048]), rows=np.zeros(2048, dtype=np.int64))
    less = 6 * 4096 * 32000 / 2 + 12 * 32 * 4096 * (2048 / 2) / 1
    assert (Work(model).of(whole) - Work(model).of(halves)) / 4096 == pytest.approx(less, rel=1e-3)
    model.requires_grad_(False)
    assert Work(model).of(whole) / 4096 / 1e9 == pytest.approx(42.9 - 2 * 6.607, abs=0.05)


def test_what_a_device_can_do_is_known_by_its_name() -> None:
    assert peak("NVIDIA H200") == peak("NVIDIA H100 80GB HBM3") == 989e12
    assert peak("NVIDIA H100 PCIe") == 756e12
    assert peak("NVIDIA A100-SXM4-80GB") == 312e12
    assert peak("NVIDIA GeForce RTX 4090") == 165e12
    assert peak("Some other card") is None


def test_adapters_in_bfloat16_stay_wide(tokens: Path, tmp_path: Path) -> None:
    tuned, _ = run(tokens, tmp_path / "run", precision="bfloat16", lora=Lora(rank=4), gradient_checkpointing=True)
    adapters = {name: weight for name, weight in tuned.items() if "lora" in name}
    assert adapters
    assert {weight.dtype for weight in adapters.values()} == {torch.float32}
