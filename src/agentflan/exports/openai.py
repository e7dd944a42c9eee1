"""OpenAI's chat messages with `tool_calls`, as its tuning files and most servers and templates want them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from agentflan.core.chat import definition
from agentflan.core.kinds import FileRow
from agentflan.core.plugs import Plug
from agentflan.core.types import Carries, Dropped, Trajectory
from agentflan.exports.parts.native import INPUT, with_tools
from agentflan.sources.shapes.call_turns import retold
from agentflan.sources.shapes.openai_messages import spelled


class Openai(Plug, frozen=True):
    """A trajectory -> `{id, messages, tools}`; calls of one turn stay together. The source `openai` reads it back."""

    thoughts: Literal["apart", "content"] = "apart"
    """apart: in `reasoning_content`, which the templates of reasoning models know; content: as text before what is said
    or called, which every tool trains."""

    reads: ClassVar[Literal["conversations", "trajectories"]] = "trajectories"
    carries: ClassVar[Carries] = Carries(messages=True, tools=True, thoughts=True, together=True)
    uniform: ClassVar[bool] = False

    def __call__(self, item: Trajectory) -> Sequence[FileRow] | Dropped:
        item = with_tools(item)
        try:
            said = retold(item.instruction, item.query, item.steps)
        except ValueError as error:
            return Dropped(reason="not_told", detail=str(error))
        row = {
            "id": item.id,
            "messages": [spelled(message, thoughts=self.thoughts) for message in said],
            "tools": [definition(tool) for tool in item.tools],
        }
        return [("train.jsonl", row)]

    def card(self, rows: Mapping[str, int]) -> str:
        place = "`reasoning_content`" if self.thoughts == "apart" else "the text of `content`, before anything else"
        return (
            "A row is `{id, messages, tools}`. An assistant's message has `content`, `tool_calls` (arguments are JSON "
            f"text), and `weight`: 1 where it is trained, 0 where it is only shown. Its thought is {place}. "
            "A `tool` message names its call by `tool_call_id`. " + INPUT
        )
