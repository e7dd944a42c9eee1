"""What is asked, what is on offer, what is right: a case, before it is posed in any form."""

from __future__ import annotations

from typing import Any, Literal, get_args

from agentflan.core.types import Answer, Record, ToolCall, ToolSpec

Part = Literal[
    "tools_relevant",
    "tools_incomplete",
    "tools_ordinary",
    "tools_irrelevant",
    "no_tools_relevant",
    "no_tools_ordinary",
]
"""The circumstances of Agent-H, and one more: the right tool is there, but a parameter that it needs was not given."""

PARTS: tuple[Part, ...] = get_args(Part)
DUE: Part = "tools_relevant"
"""The one in which a call is due; in all others it is a plain reply."""

Language = Literal["en", "zh"]


class Case(Record, frozen=True):
    id: str
    part: Part
    language: Language
    query: str
    tools: tuple[ToolSpec, ...] = ()
    gold: ToolCall | Answer | None = None
    """None: the data say which behaviour is right, and show none."""
    accepted: dict[str, tuple[Any, ...]] = {}
    """Parameter of the gold call -> values of which any is right."""
    missing: tuple[str, ...] = ()
    """Words of which any shows that a question is for the missing parameter. None: any question will do."""
    instruction: str = ""
    """What the data say to the model beside the query."""


class Expected(Record, frozen=True):
    """What a reply is graded by: the `reference` of a posed problem."""

    form: str
    language: Language
    tool: str = ""
    """The right one; empty where any on offer will do, or none is due."""
    accepted: dict[str, tuple[Any, ...]] = {}
    missing: tuple[str, ...] = ()
