"""tau-bench's trajectories (arXiv 2406.12045): `{task_id, reward, info, traj, trial}`, the messages as OpenAI's.

The rows name no tools; those of their domain (airline, retail) lie in the benchmark's code.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, Ending, ToolCall, Trajectory
from agentflan.sources.shapes.call_turns import Told, kind_of, told
from agentflan.sources.shapes.openai_messages import RawMessage, said
from agentflan.sources.shapes.turns import decoded

ENDS = frozenset({"transfer_to_human_agents"})
"""Tools after which the benchmark stops the talk: calling one is a way to finish."""


class Taubench(Plug, frozen=True):
    """A trial -> a trajectory. One that did not get the full reward has given up, however politely it ended."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to; a row without a call is general anyway."""
    licence: str = "MIT"

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        raw = _decoded(row)
        if raw.traj is None or raw.task_id is None or raw.reward is None:
            if raw.messages_display:
                return Dropped(reason="calls_not_shown", detail=raw.messages_display[:80])
            raise Unreadable("not_taubench", "it has no `traj` with a `task_id` and a `reward`")
        talk = told([said(message) for message in raw.traj])
        if isinstance(talk, Dropped):
            return talk
        return Trajectory(
            id=f"{raw.task_id}" if raw.trial is None else f"{raw.task_id}_{raw.trial}",
            source="taubench",
            query=talk.query,
            steps=talk.steps,
            kind=kind_of(self.role, (), talk.called),
            licence=self.licence,
            # The person of a task is played anew in every trial, with other words and the same wish.
            group=" ".join((raw.info.task.instruction if raw.info and raw.info.task else "").lower().split()),
            instruction=talk.instruction,
            ending=_ending(talk, raw.reward),
        )


class _Task(msgspec.Struct, frozen=True):
    instruction: str = ""


class _Info(msgspec.Struct, frozen=True):
    task: _Task | None = None


class _Row(msgspec.Struct, frozen=True):
    task_id: int | str | None = None
    reward: float | None = None
    traj: list[RawMessage] | None = None
    messages_display: str | None = None
    """The few-shot files tell a talk as text, in which a call is the word `None`."""
    info: _Info | None = None
    trial: int | str | None = None


_ROWS = msgspec.json.Decoder(_Row)


def _decoded(row: bytes) -> _Row:
    try:
        return decoded(_ROWS, row)
    except Unreadable as error:
        raise Unreadable("not_taubench", error.detail) if error.reason == "wrong_shape" else error from error


def _ending(talk: Told, reward: float) -> Ending:
    if reward < 1:
        return "gave_up"
    last = talk.steps[-1].action
    return "answer" if isinstance(last, ToolCall) and last.name in ENDS else talk.ending
