"""TRL's prompt and completion, both as messages: what comes before a muted reply's successor is prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from agentflan.core.kinds import FileRow
from agentflan.core.plugs import Plug
from agentflan.core.types import Carries, Conversation, Dropped
from agentflan.exports.parts.stretches import stretches
from agentflan.exports.parts.whole import whole_turns

FILE = "train.jsonl"


class Trl(Plug, frozen=True):
    """A conversation -> a row for each stretch of trained replies, most often one: `{id, prompt, completion}`.

    TRL trains all replies of a completion and has no loss of its own for a message, so a muted reply begins a new row,
    in whose prompt it is shown.
    """

    reads: ClassVar[Literal["conversations", "trajectories"]] = "conversations"
    carries: ClassVar[Carries] = Carries(messages=True)
    uniform: ClassVar[bool] = True

    def __call__(self, item: Conversation) -> Sequence[FileRow] | Dropped:
        turns = whole_turns(item)
        if isinstance(turns, Dropped):
            return turns
        messages = [{"role": turn.role, "content": turn.text} for turn in turns]
        rows: list[FileRow] = [
            (FILE, {"id": f"{item.id}/{first}", "prompt": messages[:first], "completion": messages[first:behind]})
            for first, behind in stretches(turns)
        ]
        return rows or Dropped(reason="nothing_trained")

    def card(self, rows: Mapping[str, int]) -> str:
        return (
            "A row is `{id, prompt, completion}`, both lists of messages `{role, content}`. Train with "
            "`SFTConfig(assistant_only_loss=True)`: without it TRL trains what the user says within a completion as "
            "well. The chat template must mark with `{% generation %}` what the assistant writes, as that of the "
            "run's own tokenizer does. A conversation with a muted reply is one row up to it and another one behind "
            "it (the number at the end of the id is that of the first trained message). Conversations with a message "
            "that is trained in part are left out (`trained_in_part`), those of which nothing is, too."
        )
