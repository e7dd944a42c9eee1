"""ShareGPT's turns of `from` and `value`, each reply with the `loss` that AgentInstruct added: what most tools read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from agentflan.core.kinds import FileRow
from agentflan.core.plugs import Plug
from agentflan.core.types import Carries, Conversation, Dropped
from agentflan.exports.parts.whole import whole_turns
from agentflan.sources.shapes.turns import sharegpt_turn

FILE = "train.jsonl"


class Sharegpt(Plug, frozen=True):
    """A conversation -> `{id, conversations}`. The source `sharegpt` reads it back."""

    reads: ClassVar[Literal["conversations", "trajectories"]] = "conversations"
    carries: ClassVar[Carries] = Carries(messages=True)
    uniform: ClassVar[bool] = True

    def __call__(self, item: Conversation) -> Sequence[FileRow] | Dropped:
        turns = whole_turns(item)
        if isinstance(turns, Dropped):
            return turns
        return [(FILE, {"id": item.id, "conversations": [sharegpt_turn(turn) for turn in turns]})]

    def card(self, rows: Mapping[str, int]) -> str:
        return (
            "A row is `{id, conversations}`, a turn `{from, value, loss}` with `from` one of `system`, `human`, `gpt`. "
            "`loss` is true or false on what `gpt` says and null elsewhere; a tool that does not know the key would "
            "train the replies marked false as well, so filter the rows that have one. Conversations with a message "
            "that is trained in part are left out (`trained_in_part`)."
        )
