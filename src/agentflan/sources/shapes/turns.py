"""Rows that are lists of turns, in the field's spellings: `from`/`value`, `role`/`content`, human or user, gpt or bard.

Foreign data have foreign keys, so these records, unlike all that we write, are lenient.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import msgspec

from agentflan.core.errors import Unreadable

ROLES = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "assistant": "assistant",
    "system": "system",
}
"""Name of a speaker in the data -> role."""

SHAREGPT = {"system": "system", "user": "human", "assistant": "gpt"}
"""Role -> name of the speaker in ShareGPT's own spelling."""

R = TypeVar("R")


class RawTurn(msgspec.Struct, frozen=True, gc=False):
    """One turn of a row as it lies in the file."""

    sender: str | None = msgspec.field(name="from", default=None)
    value: str | None = None
    role: str | None = None
    content: str | None = None
    loss: bool | int | None = None

    @property
    def name(self) -> str:
        return self.sender or self.role or ""

    @property
    def text(self) -> str:
        return self.value or self.content or ""


class RawRow(msgspec.Struct, frozen=True, gc=False):
    id: str | int | None = None
    conversations: list[RawTurn] | None = None
    messages: list[RawTurn] | None = None
    system: str | None = None
    """LLaMA-Factory keeps the system prompt beside the turns."""


class Turn(NamedTuple):
    role: str
    """system, user or assistant."""
    text: str
    loss: bool | None
    """None: the source does not say."""


def turns_of(row: RawRow) -> list[Turn]:
    """The turns of a row. Raises `Unreadable` where it has none, or where somebody speaks who is not in `ROLES`."""
    raw = row.conversations or row.messages
    if not raw:
        raise Unreadable("not_a_conversation", "it has neither `conversations` nor `messages`")
    found: list[Turn] = []
    for turn in raw:
        role = ROLES.get(turn.name)
        if role is None:
            raise Unreadable("unknown_role", turn.name)
        found.append(Turn(role, turn.text, None if turn.loss is None else bool(turn.loss)))
    return found


def sharegpt_turn(turn: Turn) -> dict[str, str | bool | None]:
    """A turn as ShareGPT spells it, with AgentInstruct's `loss` beside it; `turns_of` reads it back."""
    return {"from": SHAREGPT[turn.role], "value": turn.text, "loss": turn.loss}


def flan_turn(turn: Turn) -> dict[str, str | bool]:
    """A turn as Agent-FLAN's release spells it, with a loss on every turn; `turns_of` reads it back."""
    return {"role": turn.role, "content": turn.text, "loss": turn.loss is True}


def decoded(decoder: msgspec.json.Decoder[R], row: bytes) -> R:
    """A row by its decoder. Raises `Unreadable` for what is no JSON, and for JSON of another shape."""
    try:
        return decoder.decode(row)
    except msgspec.ValidationError as error:
        raise Unreadable("wrong_shape", str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable("broken_json", str(error)) from error
