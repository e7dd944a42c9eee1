"""The reference backend: a plain torch loop on one device (paper section 4: full tuning)."""

from __future__ import annotations

import torch
from transformers import PreTrainedModel

from agentflan.core.chance import coin
from agentflan.core.plugs import Plug
from agentflan.train import checkpoint
from agentflan.train.batches import Plan
from agentflan.train.curves import Curve
from agentflan.train.job import Job
from agentflan.train.objective import Objective
from agentflan.train.optimise import Optimiser
from agentflan.train.validate import validate
from agentflan.train.watch import Watch


class Loop(Plug, frozen=True):
    """Runs a job to its end, from its checkpoint if there is one; on the CPU a resumed run equals a whole one."""

    def __call__(self, job: Job) -> None:
        run = _Run(job)
        done = run.resume()
        with Watch(job, run.curve, done, run.plan.steps) as watch:
            run.go(done, watch)
        job.save(run.model)
        run.checkpoint.unlink(missing_ok=True)


class _Run:
    """One job under way."""

    def __init__(self, job: Job) -> None:
        settings = job.settings
        self.job, self.settings = job, settings
        self.plan = Plan(settings, job.tokens)
        device = torch.device(settings.device if settings.device != "auto" else _best_device())
        self.model: PreTrainedModel = job.model().to(device)  # type: ignore[arg-type]
        self.model.train()
        self.optimiser = Optimiser(settings, self.model, self.plan.steps)
        self.objective = Objective(self.model)
        self.curve = Curve(device)
        self.checkpoint = job.folder / "checkpoint"

    def resume(self) -> int:
        """Takes up the checkpoint; the number of steps done."""
        state = checkpoint.read(self.checkpoint, self.job.digest)
        if state is None:
            return 0
        self.model.load_state_dict(state["model"])
        self.optimiser.restore(state["optimiser"])
        self.curve.restore(state["curve"])
        self.job.say(f"resumes after step {state['step']:,}")
        return int(state["step"])

    def go(self, done: int, watch: Watch) -> None:
        """The steps after `done`, with what falls due between them."""
        settings, steps = self.settings, self.plan.steps
        if self.plan.skipped:
            self.job.say(f"{self.plan.skipped:,} sequences have no token to learn and are left out")
        if done == 0:
            self._validate(0, watch)
        watch.rest(done)
        for now in range(done + 1, steps + 1):
            rate = self._step(now - 1)
            log = now == steps or now % settings.log_every == 0
            validates = now == steps or _falls_on(now, settings.validate_every)
            saves = now < steps and _falls_on(now, settings.save_every)
            if not (log or validates or saves):
                continue
            watch.check(now)
            if log:
                watch.log(now, rate)
            if validates:
                self._validate(now, watch)
            if saves:
                self._save(now)
            watch.rest(now)

    def _step(self, number: int) -> float:
        torch.manual_seed(int(coin(self.settings.seed, "dropout", number) * 2**53))  # a resumed run drops the same
        step = self.plan.step(number)
        for batch in step.batches:
            loss, sums = self.objective(batch, step.weight)
            loss.backward()
            self.curve.add(batch, loss, sums, step.weight)
        return self.optimiser.step(number)

    def _validate(self, now: int, watch: Watch) -> None:
        found = validate(self.model, self.objective, self.plan)
        if found is not None:
            watch.validated(now, found)

    def _save(self, now: int) -> None:
        state = {"model": self.model.state_dict(), "optimiser": self.optimiser.state(), "curve": self.curve.state()}
        checkpoint.write(self.checkpoint, {**state, "step": now, "digest": self.job.digest})


def _falls_on(step: int, every: int) -> bool:
    return every > 0 and step % every == 0


def _best_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
