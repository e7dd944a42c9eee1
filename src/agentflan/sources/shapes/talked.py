"""Dialogue as our own dialect `talk` writes it, back from text: its elicit statements are known word for word.

A user's turn is what was told (the question, an observation), an elicit statement on its last line, or both.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.types import Capability, Message, Segment, Step
from agentflan.dialects.talk import Talk
from agentflan.dialects.writing.languages import elicits
from agentflan.dialects.writing.wordings import languages
from agentflan.sources.shapes.turns import Turn

_TALK = Talk()
_CAPABILITIES: dict[str, Capability | None] = {
    "thought": "reasoning",
    "tool": "retrieval",
    "arguments": "understanding",
    "names": "understanding",
    "value": "understanding",
    "answer": None,
}


class Asked(NamedTuple):
    """The end of a user's turn."""

    told: str
    """What stands before it."""
    kind: str
    """A heading of the wordings; empty: nothing is elicited."""
    name: str = ""
    """Of the tool or parameter that it speaks of."""


def asks(turns: Sequence[Turn]) -> bool:
    """Whether a thought or a tool is elicited anywhere."""
    return any(turn.role == "user" and asked(turn.text).kind in ("thought", "tool") for turn in turns)


def asked(text: str) -> Asked:
    told, _, line = text.rpartition("\n")
    exact, patterns = _known()
    if line in exact:
        return Asked(told, exact[line])
    for kind, before, after in patterns:
        if line.startswith(before) and line.endswith(after) and len(line) > len(before) + len(after):
            return Asked(told, kind, line[len(before) : len(line) - len(after)])
    return Asked(text, "")


def steps_of(turns: Sequence[Turn]) -> tuple[str, tuple[Step, ...]]:
    """(query, steps) of turns without a system turn. Raises `Unreadable` for turns that do not alternate."""
    if any(turn.role != ("assistant" if number % 2 else "user") for number, turn in enumerate(turns)):
        raise Unreadable("roles_do_not_alternate")
    first = asked(turns[0].text)
    if not first.told.strip() or len(turns) < 2:
        raise Unreadable("no_question")
    walk = _Walk()
    for question, reply in zip(turns[::2], turns[1::2], strict=False):
        walk.exchange(asked(question.text), reply)
    walk.close()
    return first.told, tuple(walk.steps)


class _Walk:
    """Gathers the exchanges of a step, which `rebalance` may have thinned out: names of tools and parameters that were
    not asked for stand in the questions about the others."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.open()

    def open(self) -> None:
        self.said: dict[str, str] = {}
        self.values: list[tuple[str, str]] = []
        self.tool = ""
        self.loss = True

    def exchange(self, question: Asked, reply: Turn) -> None:
        if question.told or question.kind in ("", "thought", *self.said.keys() & {"tool"}):
            self.close()
            if question.told and self.steps:
                self.steps[-1] = msgspec.structs.replace(self.steps[-1], observation=question.told)
        if question.kind in ("arguments", "names"):
            self.tool = question.name
        if question.kind == "value":
            self.values.append((question.name, reply.text))
        else:
            self.said[question.kind or "answer"] = reply.text
        self.loss = self.loss and reply.loss is not False

    def close(self) -> None:
        """What was exchanged is a step; a call whose tool nothing tells is none."""
        if not (self.said or self.values):
            return
        name = self.said.get("tool", self.tool)
        exchanges = [("tool", name), *(("arguments", text) for text in self._arguments())] if name else []
        if not name and "answer" in self.said:
            exchanges = [("answer", self.said["answer"])]
        if "thought" in self.said:
            exchanges.insert(0, ("thought", self.said["thought"]))
        step = _TALK.read([message for kind, text in exchanges for message in _exchange(kind, text)])
        self.steps.append(msgspec.structs.replace(step, loss=self.loss))
        self.open()

    def _arguments(self) -> list[str]:
        """The replies about them as `Talk.read` takes them: whole, or the names and then each value."""
        if "arguments" in self.said:
            return [self.said["arguments"]]
        return [", ".join(name for name, _ in self.values), *(text for _, text in self.values)] if self.values else []


def _exchange(kind: str, text: str) -> tuple[Message, Message]:
    asked = Segment(text=kind, capability=_CAPABILITIES[kind])
    return Message(role="user", segments=(asked,)), Message(role="assistant", segments=(Segment(text=text),))


@cache
def _known() -> tuple[dict[str, str], tuple[tuple[str, str, str], ...]]:
    """(wording -> heading of those without a name, (heading, before the name, after it) of the others)."""
    exact, patterns = {}, []
    for language in languages("agentflan.dialects", "elicits"):
        for kind in _CAPABILITIES:
            for wording in elicits(language)[kind]:
                before, named, after = wording.partition("{parameter}" if kind == "value" else "{tool}")
                if named:
                    patterns.append((kind, before, after))
                else:
                    exact[wording] = kind
    return exact, tuple(patterns)
