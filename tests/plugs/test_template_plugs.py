"""What every template must hold, walked over all of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from jinja2 import TemplateError
from msgspec import structs
from transformers.utils.chat_template_utils import render_jinja_template

from agentflan.core import plugs
from agentflan.core.kinds import Calling
from agentflan.core.types import Conversation
from tests.drawn import CONVERSATIONS, plain
from tests.templates.families import spec

TEMPLATES = plugs.names("template")
every_template = pytest.mark.parametrize("name", TEMPLATES)


def load(name: str) -> Any:
    return plugs.load("template", spec(name))


def lead(template: Any) -> str:
    """What a template writes itself at the beginning of a reply."""
    return getattr(template, "lead", "")


def begun(conversation: Conversation, count: int) -> Conversation:
    return structs.replace(conversation, messages=conversation.messages[:count])


def jinja(template: Any, messages: Any, **values: Any) -> str:
    """As transformers renders a chat template."""
    texts, _ = render_jinja_template([messages], chat_template=template.jinja, **values)
    text: str = texts[0]
    return text


def test_there_are_templates() -> None:
    assert set(TEMPLATES) >= {"agent_flan", "chatml", "llama2", "model", "vicuna"}


@every_template
@settings(max_examples=40, deadline=None)
@given(conversation=CONVERSATIONS)
def test_spans_cover_the_text_without_gap_or_overlap(name: str, conversation: Conversation) -> None:
    rendered = load(name).render(conversation)
    assert [span.start for span in rendered.spans] == [0, *[span.end for span in rendered.spans[:-1]]]
    assert rendered.spans[-1].end == len(rendered.text)
    assert all(span.start < span.end for span in rendered.spans)


@every_template
@settings(max_examples=40, deadline=None)
@given(conversation=CONVERSATIONS)
def test_trained_text_is_the_replies_and_their_end_marks(name: str, conversation: Conversation) -> None:
    template = load(name)
    rendered = template.render(conversation)
    expected = ""
    for message in conversation.messages:
        if message.role == "assistant":
            expected += lead(template) if message.segments[0].loss else ""
            expected += "".join(part.text for part in message.segments if part.loss)
            expected += template.stop if message.segments[-1].loss else ""
    assert "".join(rendered.text[span.start : span.end] for span in rendered.spans if span.loss) == expected


@every_template
@settings(max_examples=40, deadline=None)
@given(conversation=CONVERSATIONS)
def test_the_generation_prompt_and_the_reply_begin_the_training_text(name: str, conversation: Conversation) -> None:
    template = load(name)
    text = template.render(conversation).text
    for number, message in enumerate(conversation.messages):
        if message.role == "assistant":
            prompt = template.prompt(begun(conversation, number))
            reply = "".join(part.text for part in message.segments)
            assert text.startswith(f"{prompt}{lead(template)}{reply}{template.stop}")


@every_template
@settings(max_examples=40, deadline=None)
@given(conversation=CONVERSATIONS)
def test_the_chat_template_lays_out_the_same(name: str, conversation: Conversation) -> None:
    template = load(name)
    messages = plain(conversation.messages)
    assert jinja(template, messages=messages, bos_token="<B>") == "<B>" + template.render(conversation).text
    asked = jinja(template, messages=messages[:-1], bos_token="<B>", add_generation_prompt=True)
    assert asked == "<B>" + template.prompt(begun(conversation, len(messages) - 1))


@every_template
@settings(max_examples=40, deadline=None)
@given(conversation=CONVERSATIONS)
def test_the_chat_template_marks_replies_and_their_end_marks(name: str, conversation: Conversation) -> None:
    template = load(name)
    messages = plain(conversation.messages)
    texts, spans = render_jinja_template(
        [messages], chat_template=template.jinja, return_assistant_tokens_mask=True, bos_token="<B>"
    )
    replies = [
        lead(template) + message["content"] + template.stop for message in messages if message["role"] == "assistant"
    ]
    assert [texts[0][start:end] for start, end in spans[0]] == replies


@every_template
def test_the_end_mark_is_among_the_marks(name: str) -> None:
    template = load(name)
    assert template.stop in template.marks


@every_template
def test_tools_are_never_lost_in_silence(name: str) -> None:
    template, asked = load(name), [{"role": "user", "content": "When is high water?"}]
    assert jinja(template, messages=asked, tools=[], bos_token="<B>") == jinja(
        template, messages=asked, bos_token="<B>"
    )
    if not isinstance(template, Calling):
        with pytest.raises(TemplateError, match="takes no tools"):
            jinja(template, messages=asked, tools=[{"type": "function"}], bos_token="<B>")
