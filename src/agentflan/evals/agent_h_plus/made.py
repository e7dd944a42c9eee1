"""Cases for every part in every language, made up from scenes, values and wordings by keyed chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from agentflan.core.chance import coin, pick, shuffled
from agentflan.core.types import Answer, ToolCall, ToolSpec
from agentflan.evals.agent_h_plus.cases import DUE, PARTS, Case, Language, Part
from agentflan.evals.agent_h_plus.scenes import Domain, Tool, scenes, spec, wordings

_TRIES = 60
"""Redraws before a query is allowed to come twice in one part."""
_EXTRA_SHARE = 1 / 3
"""Of the asks of a tool with an optional parameter, those that set it."""


class _Filled(NamedTuple):
    """An ask with its values said, the call it stands for, and all spellings of the values that are as good."""

    query: str
    arguments: dict[str, Any]
    accepted: dict[str, tuple[Any, ...]]


def cases(count: int, languages: Sequence[Language], seed: int) -> Iterator[Case]:
    """`count` cases in turn over the parts, and then over the languages; fewer are the beginning of more."""
    seen: set[tuple[str, str]] = set()
    for number in range(count):
        part = PARTS[number % len(PARTS)]
        language = languages[number // len(PARTS) % len(languages)]
        key = f"agent_h_plus/{seed}/{number}"
        drawn = (_case(part, language, key, attempt) for attempt in range(_TRIES))
        case = next((case for case in drawn if (part, case.query) not in seen), None) or _case(part, language, key, 0)
        seen.add((part, case.query))
        yield case


def _case(part: Part, language: Language, id_: str, attempt: int) -> Case:
    key, said = f"{id_}/{attempt}", wordings()
    home = pick(scenes().domains, key, "domain")
    tool = pick(home.tools, key, "tool")
    offer = _offer(part, home, tool, language, key)
    if part.endswith("ordinary"):
        talk = said.ordinary[language]
        query = pick(talk.asks, key, "ask").format(topic=pick(talk.topics, key, "topic"))
        reply = Answer(text=pick(talk.replies, key, "reply"))
        return Case(id=id_, part=part, language=language, query=query, tools=offer, gold=reply)
    if part == "tools_incomplete":
        lacking = pick(tool.lacking, key, "lacking")
        slot = scenes().slots[tool.parameters[lacking.parameter]]
        query = _filled(tool, pick(lacking.asks(language), key, "ask"), language, key).query
        reply = Answer(text=pick(said.asking[language], key, "reply").format(about=slot.about[language]))
        missing = slot.words[language]
        return Case(id=id_, part=part, language=language, query=query, tools=offer, gold=reply, missing=missing)
    filled = _filled(tool, pick(tool.asks[language], key, "ask"), language, key)
    if tool.extra and coin(key, "extra") < _EXTRA_SHARE:
        name, value = tool.extra.parameter, tool.extra.value
        query = filled.query + tool.extra.sentence(language)
        filled = _Filled(query, {**filled.arguments, name: value}, {**filled.accepted, name: (value,)})
    if part != DUE:
        reply = Answer(text=pick(said.unable[language], key, "reply"))
        return Case(id=id_, part=part, language=language, query=filled.query, tools=offer, gold=reply)
    call = ToolCall(name=tool.name, arguments=msgspec.json.encode(filled.arguments).decode())
    return Case(
        id=id_, part=part, language=language, query=filled.query, tools=offer, gold=call, accepted=filled.accepted
    )


def _filled(tool: Tool, ask: str, language: str, key: str) -> _Filled:
    slots = scenes().slots
    words, arguments, accepted = dict[str, Any](), dict[str, Any](), dict[str, tuple[Any, ...]]()
    for name, slot in ((name, slots[slot]) for name, slot in {**tool.parameters, "adjective": "adjective"}.items()):
        value, spoken = pick(list(zip(slot.values, slot.spoken(language), strict=True)), key, "value", name)
        words[name] = spoken
        if name in tool.parameters:
            arguments[name] = value if slot.closed else spoken
            accepted[name] = (arguments[name],) if slot.closed or spoken == value else (spoken, value)
    return _Filled(ask.format(**words), arguments, accepted)


def _offer(part: Part, home: Domain, tool: Tool, language: str, key: str) -> tuple[ToolSpec, ...]:
    """The right tool among others, or only those of other domains, or none."""
    if part.startswith("no_tools"):
        return ()
    others = [other for domain in scenes().domains if domain is not home for other in domain.tools]
    size = 2 + int(coin(key, "size") * 4)
    offered = shuffled(others, key, "others")[:size]
    if part in (DUE, "tools_incomplete"):
        near = home.tools if coin(key, "near") < 1 / 2 else (tool,)
        offered = [*near, *offered[: size - len(near) + 1]]
    return tuple(spec(other.name, language) for other in shuffled(offered, key, "order"))
