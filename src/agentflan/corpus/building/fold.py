"""A trajectory is per query, not per row: ToolBench's prefix rows are folded into the longest of their path.

The i-th row of a path ends in its i-th step; a row is a prefix when its chain of steps begins another row's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from agentflan.core.digest import digest
from agentflan.core.plugs import Plug
from agentflan.core.types import Conversation, Dropped, Trajectory


class Fold(Plug, frozen=True):
    """A Group over the agent trajectories of one source and query."""

    def note(self, item: Trajectory | Conversation) -> tuple[str, Any] | None:
        if not isinstance(item, Trajectory) or item.kind != "agent":
            return None
        chain: list[str] = []
        before = ""
        for step in item.steps:
            action = step.action
            done = "" if action is None else f"{getattr(action, 'name', '')}\x1f{_said(action)}"
            before = digest(f"{before}\x1e{step.thought}\x1f{done}".encode("utf-8", "surrogatepass"))[:16]
            chain.append(before)
        return f"{item.source}\x1f{item.group}", [item.id, chain]

    def decide(self, notes: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        members = list(notes)
        if len(members) == 1:
            return
        keeper: dict[str, int] = {}
        """Digest of every prefix of a kept path -> the number of that path."""
        absorbed: dict[int, list[str]] = {}
        for number, (name, chain) in sorted(members, key=lambda member: (-len(member[1][1]), member[0])):
            kept = keeper.get(chain[-1]) if chain else None
            if kept is None:
                keeper.update((link, number) for link in chain if link not in keeper)
                absorbed[number] = []
            else:
                absorbed[kept].append(name)
                yield number, None
        for number, names in absorbed.items():
            if names:
                yield number, sorted(set(names))

    def apply(self, item: Trajectory, verdict: list[str] | None) -> Trajectory | Dropped:
        if verdict is None:
            return Dropped(reason="prefix_row", detail="its steps begin a longer row of the same query")
        return msgspec.structs.replace(item, origin_ids=(*item.origin_ids, *verdict))


def _said(action: Any) -> str:
    return str(action.arguments if hasattr(action, "arguments") else action.text)
