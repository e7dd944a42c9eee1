"""Keep agents that came to an end: no giving up, no stopping in mid-action (paper appendix B)."""

from __future__ import annotations

from typing import ClassVar

from agentflan.core.kinds import Item, Side
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, Trajectory


class FinishedOnly(Plug, frozen=True):
    works_on: ClassVar[Side] = "trajectories"

    def __call__(self, item: Item) -> Item | Dropped:
        if not isinstance(item, Trajectory) or item.kind != "agent":
            return item
        if not item.steps:
            return Dropped("no_steps")
        if item.ending == "gave_up":
            return Dropped("gave_up")
        return Dropped("unfinished") if item.ending == "open" else item
