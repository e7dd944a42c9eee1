"""How the messages of a conversation are put to one folder's chat template, thoughts and arguments above all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from agentflan.core.chat import NATIVE, Turn, definition, said, turns
from agentflan.core.types import Conversation, Segment
from agentflan.templates.own.borders import Chat
from agentflan.templates.own.folder import Folder
from agentflan.templates.own.sandbox import rendered

Thoughts = Literal["think", "drop", "text"]


class Family(NamedTuple):
    folder: Folder
    thoughts: Thoughts
    today: str
    ends: tuple[str, ...] = ()
    """What ends a reply; that of plain text first."""
    inline: bool = False
    """Thoughts stand between `<think>` marks in the text of a reply: the template knows no field for them."""
    spelled: bool = False
    """The arguments of a call are given as JSON text, not as an object."""

    def turns(self, item: Conversation) -> list[Turn]:
        """The conversation with thoughts as they are wanted. Raises `ValueError` for one that no chat format holds."""
        return [self._thinking(turn) for turn in turns(item.messages, item.dialect)]

    def chat(self, spoken: Sequence[Turn]) -> Chat:
        messages = said(spoken)
        for function in (call["function"] for message in messages for call in message.get("tool_calls", ())):
            if self.spelled:
                function["arguments"] = json.dumps(function["arguments"], ensure_ascii=False)
        return messages

    def write(self, messages: Chat, tools: Sequence[dict[str, Any]], *, generate: bool = False) -> str:
        """The text without the BOS that the tokenizer will add. Raises `ValueError` where the template fails."""
        folder = self.folder
        text = rendered(folder.jinja, messages, tools, dict(folder.names), generate=generate, today=self.today)
        return text.removeprefix(folder.bos)

    def _thinking(self, turn: Turn) -> Turn:
        thought = turn.thought
        if thought is None or (self.thoughts == "think" and not self.inline):
            return turn
        if self.thoughts == "drop":
            return turn._replace(thought=None)
        form = turn.form or thought
        marks = ("<think>\n", "\n</think>\n\n") if self.thoughts == "think" else ("", "\n\n" if turn.text else "")
        before, behind = (Segment(text=mark, capability="format", loss=form.loss, weight=form.weight) for mark in marks)
        return turn._replace(thought=None, text=(before, thought, behind, *turn.text))


def tools_of(item: Conversation) -> list[dict[str, Any]]:
    """What the template is to offer: elsewhere than in `native`, the system prompt does so already."""
    return [definition(tool) for tool in item.tools] if item.dialect == NATIVE else []
