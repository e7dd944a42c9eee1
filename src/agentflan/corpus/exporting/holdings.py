"""What a run holds, as an export reads it: its conversations, or the trajectories that they were made of.

Both are of the finished corpus: a trajectory whose conversation left it later is not told. Lessons and negatives were
never trajectories; as such they are a prompt, a question and an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agentflan.core.errors import Mistake
from agentflan.core.types import Answer, Conversation, Message, Step, Trajectory
from agentflan.corpus.store.parquet import conversations, trajectories


def corpus_of(run: Path) -> Path:
    """The corpus folder of a run folder. Raises Mistake for a folder of several runs, and for one without a corpus."""
    if (run / "corpus").is_dir():
        return run / "corpus"
    arms = sorted(path.parent.name for path in run.glob("*/corpus") if path.is_dir())
    if arms:
        raise Mistake("holds several runs", where=str(run), mend=f"name one of them: {', '.join(arms)}")
    raise Mistake("holds no corpus", where=str(run), mend="give a run folder, or run `agentflan build` first")


class Told:
    """A trajectory for each conversation of a corpus, in three passes over its files; sixteen bytes of memory for each.

    A conversation that is written in two ways is two of them.
    """

    def __init__(self, run: Path) -> None:
        self._corpus, self._run = corpus_of(run), run
        self._kept = _ids(conversations(self._corpus))
        self._muted = _ids(item for item in conversations(self._corpus) if _muted(item))

    def __iter__(self) -> Iterator[Trajectory]:
        for trajectory in trajectories(self._run / "trajectories"):
            if _among(self._kept, trajectory.id):
                yield trajectory
        told = _ids(trajectories(self._run / "trajectories"))
        for conversation in conversations(self._corpus):
            if not _among(told, conversation.id):
                yield _of_words(conversation)

    def unmuted(self, item: Trajectory) -> bool:
        """Whether all of the trajectory is trained, of whose conversation a part was muted or weighed (`rebalance`)."""
        return all(step.loss for step in item.steps) and _among(self._muted, item.id)


def _muted(item: Conversation) -> bool:
    replies = (message for message in item.messages if message.role == "assistant")
    return any(not part.loss or part.weight != 1 for message in replies for part in message.segments)


def text_of(message: Message) -> str:
    return "".join([segment.text for segment in message.segments])


def _of_words(item: Conversation) -> Trajectory:
    """A negative's system prompt lists its tools in some dialect; the tools themselves stand beside it here."""
    system = text_of(item.messages[0]) if item.messages[0].role == "system" else ""
    listed = item.kind != "lesson" and item.tools
    turns = item.messages[1:] if item.messages[0].role == "system" else item.messages
    seen = [text_of(after) if after.role == "user" else None for _, after in pairwise(turns)]
    steps = [
        Step(
            action=Answer(text=text_of(turn)),
            observation=next_,
            loss=all(segment.loss for segment in turn.segments),
        )
        for turn, next_ in zip(turns, [*seen, None], strict=True)
        if turn.role == "assistant"
    ]
    return Trajectory(
        id=item.id,
        source=item.source,
        query=text_of(turns[0]),
        steps=tuple(steps),
        kind=item.kind,
        licence=item.licence,
        origin_ids=item.origin_ids,
        group=item.group,
        instruction="" if listed else system,
        tools=item.tools if listed else (),
    )


def _ids(items: Iterator[Conversation] | Iterator[Trajectory]) -> NDArray[np.uint64]:
    return np.sort(np.fromiter((_short(item.id) for item in items), np.uint64))


def _among(ids: NDArray[np.uint64], id: str) -> bool:
    place = int(np.searchsorted(ids, np.uint64(_short(id))))
    return place < len(ids) and int(ids[place]) == _short(id)


def _short(id: str) -> int:
    """64 bits of an id: two of ten million share them with a chance of 1 in 400,000."""
    return int.from_bytes(blake2b(id.encode(), digest_size=8).digest())
