"""Leave out what is too short or too long: in characters, steps of an agent, or messages of a conversation."""

from __future__ import annotations

from collections.abc import Iterator

from agentflan.core.kinds import Item
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, Trajectory
from agentflan.transforms.likeness.texts import texts


class Length(Plug, frozen=True):
    """Bounds that belong to the item: steps before `converse`, messages after it, characters anywhere."""

    min_characters: int = 0
    """Of all that was said and seen, without system prompts and tools."""
    max_characters: int | None = None
    min_steps: int = 0
    max_steps: int | None = None
    min_messages: int = 0
    """The system message among them."""
    max_messages: int | None = None

    def __post_init__(self) -> None:
        for name in ("characters", "steps", "messages"):
            least, most = getattr(self, f"min_{name}"), getattr(self, f"max_{name}")
            if most is not None and most < least:
                raise ValueError(f"max_{name} is below min_{name}")

    def __call__(self, item: Item) -> Item | Dropped:
        for name, count in _counted(item):
            least: int = getattr(self, f"min_{name}")
            most: int | None = getattr(self, f"max_{name}")
            if count < least:
                return Dropped(reason=f"too_few_{name}", detail=f"{count}, {least} at least")
            if most is not None and count > most:
                return Dropped(reason=f"too_many_{name}", detail=f"{count}, {most} at most")
        return item


def _counted(item: Item) -> Iterator[tuple[str, int]]:
    yield "characters", sum(map(len, texts(item, "whole")))
    if isinstance(item, Trajectory):
        yield "steps", len(item.steps)
    else:
        yield "messages", len(item.messages)
