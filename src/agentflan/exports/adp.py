"""The Agent Data Protocol (arXiv 2510.24702), its standardised form of schema 1.2.0: actions and observations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from agentflan.core.kinds import FileRow
from agentflan.core.plugs import Plug
from agentflan.core.types import Carries, Dropped, Trajectory
from agentflan.exports.parts.native import INPUT, with_tools
from agentflan.sources.adp import standardised


class Adp(Plug, frozen=True):
    """A trajectory -> a standardised one. The source `adp` reads it back."""

    reads: ClassVar[Literal["conversations", "trajectories"]] = "trajectories"
    carries: ClassVar[Carries] = Carries(messages=True, tools=True, thoughts=True, origin=True)
    uniform: ClassVar[bool] = False

    def __call__(self, item: Trajectory) -> Sequence[FileRow] | Dropped:
        try:
            row = standardised(with_tools(item))
        except ValueError as error:
            return Dropped(reason="not_told", detail=str(error))
        return [("full_std.jsonl", row)]

    def card(self, rows: Mapping[str, int]) -> str:
        return (
            "A row is a standardised trajectory. Actions are trained, observations not: a reply that is only shown is "
            "an observation whose source is the agent, and a trajectory with a call that is only shown is left out "
            "(`not_told`). Thoughts are the `description` of their action. Calls of one turn stand one after another, "
            "each before its result. Tools, source, licence and kind stand in `details`. " + INPUT
        )
