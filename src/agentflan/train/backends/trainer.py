"""A `transformers.Trainer` over accelerate: what `loop` does, on one device or many, to the same weights."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from agentflan.core.errors import Mistake
from agentflan.core.plugs import Plug
from agentflan.core.ranks import rank, world
from agentflan.train.distributed.accelerated import Accelerated, Engine
from agentflan.train.job import Job
from agentflan.train.settings import TrainSettings
from agentflan.train.watching.stop import Stop
from agentflan.train.watching.watch import Watch

LAUNCH = "start with `torchrun --nproc-per-node GPUS -m agentflan train ...`"


class Trainer(Plug, frozen=True):
    """Started by torchrun or `accelerate launch`, it trains on all their devices; the first process writes."""

    report_to: tuple[str, ...] = ()
    """Where the curves go besides metrics.jsonl: `trackio`, `wandb`, `tensorboard`, ..."""
    fsdp: dict[str, Any] | None = None
    """Shards weights, gradients and moments over the devices (FSDP2); the settings of transformers' `fsdp_config`."""
    deepspeed: Path | None = None
    """A DeepSpeed configuration, handed over as it is. Taken from the working directory if it is relative."""

    def __call__(self, job: Job) -> None:
        self.check(job.settings)
        job.folder.mkdir(parents=True, exist_ok=True)
        run = Accelerated(job, Engine(self.report_to, self.fsdp, self.deepspeed))
        with ExitStack() as stack:
            run.stop = stack.enter_context(Stop())
            if rank() == 0:
                run.watch = stack.enter_context(Watch(job, run.curve, run.done, run.plan.steps, run.objective.model))
                run.plan.follow(run.watch.balance)
            run.train()
        run.hand_over()

    def check(self, settings: TrainSettings) -> None:
        """Raises `Mistake` for what the engines cannot do."""
        engine = "fsdp" if self.fsdp is not None else "deepspeed" if self.deepspeed is not None else None
        where = f"train.backend.{engine}"
        if self.fsdp is not None and self.deepspeed is not None:
            raise Mistake("`fsdp` and `deepspeed` are two ways to do the same", where=where, mend="choose one")
        if self.deepspeed is not None and not self.deepspeed.is_file():
            raise Mistake("there is no such file", where=where, mend=f"it says {self.deepspeed}")
        if self.fsdp is not None and world() == 1:
            raise Mistake("one process has nothing to share its weights with", where=where, mend=LAUNCH)
        if settings.balance == "measured" and world() > 1:
            what = "`balance: measured` goes by what one process sees"
            raise Mistake(what, where="train.balance", mend="fix the weights by `agentflan weights` first")
        if engine and settings.optimizer == "muon":
            raise Mistake("Muon needs whole matrices, which no device has then", where=where, mend="`optimizer: adamw`")
        if engine and settings.lora is not None and settings.lora.bits:
            raise Mistake("quantised weights are not sharded", where=where, mend="leave out `lora.bits`, or this")
