"""The web page task of AgentBench: `Answer: B.` picks an element, `Action: TYPE` and `Value: ..` act on it."""

from __future__ import annotations

from typing import ClassVar

from agentflan.core.types import Answer, Step, ToolCall
from agentflan.dialects.grammar.labels import Pieces, TaskGrammar, cut, first_line, unfinished, unlabelled

_THOUGHT = "thought:"


class Mind2web(TaskGrammar, frozen=True):
    """`TYPE` with the arguments `B, Chicago Bears`; a pick without an action ("none of the above") is an Answer."""

    own: ClassVar[str] = (
        "You are shown a web page, a task, what was done so far and a list of choices. Pick the element that comes "
        "next and say what to do with it:\nThought: what you think\nAnswer: the letter of the choice, a full stop\n"
        "Action: CLICK, SELECT or TYPE\nValue: what to select or to type, if anything"
    )

    def pieces(self, step: Step) -> Pieces:
        pieces: Pieces = [("Thought: ", "format"), (step.thought, "reasoning")] if step.thought else []
        gap = "\n" if step.thought else ""
        match step.action:
            case Answer(text=text):
                pieces += [(f"{gap}Answer: ", "format"), (text, None), (".", "format")]
            case ToolCall(name=name, arguments=arguments):
                choice, comma, value = arguments.partition(", ")
                pieces += [(f"{gap}Answer: ", "format"), (choice, "understanding")]
                pieces += [(".\nAction: ", "format"), (name, "retrieval")]
                if comma:
                    pieces += [("\nValue: ", "format"), (value, "understanding")]
        return pieces

    def parse(self, text: str) -> Step:
        picked = cut(text, "answer:")
        acted = cut(picked[2] if picked else text, "action:")
        if picked is None and acted is None:
            return unfinished(text, _THOUGHT)
        before = picked[0] if picked else acted[0] if acted else text
        thought = unlabelled(before, _THOUGHT)
        choice = (acted[0] if acted else picked[2]).strip().removesuffix(".") if picked else ""
        if acted is None:
            return Step(thought=thought, action=Answer(text=choice))
        typed = cut(acted[2], "value:")
        name = first_line(typed[0] if typed else acted[2])
        value = typed[2].strip() if typed else ""
        return Step(thought=thought, action=ToolCall(name=name, arguments=f"{choice}, {value}" if value else choice))
