"""The knowledge graph task of AgentBench: `Thought: ..`, then `Action: function(arguments)` or `Final Answer: #id`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec
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
_OBSERVATION = "Observation:"
_REFUSAL = " cannot be executed."
"""In what the environment says of a call that failed; it says that without the label."""


class KnowledgeGraph(TaskGrammar, frozen=True):
    """Queries of a knowledge base, whose results are variables: `#0`, `#1`, ..."""

    own: ClassVar[str] = (
        "You answer questions from a knowledge base by calling its functions, one a turn. Each result is kept as a "
        "variable: #0, #1 and so on. Write what you think and what you call:\n"
        "Thought: what you need next\nAction: function(argument, argument)\n"
        "When a variable holds the answer:\nThought: why it does\nFinal Answer: #id"
    )

    def system(self, instruction: str, tools: Sequence[ToolSpec], key: str) -> str:
        listed = "".join(f"\n\n{tool.name}: {tool.description}" for tool in tools)
        return instruction or f"{self.own}{listed}"

    def pieces(self, step: Step) -> Pieces:
        pieces: Pieces = [("Thought: ", "format"), (step.thought, "reasoning")] if step.thought else []
        gap = "\n" if step.thought else ""
        match step.action:
            case Answer(text=text):
                pieces += [(f"{gap}Final Answer: ", "format"), (text, None)]
            case ToolCall(name=name, arguments=arguments):
                pieces += [(f"{gap}Action: ", "format"), (name, "retrieval")]
                pieces += [("(", "format"), (arguments, "understanding"), (")", "format")]
        return pieces

    def parse(self, text: str) -> Step:
        found = cut(text, "action:", "final answer:")
        if found is None:
            return unfinished(text, _THOUGHT)
        before, label, after = found
        thought = unlabelled(before, _THOUGHT)
        if label == "final answer:":
            return Step(thought=thought, action=Answer(text=after.strip()))
        name, arguments = bracketed(first_line(after), "(", ")")
        return Step(thought=thought, action=ToolCall(name=name, arguments=arguments))

    def observe(self, observation: str) -> str:
        return observation if _REFUSAL in observation else f"{_OBSERVATION} {observation}"

    def observed(self, text: str) -> str:
        return text.removeprefix(_OBSERVATION).strip()
