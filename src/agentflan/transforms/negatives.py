"""Teach not to call: questions that no tool on offer can answer, and plain chat beside tools (paper section 4.3).

Three kinds are made: a tool query without tools, the same with the irrelevant tools of another conversation, and an
ordinary query of the general share with tools on offer. A reply that calls a tool or is written as agents write, by the
parser that grades models for it, is rejected. Place it after `converse`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from agentflan.core.kinds import Side
from agentflan.core.plugs import Plug
from agentflan.dialects.writing.languages import AUTO
from agentflan.transforms.refusing.choose import Choose
from agentflan.transforms.refusing.reply import Reply


class Negatives(Plug, frozen=True):
    works_on: ClassVar[Side] = "conversations"

    count: int = 761
    """Tool queries that get a plain reply: exactly so many, or all there are."""
    irrelevant_share: float = 0.5
    """Share of them beside irrelevant tools, which share no name with the query's own; a query for which no such tools
    are found gets none."""
    ordinary_count: int | None = None
    """Ordinary queries, with their own answers, beside tools. None: half as many as tool queries were found."""
    sources: tuple[str, ...] = ()
    """Whose tool queries and tools are taken (toolbench alone in the release); none named: everybody's."""
    language: str = AUTO
    """Which file of refusals stands in where no language model is asked (`transforms/refusals/`). auto: that of the
    question's language, by its script."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.count < 0 or (self.ordinary_count or 0) < 0 or not 0 <= self.irrelevant_share <= 1:
            raise ValueError("counts are at least 0 and irrelevant_share lies between 0 and 1")

    def parts(self) -> tuple[tuple[str, Any], ...]:
        pick = Choose(
            count=self.count,
            irrelevant_share=self.irrelevant_share,
            ordinary_count=self.ordinary_count,
            sources=self.sources,
            seed=self.seed,
        )
        return (("pick", pick), ("reply", Reply(language=self.language, seed=self.seed)))
