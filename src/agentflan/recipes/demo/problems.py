"""The problems of the demonstration: a fifth for each circumstance, of topics and names that no row has."""

from __future__ import annotations

from collections.abc import Iterator

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
from agentflan.dialects.react import React
from agentflan.recipes.demo.rows import arguments_of, schema_of, thought_of
from agentflan.recipes.demo.world import HELD_OUT, PERSONAS, Dice, Tool

DIALECT = React(listing="signature", instruct=False)
"""As `demo.yaml` has it: prompts look as they did in training."""


def problems(seed: int, count: int) -> Iterator[Problem]:
    """`count` for each circumstance."""
    for number in range(count):
        for circumstance in CIRCUMSTANCES:
            yield _problem(circumstance, f"demo/{seed}/{circumstance}/{number}")


def _problem(circumstance: Circumstance, key: str) -> Problem:
    dice = Dice(key)
    topic, *others = HELD_OUT.distinct_topics(dice, 3 + dice.below(3))
    wanted = HELD_OUT.tool(dice, topic)
    offered = [HELD_OUT.tool(dice, other) for other in others]
    if circumstance.endswith("ordinary"):
        query, reply = HELD_OUT.chat(dice, topic)
        gold = Step(action=Answer(text=reply))
    else:
        asked = HELD_OUT.request(dice, topic, wanted.parameter)
        query, gold = asked.text, Step(action=Answer(text="i can not do that here."))
        if circumstance == "tools_relevant":
            offered = dice.shuffled([wanted, *offered[1:]])
            call = ToolCall(name=wanted.name, arguments=arguments_of(wanted, asked))
            gold = Step(thought=thought_of(wanted), action=call)
    specs = () if circumstance.startswith("no_tools") else tuple(map(_spec, offered))
    system = DIALECT.system("" if specs else dice.pick(PERSONAS), specs, key)
    user = Message(role="user", segments=(Segment(text=query),))
    return Problem(
        id=key,
        messages=(Message(role="system", segments=(Segment(text=system),)), user) if system else (user,),
        tools=specs,
        gold=(gold,),
        circumstance=circumstance,
        syntax="react",
    )


def _spec(tool: Tool) -> ToolSpec:
    return ToolSpec(name=tool.name, parameters=schema_of(tool))
