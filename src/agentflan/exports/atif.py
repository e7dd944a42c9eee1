"""ATIF, the Agent Trajectory Interchange Format of Harbor and Terminal-Bench (RFC 0001, v1.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from agentflan.core.kinds import FileRow
from agentflan.core.plugs import Plug
from agentflan.core.types import Carries, Dropped, Trajectory
from agentflan.exports.parts.native import INPUT, with_tools
from agentflan.sources.atif import session


class Atif(Plug, frozen=True):
    """A trajectory -> a session. The source `atif` reads it back."""

    apart: bool = False
    """Whether each session is a file of its own, as Harbor keeps them; else they are the lines of one."""

    reads: ClassVar[Literal["conversations", "trajectories"]] = "trajectories"
    carries: ClassVar[Carries] = Carries(messages=True, tools=True, thoughts=True, together=True, origin=True)
    uniform: ClassVar[bool] = False

    def __call__(self, item: Trajectory) -> Sequence[FileRow] | Dropped:
        try:
            row = session(with_tools(item))
        except ValueError as error:
            return Dropped(reason="not_told", detail=str(error))
        return [(f"sessions/{item.id}.json" if self.apart else "trajectories.jsonl", row)]

    def card(self, rows: Mapping[str, int]) -> str:
        return (
            "A row is a session of ATIF v1.7. Steps that are only shown have `is_copied_context`, which consumers are "
            "to keep out of training; all other steps of the agent are trained. Source, licence and kind "
            "stand in `extra`; `agent.name` is the source, for which agent it was is not known. " + INPUT
        )
