"""The release: every form of a call, the splits as shares, loss flags that may be missing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, Step, ToolCall, Trajectory
from agentflan.sources.agent_flan import AgentFlan
from agentflan.sources.shapes.flan_replies import step_of
from tests.sources.real_rows import check_golden, need, tally

APIS = (
    "Answer the following questions as best you can. You have access to the following APIs. \n"
    "weather.rain: Tells rain.\nInput parameters are as follows: {}\n\n"
    "weather.FinalAction: Ends.\nInput parameters are as follows: {}\n\nBe brief."
)
CALL = ToolCall(name="weather.rain", arguments='{"a":1}')


def read(*turns: tuple[str, str], name: str = "x", key: str = "conversation", **more: Any) -> Trajectory | Dropped:
    said = [{"role": who, "content": text, **more} for who, text in turns]
    return AgentFlan()(msgspec.json.encode({"id": name, key: said}))


@pytest.mark.parametrize(
    "text",
    [
        '{"InnerThought": "So.", "Action": "weather.rain", "Parameters": {"a": 1}}',
        '{"json": {"a": 1}, "cot": "So.", "API": "weather.rain"}',
        "{'goal': 'So.', 'Tool': 'weather.rain', 'Param': {'a': 1}}",
        'thought So.\nTool weather.rain\nARGS {"a":1}',
        'goal: So.\nname: weather.rain\nargs: {"a":1}',
        "So. I will operate weather.rain. Like this:\n```python\n{'name': 'weather.rain', 'parameters': {'a': 1}}\n```",
        'So. I call weather.rain:\n```json\n{"name": "weather.rain", "arguments": {"a": 1}}\n```',
        "So. I call weather.rain now.\n```python\nweather.rain(a=1)\n```",
        'Thought: So.\nAction: weather.rain\nAction Input: {"a":1}',
    ],
)
def test_a_call_in_each_of_its_forms(text: str) -> None:
    assert step_of(text) == Step(thought="So.", action=CALL)


@pytest.mark.parametrize(
    "text",
    [
        "It rains.",
        "{not an object",
        '{"rain": "yes"}',
        "```python\nprint(1)\n```",
        "```\n",
        "name: only",
        "Name the tool.\nUse it.",
        '{"name": "\\ud800", "args": {}}',
    ],
)
def test_all_else_is_an_answer(text: str) -> None:
    assert step_of(text) == Step(action=Answer(text=text.strip()))


def test_the_final_action_is_the_answer() -> None:
    text = '{"action": "FinalAction", "Arguments": {"return_type": "give_answer", "final_answer": "It rains."}}'
    assert step_of(text).action == Answer(text="It rains.")


def test_tools_are_told_apart_from_the_prompt() -> None:
    found = read(("system", APIS), ("user", "Rain?\nBegin!"), ("assistant", '{"name": "weather.rain", "args": {}}'))
    assert isinstance(found, Trajectory)
    assert [tool.name for tool in found.tools] == ["weather.rain"]
    assert found.instruction == "Answer the following questions as best you can.\nBe brief."
    assert (found.kind, found.query, found.ending) == ("agent", "Rain?", "open")


def test_a_format_lesson_stays_to_the_letter() -> None:
    prompt = "You have access to the following API:\n{'name': 'rain'}\nPlease generate JSON."
    found = read(("system", prompt), ("user", "Call rain."), ("assistant", '{"Tool": "rain",  "Param": {}}'))
    assert isinstance(found, Trajectory)
    assert (found.kind, found.instruction, found.tools) == ("lesson", prompt, ())
    assert found.steps == (Step(action=Answer(text='{"Tool": "rain",  "Param": {}}')),)


def test_tools_that_nobody_calls_make_a_negative_sample() -> None:
    found = read(("system", APIS), ("user", "Hi"), ("assistant", "I am sorry."))
    assert isinstance(found, Trajectory)
    assert found.kind == "negative"
    plain = read(("user", "Hi"), ("assistant", "Hello"))
    assert isinstance(plain, Trajectory)
    assert plain.kind == "general"


@pytest.mark.parametrize(("more", "loss"), [({}, True), ({"loss": None}, True), ({"loss": False}, False)])
def test_a_missing_flag_trains_what_the_assistant_says(more: dict[str, Any], loss: bool) -> None:
    found = read(("user", "Hi"), ("assistant", "Hello"), **more)
    assert isinstance(found, Trajectory)
    assert found.steps[0].loss is loss


def test_the_split_in_three_turns_is_read_by_its_questions() -> None:
    found = read(
        ("system", APIS),
        ("user", "Rain?\nBegin!\nWhat is your thought?"),
        ("assistant", "So."),
        ("user", "What is the tool you want to use?"),
        ("assistant", "weather.rain"),
        ("user", "What is the value of a?"),
        ("assistant", "1"),
    )
    assert isinstance(found, Trajectory)
    assert found.steps == (Step(thought="So.", action=ToolCall(name="weather.rain", arguments='{"a":"1"}')),)


@pytest.mark.parametrize("name", ["AgentFlan_x_1", "x"])
def test_rows_under_the_other_key_need_a_sign_that_they_are_the_releases(name: str) -> None:
    turns = (("user", "Hi"), ("assistant", "Hello"))
    if name.startswith("AgentFlan"):
        assert isinstance(read(*turns, name=name, key="conversations"), Trajectory)
    else:
        with pytest.raises(Unreadable, match="not_agent_flan"):
            read(*turns, name=name, key="conversations")


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ((("user", "Hi"), ("user", "there"), ("assistant", "x")), "roles_do_not_alternate"),
        ((("human", "Hi"), ("assistant", "x")), "not_agent_flan"),
        ((), "not_agent_flan"),
    ],
)
def test_what_cannot_be_read_says_why(turns: tuple[tuple[str, str], ...], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(*turns)


def test_a_question_that_nobody_answers_is_dropped() -> None:
    assert read(("system", "x"), ("user", "Hi")) == Dropped(reason="no_reply")


def test_the_published_rows_are_read() -> None:
    assert [tally(AgentFlan(), path) for path in need("agentflan_release_rows")] == [{"answer": 2}]
    for path in need("sharegpt_vicuna"):
        assert all(became.startswith("quarantined") for became in tally(AgentFlan(), path))


def test_golden_rows_stay_as_they_were_checked() -> None:
    check_golden("agent_flan", AgentFlan())
