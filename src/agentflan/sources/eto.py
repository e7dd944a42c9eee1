"""ETO (arXiv 2403.02502): WebShop, ALFWorld and ScienceWorld runs in ReAct text, each with the reward it came to."""

from __future__ import annotations

from typing import Literal

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Answer, Dropped, Message, Segment, Step, ToolCall, Trajectory
from agentflan.dialects.alfworld import Alfworld
from agentflan.dialects.grammar.labels import TaskGrammar
from agentflan.dialects.webshop import Webshop
from agentflan.sources.shapes.made_steps import Failed, failed
from agentflan.sources.shapes.turns import RawRow, RawTurn, Turn, decoded, turns_of

_SEEN = "Observation:"


class Eto(Plug, frozen=True):
    """A run -> a trajectory; the instruction and its `OK` are no part of it. Its last action is its end."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to."""
    licence: str = "Apache-2.0"
    failed: Failed = "keep"
    """Runs that came to no reward at all."""

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        raw = decoded(_ROWS, row)
        if raw.reward is None or not raw.conversations:
            raise Unreadable("not_eto", "it has no reward or no `conversations`")
        turns = turns_of(RawRow(conversations=raw.conversations))
        instruction, turns = _opening(turns)
        if not turns[0].text.strip():
            raise Unreadable("no_question")
        dialect, grammar = _grammar(str(raw.id), instruction or turns[0].text)
        steps = _steps(turns[1:], grammar)
        if not any(isinstance(step.action, ToolCall) for step in steps):
            raise Unreadable("not_eto", "it has no actions")
        if self.failed == "drop" and failed(raw.reward):
            return Dropped(reason="failed", detail=str(raw.id))
        return Trajectory(
            id="" if raw.id is None else str(raw.id),
            source="eto",
            query=turns[0].text.strip(),
            steps=steps,
            kind=self.role,
            licence=self.licence,
            instruction=instruction,
            dialect=dialect,
            ending="answer" if steps[-1].action is not None and steps[-1].observation is None else "open",
        )


class _Row(msgspec.Struct, frozen=True):
    reward: float | None = None
    conversations: list[RawTurn] | None = None
    id: str | int | None = None


_ROWS = msgspec.json.Decoder(_Row)


def _opening(turns: list[Turn]) -> tuple[str, list[Turn]]:
    """The instruction, and the turns from the task on. Raises `Unreadable` where they do not alternate."""
    if len(turns) < 2 or any(turn.role != ("assistant" if at % 2 else "user") for at, turn in enumerate(turns)):
        raise Unreadable("roles_do_not_alternate")
    acknowledged = len(turns) > 3 and len(turns[1].text) < 100 and "ction:" not in turns[1].text.lower()
    return (turns[0].text.strip(), turns[2:]) if acknowledged else ("", turns)


def _grammar(name: str, prompt: str) -> tuple[str, TaskGrammar]:
    """ScienceWorld's actions read as a household's do, but its verbs are others: it has no dialect of its own."""
    if name.startswith("webshop") or prompt.lstrip().startswith("You are web shopping"):
        return "webshop", Webshop()
    household = name.startswith("alfworld") or prompt.lstrip().startswith("Interact with a household")
    return "alfworld" if household else "", Alfworld()


def _steps(turns: list[Turn], grammar: TaskGrammar) -> tuple[Step, ...]:
    steps: list[Step] = []
    for turn in turns:
        if turn.role == "assistant":
            step = grammar.read((Message(role="assistant", segments=(Segment(text=turn.text),)),))
            steps.append(msgspec.structs.replace(step, loss=turn.loss is not False))
        elif not isinstance(steps[-1].action, Answer) or turn.text.strip():
            steps[-1] = msgspec.structs.replace(steps[-1], observation=turn.text.removeprefix(_SEEN).strip())
    return tuple(steps)
