"""What models said, a line for each reply, only ever appended to: scores are computed from it, again and again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path

from agentflan.core.digest import canonical
from agentflan.core.journal import Journal
from agentflan.core.types import Message, Observation, Problem, Record, Reply
from agentflan.evals.budget import Short


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
    seconds: float = 0.0
    """That model and world took for the turn, where the run limits the time of an episode."""
    short: Short = ""
    """Which limit of the run, beside that on steps, ended the episode here."""


class Keys:
    """The keys of an episode's turns one after the other, each for the price of what is new in its prompt."""

    def __init__(self, model: str, version: str, problem: Problem) -> None:
        start = canonical([model, version, problem.id])[:-1] + b",["
        self._told = blake2b(start + canonical(problem.messages)[:-1], digest_size=16)
        self._rest = b"]," + canonical([problem.tools, problem.syntax, problem.max_tokens])[1:] + b"]"

    def key(self, offered: str = "") -> str:
        """`offered` stands below the newest message this time, and in no later prompt."""
        whole = self._told.copy()
        whole.update(self._rest)
        if offered:
            whole.update(canonical(offered))
        return whole.hexdigest()

    def shown(self, messages: Sequence[Message]) -> None:
        """The prompt has grown by these."""
        for message in messages:
            self._told.update(b"," + canonical(message))


def key_of(model: str, version: str, problem: Problem) -> str:
    """What a reply is found again by: all that the model is told. A mended gold asks nobody again."""
    return Keys(model, version, problem).key()


def episodes_in(lines: Iterable[Transcript]) -> dict[tuple[str, str], list[Transcript]]:
    """(model, problem's id) -> the lines of its last episode; a turn that was played again replaces what followed."""
    found: dict[tuple[str, str], list[Transcript]] = {}
    for line in lines:
        turns = found.setdefault((line.model, line.problem.id), [])
        turns[line.turn :] = [line]
    return found


def transcripts(path: Path) -> Journal[Transcript]:
    """The transcript file of one benchmark."""
    return Journal(path, Transcript)
