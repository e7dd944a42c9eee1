"""What a diagnosis finds, as `diagnosis.json` of a run holds it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from agentflan.core.errors import Mistake
from agentflan.core.types import Record

SCHEMA = 1
FILE = "diagnosis.json"
CONTENT = ("reasoning", "retrieval", "understanding")
"""The capabilities that are no format."""

Form = Literal["as_built", "react", "talk", "native"]
"""`native`: calls in the syntax of the model's own chat template."""


class Interval(Record, frozen=True):
    """A number with its 95 % interval, by bootstrap over groups of conversations."""

    value: float
    low: float | None
    """None where fewer than two groups say anything about it, and so for `high`."""
    high: float | None


class Mean(Record, frozen=True):
    """The plain mean loss of the tokens of a class, in nats."""

    loss: Interval
    tokens: int
    conversations: int
    """How many have such a token."""


class Losses(Record, frozen=True):
    """The first two observations, on the conversations in one form."""

    form: Form
    conversations: int
    groups: int
    left: dict[str, int]
    """Why conversations that were chosen are not among them -> how many."""
    means: dict[str, Mean]
    """`format`, each capability of the content, `content` (all tokens of these together), `chat`; what came up."""
    gap: Interval | None
    """Content less format; None where one of them did not come up."""


class Calls(Record, frozen=True):
    """The third observation: what the model does where a plain reply is due, and where a call is."""

    queries: Literal["corpus", "made_up"]
    """Whether the queries that need a tool, and the tools, are the corpus' own."""
    ordinary: Literal["corpus", "made_up"]
    """And the ordinary queries."""
    problems: int
    faults: int
    """Problems without a reply, which nothing below counts."""
    metrics: dict[str, float]
    """Of the benchmark agent_h, and `over_call`: the plain mean over the circumstances that were asked in."""


class Diagnosis(Record, frozen=True):
    schema: int
    model: str
    identity: str
    """Of the model's files."""
    corpus: str
    template: str
    rows: Literal["held_out", "all"]
    """Which conversations were chosen from: those that the run's training never saw, or all."""
    of: int
    """How many of them there are."""
    seed: int
    losses: tuple[Losses, ...]
    """One for each form."""
    calls: Calls | None
    """None where nothing was asked."""


def load(folder: Path) -> Diagnosis | None:
    """The diagnosis in a run folder; None where there is none. Raises `Mistake` for one that cannot be read."""
    path = folder / FILE
    if not path.is_file():
        return None
    mend = "run `agentflan diagnose` again"
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Diagnosis)
    except msgspec.DecodeError as error:
        raise Mistake(f"this is no diagnosis: {error}", where=str(path), mend=mend) from error
    if found.schema != SCHEMA:
        raise Mistake(f"has schema {found.schema}, this agentflan reads {SCHEMA}", where=str(path), mend=mend)
    return found
