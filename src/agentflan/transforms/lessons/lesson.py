"""One step as a lesson: an API, a form with names of its own, the content in plain words, the reply in form."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Literal

from agentflan.core.chance import pick, shuffled
from agentflan.core.types import Capability, Conversation, Message, Segment, Step, ToolCall, ToolSpec, Trajectory
from agentflan.transforms.lessons import release, varied
from agentflan.transforms.lessons.parts import Form, Part, Taught, arguments_of, as_json

Grammar = Literal["varied", "release"]
_GRAMMARS: dict[Grammar, ModuleType] = {"varied": varied, "release": release}
_CAPABILITIES: dict[Part, Capability] = {
    "thought": "reasoning",
    "name": "retrieval",
    "arguments": "understanding",
}


def teachable(step: Step, tools: Sequence[ToolSpec]) -> bool:
    """Whether a step calls one of the tools on offer with a JSON object: then its parts can be put into words."""
    return (
        isinstance(step.action, ToolCall)
        and step.loss
        and any(tool.name == step.action.name for tool in tools)
        and arguments_of(step.action) is not None
    )


def lesson(item: Trajectory, index: int, form: Form, seed: int, grammar: Grammar = "varied") -> Conversation:
    """A conversation of one turn made of step `index`, which must be teachable."""
    key = f"{seed}/{item.id}/{index}"
    wording = _GRAMMARS[grammar]
    taught = _taught(item, index, key, wording.ALIASES)
    query: str = wording.query(taught, form, key)
    prompt: str = wording.system(taught, form, key)
    contents = {"thought": taught.thought, "name": taught.name, "arguments": wording.arguments(taught, form)}
    replied = shuffled(taught.parts, key, "reply") if form == "json" else taught.parts
    reply = (_json_reply if form == "json" else _line_reply)(replied, taught.aliases, contents)
    return Conversation(
        id=f"{item.id}-l{index}",
        source=item.source,
        messages=(
            Message(role="system", segments=(Segment(text=prompt),)),
            Message(role="user", segments=(Segment(text=query),)),
            Message(role="assistant", segments=reply),
        ),
        query=query,
        kind="lesson",
        licence=item.licence,
        origin_ids=item.origin_ids or (item.id,),
        group=item.group or item.query,
        tools=(taught.tool,),
    )


def _taught(item: Trajectory, index: int, key: str, aliases: dict[Part, tuple[str, ...]]) -> Taught:
    step = item.steps[index]
    call = step.action
    arguments = arguments_of(call) if isinstance(call, ToolCall) else None
    if not isinstance(call, ToolCall) or arguments is None:
        raise ValueError(f"step {index} of {item.id} is no call with a JSON object")
    thought = " ".join(step.thought.split())
    parts: list[Part] = shuffled([*(("thought",) if thought else ()), "name", "arguments"], key, "order")
    return Taught(
        tool=next(tool for tool in item.tools if tool.name == call.name),
        thought=thought,
        name=call.name,
        arguments=arguments,
        parts=parts,
        aliases={part: pick(aliases[part], key, "alias", part) for part in aliases},
    )


def _json_reply(parts: Sequence[Part], aliases: dict[Part, str], contents: dict[str, str]) -> tuple[Segment, ...]:
    """Keys, quotes and brackets are form; what stands between them is content."""
    segments, form = [], "{\n"
    for place, part in enumerate(parts):
        form += f'    "{aliases[part]}": '
        if part == "arguments":
            segments += [_form(form), _content(part, contents[part])]
            form = ""
        else:
            segments += [_form(form + '"'), _content(part, as_json(contents[part])[1:-1])]
            form = '"'
        form += ",\n" if place + 1 < len(parts) else "\n}"
    return (*segments, _form(form))


def _line_reply(parts: Sequence[Part], aliases: dict[Part, str], contents: dict[str, str]) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    for place, part in enumerate(parts):
        start = "\n" if place else ""
        segments += [_form(f"{start}{aliases[part]}: "), _content(part, contents[part])]
    return tuple(segments)


def _content(part: Part, text: str) -> Segment:
    return Segment(text=text, capability=_CAPABILITIES[part], loss=True)


def _form(text: str) -> Segment:
    return Segment(text=text, capability="format", loss=True)
