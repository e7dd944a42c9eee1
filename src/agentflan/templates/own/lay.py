"""A conversation as the folder's chat template writes it, each part labelled.

A reply is what follows its generation prompt, up to its end mark: thought, name, arguments and text have the labels of
their segments, all else that the template lets the model write is form. Trained is a reply only if its prompt begins
the text: where a template writes earlier turns anew as a conversation goes on (Qwen3 takes their thoughts out, Mistral
moves the tools to the last question), a model would meet another text before it, and so the reply is only shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from msgspec import structs

from agentflan.core.chat import Turn
from agentflan.core.types import Conversation, Segment
from agentflan.templates.layout.laid import formal
from agentflan.templates.own.borders import Key, Places, bare, places
from agentflan.templates.own.family import Family, tools_of


class Laid(NamedTuple):
    parts: list[Segment]
    muted: int
    """Replies that are to be trained and are only shown."""


class _Label(NamedTuple):
    start: int
    end: int
    segment: Segment


def lay(family: Family, item: Conversation) -> Laid:
    """Raises `ValueError` for a conversation that the template has no sure layout for."""
    turns = family.turns(item)
    messages, write = family.chat(turns), partial(family.write, tools=tools_of(item))
    text, found = places(messages, write)
    labels: list[_Label] = []
    muted = 0
    for number, turn in enumerate(turns):
        if turn.role != "assistant":
            labels += _asked(turn, found.get(Key(number, "content")), text)
            continue
        lost = _missing(number, messages[number], found)
        if lost - {"reasoning_content"}:
            raise ValueError(f"the chat template leaves out the {min(lost)} of a reply")
        prompt = write(messages[:number], generate=True)
        if lost or not text.startswith(prompt):
            muted += any(segment.loss for segment in _segments(turn))
            continue
        limit = min([start for key, (start, _) in found.items() if key.message == number + 1], default=len(text))
        labels += _reply(family, turn, number, found, text, len(prompt), limit)
    return Laid(list(_cut(text, labels)), muted)


def _missing(number: int, message: dict[str, Any], found: Places) -> set[str]:
    """What a reply says and the text does not."""
    wanted = [Key(number, name) for name in ("reasoning_content", "content") if message.get(name, "").strip()]
    for place in range(len(message.get("tool_calls", ()))):
        wanted += [Key(number, "name", place), Key(number, "arguments", place)]
    return {key.part for key in wanted if key not in found}


def _segments(turn: Turn) -> list[Segment]:
    calls = [part for call in turn.calls for part in call if part]
    return [*filter(None, [turn.form, turn.thought]), *turn.text, *calls]


def _asked(turn: Turn, place: tuple[int, int] | None, text: str) -> Iterator[_Label]:
    """Elicit statements, as far as the template leaves the message as it is."""
    content = "".join([part.text for part in turn.text])
    start, end = bare(content)
    if place is None or text[slice(*place)] != content[start:end]:
        return
    at = 0
    for part in turn.text:
        first, last = max(at, start), min(at + len(part.text), end)
        at += len(part.text)
        if part.capability and first < last:
            yield _Label(place[0] + first - start, place[0] + last - start, part)


def _reply(
    family: Family, turn: Turn, number: int, found: Places, text: str, start: int, limit: int
) -> Iterator[_Label]:
    """All of [start, end of the reply), without a gap."""
    at = start
    for label in sorted(_spoken(turn, number, found, text, start), key=lambda label: label[:2]):
        if label.start < at:
            raise ValueError("the chat template writes a reply before its prompt")
        yield _Label(at, label.start, _form(turn))
        yield label
        at = label.end
    ends = [place + len(end) for end in family.ends if (place := text.find(end, at, limit)) >= 0]
    if not ends:
        raise ValueError("the chat template writes no end mark behind a reply")
    yield _Label(at, min(ends), _form(turn))


def _spoken(turn: Turn, number: int, found: Places, text: str, start: int) -> Iterator[_Label]:
    if turn.thought:
        yield _Label(*found[Key(number, "reasoning_content")], turn.thought)
    for place, call in enumerate(turn.calls):
        yield _Label(*found[Key(number, "name", place)], call.name)
        if call.arguments:
            yield _Label(*found[Key(number, "arguments", place)], call.arguments)
    yield from _content(turn.text, found.get(Key(number, "content")), text, start)


def _content(said: Sequence[Segment], place: tuple[int, int] | None, text: str, start: int) -> Iterator[_Label]:
    """The segments of a reply's text, the blanks at its ends as far as the template has kept them."""
    content = "".join([part.text for part in said])
    head, tail = bare(content)
    if place is None:  # blanks alone
        begins, ends = start, start + len(content) if text.startswith(content, start) else start
        head = 0
    else:
        begins, ends = place
        while head and begins > start and text[begins - 1] == content[head - 1]:
            begins, head = begins - 1, head - 1
        while tail < len(content) and text[ends : ends + 1] == content[tail]:
            ends, tail = ends + 1, tail + 1
    at = begins - head
    for part in said:
        first, last = max(at, begins), min(at + len(part.text), ends)
        at += len(part.text)
        if first < last:
            yield _Label(first, last, part)


def _form(turn: Turn) -> Segment:
    """What the template adds to a reply is trained with its form, or else with the last that it says."""
    segments = _segments(turn)
    return formal("", turn.form or segments[-1], segments) if segments else Segment(text="")


def _cut(text: str, labels: Sequence[_Label]) -> Iterator[Segment]:
    """The whole text in pieces, what has no label among them."""
    at = 0
    for start, end, segment in sorted(labels, key=lambda label: label[:2]):
        yield Segment(text=text[at:start])
        yield structs.replace(segment, text=text[start:end])
        at = end
    yield Segment(text=text[at:])
