"""axolotl's chat_template rows: `training` on each message, and `training_detail` where a part of it is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from agentflan.core.kinds import FileRow
from agentflan.core.plugs import Plug
from agentflan.core.types import Carries, Conversation, Message
from agentflan.exports.parts.runs import Run, runs_of
from agentflan.exports.parts.whole import text_of

FILE = "train.jsonl"
_CONFIG = """\
# For axolotl's config, beside the model and the rest.
datasets:
  - path: train.jsonl
    ds_type: json
    type: chat_template
    field_messages: messages
    message_field_training: training
    message_field_training_detail: training_detail
    train_on_eos: turn
"""


class Axolotl(Plug, frozen=True):
    """A conversation -> `{id, messages}`; the spans of `training_detail` are characters, their ends included."""

    reads: ClassVar[Literal["conversations", "trajectories"]] = "conversations"
    carries: ClassVar[Carries] = Carries(spans=True, messages=True)
    uniform: ClassVar[bool] = True

    def __call__(self, item: Conversation) -> Sequence[FileRow]:
        return [(FILE, {"id": item.id, "messages": [_message(message) for message in item.messages]})]

    def companions(self, rows: Mapping[str, int]) -> Mapping[str, str]:
        return {"axolotl.yaml": _CONFIG}

    def card(self, rows: Mapping[str, int]) -> str:
        return (
            "A row is `{id, messages}`, a message `{role, content, training, training_detail}`; `axolotl.yaml` is the "
            "part of a config that says so. `training_detail` is null but for a message that is trained in part: its "
            "runs then, `{begin_offset, end_offset, train}`, in Unicode code points of `content`, the last one "
            "included. axolotl trains the end mark of every message of which anything is trained, and a token over "
            "the border of two runs if one of them is. The tools on offer stand in the system prompt."
        )


def _message(message: Message) -> dict[str, Any]:
    runs = runs_of(message) if message.role == "assistant" else []
    trained = [run.weight > 0 for run in runs]
    detail = _spans(runs) if len(set(trained)) > 1 else None
    return {"role": message.role, "content": text_of(message), "training": any(trained), "training_detail": detail}


def _spans(runs: Sequence[Run]) -> list[dict[str, int | bool]]:
    spans: list[dict[str, int | bool]] = []
    begin = 0
    for run in runs:
        end = begin + len(run.text)
        spans.append({"begin_offset": begin, "end_offset": end - 1, "train": run.weight > 0})
        begin = end
    return spans
