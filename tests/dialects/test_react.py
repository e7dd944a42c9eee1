from __future__ import annotations

import pytest

from agentflan.core.types import Answer, Message, Segment, Step, ToolCall, ToolSpec
from agentflan.dialects.react import React

TOOL = ToolSpec(
    name="weather",
    description='This is the subfunction for tool "sky", you can use this tool.'
    'The description of this function is: "Tells the weather.\nIn any city."',
    parameters='{"type": "object", "properties": {"city": {"type": "string"}, "day": {"type": "string"}}}',
)


def read(text: str) -> Step:
    return React().read([Message(role="assistant", segments=(Segment(text=text),))])


def test_a_step_under_its_labels() -> None:
    step = Step(thought="I look it up.", action=ToolCall(name="weather", arguments='{"city": "Oslo"}'), loss=True)
    (message,) = React().write(step, (), "key")
    assert [(segment.text, segment.capability) for segment in message.segments] == [
        ("Thought: ", "format"),
        ("I look it up.", "reasoning"),
        ("\nAction: ", "format"),
        ("weather", "retrieval"),
        ("\nAction Input: ", "format"),
        ('{"city": "Oslo"}', "understanding"),
    ]
    assert all(segment.loss for segment in message.segments)


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (Step(action=ToolCall(name="finish")), "Action: finish\nAction Input: "),
        (Step(thought="Done.", action=Answer(text="Rain.")), "Thought: Done.\nFinal Answer: Rain."),
        (Step(action=Answer(text="Rain.\nAction: none")), "Final Answer: Rain.\nAction: none"),
        (Step(thought="Hm."), "Thought: Hm."),
    ],
)
def test_steps_without_some_of_the_parts(step: Step, text: str) -> None:
    (message,) = React().write(step, (), "key")
    assert "".join(segment.text for segment in message.segments) == text
    assert read(text) == step


@pytest.mark.parametrize(
    ("text", "step"),
    [
        (
            "Thought: a\nAction: f\nAction Input: {}\nObservation: made up\nFinal Answer: b",
            Step(thought="a", action=ToolCall(name="f", arguments="{}")),
        ),
        (
            "I will call it.\nAction:f\n\nAction Input:{}",
            Step(thought="I will call it.", action=ToolCall(name="f", arguments="{}")),
        ),
        ("\nThought: a\nAction: f", Step(thought="a", action=ToolCall(name="f"))),
        ("Final Answer: b\nAction: f", Step(action=Answer(text="b\nAction: f"))),
        ("Lights, camera, Action: now", Step(action=Answer(text="Lights, camera, Action: now"))),
        ("", Step(action=Answer(text=""))),
    ],
)
def test_what_models_write(text: str, step: Step) -> None:
    assert read(text) == step


@pytest.mark.parametrize(
    "step",
    [
        Step(),
        Step(thought="a\nAction: b", action=ToolCall(name="f")),
        Step(action=ToolCall(name="f\ng")),
        Step(action=ToolCall(name="")),
        Step(action=ToolCall(name="f", arguments="x\nObservation: y")),
        Step(action=Answer(text="")),
    ],
)
def test_no_form_for_what_would_be_read_as_something_else(step: Step) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        React().write(step, (), "key")


def test_the_two_listings() -> None:
    full = React().system("", (TOOL,), "key")
    assert '{"name": "weather", "description": "This is the subfunction' in full
    assert '"properties": {"city"' in full
    assert "Action Input:" in full
    short = React(listing="signature", instruct=False).system("Be brief.", (TOOL,), "key")
    assert short == "Be brief.\n\nYou have access to the following tools:\n- weather(city, day): Tells the weather."


def test_without_tools_only_the_instruction_is_left() -> None:
    assert React().system("", (), "key") == ""
    assert React().system("Be brief.", (), "key") == "Be brief."
