"""Repair what lints find in trajectories: terminal codes, invisible characters, secrets, spellings, worked examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

import msgspec

from agentflan.core.kinds import Item, Side
from agentflan.core.plugs import Plug
from agentflan.core.types import Answer, Dropped, Step, ToolCall, ToolSpec, Trajectory
from agentflan.lints.arguments import as_json
from agentflan.lints.identity import says_who
from agentflan.lints.secrets import secrets_in, without_emails, without_secrets
from agentflan.lints.signs import without_invisible
from agentflan.lints.steps import EXAMPLE
from agentflan.lints.terminal import plain

_PROBLEM = "My problem is:"
_EXAMPLE_ASKED = "Now, my problem is:"
"""Ends the instruction of a prompt that goes on with the example's question."""


class Clean(Plug, frozen=True):
    """Stands before `converse`: conversations go back as they came, for their segments are laid out already."""

    works_on: ClassVar[Side] = "trajectories"

    signs: bool = True
    """Takes out terminal escape codes and invisible characters (AF301, AF305)."""
    spellings: bool = True
    """Spells Python's arguments as JSON, takes blanks off the names of calls and tools (AF103, AF112, AF509)."""
    examples: bool = True
    """Cuts a worked example before the real task; the instruction stays (AF115)."""
    secrets: Literal["mask", "drop", "keep"] = "mask"
    """Keys, tokens, passwords of URLs (AF303)."""
    emails: Literal["mask", "keep"] = "mask"
    """E-mail addresses (AF304)."""
    identity: Literal["drop", "keep"] = "drop"
    """Rows in which the model says who it is (AF302)."""

    def __call__(self, item: Item) -> Item | Dropped:
        if not isinstance(item, Trajectory):
            return item
        if self.identity == "drop" and any(says_who(text) for step in item.steps for text in _said(step)):
            return Dropped("identity")
        if self.secrets == "drop" and any(secrets_in(text) for text in _texts(item)):
            return Dropped("secret")
        if self.examples:
            item = _without_example(item)
        steps = tuple(map(self._step, item.steps))
        query, instruction = self._text(item.query), self._text(item.instruction)
        tools = tuple(map(_named, item.tools)) if self.spellings else item.tools
        cleaned = msgspec.structs.replace(item, steps=steps, query=query, instruction=instruction, tools=tools)
        return item if cleaned == item else cleaned

    def _step(self, step: Step) -> Step:
        return msgspec.structs.replace(
            step,
            thought=self._text(step.thought),
            action=self._action(step.action),
            observation=None if step.observation is None else self._text(step.observation),
        )

    def _action(self, action: ToolCall | Answer | None) -> ToolCall | Answer | None:
        if isinstance(action, Answer):
            return Answer(text=self._text(action.text))
        if action is None:
            return None
        name, arguments = action.name, self._text(action.arguments)
        if self.spellings:
            name, arguments = name.strip(), as_json(arguments)
        return ToolCall(name=name, arguments=arguments)

    def _text(self, text: str) -> str:
        repairs: tuple[tuple[bool, Callable[[str], str]], ...] = (
            (self.signs and "\x1b" in text, plain),
            (self.signs, without_invisible),
            (self.secrets == "mask", without_secrets),
            (self.emails == "mask", without_emails),
        )
        for wanted, repair in repairs:
            if wanted:
                text = repair(text)
        return text


def _named(tool: ToolSpec) -> ToolSpec:
    name = tool.name.strip()
    return tool if name == tool.name else msgspec.structs.replace(tool, name=name)


def _said(step: Step) -> tuple[str, ...]:
    return (step.thought, step.action.text) if isinstance(step.action, Answer) else (step.thought,)


def _texts(item: Trajectory) -> list[str]:
    told = [item.query]
    for step in item.steps:
        told += [step.thought, _acted(step.action), step.observation or ""]
    return told


def _acted(action: ToolCall | Answer | None) -> str:
    return "" if action is None else action.text if isinstance(action, Answer) else action.arguments


def _without_example(item: Trajectory) -> Trajectory:
    """The real task begins in the last turn of the user that says so; what the first one says of the form stays."""
    marked = [number for number, step in enumerate(item.steps) if EXAMPLE in (step.observation or "")]
    told = (item.steps[marked[-1]].observation or "") if marked else item.query
    if EXAMPLE not in told:
        return item
    task = told.rpartition(EXAMPLE)[2]
    query = task.partition(_PROBLEM)[2].strip() or task.strip(" .\n")
    steps = item.steps[marked[-1] + 1 :] if marked else item.steps
    if not (query and steps):
        return item
    instruction = item.instruction or item.query.rpartition(_EXAMPLE_ASKED)[0].strip()
    return msgspec.structs.replace(item, query=query, steps=steps, instruction=instruction)
