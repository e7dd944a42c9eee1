"""The household task of AgentBench: `THOUGHT: ..`, then `ACTION: go to shelf 1`; most turns have no thought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from agentflan.core.types import Answer, Step, ToolCall
from agentflan.dialects.grammar.labels import Pieces, TaskGrammar, cut, first_line, unfinished, unlabelled

_THOUGHT = "thought:"
_TWO_WORDS = "go to"


class Alfworld(TaskGrammar, frozen=True):
    """Free-text actions: the verb is the name (`go to` is one verb), the rest of the line the arguments."""

    own: ClassVar[str] = (
        "You act in a household to reach a goal, one action a turn, chosen from those that are possible. Write "
        "the action alone, or a thought before it:\nACTION: your action\nor\nTHOUGHT: your thought\n ACTION: "
        "your action\n"
        "You are told what each action brought about; `Nothing happened` means that it was not possible."
    )

    def pieces(self, step: Step) -> Pieces:
        pieces: Pieces = [("THOUGHT: ", "format"), (step.thought, "reasoning")] if step.thought else []
        match step.action:
            case Answer(text=text):
                pieces.append((text, None))
            case ToolCall(name=name, arguments=arguments):
                pieces += [("\n ACTION: " if step.thought else "ACTION: ", "format"), (name, "retrieval")]
                if arguments:
                    pieces += [(" ", "format"), (arguments, "understanding")]
        return pieces

    def offer(self, steps: Sequence[Step]) -> str:
        """As AgentBench lists them (src/server/tasks/alfworld/task.py)."""
        calls = [step.action for step in steps if isinstance(step.action, ToolCall)]
        return " AVAILABLE ACTIONS: " + "".join(f"{call.name} {call.arguments}".rstrip() + "\n" for call in calls)

    def parse(self, text: str) -> Step:
        found = cut(text, "action:")
        if found is None:
            return unfinished(text, _THOUGHT)
        thought, line = unlabelled(found[0], _THOUGHT), first_line(found[2])
        if line == _TWO_WORDS or line.startswith(f"{_TWO_WORDS} "):
            return Step(thought=thought, action=ToolCall(name=_TWO_WORDS, arguments=line[len(_TWO_WORDS) + 1 :]))
        name, _, arguments = line.partition(" ")
        return Step(thought=thought, action=ToolCall(name=name, arguments=arguments))
