"""The families of written marks: one layout of each to read, and the prompt a prefix in tokens as well as in text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from msgspec import structs
from tokenizers import Tokenizer

from agentflan.core import plugs
from agentflan.core.types import Conversation, Message, Segment
from agentflan.corpus.tokens.labels import Labeller
from agentflan.corpus.tokens.tokenizer import fitted, train_bpe
from tests.drawn import CONVERSATIONS
from tests.templates.families import TEXTS, like_gpt, like_llama

FAMILIES = ("agent_flan", "chatml", "llama2", "vicuna")
LAYOUTS = {
    "llama2": "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nWeather? [/INST] Rain.</s><s>[INST] Thanks [/INST] Bye</s>",
    "vicuna": "Be brief. USER: Weather? ASSISTANT: Rain.</s>USER: Thanks ASSISTANT: Bye</s>",
    "chatml": "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWeather?<|im_end|>\n"
    "<|im_start|>assistant\nRain.<|im_end|>\n<|im_start|>user\nThanks<|im_end|>\n<|im_start|>assistant\nBye<|im_end|>\n",
}
TALK = Conversation(
    id="c",
    source="s",
    messages=(
        Message(role="system", segments=(Segment(text="Be brief."),)),
        Message(role="user", segments=(Segment(text="Weather?"),)),
        Message(role="assistant", segments=(Segment(text="Rain.", capability="reasoning", loss=True),)),
        Message(role="user", segments=(Segment(text="Thanks"),)),
        Message(role="assistant", segments=(Segment(text="Bye", loss=True),)),
    ),
)


def tokenizers(name: str) -> dict[str, Tokenizer]:
    """A byte-level one, one with byte fallback and imagined spaces, and our own, all with the template's marks."""
    template = plugs.load("template", name)
    texts = [template.render(TALK).text, *TEXTS]
    made = {"gpt": like_gpt(()), "llama": like_llama(marks=()), "ours": train_bpe(iter(texts), 400, template)}
    return {kind: fitted(each, template, add_marks=True) for kind, each in made.items()}


@pytest.fixture(scope="module")
def kinds() -> dict[str, dict[str, Tokenizer]]:
    return {name: tokenizers(name) for name in FAMILIES}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_layout_of_each_family(name: str) -> None:
    assert plugs.load("template", name).render(TALK).text == LAYOUTS[name]
    alone = structs.replace(TALK, messages=TALK.messages[1:3])
    assert LAYOUTS["llama2"].partition("Weather?")[0] not in plugs.load("template", "llama2").render(alone).text
    assert plugs.load("template", "llama2").render(alone).text == "[INST] Weather? [/INST] Rain.</s>"


@pytest.mark.parametrize("kind", ["gpt", "llama", "ours"])
@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=25, deadline=None)
@given(conversation=CONVERSATIONS)
def test_every_prompt_is_a_token_prefix(
    kinds: dict[str, dict[str, Tokenizer]], name: str, kind: str, conversation: Conversation
) -> None:
    template, own = plugs.load("template", name), kinds[name][kind]
    item = tidy(conversation)
    ids = Labeller(own)([template.render(item)]).ids.tolist()
    for number, message in enumerate(item.messages):
        if message.role == "assistant":
            asked = own.encode(
                template.prompt(structs.replace(item, messages=item.messages[:number])), add_special_tokens=False
            ).ids
            assert ids[: len(asked)] == asked


def tidy(conversation: Conversation) -> Conversation:
    """Replies that begin with a letter: a prompt that ends in a newline becomes one token with a newline behind it."""
    messages: list[Any] = []
    for message in conversation.messages:
        first, *rest = message.segments
        if message.role == "assistant":
            first = structs.replace(first, text=f"So{first.text}")
        messages.append(structs.replace(message, segments=(first, *rest)))
    return structs.replace(conversation, messages=tuple(messages))


@pytest.mark.parametrize("name", ["llama2", "vicuna"])
def test_a_space_behind_the_prompt_would_be_other_tokens(kinds: dict[str, dict[str, Tokenizer]], name: str) -> None:
    template, own = plugs.load("template", name), kinds[name]["ours"]
    asked = template.prompt(structs.replace(TALK, messages=TALK.messages[:2]))
    whole = own.encode(template.render(TALK).text).ids
    spaced = own.encode(f"{asked} ").ids
    assert whole[: len(spaced)] != spaced


def test_a_second_exchange_of_llama2_begins_with_the_token_that_begins_all(
    kinds: dict[str, dict[str, Tokenizer]],
) -> None:
    own = kinds["llama2"]["llama"]
    ids = own.encode(LAYOUTS["llama2"], add_special_tokens=True).ids
    begin, end = own.token_to_id("<s>"), own.token_to_id("</s>")
    assert (ids[0], ids.count(begin), ids.count(end)) == (begin, 2, 2)
    assert ids[ids.index(end) + 1] == begin
