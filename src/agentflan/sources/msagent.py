"""MSAgent-Pro (ModelScope `iic/MSAgent-Pro`): runs whose every call is asked for piece by piece."""

from __future__ import annotations

from typing import Literal

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, Trajectory
from agentflan.sources.shapes import elicited
from agentflan.sources.shapes.call_turns import kind_of
from agentflan.sources.shapes.flan_apis import apis_in, without_apis
from agentflan.sources.shapes.made_steps import ending, seen_tools
from agentflan.sources.shapes.turns import RawRow, decoded, turns_of

_ROWS = msgspec.json.Decoder(RawRow)


class Msagent(Plug, frozen=True):
    """A run -> a trajectory: the answers to the questions are put together as calls again."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to."""
    licence: str = "Apache-2.0"

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        raw = decoded(_ROWS, row)
        turns = turns_of(raw)
        instruction = (raw.system or "").strip()
        if turns[0].role == "system":
            instruction = turns.pop(0).text.strip()
        if not elicited.asks(turns):
            raise Unreadable("not_msagent", "nobody is asked which tool to use")
        found = elicited.steps_of(turns)
        tools = apis_in(instruction) or apis_in(found.query) or seen_tools(found.steps)
        return Trajectory(
            id="" if raw.id is None else str(raw.id),
            source="msagent",
            query=without_apis(found.query),
            steps=found.steps,
            kind=kind_of(self.role, tools, True),
            licence=self.licence,
            instruction=without_apis(instruction),
            tools=tools,
            ending=ending(found.steps),
        )
