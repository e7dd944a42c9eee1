"""Stretches of a conversation whose replies are all trained: for tools that train the rest of a row, not a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentflan.sources.shapes.turns import Turn


def stretches(turns: Sequence[Turn]) -> Iterator[tuple[int, int]]:
    """(first, behind) of each: `turns[first]` and `turns[behind - 1]` are trained replies, and so are all between them.

    Every trained reply is in one of them and no muted one is.
    """
    first: int | None = None
    behind = 0
    for number, turn in enumerate(turns):
        if turn.loss:
            first, behind = number if first is None else first, number + 1
        elif turn.loss is False and first is not None:
            yield first, behind
            first = None
    if first is not None:
        yield first, behind
