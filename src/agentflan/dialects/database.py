"""The database task of AgentBench: free talk, then `Action: Operation` with fenced SQL, or `Action: Answer`."""

from __future__ import annotations

from typing import ClassVar

from agentflan.core.types import Answer, Step, ToolCall
from agentflan.dialects.grammar.labels import Pieces, TaskGrammar, cut, fenced, first_line, unlabelled


class Database(TaskGrammar, frozen=True):
    """A MySQL table. The thought has no label here; the answer is kept as written, such as `["none"]`."""

    own: ClassVar[str] = (
        "You answer questions about a MySQL database, or change it as asked. Say first what you think; then either run "
        "one SQL statement, on one line:\nAction: Operation\n```sql\nthe statement\n```\n"
        "or, when you are done, give the answer as a list:\n"
        'Action: Answer\nFinal Answer: ["value", ...]\nThe raw output of each statement is shown to you.'
    )

    def pieces(self, step: Step) -> Pieces:
        pieces: Pieces = [(step.thought, "reasoning")]
        gap = "\n" if step.thought else ""
        match step.action:
            case Answer(text=text):
                pieces += [(f"{gap}Action: Answer\nFinal Answer: ", "format"), (text, None)]
            case ToolCall(name=name, arguments=sql):
                pieces += [(f"{gap}Action: ", "format"), (name, "retrieval")]
                pieces += [("\n```sql\n", "format"), (sql, "understanding"), ("\n```", "format")]
        return pieces

    def parse(self, text: str) -> Step:
        found = cut(text, "action:", "final answer:")
        if found is None:
            return Step(action=Answer(text=text))
        before, label, after = found
        thought = unlabelled(before)
        name, rest = first_line(after), after.strip().partition("\n")[2]
        if label == "final answer:":
            return Step(thought=thought, action=Answer(text=after.strip()))
        if name.lower() == "answer":
            return Step(thought=thought, action=Answer(text=unlabelled(rest, "final answer:")))
        sql = fenced(rest)
        return Step(thought=thought, action=ToolCall(name=name, arguments=rest.strip() if sql is None else sql))
