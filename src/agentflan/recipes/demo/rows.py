"""What the arms are tuned on, as raw rows: ToolBench's searches and plain chat in the shape of ShareGPT."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from agentflan.recipes.demo.pretraining import notes
from agentflan.recipes.demo.world import PERSONAS, TUNING, Dice, Query, Tool

Row = dict[str, Any]

_PROMPT = """\
You are AutoGPT, you can use many tools(functions) to do the following task.
At each step, give your thought and call a function. Your output should follow this format:
Thought:
Action
Action Input:

Task description: You should use functions to help handle the real time user querys. Always call "Finish" in the end.
Specifically, you have access to the following APIs: """
_RESTART = (
    "This is not the first time you try this task, all previous trails failed.\n"
    "Do something that you have not done before."
)
_FINISH: Row = {
    "name": "Finish",
    "description": "Gives the answer, or gives up.",
    "parameters": {
        "type": "object",
        "properties": {
            "return_type": {"type": "string", "enum": ["give_answer", "give_up_and_restart"]},
            "final_answer": {"type": "string", "description": "What the user is told."},
        },
        "required": ["return_type"],
    },
}
_GIVES_UP, _RESTARTED, _PREFIXED = 0.02, 0.04, 0.08
"""Below these coins a search ends badly, was told of its failures, or has its first step as a row of its own."""


def searches(seed: int, count: int) -> Iterator[Row]:
    """Rows as toolllama was tuned on them, of `count` searches."""
    for number in range(count):
        yield from _search(Dice(seed, "search", number))


def chats(seed: int, count: int) -> Iterator[Row]:
    """Ordinary queries with plain replies; some under notes, which look like a list of tools and are none."""
    for number in range(count):
        dice = Dice(seed, "chat", number)
        turns = [{"from": "system", "value": text} for text in [_opening(dice)] if text]
        for _ in range(1 if dice.coin() < 0.9 else 2):
            query, reply = TUNING.chat(dice, TUNING.topic(dice))
            turns += [{"from": "human", "value": query}, {"from": "gpt", "value": reply}]
        yield {"id": f"chat_{number}", "conversations": turns}


def schema_of(tool: Tool) -> str:
    """The tool's parameters as the demonstration's rows declare them."""
    return json.dumps(_schema(tool))


def thought_of(tool: Tool) -> str:
    return f"i need {tool.signature}."


def arguments_of(tool: Tool, query: Query) -> str:
    return json.dumps({tool.parameter: query.values[tool.parameter]})


def _opening(dice: Dice) -> str:
    if dice.coin() < 0.4:
        return dice.pick(PERSONAS)
    topics = TUNING.distinct_topics(dice, 2 + dice.below(3))
    return notes([TUNING.tool(dice, topic) for topic in topics])


def _search(dice: Dice) -> Iterator[Row]:
    topics = TUNING.distinct_topics(dice, 2 + dice.below(3))
    tools = [TUNING.tool(dice, topic) for topic in topics]
    wanted = tools[0]
    query = TUNING.request(dice, wanted.topic, wanted.parameter)
    apis = [{"name": tool.name, "description": "", "parameters": _schema(tool)} for tool in dice.shuffled(tools)]
    found = str(1 + dice.below(9))
    turns = [_turn("system", f"{_PROMPT}{[*apis, _FINISH]}"), _turn("user", f"\n{query.text}\nBegin!\n")]
    fate = dice.coin()
    if _GIVES_UP <= fate < _RESTARTED:
        turns.append(_turn("user", _RESTART))
    turns.append(_called(thought_of(wanted), wanted.name, arguments_of(wanted, query)))
    if _RESTARTED <= fate < _PREFIXED:
        yield {"id": f"Step {len(turns) - 1}: {query.text}", "conversations": list(turns)}
    turns.append(_turn("function", found))
    if fate < _GIVES_UP:
        end = {"return_type": "give_up_and_restart"}
    else:
        end = {"return_type": "give_answer", "final_answer": f"{wanted.topic} is {found}."}
    turns.append(_called("", "Finish", json.dumps(end)))
    yield {"id": f"Step {len(turns) - 1}: {query.text}", "conversations": turns}


def _turn(speaker: str, text: str) -> Row:
    return {"from": speaker, "value": text}


def _called(thought: str, name: str, arguments: str) -> Row:
    return _turn("assistant", f"\nThought: {thought}\nAction: {name}\nAction Input: {arguments}")


def _schema(tool: Tool) -> Row:
    return {
        "type": "object",
        "properties": {tool.parameter: {"type": "string", "description": ""}},
        "required": [tool.parameter],
        "optional": [],
    }
