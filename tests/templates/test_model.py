"""A folder's own chat template: the text and tokens of transformers, every part labelled, what is unsure refused."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from agentflan.core import plugs
from agentflan.core.chat import NATIVE, definition
from agentflan.core.errors import Mistake
from agentflan.core.types import Answer, Conversation, Message, Rendered, Segment, Step, ToolCall, ToolSpec
from agentflan.corpus.tokens.labels import Labeller
from agentflan.corpus.tokens.tokenizer import bos_of
from tests.templates.families import FAMILIES, family, folder

CALLING = [name for name in FAMILIES if name != "plain"]
THOUGHTLESS = {"llama3", "llama3_tag", "mistral"}
"""Families whose calls have no room for text before them."""
TODAY = datetime.now().date().isoformat()
TOOLS = (
    ToolSpec(name="tide_table", description="Tides.", parameters='{"type": "object", "properties": {}}'),
    ToolSpec(name="send", description="Sends."),
)
DIALECT = plugs.load("dialect", NATIVE)

texts = st.lists(
    st.sampled_from(["Bergen", "it's", "é", "12", "{", '"', "a\nb", "天气", "</x>", "\\"]), min_size=1
).map(" ".join)
values = st.one_of(texts, st.integers(), st.booleans(), st.none(), st.lists(texts, max_size=2))
arguments = st.dictionaries(texts, values, max_size=3).map(json.dumps)
calls = st.builds(
    Step,
    thought=st.one_of(st.just(""), texts),
    action=st.builds(ToolCall, name=st.sampled_from(["tide_table", "send"]), arguments=arguments),
    observation=texts,
)
answers = st.builds(
    Step, thought=st.one_of(st.just(""), texts), action=st.builds(Answer, text=texts), observation=texts
)


def way(name: str) -> dict[str, Any]:
    thoughts = "drop" if name in THOUGHTLESS else "think"
    return {"use": "model", "path": str(family(name)), "thoughts": thoughts, "today": TODAY}


def said(role: Any, *parts: Segment) -> Message:
    return Message(role=role, segments=parts)


def acted(steps: list[Step], system: bool = True) -> Conversation:
    """Steps as `converse` writes them in the dialect `native`."""
    messages = [said("system", Segment(text="Be of use."))] if system else []
    messages.append(said("user", Segment(text="What is it?")))
    for number, step in enumerate(steps):
        messages += DIALECT.write(step, TOOLS, str(number))
        if number + 1 < len(steps):
            messages.append(said("user", Segment(text=step.observation or "none")))
    return Conversation(id="c", source="s", messages=tuple(messages), tools=TOOLS, dialect=NATIVE)


def by_hand(name: str, steps: list[Step], system: bool) -> list[dict[str, Any]]:
    """The same as whoever calls `apply_chat_template` would write it."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": "Be of use."}] if system else []
    messages.append({"role": "user", "content": "What is it?"})
    calls = 0
    for number, step in enumerate(steps):
        text = step.action.text if isinstance(step.action, Answer) else ""
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if step.thought and name == "qwen3":
            message["reasoning_content"] = step.thought
        elif step.thought and name not in THOUGHTLESS:
            message["content"] = f"<think>\n{step.thought}\n</think>\n\n{text}"
        if isinstance(step.action, ToolCall):
            function = {"name": step.action.name, "arguments": json.loads(step.action.arguments)}
            message["tool_calls"] = [{"id": f"call{calls:05d}", "type": "function", "function": function}]
        messages.append(message)
        if number + 1 < len(steps):
            messages.append({"role": "tool", "tool_call_id": f"call{calls:05d}", "content": step.observation or "none"})
            calls += 1
    return messages


def labelled(rendered: Rendered) -> list[tuple[str, str | None]]:
    return [(rendered.text[span.start : span.end], span.capability) for span in rendered.spans if span.loss]


episodes = st.builds(lambda before, last: [*before, last], st.lists(calls, max_size=3), st.one_of(calls, answers))


@pytest.mark.parametrize("name", CALLING)
@settings(max_examples=25, deadline=None)
@given(steps=episodes, system=st.booleans())
def test_ids_are_those_of_the_folder_and_bos_comes_once(name: str, steps: list[Step], system: bool) -> None:
    template, item = plugs.load("template", way(name)), acted(steps, system)
    place = family(name)
    tokenizer, own = AutoTokenizer.from_pretrained(place), Tokenizer.from_file(str(place / "tokenizer.json"))
    messages = by_hand(name, steps, system)
    text = tokenizer.apply_chat_template(messages, tools=[definition(tool) for tool in TOOLS], tokenize=False)
    expected = tokenizer(text, add_special_tokens=False)["input_ids"]
    rendered = template.render(item)
    ids = Labeller(own)([rendered]).ids.tolist()
    begin = [own.token_to_id(bos_of(own))] if bos_of(own) else []
    if begin and expected[:1] != begin:  # the template leaves it to the tokenizer
        expected = begin + expected
    assert [*begin, *ids] == expected
    assert not (begin and begin[0] in ids)


@pytest.mark.parametrize("name", CALLING)
@settings(max_examples=25, deadline=None)
@given(steps=episodes)
def test_every_part_of_a_step_has_its_label(name: str, steps: list[Step]) -> None:
    rendered = plugs.load("template", way(name)).render(acted(steps))
    found = labelled(rendered)
    assert rendered.muted == 0
    for capability in ("reasoning", "retrieval", "understanding"):
        held = [text for text, label in found if label == capability]
        if capability == "reasoning":
            assert held == [step.thought for step in steps if step.thought and name not in THOUGHTLESS]
        elif capability == "retrieval":
            assert held == [step.action.name for step in steps if isinstance(step.action, ToolCall)]
        else:
            written = [step.action.arguments for step in steps if isinstance(step.action, ToolCall)]
            assert [json.loads(text) for text in held] == [json.loads(text) for text in written]
    assert "".join(text for text, _ in found).count("Be of use.") == 0


@pytest.mark.parametrize("name", CALLING)
@settings(max_examples=25, deadline=None)
@given(steps=episodes)
def test_every_prompt_begins_the_text_and_the_reply_follows_it(name: str, steps: list[Step]) -> None:
    template, item = plugs.load("template", way(name)), acted(steps)
    rendered = template.render(item)
    trained = [span for span in rendered.spans if span.loss]
    starts = {span.start for span in trained} - {span.end for span in trained}
    prompts = [
        template.prompt(structs.replace(item, messages=item.messages[:number]))
        for number, message in enumerate(item.messages)
        if message.role == "assistant"
    ]
    assert all(rendered.text.startswith(prompt) for prompt in prompts)
    assert starts == {len(prompt) for prompt in prompts}


@pytest.mark.parametrize("name", CALLING)
def test_the_layout_of_each_family(name: str) -> None:
    call = Step(thought="", action=ToolCall(name="send", arguments='{"to": "Bo"}'), observation="ok")
    found = labelled(plugs.load("template", way(name)).render(acted([call, Step(action=Answer(text="Done."))])))
    assert "".join(text for text, _ in found) == EXPECTED[name]
    assert [text for text, label in found if label == "understanding"] == ['{"to": "Bo"}']


EXPECTED = {
    "hermes": '<tool_call>\n{"arguments": {"to": "Bo"}, "name": "send"}\n</tool_call><|im_end|>Done.<|im_end|>',
    "llama3": '{"name": "send", "parameters": {"to": "Bo"}}<|eot_id|>Done.<|eot_id|>',
    "llama3_tag": '<|python_tag|>{"name": "send", "parameters": {"to": "Bo"}}<|eom_id|>Done.<|eot_id|>',
    "mistral": '[TOOL_CALLS] [{"name": "send", "arguments": {"to": "Bo"}, "id": "call00000"}]</s> Done.</s>',
    "qwen": '<tool_call>\n{"name": "send", "arguments": {"to": "Bo"}}\n</tool_call><|im_end|>Done.<|im_end|>',
    "qwen3": '<tool_call>\n{"name": "send", "arguments": {"to": "Bo"}}\n</tool_call><|im_end|>'
    "<think>\n\n</think>\n\nDone.<|im_end|>",
}


@pytest.mark.parametrize("name", CALLING)
def test_the_dialect_reads_what_the_family_says(name: str) -> None:
    """As a model's reply comes out of a decoder: without special tokens."""
    step = Step(action=ToolCall(name="send", arguments='{"to": "Bo"}'))
    place = family(name)
    rendered = plugs.load("template", way(name)).render(acted([step]))
    own = Tokenizer.from_file(str(place / "tokenizer.json"))
    one = Labeller(own)([rendered])
    reply = own.decode(one.ids[one.trained].tolist(), skip_special_tokens=True)
    assert DIALECT.read([said("assistant", Segment(text=reply))]) == step


@pytest.mark.parametrize(
    ("thoughts", "begins"),
    [("think", "<think>\nI see.\n</think>\n\n<tool_call>"), ("text", "I see.\n<tool_call>"), ("drop", "<tool_call>")],
)
def test_a_thought_is_kept_moved_or_dropped(thoughts: str, begins: str) -> None:
    step = Step(thought="I see.", action=ToolCall(name="send", arguments="{}"))
    spec = {"use": "model", "path": str(family("qwen3")), "thoughts": thoughts}
    found = labelled(plugs.load("template", spec).render(acted([step])))
    said_so = "".join(text for text, _ in found)
    if thoughts == "drop":  # what the family writes where nothing was thought
        said_so = said_so.removeprefix("<think>\n\n</think>\n\n")
    if thoughts == "text":
        said_so = said_so.removeprefix("<think>\n\n</think>\n\n")
    assert said_so.startswith(begins)
    assert [text for text, label in found if label == "reasoning"] == ([] if thoughts == "drop" else ["I see."])


def test_replies_whose_thoughts_are_taken_out_again_are_shown_and_counted() -> None:
    """Qwen3's rule: a model sees only the thoughts behind the last question, so only these turns are trained."""
    first = Step(thought="Easy.", action=Answer(text="Yes."), observation="Sure?")
    call = Step(thought="I look.", action=ToolCall(name="send", arguments="{}"), observation="ok")
    last = Step(thought="Now I know.", action=Answer(text="Sure."))
    spec = {"use": "model", "path": str(family("qwen3"))}
    rendered = plugs.load("template", spec).render(acted([first, call, last]))
    assert rendered.muted == 1
    assert "Easy." not in rendered.text
    found = "".join(text for text, _ in labelled(rendered))
    assert "Yes." not in found
    assert "Now I know." in found
    assert plugs.load("template", {**spec, "thoughts": "text"}).render(acted([first, call, last])).muted == 0


def test_muted_parts_stay_muted_and_weights_travel() -> None:
    step = Step(thought="I see.", action=ToolCall(name="send", arguments='{"to": "Bo"}'))
    item = acted([step])
    reply = item.messages[-1]
    weighed = tuple(
        structs.replace(part, loss=part.capability != "retrieval", weight=0.5 if part.capability == "format" else 1.0)
        for part in reply.segments
    )
    item = structs.replace(item, messages=(*item.messages[:-1], structs.replace(reply, segments=weighed)))
    rendered = plugs.load("template", way("qwen")).render(item)
    assert {span.weight for span in rendered.spans if span.loss and span.capability == "format"} == {0.5}
    names = [span for span in rendered.spans if span.capability == "retrieval"]
    assert [rendered.text[span.start : span.end] for span in names] == ["send"]
    assert not names[0].loss


REFUSED = {
    "drops the text": ("{% for m in messages %}{{ '<|im_start|>' + m.role + '<|im_end|>' }}{% endfor %}", "leaves out"),
    "changes the text": (
        "{% for m in messages %}<|im_start|>{{ m.content | upper }}<|im_end|>{% endfor %}{% if add_generation_prompt %}"
        "<|im_start|>{% endif %}",
        "changes a reply",
    ),
    "fails": ("{{ raise_exception('no system role') }}", "no system role"),
    "is no Jinja": ("{% for %}", "fails"),
    "asks otherwise": (
        "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>think: {% endif %}",
        "otherwise than behind the prompt",
    ),
    "counts what is to come": (
        "{{ messages | length }}{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>{% endif %}",
        "otherwise than behind the prompt",
    ),
    "never ends": (
        "{% for m in messages %}{{ m.role + ': ' + m.content }}\n{% endfor %}{% if add_generation_prompt %}"
        "assistant: {% endif %}",
        "no special token behind a reply",
    ),
    "says it twice": (
        "{% for m in messages %}<|im_start|>{{ m.content + m.content }}<|im_end|>{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>{% endif %}",
        "twice",
    ),
}


@pytest.mark.parametrize(("jinja", "why"), REFUSED.values(), ids=REFUSED)
def test_a_template_that_cannot_be_trained_is_refused_when_it_is_named(jinja: str, why: str) -> None:
    place = folder(jinja)
    with pytest.raises(Mistake, match=why) as caught:
        plugs.load("template", {"use": "model", "path": str(place)})
    assert str(place) in str(caught.value)
    assert "mend the folder's chat template, or name another template" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_template_without_tools_is_refused_where_calls_are_wanted() -> None:
    template = plugs.load("template", {"use": "model", "path": str(family("plain"))})
    with pytest.raises(Mistake, match="does not offer tools"):
        template.calls()
    with pytest.raises(Mistake, match="leaves out the content of a reply; say `thoughts: drop`"):
        plugs.load("template", {"use": "model", "path": str(family("llama3"))}).calls()


@pytest.mark.parametrize("file", ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
def test_a_folder_that_lacks_a_file_is_told_so(file: str) -> None:
    place = folder("{{ messages }}")
    (place / file).unlink()
    with pytest.raises(Mistake, match="has no") as caught:
        plugs.load("template", {"use": "model", "path": str(place)})
    assert "a model folder with a chat template holds" in str(caught.value)


def test_what_no_chat_format_holds_is_no_layout() -> None:
    item = acted([Step(thought="a", action=ToolCall(name="send"))])
    twice = structs.replace(item.messages[-1], segments=item.messages[-1].segments * 2)
    with pytest.raises(ValueError, match="thinks twice"):
        plugs.load("template", way("qwen")).render(structs.replace(item, messages=(*item.messages[:-1], twice)))
    parallel = (*item.messages[-1].segments[3:], *item.messages[-1].segments[3:])
    two = structs.replace(item, messages=(*item.messages[:-1], said("assistant", *parallel)))
    assert [
        text for text, label in labelled(plugs.load("template", way("qwen")).render(two)) if label == "retrieval"
    ] == [
        "send",
        "send",
    ]
    with pytest.raises(ValueError, match="one call at a time"):
        plugs.load("template", way("llama3")).render(two)
