"""ShareGPT and what is shaped like it: plain talk, the general share of the mix (paper section 3)."""

from __future__ import annotations

from typing import Literal

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Answer, Dropped, Step, Trajectory
from agentflan.sources.shapes.turns import RawRow, Turn, decoded, turns_of

_ROWS = msgspec.json.Decoder(RawRow)


class Sharegpt(Plug, frozen=True):
    """A conversation -> a trajectory of Answers; what the person says next is the observation."""

    role: Literal["agent", "general"] = "general"
    """Which share of the mix the rows belong to."""
    licence: str = "unstated"

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        raw = decoded(_ROWS, row)
        turns = turns_of(raw)
        instruction = raw.system or ""
        if turns and turns[0].role == "system":
            instruction = turns.pop(0).text
        turns = _alternating(turns)
        if turns and turns[-1].role == "user":
            turns.pop()  # a question that nobody answered has nothing to learn from
        fault = _fault(turns)
        if fault:
            return Dropped(reason=fault)
        return Trajectory(
            id="" if raw.id is None else str(raw.id),
            source="sharegpt",
            query=turns[0].text,
            steps=tuple(
                Step(
                    action=Answer(text=reply.text),
                    observation=turns[number + 1].text if number + 1 < len(turns) else None,
                    loss=reply.loss is not False,
                )
                for number, reply in enumerate(turns)
                if reply.role == "assistant"
            ),
            kind=self.role,
            licence=self.licence,
            instruction=instruction.strip(),
        )


def _alternating(turns: list[Turn]) -> list[Turn]:
    """Turns of one speaker in a row as one: exports split long messages. Raises `Unreadable` for a late system turn."""
    merged: list[Turn] = []
    for turn in turns:
        if turn.role == "system":
            raise Unreadable("system_turn_inside")
        if merged and merged[-1].role == turn.role:
            before = merged.pop()
            loss = None if before.loss is turn.loss is None else False not in (before.loss, turn.loss)
            merged.append(Turn(turn.role, f"{before.text}\n{turn.text}", loss))
        else:
            merged.append(turn)
    return merged


def _fault(turns: list[Turn]) -> str:
    """Why the turns are no talk to learn from, or nothing."""
    if not turns:
        return "no_reply"
    if turns[0].role != "user":
        return "starts_with_reply"
    return "empty_turn" if any(not turn.text.strip() for turn in turns) else ""
