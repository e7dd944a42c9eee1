"""Problems like those of `world.py`, drawn from the conversations of a corpus: its own queries, its own tools.

A conversation in which an agent called one of its tools gives one problem of each circumstance: its query with its
tools, without any, and with those of another conversation that share no name with them; and an ordinary query with and
without its tools.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from agentflan.core import plugs
from agentflan.core.chance import shuffled
from agentflan.core.types import CIRCUMSTANCES, Circumstance, Conversation, Problem, Step, ToolCall, ToolSpec
from agentflan.evals.agent_h import world


def problems(items: Sequence[Conversation], count: int, seed: int) -> list[Problem]:
    """At most `count`, in turn over the circumstances; none where no agent called a tool that it was offered.

    Ordinary queries are those of the corpus' plain chats, or made up where it has none.
    """
    agents = [item for item in items if item.kind == "agent" and item.tools and item.query and _first_call(item)]
    agents = shuffled(agents, seed, "agents")[: -(-count // len(CIRCUMSTANCES))]
    chats = shuffled(chatted(items), seed, "chats") or _made_up(len(agents), seed)
    made = [
        problem
        for number, item in enumerate(agents)
        for problem in _five(item, chats[number % len(chats)], agents, f"drawn/{seed}/{item.id}")
    ]
    return made[:count]


def chatted(items: Sequence[Conversation]) -> list[str]:
    """The queries of the plain chats, each once."""
    return list(dict.fromkeys(item.query for item in items if item.kind == "general" and item.query))


def _made_up(count: int, seed: int) -> list[str]:
    made = world.problems(count * len(CIRCUMSTANCES), ("react",), seed)
    return [each.messages[-1].segments[0].text for each in made if each.circumstance == "tools_ordinary"]


def _five(item: Conversation, chat: str, agents: Sequence[Conversation], key: str) -> Iterator[Problem]:
    scenes: dict[Circumstance, tuple[str, tuple[ToolSpec, ...]]] = {
        "tools_relevant": (item.query, item.tools),
        "tools_ordinary": (chat, item.tools),
        "tools_irrelevant": (item.query, _irrelevant(item, agents, key)),
        "no_tools_relevant": (item.query, ()),
        "no_tools_ordinary": (chat, ()),
    }
    syntax = item.dialect or "react"
    for circumstance, (query, tools) in scenes.items():
        if tools or circumstance != "tools_irrelevant":
            due = circumstance == "tools_relevant"
            yield Problem(
                id=f"{key}/{circumstance}",
                messages=world.prompt(query, tools, _dialect(syntax), f"{key}/{circumstance}"),
                tools=tools,
                gold=_first_call(item) if due else (),
                circumstance=circumstance,
                syntax=syntax,
            )


def _irrelevant(item: Conversation, agents: Sequence[Conversation], key: str) -> tuple[ToolSpec, ...]:
    """The tools of another conversation, if there is one that shares no name with this one's."""
    own = {tool.name for tool in item.tools}
    others = (other.tools for other in shuffled(agents, key, "others"))
    return next((tools for tools in others if own.isdisjoint(tool.name for tool in tools)), ())


def _first_call(item: Conversation) -> tuple[Step, ...]:
    """The tool that the agent called first, without arguments: where they are asked for one by one they lie apart."""
    named = (
        part.text.strip()
        for message in item.messages
        for part in message.segments
        if message.role == "assistant" and part.capability == "retrieval"
    )
    return tuple(Step(action=ToolCall(name=name)) for name in list(named)[:1])


@cache
def _dialect(name: str) -> Any:
    return plugs.load("dialect", name)
