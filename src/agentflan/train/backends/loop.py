"""The reference backend: a plain torch loop on one device (paper section 4: full tuning)."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from agentflan.core.chance import coin
from agentflan.core.errors import Mistake
from agentflan.core.plugs import Plug
from agentflan.core.ranks import world
from agentflan.train.batching.batches import Plan, Step
from agentflan.train.job import Job
from agentflan.train.saving import checkpoint
from agentflan.train.saving.checkpoint import Best
from agentflan.train.starting import lora
from agentflan.train.starting.model import device_of
from agentflan.train.stepping import layers
from agentflan.train.stepping.narrow import Narrowed
from agentflan.train.stepping.objective import Objective
from agentflan.train.stepping.optimise import Optimiser
from agentflan.train.watching.curves import Curve
from agentflan.train.watching.due import due
from agentflan.train.watching.stop import Stop
from agentflan.train.watching.stopped import Part
from agentflan.train.watching.validate import validate
from agentflan.train.watching.watch import Watch


class Loop(Plug, frozen=True):
    """Runs a job to its end, from its checkpoint if there is one; on the CPU a resumed run equals a whole one."""

    def __call__(self, job: Job) -> None:
        if world() > 1:
            what = f"a launcher started {world()} processes and `loop` is one"
            raise Mistake(what, where="train.backend", mend="say `backend: trainer`")
        run = _Run(job)
        done = run.resume()
        with Stop() as stop, Watch(job, run.curve, done, run.plan.steps, run.model) as watch:
            run.plan.follow(watch.balance)
            run.go(done, watch, stop)
        run.hand_over()


class _Run:
    """One job under way."""

    def __init__(self, job: Job) -> None:
        settings = job.settings
        self.job, self.settings = job, settings
        self.plan = Plan(settings, job.tokens)
        device = device_of(settings.device)
        self.model = lora.adapt(job.model(), settings).to(device)  # type: ignore[arg-type]
        self.model.train()
        self.optimiser = Optimiser(settings, self.model, self.plan.steps)
        self.objective = Objective(self.model)
        layers.prepare(self.model, settings)
        self.narrowed = Narrowed(self.model) if settings.precision == "bfloat16" else None
        self.curve = Curve(device)
        self.checkpoint = job.folder / "checkpoint"
        self.best = Best(job.folder / "best", job.digest)

    def resume(self) -> int:
        """Takes up the checkpoint; the number of steps done."""
        state = checkpoint.read(self.checkpoint, self.job.digest)
        if state is None:
            self.best.forget()
            return 0
        with self._wide():
            self.model.load_state_dict(state["model"], strict=False)
        self.optimiser.restore(state["optimiser"])
        self.curve.restore(state["curve"])
        self.job.say(f"resumes after step {state['step']:,}")
        return int(state["step"])

    def go(self, done: int, watch: Watch, stop: Stop) -> None:
        """The steps after `done`, with what falls due between them."""
        steps = self.plan.steps
        if self.plan.skipped:
            self.job.say(f"{self.plan.skipped:,} sequences have no token to learn and are left out")
        if done == 0:
            self._validate(0, watch)
        watch.rest(done)
        step = self.plan.step(done)
        for now in range(done + 1, steps + 1):
            rate, step = self._step(now, step, watch)
            log, validates, saves = due(self.settings, now, steps)
            stops = stop.asked is not None and now < steps
            if log:
                watch.log(now, rate)
            if validates:
                self._validate(now, watch)
            if saves or stops:
                self._save(now)
            if stops:
                self.job.say(f"stopped after step {now:,} of {steps:,}; the same command goes on from there")
                stop.end()
            if log or validates or saves or stops:
                watch.rest(now)

    def hand_over(self) -> None:
        """Saves the weights that are wanted; nothing else of the run is needed any more then."""
        if self.narrowed:
            self.narrowed.undo()
        if self.settings.keep == "best" and (found := self.best.read()):
            self.model.load_state_dict(found["model"], strict=False)
            self.job.say(f"the weights of step {found['step']:,} are kept, validation loss {found['loss']:.4f}")
        self.job.save(self.model)
        self.checkpoint.unlink(missing_ok=True)
        self.best.forget()

    def _step(self, now: int, step: Step, watch: Watch) -> tuple[float, Step]:
        """Takes step `now`; its learning rate, and the step after it, laid out while the device is at work."""
        torch.manual_seed(int(coin(self.settings.seed, "dropout", now - 1) * 2**53))  # a resumed run drops the same
        parts = []
        for batch in step.batches:
            loss, sums = self.objective(batch, step.weight)
            loss.backward()
            parts.append(Part(batch, loss.detach(), sums))
            self.curve.add(batch, loss, sums, step.weight)
        norm = self.optimiser.clip()
        following = self.plan.step(now) if now < self.plan.steps else step
        watch.check(now, parts, norm)
        rate = self.optimiser.step(now - 1)
        if self.narrowed:
            self.narrowed.refresh()
        return rate, following

    def _validate(self, now: int, watch: Watch) -> None:
        found = validate(self.model, self.objective, self.plan)
        if found is None:
            return
        watch.validated(now, found)
        if self.settings.keep == "best" and now > 0 and self.best.beaten_by(found.loss):
            with self._wide():
                self.best.write(now, found.loss, lora.trained(self.model))

    def _save(self, now: int) -> None:
        with self._wide():
            state = {"model": lora.trained(self.model), "optimiser": self.optimiser.state()}
            progress = {"curve": self.curve.state(), "step": now, "digest": self.job.digest}
            checkpoint.write(self.checkpoint, {**state, **progress})

    def _wide(self) -> AbstractContextManager[None]:
        """The model with its float32 weights in place."""
        return self.narrowed.aside() if self.narrowed else nullcontext()
