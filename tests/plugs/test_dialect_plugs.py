"""What holds for every dialect: what it writes it reads back, and no text makes it fail."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from agentflan.core import plugs
from agentflan.core.types import Answer, Message, Segment, Step, ToolCall, ToolSpec
from tests.transforms.drawn import steps

every = pytest.mark.parametrize("name", plugs.names("dialect"))
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])

LABELS = (
    "Thought:", "THOUGHT: ", "Think:", "Action:", "ACTION: ", "Act: bash", "answer(", "Action Input:", "Final Answer:",
    "Observation:", "Answer: B.", "Value:", "```", "```sql", "```bash\n", "\n", " ", "{", "}", "[", "]", "(", ")", '"',
    "\\", "click[", "go to", "#0", "<tool_call>", "\r\n", "\0", "ി", "a",
)  # fmt: skip
hostile = st.lists(st.one_of(st.sampled_from(LABELS), st.text(max_size=5)), max_size=12).map("".join)
SAMPLES = (
    Step(thought="I look for shoes.", action=ToolCall(name="search", arguments="red shoes")),
    Step(action=ToolCall(name="search", arguments="red shoes")),
    Step(action=Answer(text="2")),
)


def bare(step: Step) -> Step:
    """What can be read of a step: JSON arguments by their value, for a dialect may spell them anew."""
    action = step.action
    if isinstance(action, ToolCall) and action.arguments.startswith("{"):
        with contextlib.suppress(ValueError):
            action = ToolCall(name=action.name, arguments=json.dumps(json.loads(action.arguments)))
    return Step(thought=step.thought, action=action)


def reply(text: str) -> Message:
    return Message(role="assistant", segments=(Segment(text=text),))


@every
@pytest.mark.parametrize("step", SAMPLES, ids=["call", "call_only", "answer"])
def test_the_common_steps_have_a_form(name: str, step: Step) -> None:
    dialect = plugs.load("dialect", name)
    assert dialect.read(dialect.write(step, (), "key")) == step


@every
@quick
@given(step=steps, key=st.text("abc", max_size=3))
def test_what_is_written_is_read_back(name: str, step: Step, key: str) -> None:
    dialect = plugs.load("dialect", name)
    try:
        messages = dialect.write(step, (), key)
    except ValueError:
        assume(False)
    assert bare(dialect.read(messages)) == bare(step)
    assert dialect.write(step, (), key) == messages
    segments = [(message.role, segment) for message in messages for segment in message.segments]
    assert all(segment.text and not (role == "user" and segment.loss) for role, segment in segments)
    assert {segment.loss for role, segment in segments if role == "assistant"} == {step.loss}


@every
@quick
@given(texts=st.lists(hostile, max_size=3), asked=st.sampled_from([None, "reasoning", "retrieval", "understanding"]))
def test_no_text_makes_reading_fail(name: str, texts: list[str], asked: Any) -> None:
    dialect = plugs.load("dialect", name)
    messages: list[Message] = []
    for text in texts:
        messages.append(Message(role="user", segments=(Segment(text="?", capability=asked),)))
        messages.append(reply(text))
    assert isinstance(dialect.read(messages), Step)
    assert isinstance(dialect.read([reply("".join(texts))]), Step)


@every
@pytest.mark.parametrize(
    "piece", ["\nAction:", "Thought: ", "```\n", "[", "{", '{"a":', "\nAction: f(", "answer(", " "]
)
def test_long_text_is_read_in_passing(name: str, piece: str) -> None:
    """A quadratic reader would take minutes over each of these."""
    dialect = plugs.load("dialect", name)
    text = piece * (1_000_000 // len(piece))
    assert isinstance(dialect.read([reply(f"Thought: so\nAction: search\nAction Input: {text}")]), Step)
    elicit = Message(role="user", segments=(Segment(text="?", capability="understanding"),))
    assert isinstance(dialect.read([elicit, reply("a, b"), elicit, reply(text), elicit, reply(text)]), Step)


@every
def test_plain_text_is_an_answer(name: str) -> None:
    said = "Oslo is the capital of Norway."
    assert plugs.load("dialect", name).read([reply(said)]) == Step(action=Answer(text=said))


@every
def test_prompts_and_observations_are_text(name: str) -> None:
    dialect = plugs.load("dialect", name)
    offered = (ToolSpec(name="search", description="Finds shoes.", parameters="{}"),)
    assert "Be kind." in dialect.system("Be kind.", offered, "key")
    assert "Be kind." in dialect.system("Be kind.", (), "key")
    assert "3 found" in dialect.observe("3 found")
    assert msgspec.to_builtins(dialect) == msgspec.to_builtins(plugs.load("dialect", name))
