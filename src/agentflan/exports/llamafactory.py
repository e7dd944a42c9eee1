"""LLaMA-Factory: rows of turns and the `dataset_info.json` that names them.

It trains all replies of a row, or with `mask_history: true` the last one alone; that is all it knows of loss.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from agentflan.core.kinds import FileRow
from agentflan.core.plugs import Plug
from agentflan.core.types import Carries, Conversation, Dropped
from agentflan.exports.parts.whole import whole_turns

ALL = "agentflan"
"""The data set of conversations whose every reply is trained."""
LAST = "agentflan_mask_history"
"""The data set of beginnings of the others, each up to one trained reply."""


class Llamafactory(Plug, frozen=True):
    """A conversation -> a row, or, where a reply is muted, one for each reply that is not: `{id, messages}`."""

    reads: ClassVar[Literal["conversations", "trajectories"]] = "conversations"
    carries: ClassVar[Carries] = Carries(messages=True)
    uniform: ClassVar[bool] = True

    def __call__(self, item: Conversation) -> Sequence[FileRow] | Dropped:
        turns = whole_turns(item)
        if isinstance(turns, Dropped):
            return turns
        messages = [{"role": turn.role, "content": turn.text} for turn in turns]
        replies = [number for number, turn in enumerate(turns) if turn.loss is not None]
        trained = [number for number in replies if turns[number].loss]
        if not trained:
            return Dropped(reason="nothing_trained")
        if trained == replies:
            return [(f"{ALL}.jsonl", {"id": item.id, "messages": messages[: trained[-1] + 1]})]
        return [
            (f"{LAST}.jsonl", {"id": f"{item.id}/{number}", "messages": messages[: number + 1]}) for number in trained
        ]

    def companions(self, rows: Mapping[str, int]) -> Mapping[str, str]:
        info = {file.removesuffix(".jsonl"): _described(file) for file in rows}
        return {"dataset_info.json": json.dumps(info, indent=2) + "\n"}

    def card(self, rows: Mapping[str, int]) -> str:
        said = (
            "A row is `{id, messages}`, a message `{role, content}`; `dataset_info.json` says so to LLaMA-Factory. "
            f"In `{ALL}` (`dataset: {ALL}`, `dataset_dir:` this folder) all replies of a row are trained. "
        )
        if f"{LAST}.jsonl" in rows:
            said += (
                f"**`{LAST}` must be trained with `mask_history: true`**, in a run of its own: of each of its rows "
                "the last reply alone is trained, and without that option LLaMA-Factory would train the muted ones "
                "before it. "
            )
        return said + (
            "The tools on offer stand in the system prompt; a `tools` column would have LLaMA-Factory write them "
            "there once more. Conversations with a message that is trained in part are left out (`trained_in_part`), "
            "those of which nothing is, too."
        )


def _described(file: str) -> dict[str, Any]:
    return {
        "file_name": file,
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        },
    }
