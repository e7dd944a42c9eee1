"""What a person, and metrics.jsonl, are told while a run goes on; every backend tells it through here."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

import msgspec

from agentflan.core.errors import Mistake
from agentflan.train.curves import Curve, Metrics
from agentflan.train.job import Job
from agentflan.train.optimise import learning_rate
from agentflan.train.speed.curves import Pass, passes
from agentflan.train.speed.online import Balance
from agentflan.train.validate import Validation


class Watch:
    """Open while a run goes on from the step `done`; `steps` are those of the whole run."""

    def __init__(self, job: Job, curve: Curve, done: int, steps: int) -> None:
        self._job, self._curve, self._steps = job, curve, steps
        self._metrics = Metrics(job.folder / "metrics.jsonl", done)
        self._validation = Metrics(job.folder / "validation.jsonl", done)
        measured = job.settings.balance == "measured"
        self.balance = Balance(passes(job.folder / "validation.jsonl")) if measured else None
        """Follows the passes; a Plan goes by it."""
        self.rest(done)

    def rest(self, now: int) -> None:
        """From here on time counts again: validation and saving are no part of the speed."""
        self._now, self._seen = now, (self._curve.tokens, self._curve.trained)
        self._clock = time.perf_counter()

    def check(self, now: int) -> None:
        """Raises `Mistake` when the loss is not a number any more."""
        if not self._curve.finite():
            raise Mistake(
                f"the loss is not a number any more, at step {now} or a little before",
                where="train",
                mend="lower `learning_rate`, lengthen `warmup_steps` or lower `clip`",
            )

    def log(self, now: int, rate: float) -> None:
        """Means since the last call, at this learning rate."""
        seconds = time.perf_counter() - self._clock
        loss, by_class = self._curve.means()
        self._curve.clear()
        tokens, trained = self._curve.tokens - self._seen[0], self._curve.trained - self._seen[1]
        line = {"step": now, "tokens": self._curve.tokens, "loss": loss, "loss_by_capability": by_class, "lr": rate}
        speeds = {
            "tokens_per_second": round(tokens / seconds, 1),
            "trained_tokens_per_second": round(trained / seconds, 1),
        }
        self._metrics.write({**line, **speeds})
        left = round((self._steps - now) * seconds / max(now - self._now, 1))
        shown = "".join(f"  {name} {value:.3f}" for name, value in by_class.items())
        self._job.say(
            f"step {now:,} of {self._steps:,}  loss {loss:.4f}{shown}  lr {rate:.2e}"
            f"  {tokens / seconds:,.0f} tokens/s  {left // 60:.0f}:{left % 60:02.0f} left"
        )

    def validated(self, now: int, found: Validation) -> None:
        line = {"step": now, "tokens": self._curve.tokens, "validation_loss": found.loss}
        self._metrics.write({**line, "validation_loss_by_capability": found.by_capability})
        one = {"step": now, "peak_steps": self._peak_steps(now), **found.by_group()}
        if self.balance:
            one["balance"] = self.balance.weights
        self._validation.write(one)
        if self.balance and self.balance.saw(msgspec.convert(one, Pass)):
            self._metrics.write({"step": now, "balance": self.balance.weights})
        self._job.say(f"step {now:,}  validation loss {found.loss:.4f}")

    def _peak_steps(self, now: int) -> float:
        settings = self._job.settings
        return sum(learning_rate(settings, step, self._steps) for step in range(now)) / settings.learning_rate

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._metrics.__exit__(kind, error, _)
        self._validation.__exit__(kind, error, _)
