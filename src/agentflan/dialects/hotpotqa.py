"""Question answering by ReAct (arXiv 2210.03629): `Thought:`, then `Action: Search[..]`, `Lookup[..]` or `Finish[..]`.

FireAct writes it so; ReAct itself and Reflexion number their labels (`Thought 1:`), which are read as well.
"""

from __future__ import annotations

from typing import ClassVar

from agentflan.core.types import Answer, Step, ToolCall
from agentflan.dialects.grammar.labels import Pieces, TaskGrammar, bracketed, first_line

_LABELS = ("thought", "action", "observation")


class Hotpotqa(TaskGrammar, frozen=True):
    """An encyclopedia of three verbs. `Finish` is one of them, so plain text is talk and ends nothing."""

    own: ClassVar[str] = (
        "You answer questions with the help of an encyclopedia. Each turn you think and then do one thing: "
        "Search[title] opens an article, Lookup[word] goes to the next sentence of it with that word, Finish[answer] "
        "answers. Write:"
        "\n\nThought: what you think\nAction: Search[title], Lookup[word] or Finish[answer]"
    )

    def observe(self, observation: str) -> str:
        return f"Observation: {observation}"

    def observed(self, text: str) -> str:
        return text.removeprefix("Observation: ")

    def pieces(self, step: Step) -> Pieces:
        pieces: Pieces = [("Thought: ", "format"), (step.thought, "reasoning")] if step.thought else []
        match step.action:
            case Answer(text=text):
                pieces.append((text, None))
            case ToolCall(name=name, arguments=arguments):
                pieces += [("\nAction: " if step.thought else "Action: ", "format"), (name, "retrieval")]
                pieces += [("[", "format"), (arguments, "understanding"), ("]", "format")]
        return pieces

    def parse(self, text: str) -> Step:
        """The first action; what the model says it then observed is not looked at."""
        lines = text.split("\n")
        for number, line in enumerate(lines):
            label, rest = _labelled(line)
            if label == "observation" and number:
                text = "\n".join(lines[:number])
                break
            if label == "action":
                name, arguments = bracketed(first_line("\n".join([rest, *lines[number + 1 :]])), "[", "]")
                thought = _thought("\n".join(lines[:number]))[1]
                return Step(thought=thought, action=ToolCall(name=name, arguments=arguments))
        found, thought = _thought(text)
        return Step(thought=thought) if found else Step(action=Answer(text=text))


def _labelled(line: str) -> tuple[str, str]:
    """(label in lower case without its number, what follows its colon); ("", line) for a line without one."""
    start = line.lstrip()
    for label in _LABELS:
        if start[: len(label)].lower() == label:
            rest = start[len(label) :].lstrip(" 0123456789")
            if rest.startswith(":"):
                return label, rest[1:]
    return "", line


def _thought(text: str) -> tuple[bool, str]:
    """(whether it is labelled as a thought, the text without that label)."""
    first, end, rest = text.strip().partition("\n")
    label, body = _labelled(first)
    return label == "thought", (body + end + rest if label == "thought" else text).strip()
