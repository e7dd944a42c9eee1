"""Messages for formats that know loss of a whole message alone: one that is trained in part is refused."""

from __future__ import annotations

from agentflan.core.types import Conversation, Dropped, Message
from agentflan.sources.shapes.turns import Turn


def trained(message: Message) -> bool | None:
    """Whether the message is trained; None: a part of it is."""
    flags = {segment.loss and segment.weight > 0 for segment in message.segments if segment.text}
    return None if len(flags) > 1 else True in flags


def text_of(message: Message) -> str:
    return "".join([segment.text for segment in message.segments])


def whole_turns(item: Conversation) -> list[Turn] | Dropped:
    """The messages as turns, with a loss where the assistant speaks. Dropped: one of them is trained in part."""
    turns: list[Turn] = []
    for number, message in enumerate(item.messages):
        loss = trained(message)
        if loss is None:
            return Dropped(reason="trained_in_part", detail=f"message {number}")
        turns.append(Turn(message.role, text_of(message), loss if message.role == "assistant" else None))
    return turns
