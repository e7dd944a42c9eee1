"""Calls that were drawn out of an agent question by question: its thought, the tool, the parameters, each value.

The form of MSAgent-Pro and of Agent-FLAN's three-turn split. A user's turn is an observation, a question, or both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Step, ToolCall
from agentflan.sources.shapes.turns import Turn

Asked = Literal["", "thought", "tool", "keys", "value"]

_QUESTIONS: tuple[tuple[str, Asked], ...] = (
    ("What is your thought", "thought"),
    ("What is the tool you want to use", "tool"),
    ("What are the required parameter names", "keys"),
    ("What is the value of ", "value"),
)
FINISH = "finish"
"""How the name of the tool that ends a run begins, in lower case."""


class Elicited(NamedTuple):
    query: str
    steps: tuple[Step, ...]


def asks(turns: Sequence[Turn]) -> bool:
    """Whether a tool is asked for in any of the turns: what no other format does."""
    return any(turn.role == "user" and _QUESTIONS[1][0] in turn.text for turn in turns)


def steps_of(turns: Sequence[Turn]) -> Elicited:
    """Turns without a system turn. Raises `Unreadable` for replies that no question goes before."""
    walk = _Walk()
    for turn in turns:
        if turn.role == "user":
            walk.user(turn.text)
        elif turn.role == "assistant":
            walk.assistant(turn.text.strip(), turn.loss is not False)
        else:
            raise Unreadable("system_turn_inside", turn.text[:80])
    walk.close()
    if not walk.steps:
        raise Unreadable("no_steps")
    return Elicited(walk.query, tuple(walk.steps))


class _Walk:
    def __init__(self) -> None:
        self.query = ""
        self.steps: list[Step] = []
        self.asked: Asked = ""
        self.key = ""
        self.thought = self.name = ""
        self.loss = True
        self.values: dict[str, str] = {}

    def user(self, text: str) -> None:
        told, self.asked, self.key = _question(text)
        told = told.strip()
        if not self.query:
            self.query = told.removesuffix("Begin!").strip()
            if not self.query:
                raise Unreadable("no_question")
        elif told:
            self.close()
            if self.steps:
                self.steps[-1] = msgspec.structs.replace(self.steps[-1], observation=told)
        elif self.asked in ("thought", "tool") and self.name:
            self.close()

    def assistant(self, text: str, loss: bool) -> None:
        if not self.query:
            raise Unreadable("starts_with_reply")
        self.loss = self.loss and loss
        if self.asked == "thought":
            self.close()
            self.thought = text
        elif self.asked == "tool":
            self.name = text
        elif self.asked == "value":
            self.values[self.key] = text
        elif self.asked == "":
            self.close()
            self.steps.append(Step(action=Answer(text=text), loss=loss))
            self.loss = True
        # The names of the parameters come again with their values.
        self.asked = ""

    def close(self) -> None:
        """What was gathered is a step."""
        if not (self.name or self.thought):
            return
        action: ToolCall | Answer | None = None
        if self.name.lower().startswith(FINISH):
            said = self.values.get("final_answer") or next(iter(self.values.values()), "") or self.thought
            self.thought = "" if said == self.thought else self.thought
            action = Answer(text=said)
        elif self.name:
            action = ToolCall(name=self.name, arguments=msgspec.json.encode(self.values).decode())
        self.steps.append(Step(thought=self.thought, action=action, loss=self.loss))
        self.thought = self.name = ""
        self.values, self.loss = {}, True


def _question(text: str) -> tuple[str, Asked, str]:
    """(what was told, what is asked, the key whose value is asked for): the question stands last."""
    for mark, asked in _QUESTIONS:
        before, found, rest = text.rpartition(mark)
        if found and len(rest) < 200:
            return before, asked, rest.partition("?")[0].strip().strip("'\"`") if asked == "value" else ""
    return text, "", ""
