"""Leave out searches that were told of their earlier failures (paper appendix B)."""

from __future__ import annotations

from typing import ClassVar

from agentflan.core.kinds import Item, Side
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, Trajectory


class NoRestarts(Plug, frozen=True):
    works_on: ClassVar[Side] = "trajectories"

    def __call__(self, item: Item) -> Item | Dropped:
        return Dropped("restart") if isinstance(item, Trajectory) and item.restarted else item
