"""A chat template is tried on small conversations before anything is built, and refused where it cannot be trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import product
from typing import Literal

from msgspec import structs

from agentflan.core.chat import NATIVE
from agentflan.core.errors import Mistake
from agentflan.core.types import Conversation, Message, Segment, ToolSpec
from agentflan.templates.own.borders import places
from agentflan.templates.own.family import Family, Thoughts, tools_of
from agentflan.templates.own.folder import Folder
from agentflan.templates.own.lay import lay

_ELSE = "mend the folder's chat template, or name another template"
_TOOL = ToolSpec(
    name="tide_table",
    description="Tells when the tide is high.",
    parameters='{"type": "object", "properties": {"harbour": {"type": "string"}}, "required": ["harbour"]}',
)


@lru_cache(maxsize=8)
def for_talk(folder: Folder, thoughts: Thoughts, today: str) -> Family:
    """The folder's template, tried on plain chat. Raises `Mistake` with what is wrong with it."""
    family = Family(folder, thoughts, today)
    try:
        family = family._replace(ends=(_end(family, _TALK, 1),))
        _hold(family, _TALK)
        _hold(family, _ADVISED)
    except ValueError as error:
        raise Mistake(str(error), where=str(folder.place), mend=_ELSE) from error
    return family


@lru_cache(maxsize=8)
def for_calls(folder: Folder, thoughts: Thoughts, today: str) -> Family:
    """The same, tried on tools and calls, in the ways of passing thoughts and arguments that templates have."""
    talking = for_talk(folder, thoughts, today)
    try:
        offer = talking.write(talking.chat(talking.turns(_ASKED)), tools_of(_ASKED), generate=True)
    except ValueError as error:
        raise Mistake(str(error), where=str(folder.place), mend=_ELSE) from error
    if _TOOL.name not in offer:
        raise Mistake("the chat template does not offer tools", where=str(folder.place), mend=_ELSE)
    wrong = []
    for spelled, inline in product((False, True), (False, True) if thoughts == "think" else (False,)):
        family = talking._replace(inline=inline, spelled=spelled)
        try:
            end = _end(family, _ACTED, 2)
            family = family._replace(ends=tuple(dict.fromkeys([*talking.ends, end])))
            _hold(family, _ACTED)
        except ValueError as error:
            wrong.append(str(error))
        else:
            return family
    others = [f"`thoughts: {way}`" for way in _others(folder, thoughts, today)]
    mend = f"say {' or '.join(others)}" if others else _ELSE
    raise Mistake(wrong[thoughts == "think"], where=str(folder.place), mend=mend)


def _others(folder: Folder, thoughts: Thoughts, today: str) -> Iterator[Thoughts]:
    """The other ways to write thoughts that this template has room for."""
    ways: tuple[Thoughts, ...] = ("text", "drop") if thoughts == "think" else ("drop",) if thoughts == "text" else ()
    for way in ways:
        try:
            for_calls(folder, way, today)
        except Mistake:
            continue
        yield way


def _hold(family: Family, sample: Conversation) -> None:
    if lay(family, sample).muted:
        raise ValueError("the chat template writes replies otherwise than behind the prompt that asks for them")


def _end(family: Family, sample: Conversation, number: int) -> str:
    """What ends reply `number`: the last special token behind it that is there, whether or not the talk goes on."""
    messages = family.chat(family.turns(sample))
    write = partial(family.write, tools=tools_of(sample))
    text, found = places(messages, write)
    last = max((end for key, (_, end) in found.items() if key.message == number), default=0)
    following = min((start for key, (start, _) in found.items() if key.message == number + 1), default=len(text))
    between = text[last:following]
    text, found = places(messages[: number + 1], write)
    behind = text[max((end for key, (_, end) in found.items() if key.message == number), default=0) :]
    both = [token for token in family.folder.special if token in between and token in behind]
    if not both:
        raise ValueError("the chat template writes no special token behind a reply, where it could stop")
    return max(both, key=behind.rfind)


def _said(role: Literal["system", "user", "assistant"], *parts: Segment) -> Message:
    return Message(role=role, segments=parts)


def _sample(*messages: Message, tools: Sequence[ToolSpec] = ()) -> Conversation:
    dialect = NATIVE if tools else ""
    return Conversation(id="probe", source="probe", messages=messages, tools=tuple(tools), dialect=dialect)


def _acts(harbour: str) -> Message:
    return _said(
        "assistant",
        Segment(text=f"I look up {harbour}.", capability="reasoning", loss=True),
        Segment(text=_TOOL.name, capability="retrieval", loss=True),
        Segment(text=f'{{"harbour": "{harbour}"}}', capability="understanding", loss=True),
    )


_RULE = _said("system", Segment(text="Be of use to sailors."))
_QUESTION = _said("user", Segment(text="When is high water in Bergen?"))
_REPLY = _said("assistant", Segment(text="At noon, or so.", loss=True))
_AGAIN = _said("user", Segment(text="And in Bodo?")), _said("assistant", Segment(text="Two hours later.", loss=True))
_TALK = _sample(_QUESTION, _REPLY, *_AGAIN)
_ADVISED = _sample(_RULE, _QUESTION, _REPLY)
_ASKED = _sample(_RULE, _QUESTION, tools=(_TOOL,))
_ACTED = structs.replace(
    _ASKED,
    messages=(
        *_ASKED.messages,
        _acts("Bergen"),
        _said("user", Segment(text='{"high": "12:10"}')),
        _acts("Bodo"),
        _said("user", Segment(text='{"high": "14:02"}')),
        _said(
            "assistant",
            Segment(text="Both are known now.", capability="reasoning", loss=True),
            Segment(text="At ten past noon, and two hours later.", loss=True),
        ),
    ),
)
