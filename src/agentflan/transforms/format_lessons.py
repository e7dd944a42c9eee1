"""Add short lessons in writing a requested form, made of single steps (paper section 4.1; about 2,000 there).

Place it before `converse`, where steps are still free of any form; the lessons are conversations and pass through that.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from agentflan.core.chance import coin
from agentflan.core.kinds import Item, Side
from agentflan.core.plugs import Plug
from agentflan.core.types import Trajectory
from agentflan.transforms.lessons.lesson import Grammar, lesson, teachable

_FORMS: tuple[Literal["json", "lines"], ...] = ("json", "lines")


class FormatLessons(Plug, frozen=True):
    works_on: ClassVar[Side] = "trajectories"

    count: int = 2000
    """How many lessons are made: exactly so many, or all the steps there are."""
    string_share: float = 0.5
    """Share of lessons in lines of `alias: value`; the others ask for JSON (1 : 1 in the release)."""
    grammar: Grammar = "varied"
    """varied: wordings that differ from lesson to lesson; release: the grammar of the published lessons, for which
    `qualified_names` comes before."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.count < 0 or not 0 <= self.string_share <= 1:
            raise ValueError("count is at least 0 and string_share lies between 0 and 1")

    def note(self, item: Item) -> tuple[str, list[list[Any]]] | None:
        if not isinstance(item, Trajectory) or item.kind != "agent" or not self.count:
            return None
        steps = [
            [coin(self.seed, "lesson", item.id, index), index]
            for index, step in enumerate(item.steps)
            if teachable(step, item.tools)
        ]
        return ("", steps) if steps else None

    def decide(self, notes: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, list[list[int]]]]:
        """Verdict: [index of the step, index of the form] for each lesson."""
        steps = ((place, number, index) for number, note in notes for place, index in note)
        verdicts: dict[int, list[list[int]]] = {}
        for rank, (_, number, index) in enumerate(heapq.nsmallest(self.count, steps)):
            in_lines = int((rank + 1) * self.string_share) > int(rank * self.string_share)
            verdicts.setdefault(number, []).append([index, int(in_lines)])
        for number in sorted(verdicts):
            yield number, sorted(verdicts[number])

    def apply(self, item: Trajectory, verdict: list[list[int]]) -> list[Item]:
        return [item, *(lesson(item, index, _FORMS[form], self.seed, self.grammar) for index, form in verdict)]
