"""What models said, a line for each reply, only ever appended to: scores are computed from it, again and again."""

from __future__ import annotations

from pathlib import Path

from agentflan.core.digest import digest_of
from agentflan.core.journal import Journal
from agentflan.core.types import Observation, Problem, Record, Reply


class Transcript(Record, frozen=True):
    """One reply to one problem."""

    key: str
    """Digest of all that decides the reply: `key_of`."""
    model: str
    """The model's identity, which is not its place on disk."""
    version: str
    """The benchmark's version that asked."""
    problem: Problem
    """After the first turn of an episode, of its messages only the one that is new."""
    reply: Reply
    turn: int = 0
    """Of an episode; 0 for a problem of one reply."""
    observation: Observation | None = None
    """What the world then showed."""


def key_of(model: str, version: str, problem: Problem) -> str:
    """What a reply is found again by: all that the model is told. A mended gold asks nobody again."""
    told = [problem.messages, problem.tools, problem.syntax, problem.max_tokens]
    return digest_of([model, version, problem.id, told])


def transcripts(path: Path) -> Journal[Transcript]:
    """The transcript file of one benchmark."""
    return Journal(path, Transcript)
