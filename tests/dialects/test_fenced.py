from __future__ import annotations

import itertools

import pytest

from agentflan.core.types import Answer, Message, Segment, Step, ToolCall, ToolSpec
from agentflan.dialects.fenced import Fenced
from agentflan.dialects.writing.languages import elicits
from agentflan.dialects.writing.wordings import languages

FENCED = Fenced()
CALL = Step(
    thought="The city is known.", action=ToolCall(name="sky.weather", arguments='{"city": "Oslo", "wet": true}')
)


def said(step: Step, dialect: Fenced = FENCED) -> str:
    (message,) = dialect.write(step, (), "key")
    return "".join(segment.text for segment in message.segments)


def test_a_call_in_its_whole_form() -> None:
    text = said(CALL)
    assert text.startswith("The city is known. ")
    assert text.endswith("\n```python\n{'name': 'sky.weather', 'parameters': {'city': 'Oslo', 'wet': True}}\n```")
    assert text.count("sky.weather") == 2


def test_what_is_trained_for_what() -> None:
    (message,) = FENCED.write(CALL, (), "key")
    parts = {}
    for segment in message.segments:
        parts.setdefault(segment.capability, []).append(segment.text)
    assert parts["reasoning"] == ["The city is known."]
    assert parts["retrieval"] == ["sky.weather", "sky.weather"]
    assert parts["understanding"] == ["{'city': 'Oslo', 'wet': True}"]


def test_an_answer_is_told_from_the_thought_before_it() -> None:
    step = Step(thought="It is known now.", action=Answer(text="It rains.\n\nTake care."))
    assert FENCED.read(FENCED.write(step, (), "key")) == step
    assert said(Step(action=Answer(text="It rains."))) == "It rains."


@pytest.mark.parametrize(
    "arguments", ["", "{}", "shelf 1", "'x'", '{"a": NaN}', '{"a": "```\\n```python\\n{}"}', "a\n```\nb", "[1]", "5"]
)
def test_arguments_of_any_kind_come_back(arguments: str) -> None:
    step = Step(action=ToolCall(name="f", arguments=arguments))
    assert FENCED.read(FENCED.write(step, (), "key")) == step


def test_a_thought_with_a_block_of_its_own_stays_whole() -> None:
    step = Step(thought="Seen:\n```python\n{'name': 'g'}\n```\nso", action=ToolCall(name="f", arguments="{}"))
    assert FENCED.read(FENCED.write(step, (), "key")) == step


@pytest.mark.parametrize(
    "step",
    [
        Step(thought="only this"),
        Step(action=Answer(text="Do it like so:\n```python\n{'name': 'f', 'parameters': {}}\n```")),
        Step(action=ToolCall(name=" f", arguments="{}")),
    ],
)
def test_what_would_be_read_otherwise_is_refused(step: Step) -> None:
    with pytest.raises(ValueError, match=r"announce|action"):
        FENCED.write(step, (), "key")


def test_words_of_a_model_s_own_are_read_as_well() -> None:
    text = (
        "It is about rain. Now I operate sky.rain, which gives:\n```python\n{'name': 'sky.rain', 'parameters': {}}\n```"
    )
    message = Message(role="assistant", segments=(Segment(text=text),))
    assert FENCED.read((message,)) == Step(
        thought="It is about rain.", action=ToolCall(name="sky.rain", arguments="{}")
    )


@pytest.mark.parametrize("language", languages("agentflan.dialects", "elicits"))
@pytest.mark.parametrize("kind", ["announcement", "conclusion"])
def test_no_announcement_ends_as_another_does(kind: str, language: str) -> None:
    """The shorter would be taken for the longer."""
    for one, other in itertools.permutations(elicits(language)[kind], 2):
        assert not one.endswith(other), (one, other)


def test_another_language_is_read_back() -> None:
    dialect = Fenced(language="zh")
    assert dialect.read(dialect.write(CALL, (), "key")) == CALL
    assert "system prompt" in dialect.system("the system prompt", (ToolSpec(name="f"),), "key")
