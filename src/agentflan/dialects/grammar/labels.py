"""What the labelled grammars of the AgentBench tasks share: one assistant message a step, cut at labels and fences.

Everything here is linear in the text: model output meets it during evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from agentflan.core.plugs import Plug
from agentflan.core.types import Answer, Capability, Message, Segment, Step, ToolSpec

Pieces = list[tuple[str, Capability | None]]
FENCE = "```"


class TaskGrammar(Plug, frozen=True):
    """The dialect of one task: a subclass says how a step is laid out (`pieces`) and how it is read back (`parse`)."""

    own: ClassVar[str] = ""
    """The system prompt where a trajectory brings none."""

    def system(self, instruction: str, tools: Sequence[ToolSpec], key: str) -> str:
        return instruction or self.own

    def write(self, step: Step, tools: Sequence[ToolSpec], key: str) -> tuple[Message, ...]:
        """One assistant message. Raises `ValueError` for a step that would be read back as another one."""
        segments = tuple(
            Segment(text=text, capability=capability, loss=step.loss) for text, capability in self.pieces(step) if text
        )
        message = Message(role="assistant", segments=segments)
        again = self.read((message,))
        if not segments or (again.thought, again.action) != (step.thought, step.action):
            raise ValueError(f"{type(self).__name__} has no form for {step.action!r} after {step.thought[:80]!r}")
        return (message,)

    def read(self, messages: Sequence[Message]) -> Step:
        return self.parse(spoken(messages))

    def observe(self, observation: str) -> str:
        return observation

    def observed(self, text: str) -> str:
        """The observation inside a user message of this task: the inverse of `observe`."""
        return text

    def pieces(self, step: Step) -> Pieces:
        """The text of a step, run by run."""
        raise NotImplementedError

    def parse(self, text: str) -> Step:
        """The step in an assistant's text."""
        raise NotImplementedError


def spoken(messages: Sequence[Message]) -> str:
    """What the assistant said in these messages."""
    return "\n".join("".join(run.text for run in said.segments) for said in messages if said.role == "assistant")


def cut(text: str, *labels: str, last: bool = False) -> tuple[str, str, str] | None:
    """(text before, label, text after) at the first or last line that begins with one of the labels.

    `labels` are in lower case; the text may have them in any case and after spaces. None: no line has one.
    """
    lines = text.split("\n")
    for number in range(len(lines) - 1, -1, -1) if last else range(len(lines)):
        line = lines[number].lstrip()
        for label in labels:
            if line[: len(label)].lower() == label:
                after = "\n".join([line[len(label) :], *lines[number + 1 :]])
                return "\n".join(lines[:number]), label, after
    return None


def unlabelled(text: str, *labels: str) -> str:
    """The text without spaces around it and without the label that it may begin with."""
    text = text.strip()
    for label in labels:
        if text[: len(label)].lower() == label:
            return text[len(label) :].strip()
    return text


def unfinished(text: str, *labels: str) -> Step:
    """A text without an action: a thought where it is labelled as one, else plain talk."""
    thought = unlabelled(text, *labels)
    return Step(thought=thought) if thought != text.strip() else Step(action=Answer(text=text))


def first_line(text: str) -> str:
    return text.strip().partition("\n")[0].strip()


def bracketed(text: str, opening: str, closing: str) -> tuple[str, str]:
    """`name(arguments)` as (name, arguments); the last closing bracket counts, and it may be missing."""
    name, _, rest = text.partition(opening)
    end = rest.rfind(closing)
    return name.strip(), rest if end < 0 else rest[:end]


def fenced(text: str) -> str | None:
    """All fenced blocks of a text, joined by line breaks (AgentBench runs them all). None: it has no block."""
    blocks: list[str] = []
    at = 0
    while (start := text.find(FENCE, at)) >= 0 and (line_end := text.find("\n", start)) >= 0:
        end = text.find(f"\n{FENCE}", line_end)
        if end < 0:  # cut off, or closed on the line of the code itself
            blocks.append(text[line_end + 1 :].rstrip().removesuffix(FENCE))
            break
        blocks.append(text[line_end + 1 : end])
        at = end + len(FENCE) + 1
    return "\n".join(blocks) if blocks else None
