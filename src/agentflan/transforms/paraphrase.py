"""Have a language model reword elicit statements, so that no wording is learned by heart. Place it after `converse`.

A rewording is taken if it keeps the names that the statement holds (the tool's, the parameter's) and is plain talk of
one line; else the statement stays as it was written. What the reworded statement asks for stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from agentflan.core.chance import coin
from agentflan.core.kinds import Item, Side
from agentflan.core.plugs import Plug
from agentflan.core.types import Conversation, Message, Request, Segment
from agentflan.dialects.calls import reader
from agentflan.dialects.writing.listing import parameter_names
from agentflan.transforms.asking.prompts import request, unfenced

_TASK = """\
Below is a numbered list of short questions with which a person draws out an assistant's next thought or action. \
Reword each of them the way another person would put it, in the language it is written in. Keep every name of a tool \
or a parameter to the letter. Reply with a JSON array of strings and nothing else: one for each question, in their \
order."""
_LONGEST = 300
"""Characters of a rewording, and of a list of names; more is neither."""


class Paraphrase(Plug, frozen=True):
    """One request for all elicit statements of a conversation. Only with `replies: asked`."""

    works_on: ClassVar[Side] = "conversations"

    share: float = 0.5
    """Share of the conversations that have elicit statements."""
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError("share lies between 0 and 1")

    def requests(self, item: Item) -> tuple[Request, ...]:
        if not isinstance(item, Conversation) or item.kind != "agent":
            return ()
        statements = [" ".join(text.split()) for text in _statements(item)]
        if not statements or coin(self.seed, "paraphrase", item.id) >= self.share:
            return ()
        listed = "\n".join(f"{number}. {text}" for number, text in enumerate(statements, 1))
        return (request("paraphrase", _TASK, listed),)

    def apply(self, item: Conversation, replies: tuple[str, ...]) -> Conversation:
        try:
            said = msgspec.json.decode(unfenced(replies[0]), type=list[str])
        except (msgspec.DecodeError, UnicodeError):
            return item
        statements, names = list(_statements(item)), _names(item)
        if len(said) != len(statements):
            return item
        taken = iter([new if _fits(old, new, names) else old for old, new in zip(statements, said, strict=True)])
        messages = tuple(_reworded(message, taken) for message in item.messages)
        return item if messages == item.messages else msgspec.structs.replace(item, messages=messages)


def _elicits(message: Message, segment: Segment) -> bool:
    return message.role == "user" and segment.capability is not None


def _statements(item: Conversation) -> Iterator[str]:
    for message in item.messages:
        for segment in message.segments:
            if _elicits(message, segment):
                yield segment.text


def _reworded(message: Message, taken: Iterator[str]) -> Message:
    """With the next of the new statements in each place; the line break before a statement stays."""
    segments = []
    for segment in message.segments:
        if _elicits(message, segment):
            old = segment.text
            blank = old[: len(old) - len(old.lstrip())]
            segment = msgspec.structs.replace(segment, text=blank + next(taken).strip())
        segments.append(segment)
    return msgspec.structs.replace(message, segments=tuple(segments))


def _names(item: Conversation) -> frozenset[str]:
    """What a statement may name: the tools, their parameters, and the parameters that the assistant listed."""
    names = {tool.name for tool in item.tools}
    names.update(name for tool in item.tools for name in parameter_names(tool.parameters))
    for message in item.messages:
        for segment in message.segments:
            named = segment.capability in ("retrieval", "understanding") and message.role == "assistant"
            if named and len(segment.text) < _LONGEST:
                names.update(part.strip() for part in segment.text.split(","))
    return frozenset(names - {""})


def _fits(old: str, new: str, names: frozenset[str]) -> bool:
    if not new.strip() or len(new) > _LONGEST or "\n" in new.strip() or reader.read(new).agent_form:
        return False
    return all(_holds(new, name) for name in names if _holds(old, name))


def _holds(text: str, name: str) -> bool:
    """Whether the name stands in the text as a word of its own."""
    start = text.find(name)
    while start >= 0:
        around = text[max(start - 1, 0) : start] + text[start + len(name) : start + len(name) + 1]
        if not any(sign.isalnum() or sign == "_" for sign in around):
            return True
        start = text.find(name, start + 1)
    return False
