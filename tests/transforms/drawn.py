"""Drawn steps, trajectories and conversations, and what the engine does with a transform, in memory."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st

from agentflan.core.kinds import Item, Offline
from agentflan.core.types import (
    CAPABILITIES,
    Answer,
    Conversation,
    Dropped,
    Message,
    Quarantined,
    Segment,
    Step,
    ToolCall,
    ToolSpec,
    Trajectory,
)
from agentflan.models.faulty import voice

WORDS = ("see", "the", "weather", "in", "Oslo", "über", "3", "five", "shelf", "is", "open", "天气", "it's", "no.")
NAMES = ("weather_of_city", "find.flight", "search", "buy", "read_mail")

words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
scalars = st.one_of(
    words, st.integers(-5, 5), st.booleans(), st.none(), st.sampled_from(["5", "", "null", " a ", '"x"'])
)
values = st.one_of(scalars, st.lists(scalars, max_size=2), st.dictionaries(st.sampled_from("ab"), scalars, max_size=2))
objects = st.dictionaries(st.sampled_from(["city", "day", "a b", "", "x,y", "größe"]), values, max_size=3)
arguments = st.one_of(objects.map(json.dumps), words, st.just(""), st.just('{"broken": '))
calls = st.builds(ToolCall, name=st.sampled_from(NAMES), arguments=arguments)
answers = st.builds(Answer, text=words)
thoughts = st.one_of(st.just(""), words)
observations = st.one_of(st.none(), words, st.just(""))
steps = st.builds(
    Step, thought=thoughts, action=st.one_of(calls, answers, st.none()), observation=observations, loss=st.booleans()
)
sound_steps = st.builds(Step, thought=thoughts, action=st.one_of(calls, answers), observation=words)
tools = st.lists(st.sampled_from(NAMES), unique=True, max_size=4).map(
    lambda names: tuple(ToolSpec(name=name, description=f"Does {name}.", parameters="{}") for name in names)
)
agents = st.builds(
    Trajectory,
    id=st.just(""),
    source=st.just("toolbench"),
    query=words,
    steps=st.lists(st.one_of(sound_steps, steps), max_size=4).map(tuple),
    tools=tools,
    instruction=st.sampled_from(["", "Act with care."]),
    dialect=st.sampled_from(["", "", "", "os", "nobody_knows"]),
    ending=st.sampled_from(["answer", "answer", "gave_up", "open"]),
    restarted=st.booleans(),
)
chats = st.builds(
    Trajectory,
    id=st.just(""),
    source=st.just("sharegpt"),
    query=words,
    steps=st.lists(st.builds(Step, action=answers, observation=words), min_size=1, max_size=3).map(tuple),
    kind=st.just("general"),
)
capabilities = st.one_of(st.none(), st.sampled_from(CAPABILITIES))


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """Any conversation of alternating roles, elicit statements and mixed messages among them."""
    messages: list[Message] = []
    if draw(st.booleans()):
        messages.append(Message(role="system", segments=(Segment(text="Be of use."),)))
    for _ in range(draw(st.integers(1, 5))):
        asked, said = draw(words), draw(capabilities)
        elicit = Segment(text=f"\n{draw(words)}", capability=said)
        alone = Segment(text=asked, capability=said)
        user = draw(st.sampled_from([(Segment(text=asked),), (Segment(text=asked), elicit), (alone,)]))
        messages.append(Message(role="user", segments=user))
        kinds = draw(st.sampled_from([(said,), (said, said), ("format", said)]))
        loss = draw(st.booleans())
        replied = tuple(Segment(text=draw(words), capability=kind, loss=loss) for kind in kinds)
        messages.append(Message(role="assistant", segments=replied))
    kind = draw(st.sampled_from(["agent", "agent", "general", "lesson"]))
    offered = draw(tools)
    return Conversation(id="", source="drawn", messages=tuple(messages), query=draw(words), kind=kind, tools=offered)


def _numbered(items: Sequence[Item]) -> list[Item]:
    return [msgspec.structs.replace(item, id=f"row-{number}") for number, item in enumerate(items)]


corpora = st.lists(st.one_of(agents, chats, conversations()), max_size=9).map(_numbered)


def settle(transform: Any, items: Sequence[Item]) -> tuple[list[Item], list[tuple[str, str]]]:
    """(what comes out, (id, reason) of what leaves) of one recipe entry, without a corpus on disk."""
    parts = transform.parts() if hasattr(transform, "parts") else (("", transform),)
    kept, left = list(items), []
    for _, part in parts:
        outcomes = [(item, _several(outcome)) for item, outcome in _outcomes(part, kept)]
        left += [
            (item.id, each.reason)
            for item, several in outcomes
            for each in several
            if isinstance(each, (Dropped, Quarantined))
        ]
        kept = [each for _, several in outcomes for each in several if isinstance(each, (Trajectory, Conversation))]
    return kept, left


def _several(outcome: Any) -> Sequence[Any]:
    return [outcome] if isinstance(outcome, msgspec.Struct) else outcome


def _outcomes(part: Any, items: Sequence[Item]) -> list[tuple[Item, Any]]:
    if hasattr(part, "decide"):
        verdicts = _verdicts(part, items)
        return [
            (item, part.apply(item, verdicts[number]) if number in verdicts else item)
            for number, item in enumerate(items)
        ]
    if hasattr(part, "requests"):
        return [(item, _answered(part, item)) for item in items]
    return [(item, part(item)) for item in items]


def _verdicts(part: Any, items: Sequence[Item]) -> dict[int, Any]:
    """Notes and verdicts go through msgpack, as they do between processes."""
    keys: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    for number, item in enumerate(items):
        if (noted := part.note(item)) is not None:
            key, note = msgspec.msgpack.decode(msgspec.msgpack.encode(noted))
            keys[key].append((number, note))
    decided = [list(part.decide(iter(notes))) for notes in keys.values()]
    pairs = [pair for several in decided for pair in msgspec.msgpack.decode(msgspec.msgpack.encode(several))]
    assert len({number for number, _ in pairs}) == len(pairs), "two verdicts for one item"
    return dict(pairs)


def _answered(part: Any, item: Item) -> Any:
    """With its own words where it has any, else with those of the scripted model that ships."""
    requests = part.requests(item)
    if not requests:
        return item
    if isinstance(part, Offline):
        return part.apply(item, tuple(part.offline(item, request) for request in requests))
    return part.apply(item, tuple(voice.reply(request.messages) for request in requests))


def alternates(conversation: Conversation) -> bool:
    """Whether roles alternate from the user to the assistant, with text in every message."""
    roles = [message.role for message in conversation.messages]
    talk = roles[1:] if roles[:1] == ["system"] else roles
    texts = ["".join(segment.text for segment in message.segments) for message in conversation.messages]
    return all(texts) and len(talk) % 2 == 0 and talk == ["user", "assistant"] * (len(talk) // 2)
