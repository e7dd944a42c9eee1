"""Problems for all five circumstances, made up afresh from domains, values and wordings.

The rest of the house needs `problems(count, syntaxes, seed)` alone; how they come about may deepen behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from agentflan.core import plugs
from agentflan.core.chance import coin, pick, shuffled
from agentflan.core.types import (
    CIRCUMSTANCES,
    Answer,
    Circumstance,
    Message,
    Problem,
    Segment,
    Step,
    ToolCall,
    ToolSpec,
)
from agentflan.evals.agent_h.domains import Domain, Tool, domains, spec

_TRIES = 40
"""Redraws before a query is allowed to come twice in one circumstance."""


class _Scene(NamedTuple):
    """What is asked, what is offered, what is right."""

    query: str
    tools: tuple[ToolSpec, ...]
    gold: Step


def problems(count: int, syntaxes: Sequence[str], seed: int) -> list[Problem]:
    """`count` problems in turn over the circumstances, and then over the dialects that their prompts are written in.

    Fewer of them are the beginning of more of them, so a limited run asks the same as the start of a full one.
    """
    dialects = [(name, plugs.load("dialect", name)) for name in syntaxes]
    seen: set[tuple[str, str]] = set()
    made = []
    for number in range(count):
        circumstance = CIRCUMSTANCES[number % len(CIRCUMSTANCES)]
        syntax, dialect = dialects[number // len(CIRCUMSTANCES) % len(dialects)]
        scenes = (_scene(circumstance, f"{seed}/{number}/{attempt}") for attempt in range(_TRIES))
        scene = next((scene for scene in scenes if (circumstance, scene.query) not in seen), None)
        scene = scene or _scene(circumstance, f"{seed}/{number}/0")
        seen.add((circumstance, scene.query))
        key = f"agent_h/{seed}/{number}"
        made.append(
            Problem(
                id=key,
                messages=prompt(scene.query, scene.tools, dialect, key),
                tools=scene.tools,
                gold=(scene.gold,),
                circumstance=circumstance,
                syntax=syntax,
            )
        )
    return made


def prompt(query: str, tools: Sequence[ToolSpec], dialect: Any, key: str) -> tuple[Message, ...]:
    """An instruction with the tools as the dialect lists them, and the query; one of our instructions, by the key."""
    heads = domains().instructions
    head = pick(heads.with_tools if tools else heads.without_tools, key, "instruction")
    system = dialect.system(head, tools, key)
    user = Message(role="user", segments=(Segment(text=query),))
    return (Message(role="system", segments=(Segment(text=system),)), user) if system else (user,)


def _scene(circumstance: Circumstance, key: str) -> _Scene:
    world = domains()
    home = pick(world.domains, key, "domain")
    tool = pick(home.tools, key, "tool")
    if circumstance.endswith("ordinary"):
        ask = pick(world.ordinary.asks, key, "ask").format(topic=pick(world.ordinary.topics, key, "topic"))
        reply = pick(world.replies.ordinary, key, "reply")
        values: dict[str, Any] = {}
    else:
        values = _values(tool, key)
        ask = pick(tool.asks, key, "ask").format(**values)
        reply = pick(world.replies.unable, key, "reply")
    gold = Step(action=Answer(text=reply))
    if circumstance == "tools_relevant":
        arguments = msgspec.json.encode(values).decode()
        gold = Step(
            thought=f"This is what {tool.name} is there for.", action=ToolCall(name=tool.name, arguments=arguments)
        )
    return _Scene(ask, _offer(circumstance, home, tool, key), gold)


def _values(tool: Tool, key: str) -> dict[str, Any]:
    """A value for each parameter; two parameters of one slot never get the same."""
    slots, taken, values = domains().slots, dict[str, int](), dict[str, Any]()
    for name, slot in tool.parameters.items():
        values[name] = shuffled(slots[slot].values, key, "value", slot)[taken.get(slot, 0)]
        taken[slot] = taken.get(slot, 0) + 1
    return values


def _offer(circumstance: Circumstance, home: Domain, tool: Tool, key: str) -> tuple[ToolSpec, ...]:
    """The tools on offer: the right one among others of its own and of other domains, or only those of others."""
    if circumstance.startswith("no_tools"):
        return ()
    world = domains()
    others = [other for domain in world.domains if domain is not home for other in domain.tools]
    size = 2 + int(coin(key, "size") * 4)
    offered = shuffled(others, key, "others")[:size]
    if circumstance == "tools_relevant":
        siblings = [sibling for sibling in shuffled(home.tools, key, "siblings") if sibling is not tool]
        offered = [tool, *siblings[: int(coin(key, "near") * 2)], *offered[: size - 1]]
    return tuple(spec(other, world.slots) for other in shuffled(offered, key, "order"))
