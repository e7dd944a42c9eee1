"""ToolBench's messages as steps: one state machine for the rows and for the trees.

    user(question) -> ( assistant(thought)* assistant(thought, call) function(observation) )* -> assistant(Finish)

A restart turn may stand anywhere before an assistant's; it is noted, not kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from agentflan.core.errors import Unreadable
from agentflan.core.literals import value_in
from agentflan.core.types import Answer, Ending, Step, ToolCall
from agentflan.sources.shapes.api_lists import FINISH

RESTART = "This is not the first time you try this task"


class Said(NamedTuple):
    """One message: of the user, the assistant (its thought and its call, either may be missing) or a function."""

    role: str
    text: str
    call: ToolCall | None = None


class Path(NamedTuple):
    query: str
    steps: tuple[Step, ...]
    ending: Ending
    restarted: bool


def path_of(messages: Iterable[Said]) -> Path:
    """Raises `Unreadable` for an order of messages that a search cannot have."""
    query, restarted = "", False
    steps: list[Step] = []
    thoughts: list[str] = []
    call: ToolCall | None = None
    """The call that waits for its observation."""
    for role, text, called in messages:
        if role == "assistant":
            if call is not None:
                raise Unreadable("turn_after_finish" if call.name == FINISH else "call_without_observation", call.name)
            if text:
                thoughts.append(text)
            call = called
        elif role == "function":
            if call is None:
                raise Unreadable("observation_without_call", text[:80])
            if call.name != FINISH:  # what the search itself says to the end is no observation
                steps.append(Step(thought="\n".join(thoughts), action=call, observation=text))
                thoughts, call = [], None
        elif text.startswith(RESTART):
            restarted = True
        elif query or role != "user":
            raise Unreadable("second_question" if role == "user" else "unknown_role", role)
        else:
            query = question(text)
    if not query:
        raise Unreadable("no_question")
    ending: Ending = "open"
    if call is not None or thoughts:
        last, ending = _last(call)
        steps.append(Step(thought="\n".join(thoughts), action=last))
    if not steps:
        raise Unreadable("no_steps")
    return Path(query, tuple(steps), ending, restarted)


def question(text: str) -> str:
    """The query alone: ToolBench puts a line `Begin!` after it."""
    return text.strip().removesuffix("Begin!").strip()


def _last(call: ToolCall | None) -> tuple[ToolCall | Answer | None, Ending]:
    """What the path ends with: `Finish` says itself whether that is an answer."""
    if call is None or call.name != FINISH:
        return call, "open"
    try:
        said = value_in(call.arguments)
    except ValueError:
        return call, "open"
    kind = said.get("return_type") if isinstance(said, dict) else None
    if kind == "give_answer" and isinstance(said.get("final_answer"), str):
        return Answer(text=said["final_answer"]), "answer"
    return call, "gave_up" if kind == "give_up_and_restart" else "open"
