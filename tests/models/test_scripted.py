"""Each policy does what its name says, in the syntax that the prompt asks for."""

from __future__ import annotations

import pytest

from agentflan.core import plugs
from agentflan.core.types import Answer, Message, Problem, Segment, Step, ToolCall, ToolSpec
from agentflan.models.scripted import Scripted

TOOLS = (ToolSpec(name="get_forecast"), ToolSpec(name="lookup"))
CALL = Step(action=ToolCall(name="lookup", arguments='{"word": "rain"}'))


def problem(
    number: int = 0, *, gold: Step = CALL, tools: tuple[ToolSpec, ...] = TOOLS, syntax: str = "react"
) -> Problem:
    ask = Message(role="user", segments=(Segment(text="What is rain?"),))
    return Problem(id=str(number), messages=(ask,), tools=tools, gold=(gold,), syntax=syntax)


def said(policy: str, *problems: Problem, seed: int = 0) -> list[str]:
    texts: list[str] = []
    model = plugs.load("model", {"use": "scripted", "policy": policy}, seed=seed)
    model(problems, lambda index, reply: texts.append(reply.text))
    return texts


def test_gold_is_the_problems_own_step() -> None:
    plain = Step(action=Answer(text="Water that falls."))
    react, bare, answer = said("gold", problem(), problem(syntax=""), problem(gold=plain))
    assert react == 'Action: lookup\nAction Input: {"word": "rain"}'
    assert '"name": "lookup"' in bare
    assert answer == "Water that falls."


def test_silent_says_nothing_and_never_calls_just_talks() -> None:
    assert said("silent", problem()) == [""]
    assert said("never_calls", problem()) == said("never_calls", problem(tools=()))
    assert "Action" not in said("never_calls", problem())[0]


def test_always_calls_takes_a_tool_on_offer_or_makes_one_up() -> None:
    texts = said("always_calls", *(problem(number) for number in range(40)))
    assert {text.partition("\n")[0] for text in texts} == {"Action: get_forecast", "Action: lookup"}
    assert said("always_calls", problem(tools=())) == ["Action: find_anything\nAction Input: {}"]


def test_random_tosses_a_coin_that_does_not_depend_on_the_order() -> None:
    many = [problem(number) for number in range(400)]
    texts = said("random", *many)
    assert 150 < sum("Action" in text for text in texts) < 250
    assert said("random", *reversed(many)) == texts[::-1]
    assert said("random", *many, seed=1) != texts


@pytest.mark.parametrize("policy", ["gold", "random"])
def test_a_scripts_name_says_its_policy(policy: str) -> None:
    model = Scripted(policy=policy, seed=3)
    assert (model.name, model.identity) == (f"scripted:{policy}", f"scripted:{policy}:3")
