"""The shell task of AgentBench: `Think: ..`, then `Act: bash` with a fenced block, `finish` or `answer(..)`."""

from __future__ import annotations

from typing import ClassVar

from agentflan.core.types import Answer, Step, ToolCall
from agentflan.dialects.grammar.labels import Pieces, TaskGrammar, cut, fenced, first_line, unfinished, unlabelled

_THOUGHT = ("think:", "thought:")
_OUTPUT = "The output of the OS:"


class Os(TaskGrammar, frozen=True):
    """A shell. The last `Act:` counts, as in AgentBench; `finish` is a call, for it says nothing to the person."""

    own: ClassVar[str] = (
        "You work at the shell of a Linux machine for the person who talks to you. Each of your turns is a thought and "
        "one act, written in one of these three ways:\n\n"
        "Think: what you make of the state\n\nAct: bash\n\n```bash\nthe commands to run, which must not wait for input"
        "\n```\n\nThink: why nothing is left to do\n\nAct: finish\n\n"
        "Think: how you know\n\nAct: answer(what was asked for)\n\nLong output reaches you cut."
    )

    def pieces(self, step: Step) -> Pieces:
        pieces: Pieces = [("Think: ", "format"), (step.thought, "reasoning")] if step.thought else []
        gap = "\n\n" if step.thought else ""
        match step.action:
            case Answer(text=text):
                pieces += [(f"{gap}Act: answer(", "format"), (text, None), (")", "format")]
            case ToolCall(name=name, arguments=""):
                pieces += [(f"{gap}Act: ", "format"), (name, "retrieval")]
            case ToolCall(name=name, arguments=code):
                pieces += [(f"{gap}Act: ", "format"), (name, "retrieval")]
                pieces += [("\n\n```bash\n", "format"), (code, "understanding"), ("\n```", "format")]
        return pieces

    def parse(self, text: str) -> Step:
        found = cut(text, "act:", "action:", last=True)
        if found is None:
            return unfinished(text, *_THOUGHT)
        before, _, act = found
        act = act.strip()
        thought = unlabelled(before, *_THOUGHT)
        if act[:7].lower() == "answer(":
            end = act.rfind(")")
            return Step(thought=thought, action=Answer(text=act[7:] if end < 0 else act[7:end]))
        rest = act.partition("\n")[2]
        code = fenced(rest)
        return Step(
            thought=thought, action=ToolCall(name=first_line(act), arguments=rest.strip() if code is None else code)
        )

    def observe(self, observation: str) -> str:
        return f"{_OUTPUT}\n\n{observation}"

    def observed(self, text: str) -> str:
        return text.removeprefix(_OUTPUT).strip("\n")
