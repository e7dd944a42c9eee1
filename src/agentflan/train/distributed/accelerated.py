"""A `transformers.Trainer` that takes the steps of the plan and does between them what `loop` does."""

# mypy: allow-untyped-calls, disable-error-code="misc"
# (transformers and accelerate leave some of their functions without types)

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, IterableDataset
from transformers import PrinterCallback, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from agentflan.core.chance import coin
from agentflan.core.ranks import rank, world
from agentflan.train.batching.batches import Batch, Plan
from agentflan.train.distributed import shards
from agentflan.train.job import Job
from agentflan.train.saving import checkpoint
from agentflan.train.saving.checkpoint import Best
from agentflan.train.starting import lora
from agentflan.train.stepping import layers
from agentflan.train.stepping.objective import Objective
from agentflan.train.stepping.optimise import learning_rate, mover
from agentflan.train.watching.curves import Curve
from agentflan.train.watching.due import due
from agentflan.train.watching.stop import Stop
from agentflan.train.watching.stopped import Part
from agentflan.train.watching.validate import validate
from agentflan.train.watching.watch import Watch


class Engine(NamedTuple):
    """The settings that this backend alone has."""

    report_to: tuple[str, ...]
    fsdp: dict[str, Any] | None
    deepspeed: Path | None


class Accelerated(transformers.Trainer):
    """One job under way, on this device and those of the other processes."""

    objective: Objective
    optimizer: Any
    stop: Stop
    watch: Watch | None = None
    """Of the first process."""
    norm: Tensor | None = None

    def __init__(self, job: Job, engine: Engine) -> None:
        settings = job.settings
        self.job, self.settings, self.engine = job, settings, engine
        self.sharded = engine.fsdp is not None or engine.deepspeed is not None
        self.plan = Plan(settings, job.tokens)
        self.checkpoint = job.folder / "checkpoint"
        self.kept = checkpoint.read(self.checkpoint / shards.PROGRESS if self.sharded else self.checkpoint, job.digest)
        self.done = int(self.kept["step"]) if self.kept else 0
        adapted = lora.adapt(job.model(), settings)
        self.objective = Objective(adapted)
        layers.prepare(adapted, settings)
        self.parts: list[Part] = []
        self.best = Best(job.folder / "best", job.digest)
        self.objective.train()
        if self.kept and not self.sharded:
            adapted.load_state_dict(self.kept["model"], strict=False)
        super().__init__(model=self.objective, args=self._arguments())
        self.remove_callback(PrinterCallback)
        self.add_callback(_Between(self))
        if self.is_fsdp_enabled and settings.precision == "bfloat16":
            shards.narrow(self.accelerator)
        self.part = Curve(self.args.device)
        self.curve = self.part if world() == 1 else Curve(self.args.device)
        if self.kept:
            self.curve.restore(self.kept["curve"])
            job.say(f"resumes after step {self.done:,}")

    def _arguments(self) -> TrainingArguments:
        settings, step = self.settings, self.plan.step(0, rank(), world())
        cpu = settings.device == "cpu" or not torch.cuda.is_available()
        return TrainingArguments(
            output_dir=str(self.job.folder),
            max_steps=self.plan.steps - self.done,
            gradient_accumulation_steps=len(step.batches),
            max_grad_norm=settings.clip,
            seed=settings.seed,
            bf16=self.engine.fsdp is None and settings.precision == "bfloat16",
            use_cpu=cpu,
            ddp_backend=None if world() == 1 else "gloo" if cpu else "nccl",
            ddp_find_unused_parameters=False,
            fsdp=self.engine.fsdp is not None,  # type: ignore[arg-type]  # a string of old
            fsdp_config=shards.settings(self.engine.fsdp, self.objective.model),
            deepspeed=str(self.engine.deepspeed) if self.engine.deepspeed else None,
            report_to=list(self.engine.report_to) or "none",
            logging_strategy="no",
            save_strategy="no",
            logging_nan_inf_filter=False,
            disable_tqdm=True,
            log_level="error",
            log_level_replica="error",
        )

    def get_train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(_MicroBatches(self.plan, self.done), batch_size=None, collate_fn=_as_it_is)

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        self.optimizer = moved = mover(self.settings, self.objective.model)
        if self.kept and not self.sharded:
            moved.load_state_dict(self.kept["optimiser"])
        return moved

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> LambdaLR:
        """The rates from the step on that is taken up; a scale times the rate is what each group goes by."""
        moved = optimizer or self.optimizer
        for group in moved.param_groups:
            group["initial_lr"] = group["scale"]
        steps = self.plan.steps
        self.lr_scheduler = LambdaLR(moved, lambda step: learning_rate(self.settings, self.done + step, steps))
        return self.lr_scheduler

    def training_step(self, model: nn.Module, inputs: Any, num_items_in_batch: Any = None) -> Tensor:
        """One micro-batch. Its loss is a share of the step's already: nothing else may divide it."""
        batch, weight = inputs
        loss: Tensor
        loss, sums = model(batch, weight)
        deepspeed = {"scale_wrt_gas": False} if self.is_deepspeed_enabled else {}
        self.accelerator.backward(loss * world(), **deepspeed)  # gradients are averaged over the devices
        self.part.add(batch, loss, sums, weight)
        self.parts.append(Part(batch, loss.detach(), sums))
        return loss.detach()

    def _clip_grad_norm(self, model: nn.Module) -> Tensor:
        norm: Tensor = super()._clip_grad_norm(model)
        self.norm = norm.full_tensor() if isinstance(norm, DTensor) else norm
        return norm

    def check(self, now: int) -> None:
        """Before the weights move. The gradient is that of all devices: its norm tells of a loss on any of them."""
        if self.watch:
            self.watch.check(now, self.parts, self.norm)
        self.parts = []

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """To the trackers; Trainer's own mean at the end is that of one device."""
        super().log({name: value for name, value in logs.items() if name != "train_loss"}, start_time)

    def prepared(self) -> None:
        """Called when accelerate has wrapped everything and no step is taken yet."""
        if self.engine.fsdp is not None:
            shards.require(self.objective)
        if self.kept and self.sharded:
            self.accelerator.load_state(str(self.checkpoint))
        if self.done == 0:
            if rank() == 0:
                self.best.forget()
            if self.plan.skipped:
                self.job.say(f"{self.plan.skipped:,} sequences have no token to learn and are left out")
            self._validate(0)
        self._rest(self.done)

    def between(self, now: int) -> None:
        """What falls due after step `now`."""
        steps = self.plan.steps
        log, validates, saves = due(self.settings, now, steps)
        stops = now < steps and self._stops()
        if not (log or validates or saves or stops):
            return
        if self.curve is not self.part:
            self.curve.gather(self.part)
        if log:
            self._log(now)
        if validates:
            self._validate(now)
        if saves or stops:
            self._keep(now)
        if stops:
            self.job.say(f"stopped after step {now:,} of {steps:,}; the same command goes on from there")
            self.stop.end()
        self._rest(now)

    def hand_over(self) -> None:
        """Has the first process save the weights that are wanted."""
        best = self.best.read() if self.settings.keep == "best" else None
        model, state = self.objective.model, best["model"] if best else None
        if self.sharded:
            state = state or shards.gathered(self.accelerator, self.model_wrapped)
        if rank() == 0:
            if self.sharded:
                model = lora.adapt(self.job.model(), self.settings)
            if state:
                model.load_state_dict(state, strict=False)
            if best:
                self.job.say(f"the weights of step {best['step']:,} are kept, validation loss {best['loss']:.4f}")
            self.job.save(model)
            shutil.rmtree(self.checkpoint) if self.checkpoint.is_dir() else self.checkpoint.unlink(missing_ok=True)
            self.best.forget()
        self.accelerator.wait_for_everyone()

    def _log(self, now: int) -> None:
        rate = learning_rate(self.settings, now - 1, self.plan.steps)
        loss, by_class = self.curve.means()
        if self.watch:
            self.watch.log(now, rate)
        else:
            self.curve.clear()
        self.log({"loss": loss, "learning_rate": rate, **{f"loss/{name}": each for name, each in by_class.items()}})

    def _validate(self, now: int) -> None:
        """On every device alike: under FSDP all of them have to take part, and nothing has to be sent then."""
        found = validate(self.objective.model, self.objective, self.plan)
        if found is None:
            return
        if self.watch:
            self.watch.validated(now, found)
        if self.settings.keep == "best" and now > 0 and self.best.beaten_by(found.loss):
            weights = lora.trained(self.objective.model)
            if self.sharded:
                whole = shards.gathered(self.accelerator, self.model_wrapped)
                weights = {name: whole[name] for name in weights if name in whole}
            self.best.write(now, found.loss, weights)
        by_class = {f"eval_loss/{name}": each for name, each in found.by_capability.items()}
        self.log({"eval_loss": found.loss, **by_class})

    def _keep(self, now: int) -> None:
        progress = {"curve": self.curve.state(), "step": now, "digest": self.job.digest}
        if self.sharded:
            shards.save(self.accelerator, self.checkpoint, progress)
        elif rank() == 0:
            weights = {"model": lora.trained(self.objective.model), "optimiser": self.optimizer.state_dict()}
            checkpoint.write(self.checkpoint, {**weights, **progress})

    def _stops(self) -> bool:
        """Whether a signal came, to any of the processes: a launcher passes it on to one after the other."""
        asked = self.stop.asked is not None
        if world() == 1:
            return asked
        any_asked = torch.tensor(int(asked), device=self.args.device)
        torch.distributed.all_reduce(any_asked, torch.distributed.ReduceOp.MAX)
        return bool(any_asked)

    def _rest(self, now: int) -> None:
        if self.watch:
            self.watch.rest(now)


class _Between(TrainerCallback):
    """Has the run do between its steps what `loop` does; Trainer's counts begin at the step that is taken up."""

    def __init__(self, run: Accelerated) -> None:
        self._run = run

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        state.global_step, state.max_steps = self._run.done, self._run.plan.steps
        self._run.prepared()

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        chance = int(coin(self._run.settings.seed, "dropout", state.global_step) * 2**53)
        torch.manual_seed(chance + rank())  # a resumed run drops the same

    def on_pre_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._run.check(state.global_step + 1)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._run.between(state.global_step)


class _MicroBatches(IterableDataset[tuple[Batch, float]]):
    """This device's micro-batches from step `done` on, each with the weight of its step."""

    def __init__(self, plan: Plan, done: int) -> None:
        self._plan, self._done = plan, done

    def __iter__(self) -> Iterator[tuple[Batch, float]]:
        for number in range(self._done, self._plan.steps):
            step = self._plan.step(number, rank(), world())
            yield from ((batch, step.weight) for batch in step.batches)


def _as_it_is(item: Any) -> Any:
    return item
