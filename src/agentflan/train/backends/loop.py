"""The reference backend: a plain torch loop on one device (paper section 4: full tuning)."""

from __future__ import annotations

import time

import torch
from transformers import PreTrainedModel

from agentflan.core.chance import coin
from agentflan.core.errors import Mistake
from agentflan.core.plugs import Plug
from agentflan.train import checkpoint
from agentflan.train.batches import Plan
from agentflan.train.curves import Curve, Metrics
from agentflan.train.job import Job
from agentflan.train.objective import Objective
from agentflan.train.optimise import Optimiser


class Loop(Plug, frozen=True):
    """Runs a job to its end, from its checkpoint if there is one; on the CPU a resumed run equals a whole one."""

    def __call__(self, job: Job) -> None:
        run = _Run(job)
        done = run.resume()
        with Metrics(job.folder / "metrics.jsonl", done) as metrics:
            run.go(done, metrics)
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
        self.objective = Objective(self.model, settings.precision)
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

    def go(self, done: int, metrics: Metrics) -> None:
        """The steps after `done`, with what falls due between them."""
        settings, steps = self.settings, self.plan.steps
        if self.plan.skipped:
            self.job.say(f"{self.plan.skipped:,} sequences have no token to learn and are left out")
        if done == 0:
            self._validate(0, metrics)
        pace = _Pace(done, self.curve.tokens)
        for now in range(done + 1, steps + 1):
            rate = self._step(now - 1)
            log = now == steps or now % settings.log_every == 0
            validate = now == steps or _falls_on(now, settings.validate_every)
            save = now < steps and _falls_on(now, settings.save_every)
            if not (log or validate or save):
                continue
            self._check(now)
            if log:
                self._log(now, rate, pace, metrics)
            if validate:
                self._validate(now, metrics)
            if save:
                self._save(now)
            pace = _Pace(now, self.curve.tokens)

    def _step(self, step: int) -> float:
        torch.manual_seed(int(coin(self.settings.seed, "dropout", step) * 2**53))  # a resumed run drops the same
        batch = self.plan.batch(step)
        loss, sums = self.objective(batch)
        loss.backward()
        self.curve.add(batch, loss, sums)
        return self.optimiser.step(step)

    def _check(self, now: int) -> None:
        if not self.curve.finite():
            raise Mistake(
                f"the loss is not a number any more, at step {now} or a little before",
                where="train",
                mend="lower `learning_rate`, lengthen `warmup_steps` or lower `clip`",
            )

    def _log(self, now: int, rate: float, pace: _Pace, metrics: Metrics) -> None:
        loss, by_class = self.curve.means()
        self.curve.clear()
        speed, left = pace.measure(now, self.curve.tokens, self.plan.steps)
        line = {"step": now, "tokens": self.curve.tokens, "loss": loss, "loss_by_capability": by_class, "lr": rate}
        metrics.write({**line, "tokens_per_second": round(speed, 1)})
        shown = "".join(f"  {name} {value:.3f}" for name, value in by_class.items())
        self.job.say(
            f"step {now:,} of {self.plan.steps:,}  loss {loss:.4f}{shown}  lr {rate:.2e}"
            f"  {speed:,.0f} tokens/s  {left // 60:.0f}:{left % 60:02.0f} left"
        )

    def _validate(self, now: int, metrics: Metrics) -> None:
        if not len(self.plan.held_out):
            return
        curve = Curve(self.model.device)
        self.model.eval()
        with torch.no_grad():
            for batch in self.plan.validation():
                curve.add(batch, *self.objective(batch))
        self.model.train()
        loss, by_class = curve.means()
        line = {"step": now, "tokens": self.curve.tokens, "validation_loss": loss}
        metrics.write({**line, "validation_loss_by_capability": by_class})
        self.job.say(f"step {now:,}  validation loss {loss:.4f}")

    def _save(self, now: int) -> None:
        state = {"model": self.model.state_dict(), "optimiser": self.optimiser.state(), "curve": self.curve.state()}
        checkpoint.write(self.checkpoint, {**state, "step": now, "digest": self.job.digest})


class _Pace:
    """Speed since a step, validation and saving left out."""

    def __init__(self, step: int, tokens: int) -> None:
        self._step, self._tokens, self._clock = step, tokens, time.perf_counter()

    def measure(self, now: int, tokens: int, steps: int) -> tuple[float, float]:
        """Tokens a second, and seconds until the last step."""
        seconds = time.perf_counter() - self._clock
        return (tokens - self._tokens) / seconds, round((steps - now) * seconds / (now - self._step))


def _falls_on(step: int, every: int) -> bool:
    return every > 0 and step % every == 0


def _best_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
