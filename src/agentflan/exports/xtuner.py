"""XTuner's reading of OpenAI messages: `loss` on each, as the released Agent-FLAN rows have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from agentflan.core.kinds import FileRow
from agentflan.core.plugs import Plug
from agentflan.core.types import Carries, Conversation, Dropped
from agentflan.exports.parts.whole import whole_turns

FILE = "train.jsonl"


class Xtuner(Plug, frozen=True):
    """A conversation -> `{id, messages}`. What is trained in part is refused: XTuner trains a reply or shows it."""

    reads: ClassVar[Literal["conversations", "trajectories"]] = "conversations"
    carries: ClassVar[Carries] = Carries(messages=True)
    uniform: ClassVar[bool] = True

    def __call__(self, item: Conversation) -> Sequence[FileRow] | Dropped:
        turns = whole_turns(item)
        if isinstance(turns, Dropped):
            return turns
        messages = [{"role": turn.role, "content": turn.text, "loss": bool(turn.loss)} for turn in turns]
        return [(FILE, {"id": item.id, "messages": messages})]

    def card(self, rows: Mapping[str, int]) -> str:
        return (
            "A row is `{id, messages}`, a message `{role, content, loss}`. `dataset_map_fn=openai_map_fn` reads it and "
            "trains the replies whose `loss` is true; the tools on offer stand in the system prompt. Conversations "
            "with a message that is trained in part are left out (`trained_in_part`)."
        )
