"""What a GPU alone can do: kernels for packed rows, compiled layers. Left out where torch sees none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from torch import Tensor

from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.batching.batches import Plan
from agentflan.train.run import train
from agentflan.train.settings import ModelSettings, Scratch, TrainSettings
from agentflan.train.stepping import attention
from agentflan.train.stepping.loss import weighted_loss
from agentflan.train.stepping.objective import Objective
from tests.train.test_packing import FAMILIES
from tests.train.tokens_folder import write

pytestmark = pytest.mark.gpu
GPU = torch.device("cuda")
PACKED = TrainSettings(packing=True, sequence_length=256, batch_size=4, micro_batch_size=2, precision="bfloat16")


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("tokens") / "t", 200, length=90, held_out=20)


def loss_and_gradient(kind: str, family: str, tokens: Path) -> tuple[float, list[Tensor]]:
    torch.manual_seed(0)
    model = FAMILIES[family]()
    attention.use(model, msgspec.structs.replace(PACKED, attention=kind))
    model.to(GPU)
    batch = Plan(PACKED, Tokens.open(tokens)).step(0).batches[0]
    with torch.autocast("cuda", torch.bfloat16):
        loss, _ = Objective(model)(batch, float(batch.weights.sum()))
    loss.backward()
    return loss.item(), [weight.grad for weight in model.parameters() if weight.grad is not None]


@pytest.mark.parametrize(
    ("family", "kind"),
    [*((family, "flex") for family in FAMILIES), *((family, "varlen") for family in FAMILIES if family != "gemma2")],
)
def test_kernels_for_packed_rows_equal_eager(family: str, kind: str, tokens: Path) -> None:
    """gemma2 caps its scores, which varlen cannot: `attention.use` refuses that."""
    loss, grads = loss_and_gradient(kind, family, tokens)
    wanted, theirs = loss_and_gradient("eager", family, tokens)
    assert loss == pytest.approx(wanted, rel=1e-2)
    for one, other in zip(grads, theirs, strict=True):
        assert torch.linalg.vector_norm(one - other) <= 0.1 * torch.linalg.vector_norm(other)


@pytest.mark.parametrize("kind", ["sdpa", "flex", "varlen"])
@pytest.mark.parametrize(
    "more", [{}, {"gradient_checkpointing": True}, {"gradient_checkpointing": True, "compile": True}]
)
def test_a_run_learns_the_same_with_each(kind: str, more: dict[str, Any], tokens: Path, tmp_path: Path) -> None:
    small = ModelSettings(scratch=Scratch(hidden_size=128, layers=2, heads=4, intermediate_size=256))
    settings = msgspec.structs.replace(
        PACKED, model=small, steps=12, learning_rate=3e-3, log_every=1, attention=kind, device="cuda", **more
    )
    train(settings, tokens, tmp_path / kind)
    train(msgspec.structs.replace(settings, attention="sdpa", compile=False), tokens, tmp_path / "plain")
    found, wanted = (
        [json.loads(line) for line in (tmp_path / name / "train" / "metrics.jsonl").read_text().splitlines()]
        for name in (kind, "plain")
    )
    losses = [line["loss"] for line in found if "loss" in line]
    assert losses == pytest.approx([line["loss"] for line in wanted if "loss" in line], rel=0.02)
    assert losses[-1] < losses[0]


def test_the_loss_keeps_its_memory_small() -> None:
    """2,048 rows of 1,024 numbers, 128,000 words, in bfloat16."""

    def beyond(plain: bool) -> int:
        hidden = torch.randn(2048, 1024, device=GPU, dtype=torch.bfloat16, requires_grad=True)
        head = torch.randn(128_000, 1024, device=GPU, dtype=torch.bfloat16).mul_(0.02).requires_grad_()
        targets, weights = torch.randint(128_000, (2048,), device=GPU), torch.rand(2048, device=GPU)
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        if plain:
            losses = torch.nn.functional.cross_entropy((hidden @ head.t()).float(), targets, reduction="none")
            loss = (losses * weights).sum() / weights.sum()
        else:
            loss, _ = weighted_loss(hidden, head, targets, weights, targets % 6, 6, float(weights.sum()))
        loss.backward()
        return torch.cuda.max_memory_allocated() - before - hidden.nbytes - head.nbytes

    assert beyond(plain=False) < beyond(plain=True)
