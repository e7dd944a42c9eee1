"""FSDP2 as torch does it, two processes on one CPU: the objective's loss and the weights are those of one process.

Accelerate itself does not shard on a CPU and says nothing of it, so that part is only tested to be refused.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor

from agentflan.core.errors import Mistake
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.batching.batches import Plan
from agentflan.train.distributed import shards
from agentflan.train.settings import ModelSettings, Scratch, TrainSettings
from agentflan.train.starting import model
from agentflan.train.stepping.objective import Objective
from agentflan.train.stepping.optimise import mover
from tests.train.processes import torchrun
from tests.train.tokens_folder import write

STEPS = 4
KINDS = ("tied", "untied", "narrow")


def settings(kind: str) -> TrainSettings:
    scratch = Scratch(hidden_size=32, layers=2, heads=2, intermediate_size=64, tie=kind != "untied")
    return TrainSettings(model=ModelSettings(scratch=scratch), batch_size=6, micro_batch_size=2)


def steps(kind: str, tokens: Path, rank: int, world: int, shard: bool) -> dict[str, Tensor]:
    """The losses of each step, added up over the devices, and the whole weights after the last."""
    chosen = settings(kind)
    plan = Plan(chosen, Tokens.open(tokens))
    objective = Objective(model.begin(chosen.model, tokens / "tokenizer", 0))
    if shard:
        mesh = init_device_mesh("cpu", (world,))
        policy = shards.NARROW if kind == "narrow" else MixedPrecisionPolicy()
        for layer in objective.model.get_decoder().layers:
            fully_shard(layer, mesh=mesh, mp_policy=policy)
        fully_shard(objective, mesh=mesh, mp_policy=policy)
        shards.require(objective)
    optimiser = mover(chosen, objective.model)
    for group in optimiser.param_groups:
        group["lr"] = 1e-2
    losses = []
    for number in range(STEPS):
        step = plan.step(number, rank, world)
        total = torch.zeros(())
        for batch in step.batches:
            with torch.autocast("cpu", torch.bfloat16, enabled=kind == "narrow" and not shard):
                loss, _ = objective(batch, step.weight)
            (loss * world).backward()
            total += loss.detach()
        if shard:
            distributed.all_reduce(total)
            assert all(isinstance(weight.grad, DTensor) for weight in objective.parameters())
        losses.append(total.item())
        nn.utils.clip_grad_norm_(objective.parameters(), 0.5)
        optimiser.step()
        optimiser.zero_grad()
    weights = {
        name: weight.full_tensor() if isinstance(weight, DTensor) else weight.detach()
        for name, weight in objective.model.named_parameters()
    }
    return {"losses": torch.tensor(losses), **weights}


@pytest.fixture(scope="module")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sharded")
    write(folder / "tokens", 24)
    done = torchrun(2, "-m", "tests.train.test_shards", str(folder))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_shards_learn_what_one_process_learns(kind: str, sharded: Path) -> None:
    whole, found = steps(kind, sharded / "tokens", 0, 1, shard=False), torch.load(sharded / kind)
    assert whole.keys() == found.keys()
    assert found["losses"][-1] < found["losses"][0]
    if kind == "narrow":  # other roundings, which AdamW makes as large as a step where there is hardly a gradient
        assert torch.allclose(found["losses"], whole["losses"], rtol=0.005)
        return
    for name, wanted in whole.items():
        assert torch.allclose(found[name], wanted, atol=1e-6), name


def test_weights_that_lie_whole_are_no_shards() -> None:
    with pytest.raises(Mistake, match="accelerate does not shard on these devices"):
        shards.require(nn.Linear(2, 2))


def main(folder: Path) -> None:
    """One of the processes."""
    distributed.init_process_group("gloo")
    rank, world = distributed.get_rank(), distributed.get_world_size()
    for kind in KINDS:
        found = steps(kind, folder / "tokens", rank, world, shard=True)
        if rank == 0:
            torch.save(found, folder / kind)
    distributed.barrier()
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
