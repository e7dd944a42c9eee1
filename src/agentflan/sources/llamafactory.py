"""LLaMA-Factory's files (arXiv 2403.13372): its three shapes of rows.

- ShareGPT with tools: turns of human, gpt, function_call, observation; `system` and `tools` (JSON text) beside them.
- Alpaca: `instruction`, `input`, `output`, with `system` and `history`; plain talk.
- v1: messages whose content is a list of `{type: text | reasoning | tool_call, value}`, with a `loss_weight` each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, Trajectory
from agentflan.sources.shapes.call_texts import calls_in
from agentflan.sources.shapes.call_turns import Call, Said, Speaker, kind_of, told
from agentflan.sources.shapes.tool_lists import tools_in_json
from agentflan.sources.shapes.turns import decoded

_SENDERS: dict[str, Speaker] = {
    "system": "system",
    "human": "user",
    "gpt": "assistant",
    "function_call": "assistant",
    "observation": "tool",
}
_ROLES: dict[str, Speaker] = {"system": "system", "user": "user", "assistant": "assistant", "tool": "tool"}


class Llamafactory(Plug, frozen=True):
    """A row of any of the three shapes -> a trajectory."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to; a row without tools and calls is general anyway."""
    licence: str = "unstated"

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        try:
            raw = decoded(_ROWS, row)
        except Unreadable as error:
            raise Unreadable("not_llamafactory", error.detail) if error.reason == "wrong_shape" else error from error
        if raw.conversations:
            messages = _of_sharegpt(raw, raw.conversations)
        elif raw.messages:
            messages = [_of_parts(message) for message in raw.messages]
        elif raw.instruction is not None and raw.output is not None:
            messages = _of_alpaca(raw.instruction, raw.input, raw.output, raw.history)
        else:
            raise Unreadable("not_llamafactory", "it has neither `conversations`, `messages` nor `instruction`")
        if raw.system:
            messages = [Said("system", raw.system), *messages]
        tools = () if raw.tools is UNSET else tools_in_json(bytes(raw.tools))
        talk = told(messages)
        if isinstance(talk, Dropped):
            return talk
        return Trajectory(
            id="" if raw.id is None else str(raw.id),
            source="llamafactory",
            query=talk.query,
            steps=talk.steps,
            kind=kind_of(self.role, tools, talk.called),
            licence=self.licence,
            instruction=talk.instruction,
            tools=tools,
            ending=talk.ending,
        )


class _Turn(msgspec.Struct, frozen=True):
    sender: str = msgspec.field(name="from")
    value: str


class _Part(msgspec.Struct, frozen=True):
    type: str
    value: str


class _Message(msgspec.Struct, frozen=True):
    role: str
    content: list[_Part]
    loss_weight: float | None = None


class _Row(msgspec.Struct, frozen=True):
    id: str | int | None = None
    conversations: list[_Turn] | None = None
    messages: list[_Message] | None = None
    instruction: str | None = None
    input: str | None = None
    output: str | None = None
    system: str | None = None
    history: list[tuple[str, str]] | None = None
    tools: msgspec.Raw | UnsetType = UNSET


_ROWS = msgspec.json.Decoder(_Row)


def _of_sharegpt(row: _Row, turns: list[_Turn]) -> list[Said]:
    """Raises `Unreadable` for turns that are plain ShareGPT's, or that write calls between tags, as Hermes does."""
    if any(turn.sender not in _SENDERS for turn in turns):
        raise Unreadable("not_llamafactory", "somebody speaks who is not in its roles")
    if row.tools is UNSET and not any(turn.sender in ("function_call", "observation") for turn in turns):
        raise Unreadable("not_llamafactory", "it has neither tools nor calls")
    if any("<tool_call>" in turn.value for turn in turns if turn.sender == "gpt"):
        raise Unreadable("not_llamafactory", "its calls stand between tags in the text")
    return [_of_turn(turn) for turn in turns]


def _of_turn(turn: _Turn) -> Said:
    if turn.sender != "function_call":
        return Said(_SENDERS[turn.sender], turn.value)
    head, closed, text = turn.value.rpartition("</think>")
    return Said("assistant", f"{head}{closed}", calls=calls_in(text))


def _of_parts(message: _Message) -> Said:
    role = _ROLES.get(message.role)
    if role is None:
        raise Unreadable("unknown_role", message.role)
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[Call] = []
    for part in message.content:
        if part.type == "text":
            texts.append(part.value)
        elif part.type == "reasoning" and role == "assistant":
            thoughts.append(part.value.strip())
        elif part.type == "tool_call" and role == "assistant":
            calls.extend(calls_in(part.value))
        else:
            raise Unreadable("not_text", f"{message.role} says {part.type}")
    return Said(role, "\n".join(texts), tuple(calls), "\n".join(thoughts), loss=message.loss_weight != 0)


def _of_alpaca(
    instruction: str, more: str | None, output: str, history: Iterable[tuple[str, str]] | None
) -> list[Said]:
    """Raises `Unreadable` for an output that is a whole search in text, as FireAct's."""
    if all(label in output for label in ("Thought:", "\nAction:", "\nObservation:")):
        raise Unreadable("not_llamafactory", "its output is a trajectory in text")
    said: list[Said] = []
    for asked, replied in history or ():
        said += [Said("user", asked), Said("assistant", replied)]
    query = f"{instruction}\n{more}" if more and more.strip() else instruction
    return [*said, Said("user", query), Said("assistant", output)]
