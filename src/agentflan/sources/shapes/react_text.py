"""ReAct in text (arXiv 2210.03629): `Thought:`, `Action:`, `Action Input:`, `Observation:` at the start of a line.

An action is `name` with its input under a label of its own, or `name[input]`, or `name(input)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Step, ToolCall
from agentflan.sources.shapes.call_texts import plain_value
from agentflan.sources.shapes.made_steps import thinking
from agentflan.sources.shapes.turns import Turn

_LABELS = {
    "thought": "thought",
    "think": "thought",
    "action": "action",
    "act": "action",
    "action input": "input",
    "action_input": "input",
    "observation": "observation",
    "final answer": "answer",
}
ENDS = frozenset({"finish", "finalaction", "final_answer", "final answer"})
"""Names of the action that ends a run; it is no tool."""
_ANSWERS = ("final_answer", "answer", "response", "output")
"""Where the input of such an action holds what was answered."""


class Parsed(NamedTuple):
    before: str
    """Text before the first label."""
    steps: tuple[Step, ...]
    actions: int
    """How many actions were labelled, the end of a run among them."""


def parsed(text: str) -> Parsed:
    """The steps that a text holds; linear in its length."""
    before, steps, actions = "", [], 0
    thoughts: list[str] = []
    action: ToolCall | Answer | None = None
    for label, body in _parts(text):
        if label == "":
            before = body.strip()
        elif label == "thought":
            if action is not None:
                steps.append(Step(thought="\n".join(thoughts), action=action))
                thoughts, action = [], None
            thoughts.append(body.strip())
        elif label in ("action", "answer"):
            if action is not None:
                steps.append(Step(thought="\n".join(thoughts), action=action))
                thoughts = []
            actions += 1
            action = Answer(text=body.strip()) if label == "answer" else _action(body)
        elif label == "input" and isinstance(action, ToolCall):
            action = ended(ToolCall(name=action.name, arguments=body.removeprefix(" ").rstrip("\n")))
        elif label == "observation" and (action is not None or thoughts):
            seen = None if isinstance(action, Answer) else body.strip()
            steps.append(Step(thought="\n".join(thoughts), action=action, observation=seen))
            thoughts, action = [], None
    if action is not None or thoughts:
        steps.append(Step(thought="\n".join(thoughts), action=action))
    return Parsed(before, tuple(_named(steps)), actions)


class Run(NamedTuple):
    query: str
    """Empty: the agent speaks first."""
    steps: tuple[Step, ...]
    actions: int


def run_of(turns: Iterable[Turn]) -> Run:
    """Turns of user and assistant, without a system turn, as a run. Raises `Unreadable` where nobody replies."""
    query, actions = "", 0
    steps: list[Step] = []
    for turn in turns:
        if turn.role == "system":
            raise Unreadable("system_turn_inside")
        if turn.role == "assistant":
            found = said(turn.text)
            actions += found.actions
            steps += [msgspec.structs.replace(step, loss=turn.loss is not False) for step in found.steps]
        elif steps:
            steps[-1] = _told(steps[-1], turn.text)
        else:
            query = f"{query}\n{turn.text.strip()}" if query else turn.text.strip()
    if not steps:
        raise Unreadable("no_steps")
    return Run(query, tuple(steps), actions)


def said(text: str) -> Parsed:
    """The steps of one assistant turn; text without labels is an answer."""
    thought, rest = thinking(text)
    found = parsed(rest)
    if not found.steps:
        return Parsed("", (Step(thought=thought, action=Answer(text=rest.strip())),), 0)
    first = found.steps[0]
    whole = "\n".join(piece for piece in (thought, found.before, first.thought) if piece)
    return Parsed("", (msgspec.structs.replace(first, thought=whole), *found.steps[1:]), found.actions)


def ended(call: ToolCall) -> ToolCall | Answer:
    """The answer in a call that ends the run; any other call as it is."""
    if call.name.lower() not in ENDS:
        return call
    return Answer(text=answer_in(call.arguments))


def answer_in(arguments: str) -> str:
    """What the input of a `finish` says, in an object of one or two keys or as it stands."""
    if not arguments.lstrip().startswith("{"):
        return arguments.strip()
    try:
        value: Any = plain_value(arguments)
    except ValueError:
        return arguments.strip()
    if isinstance(value, dict):
        for key in _ANSWERS:
            if isinstance(value.get(key), str):
                return str(value[key])
    return arguments.strip()


def _parts(text: str) -> Iterator[tuple[str, str]]:
    label, lines = "", list[str]()
    for line in text.split("\n"):
        head, colon, tail = line.partition(":")
        found = _LABELS.get(head.strip(" *#").lower()) if colon and len(head) < 20 else None
        if found is None:
            lines.append(line)
            continue
        if label or any(lines):
            yield label, "\n".join(lines)
        label, lines = found, [tail.removeprefix("**")]
    if label:
        yield label, "\n".join(lines)


def _action(body: str) -> ToolCall | Answer:
    text = body.strip()
    for opening, closing in ("[]", "()"):
        name, found, rest = text.partition(opening)
        if found and text.endswith(closing) and name.replace("_", "").replace(".", "").isalnum():
            return ended(ToolCall(name=name, arguments=rest[:-1]))
    name, _, rest = text.partition("\n")
    return ToolCall(name=name.strip(), arguments=rest.strip())


def _named(steps: list[Step]) -> Iterator[Step]:
    """A `finish` without any input comes out as an answer as well."""
    for step in steps:
        call = step.action
        yield msgspec.structs.replace(step, action=ended(call)) if isinstance(call, ToolCall) else step


def _told(step: Step, text: str) -> Step:
    told = text.strip()
    labelled = told[:12].lower() == "observation:"
    if labelled and isinstance(step.action, Answer):
        return step  # what a benchmark says of the answer is no reply of a person
    told = told[12:].strip() if labelled else told
    return msgspec.structs.replace(step, observation=f"{step.observation}\n{told}" if step.observation else told)
