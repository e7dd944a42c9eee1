"""The shopping task of AgentBench: `Thought:` and `Action:` on lines of their own, then `search[..]` or `click[..]`."""

from __future__ import annotations

from typing import ClassVar

from agentflan.core.types import Answer, Step, ToolCall
from agentflan.dialects.grammar.labels import (
    Pieces,
    TaskGrammar,
    bracketed,
    cut,
    first_line,
    unfinished,
    unlabelled,
)

_THOUGHT = "thought:"


class Webshop(TaskGrammar, frozen=True):
    """A shop of two verbs; what stands in the brackets is the argument, exactly."""

    own: ClassVar[str] = (
        "You shop on a web site as the instruction on the page says. Each turn you see the page and do one thing: "
        "search, where there is a search bar, or click something that can be clicked, named exactly. Answer in this "
        "form:\n\nThought:\nwhat you think\n\nAction:\nsearch[keywords] or click[value]"
    )

    def pieces(self, step: Step) -> Pieces:
        pieces: Pieces = [("Thought:\n", "format"), (step.thought, "reasoning")] if step.thought else []
        match step.action:
            case Answer(text=text):
                pieces.append((text, None))
            case ToolCall(name=name, arguments=arguments):
                pieces += [("\n\nAction:\n" if step.thought else "Action:\n", "format"), (name, "retrieval")]
                pieces += [("[", "format"), (arguments, "understanding"), ("]", "format")]
        return pieces

    def parse(self, text: str) -> Step:
        found = cut(text, "action:")
        if found is None:
            return unfinished(text, _THOUGHT)
        name, arguments = bracketed(first_line(found[2]), "[", "]")
        return Step(thought=unlabelled(found[0], _THOUGHT), action=ToolCall(name=name, arguments=arguments))
