"""What a backend is given: everything it needs, and the two ends it does not see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from transformers import PreTrainedModel

from agentflan.corpus.tokens.arrays import Tokens
from agentflan.train.settings import TrainSettings


class Job(NamedTuple):
    settings: TrainSettings
    tokens: Tokens
    folder: Path
    """metrics.jsonl and the checkpoint belong here."""
    digest: str
    """Of all that decides the result; a checkpoint made under another one is not taken up."""
    model: Callable[[], PreTrainedModel]
    """The weights to begin with, on the CPU."""
    save: Callable[[PreTrainedModel], None]
    """Takes the tuned model, adapters and all, once, at the end; it is given away."""
    say: Callable[[str], None]
    """A line of progress for a person."""


@runtime_checkable
class Particular(Protocol):
    """A backend that cannot work with all settings."""

    def check(self, settings: TrainSettings) -> None:
        """Raises `Mistake`, before anything is built or loaded."""
        ...
