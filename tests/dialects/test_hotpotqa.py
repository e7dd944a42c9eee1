"""ReAct's question answering: labels as FireAct and as ReAct itself write them, and what models write beside them."""

from __future__ import annotations

import pytest

from agentflan.core.types import Answer, Message, Segment, Step, ToolCall
from agentflan.dialects.hotpotqa import Hotpotqa


def read(text: str) -> Step:
    return Hotpotqa().read((Message(role="assistant", segments=(Segment(text=text),)),))


def call(name: str, arguments: str, thought: str = "") -> Step:
    return Step(thought=thought, action=ToolCall(name=name, arguments=arguments))


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("Thought: I look.\nAction: Search[Tamsel]", call("Search", "Tamsel", "I look.")),
        ("Thought 1: I look.\nAction 1: Search[Tamsel]", call("Search", "Tamsel", "I look.")),
        ("I look.\naction 12:search[Tamsel (town)]", call("search", "Tamsel (town)", "I look.")),
        ("Action: Finish[]", call("Finish", "")),
        ("Action: Lookup[a [b] c] and so on", call("Lookup", "a [b] c")),
        ("Action: Search[Tamsel\nObservation: a town", call("Search", "Tamsel")),
        ("Action: I give up", call("I give up", "")),
        ("Action: Search[a]\nObservation: b\nThought: so\nAction: Finish[c]", call("Search", "a")),
        ("Thought: so\nObservation: b\nAction: Finish[c]", Step(thought="so")),
        ("Finish[Tamsel]", Step(action=Answer(text="Finish[Tamsel]"))),
        ("", Step(action=Answer(text=""))),
    ],
)
def test_the_first_action_counts(text: str, step: Step) -> None:
    assert read(text) == step


def test_a_step_is_written_as_fireact_writes_it() -> None:
    (message,) = Hotpotqa().write(call("Search", "Tamsel", "I look."), (), "")
    assert [(part.text, part.capability) for part in message.segments] == [
        ("Thought: ", "format"),
        ("I look.", "reasoning"),
        ("\nAction: ", "format"),
        ("Search", "retrieval"),
        ("[", "format"),
        ("Tamsel", "understanding"),
        ("]", "format"),
    ]


def test_an_observation_comes_back() -> None:
    assert Hotpotqa().observed(Hotpotqa().observe("a town")) == "a town"
