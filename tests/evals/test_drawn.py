"""Problems drawn from a corpus are what their circumstance claims."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from agentflan.core.types import CIRCUMSTANCES, Conversation, Message, Problem, Segment, ToolCall, ToolSpec
from agentflan.dialects.react import React
from agentflan.evals.agent_h.drawn import problems


def agent(number: int, tool: str, *, called: bool = True, dialect: str = "react") -> Conversation:
    said = Segment(text=f" {tool}", capability="retrieval", loss=True)
    return Conversation(
        id=f"agent-{number}",
        source="toolbench",
        query=f"query {number}",
        tools=(ToolSpec(name=tool, description=f"does {tool}"), ToolSpec(name=f"{tool}_too")),
        dialect=dialect,
        messages=(
            Message(role="user", segments=(Segment(text=f"query {number}"),)),
            Message(role="assistant", segments=(said if called else Segment(text="No.", loss=True),)),
        ),
    )


def chat(number: int) -> Conversation:
    return msgspec.structs.replace(
        agent(number, "x", called=False), id=f"chat-{number}", query=f"chat {number}", kind="general", tools=()
    )


AGENTS = [agent(number, f"tool_{number % 3}", dialect=("react", "talk")[number % 2]) for number in range(8)]
CHATS = [chat(number) for number in range(3)]


@pytest.fixture(scope="module")
def drawn() -> list[Problem]:
    return problems([*AGENTS, *CHATS], 1_000, seed=0)


def asked(problem: Problem) -> str:
    return "".join(part.text for part in problem.messages[-1].segments)


def test_each_agent_gives_one_of_each_circumstance(drawn: list[Problem]) -> None:
    assert Counter(each.circumstance for each in drawn) == dict.fromkeys(CIRCUMSTANCES, len(AGENTS))
    assert len({each.id for each in drawn}) == len(drawn)
    assert problems([*AGENTS, *CHATS], 1_000, seed=0) == drawn
    assert len(problems([*AGENTS, *CHATS], 7, seed=0)) == 7


def test_queries_and_tools_are_those_of_the_circumstance(drawn: list[Problem]) -> None:
    own = {item.query: item for item in AGENTS}
    for problem in drawn:
        assert problem.circumstance is not None
        ordinary = problem.circumstance.endswith("ordinary")
        assert asked(problem).startswith("chat " if ordinary else "query ")
        assert bool(problem.tools) == (not problem.circumstance.startswith("no_tools"))
        names = {tool.name for tool in problem.tools}
        if problem.circumstance == "tools_relevant":
            assert problem.tools == own[asked(problem)].tools
            assert [step.action for step in problem.gold] == [ToolCall(name=problem.tools[0].name)]
        if problem.circumstance == "tools_irrelevant":
            assert names.isdisjoint(tool.name for tool in own[asked(problem)].tools)
        shown = "".join(part.text for message in problem.messages[:-1] for part in message.segments)
        assert all(name in shown for name in names)
        assert names or "tool_" not in shown


def test_prompts_are_in_the_dialect_of_their_conversation(drawn: list[Problem]) -> None:
    first = next(each for each in drawn if each.circumstance == "tools_relevant" and each.syntax == "react")
    form = React().system("", first.tools, "").rpartition("\n\n")[2]
    assert first.messages[0].segments[0].text.endswith(form)
    assert {each.syntax for each in drawn} == {"react", "talk"}


def test_where_all_share_their_tools_none_is_irrelevant() -> None:
    same = [agent(number, "tool") for number in range(4)]
    assert {each.circumstance for each in problems(same, 100, seed=0)} == {*CIRCUMSTANCES} - {"tools_irrelevant"}


def test_ordinary_queries_are_made_up_where_there_is_no_chat() -> None:
    made = [asked(each) for each in problems(AGENTS, 100, seed=0) if each.circumstance == "no_tools_ordinary"]
    assert len(made) == len(AGENTS)
    assert not any(query.startswith("query ") for query in made)


def test_who_called_nothing_gives_no_problem() -> None:
    assert problems([agent(1, "tool", called=False), *CHATS], 100, seed=0) == []
