"""What falls due after a step; the same for every backend."""

from __future__ import annotations

from typing import NamedTuple

from agentflan.train.settings import TrainSettings


class Due(NamedTuple):
    log: bool
    validate: bool
    save: bool
    """A checkpoint; never after the last step, whose weights are the result."""


def due(settings: TrainSettings, now: int, steps: int) -> Due:
    """After step `now` of `steps`, counted from 1."""
    last = now == steps
    return Due(
        log=last or _falls_on(now, settings.log_every),
        validate=last or _falls_on(now, settings.validate_every),
        save=not last and _falls_on(now, settings.save_every),
    )


def _falls_on(step: int, every: int) -> bool:
    return every > 0 and step % every == 0
