"""One message after another of the same role: roles alternate, so the second goes on in the first, on a new line."""

from __future__ import annotations

from agentflan.core.types import Message, Segment


def append(messages: list[Message], message: Message) -> None:
    """Adds a message, or goes on with the last one if it is of the same role."""
    if messages and messages[-1].role == message.role:
        message = Message(role=message.role, segments=joined(messages.pop().segments, message.segments))
    messages.append(message)


def joined(first: tuple[Segment, ...], second: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """The segments of two messages in one, the second on a new line."""
    if not first or not second:
        return first or second
    head = second[0]
    begun = Segment(text=f"\n{head.text}", capability=head.capability, loss=head.loss, weight=head.weight)
    return (*first, begun, *second[1:])
