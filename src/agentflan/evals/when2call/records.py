"""When2Call's test files as problems; the prompt is upstream's plain one.

Upstream is NVIDIA/When2Call: the fields stand in its README.md, the prompt in
evaluation/mcq/lm_eval_harness/when2call/utils.py (`process_docs_default`).
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from agentflan.core.errors import Mistake
from agentflan.core.types import Answer, Message, Problem, Segment, Step, ToolCall, ToolSpec
from agentflan.dialects.calls import objects
from agentflan.evals import files
from agentflan.evals.when2call.behaviour import Behaviour

SAMPLE = Path(__file__).parent / "sample" / "when2call.jsonl"
_SYSTEM = (
    "You are a helpful AI assistant. \n"
    "You have access to the following tools described in <tool></tool> which you can use to answer the user's "
    "questions.\n"
    "Only use a tool if it directly answers the user's question.\n"
    "\n"
    "To use a tool, return JSON in the following format:\n"
    '{"name": "tool_name", "arguments": {"argument1": "value1", "argument2": "value2", ...}}\n'
)


class Reference(msgspec.Struct, frozen=True):
    """What a reply is graded by."""

    due: Behaviour
    answers: dict[Behaviour, str]
    """The record's own candidate for each behaviour; one of them needs no judging."""


class _Record(msgspec.Struct, frozen=True):
    uuid: str
    question: str
    correct_answer: Behaviour
    answers: dict[Behaviour, str]
    tools: list[str]
    """Each as JSON text."""


class _Tool(msgspec.Struct, frozen=True):
    name: str
    description: str = ""
    parameters: msgspec.Raw = msgspec.Raw(b"{}")


def problems(path: Path) -> list[Problem]:
    return files.distinct((where, _problem(where, record)) for where, record in files.records(path, _Record))


def _problem(where: str, record: _Record) -> Problem:
    if record.correct_answer not in record.answers:
        raise Mistake("the right answer is not among the answers", where=where, mend="use the published files")
    listed = "\n\n".join(f"<tool>{tool}</tool>" for tool in record.tools)
    return Problem(
        id=f"when2call/{record.uuid}",
        messages=(
            Message(role="system", segments=(Segment(text=f"{_SYSTEM}\n{listed}".rstrip()),)),
            Message(role="user", segments=(Segment(text=record.question),)),
        ),
        tools=tuple(_tool(where, text) for text in record.tools),
        gold=(_gold(record.correct_answer, record.answers[record.correct_answer]),),
        reference=msgspec.json.encode(Reference(record.correct_answer, record.answers)).decode(),
        part=record.correct_answer,
    )


def _tool(where: str, text: str) -> ToolSpec:
    try:
        tool = msgspec.json.decode(text, type=_Tool)
    except msgspec.DecodeError as error:
        raise Mistake(f"this is no tool: {error}", where=where, mend="use the published files") from error
    return ToolSpec(name=tool.name, description=tool.description, parameters=bytes(tool.parameters).decode())


def _gold(due: Behaviour, answer: str) -> Step:
    call = next(objects.calls(answer), None) if due == "tool_call" else None
    return Step(action=ToolCall(name=call[0], arguments=call[1]) if call else Answer(text=answer))
