"""What a person, and metrics.jsonl, are told while a run goes on; every backend tells it through here."""

from __future__ import annotations

import math
import shutil
import time
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import msgspec
import torch
from torch import Tensor
from transformers import PreTrainedModel

from agentflan.core.errors import Mistake
from agentflan.train.job import Job
from agentflan.train.speed.curves import Pass, passes
from agentflan.train.speed.online import Balance
from agentflan.train.stepping.optimise import learning_rate
from agentflan.train.watching import stopped
from agentflan.train.watching.curves import Curve, Metrics
from agentflan.train.watching.flops import Work, peak
from agentflan.train.watching.stopped import Part
from agentflan.train.watching.validate import Validation

BEFORE = 32
"""Steps whose mean loss a jump is measured from."""
ENOUGH = 8
"""Steps there have to be, since the start or since the run was taken up again."""
CALMER = "lower `learning_rate`, lengthen `warmup_steps` or lower `clip`"


class Watch:
    """Open while a run goes on from the step `done`; `steps` are those of the whole run."""

    def __init__(self, job: Job, curve: Curve, done: int, steps: int, model: PreTrainedModel) -> None:
        self._job, self._curve, self._steps = job, curve, steps
        self._metrics = Metrics(job.folder / "metrics.jsonl", done)
        self._validation = Metrics(job.folder / "validation.jsonl", done)
        measured = job.settings.balance == "measured"
        self.balance = Balance(passes(job.folder / "validation.jsonl")) if measured else None
        """Follows the passes; a Plan goes by it."""
        self._losses: deque[float] = deque(maxlen=BEFORE)
        self._peak = _peak(model.device) if job.settings.precision == "bfloat16" else None
        self._work = Work(model)
        self._kept = job.folder / stopped.FOLDER
        shutil.rmtree(self._kept, ignore_errors=True)  # of a run before this one
        self.rest(done)

    def rest(self, now: int) -> None:
        """From here on time counts again: validation and saving are no part of the speed."""
        self._now, self._seen, self._flops = now, (self._curve.tokens, self._curve.trained), 0.0
        self._clock = time.perf_counter()

    def check(self, now: int, parts: Sequence[Part], norm: Tensor | None) -> None:
        """Before step `now` moves the weights: raises `Mistake`, and keeps the batch, if its loss cannot be right.

        `norm` is the gradient's. This waits for the device, which has all of the step's work by now.
        """
        loss = torch.stack([part.loss.detach() for part in parts]).sum()
        whole = loss if norm is None else torch.stack([loss, norm.to(loss)])
        values = whole.reshape(-1).tolist()
        why = self._wrong(values[0], values)
        if why:
            stopped.keep(self._kept, self._job.tokens, now, values[0], why, parts)
            mend = f"look at its batch by `agentflan show {self._kept}`, then {CALMER}; `jump: 0` lets jumps pass"
            raise Mistake(f"{why} at step {now:,}, which was not taken", where="train", mend=mend)
        self._losses.append(values[0])
        if self._peak:
            self._flops += sum(self._work.of(part.batch) for part in parts)

    def _wrong(self, loss: float, values: list[float]) -> str:
        jump = self._job.settings.jump
        if not all(map(math.isfinite, values)):
            return f"the {'gradient' if math.isfinite(loss) else 'loss'} is not a number any more"
        if jump and len(self._losses) >= ENOUGH and loss > (mean := sum(self._losses) / len(self._losses)) + jump:
            return f"the loss jumped from about {mean:.2f} to {loss:.2f}"
        return ""

    def log(self, now: int, rate: float) -> None:
        """Means since the last call, at this learning rate."""
        seconds = time.perf_counter() - self._clock
        loss, by_class = self._curve.means()
        self._curve.clear()
        tokens, trained = self._curve.tokens - self._seen[0], self._curve.trained - self._seen[1]
        line = {"step": now, "tokens": self._curve.tokens, "loss": loss, "loss_by_capability": by_class, "lr": rate}
        speeds: dict[str, Any] = {
            "tokens_per_second": round(tokens / seconds, 1),
            "trained_tokens_per_second": round(trained / seconds, 1),
        }
        busy = ""
        if self._peak:
            speeds["mfu"] = round(self._flops / seconds / self._peak, 4)
            busy = f"  {speeds['mfu']:.0%} MFU"
        self._metrics.write({**line, **speeds})
        left = round((self._steps - now) * seconds / max(now - self._now, 1))
        shown = "".join(f"  {name} {value:.3f}" for name, value in by_class.items())
        self._job.say(
            f"step {now:,} of {self._steps:,}  loss {loss:.4f}{shown}  lr {rate:.2e}"
            f"  {tokens / seconds:,.0f} tokens/s, {trained / seconds:,.0f} trained{busy}"
            f"  {left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"
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


def _peak(device: torch.device) -> float | None:
    return peak(torch.cuda.get_device_name(device)) if device.type == "cuda" else None
