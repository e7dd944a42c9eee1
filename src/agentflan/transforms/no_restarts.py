"""Leave out searches that were told of their earlier failures (paper appendix B)."""

from __future__ import annotations

from agentflan.core.kinds import Item
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, Trajectory


class NoRestarts(Plug, frozen=True):
    def __call__(self, item: Item) -> Item | Dropped:
        return Dropped("restart") if isinstance(item, Trajectory) and item.restarted else item
