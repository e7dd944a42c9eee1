"""Runs of a message that are trained alike: for formats that know the loss of a part."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from agentflan.core.types import Message, Segment


class Run(NamedTuple):
    """Text that is trained with one weight; 0: it is shown, not trained."""

    text: str
    weight: float


def runs_of(message: Message) -> list[Run]:
    """The message's text without gap, neighbours of one weight as one; at least one run."""
    held = [segment for segment in message.segments if segment.text]
    runs = [Run("".join(one.text for one in alike), weight) for weight, alike in groupby(held, _weight)]
    return runs or [Run("", 0.0)]


def _weight(segment: Segment) -> float:
    return segment.weight if segment.loss else 0.0
