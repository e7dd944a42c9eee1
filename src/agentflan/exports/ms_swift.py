"""ms-swift's messages with `loss` and `loss_scale`; it joins replies in a row again, each part with its own loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from agentflan.core.kinds import FileRow
from agentflan.core.plugs import Plug
from agentflan.core.types import Carries, Conversation, Dropped, Message
from agentflan.exports.parts.runs import Run, runs_of
from agentflan.exports.parts.whole import text_of

FILE = "train.jsonl"
_SILENCE = {"role": "user", "content": "", "loss": None, "loss_scale": None}
"""Put behind a last reply that ends muted: ms-swift always trains the end mark that stands last in a row."""


class MsSwift(Plug, frozen=True):
    """A conversation -> `{id, messages}` up to its last trained reply."""

    reads: ClassVar[Literal["conversations", "trajectories"]] = "conversations"
    carries: ClassVar[Carries] = Carries(spans=True, ends=True, messages=True, weights=True)
    uniform: ClassVar[bool] = True

    def __call__(self, item: Conversation) -> Sequence[FileRow] | Dropped:
        replies = [runs_of(message) if message.role == "assistant" else [] for message in item.messages]
        trained = [number for number, runs in enumerate(replies) if any(run.weight for run in runs)]
        if not trained:
            return Dropped(reason="nothing_trained")
        last = trained[-1]
        messages: list[dict[str, Any]] = []
        for message, runs in zip(item.messages[: last + 1], replies, strict=False):
            messages += [_part(run) for run in runs] or [_shown(message)]
        if not replies[last][-1].weight:
            messages.append(_SILENCE)
        return [(FILE, {"id": item.id, "messages": messages})]

    def card(self, rows: Mapping[str, int]) -> str:
        return (
            "A row is `{id, messages}`, a message `{role, content, loss, loss_scale}`. `loss` is true or false on what "
            "the assistant says and null elsewhere. A reply that is trained in part is several messages of the "
            "assistant in a row, which ms-swift joins to one reply, each part with its own `loss` (with its own "
            "template backend, `--template_backend swift`). `loss_scale` is the weight of the part, where it is not 1: "
            "train with `--is_binary_loss_scale false`, or ms-swift takes every weight for 1. End marks weigh "
            "1 in any case. The tools on offer stand in the system prompt; a `tools` column would have them written "
            "there once more."
        )


def _shown(message: Message) -> dict[str, Any]:
    return {"role": message.role, "content": text_of(message), "loss": None, "loss_scale": None}


def _part(run: Run) -> dict[str, Any]:
    scale = run.weight if run.weight not in (0, 1) else None
    return {"role": "assistant", "content": run.text, "loss": run.weight > 0, "loss_scale": scale}
