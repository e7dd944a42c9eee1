"""MetaTool's prompt files as problems; each record holds its whole prompt.

Upstream is HowieHwong/MetaTool, dataset/tmp_dataset; src/prompt/prompt_construction.py says which file is which task.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from agentflan.core.errors import Mistake
from agentflan.core.types import Answer, Message, Problem, Segment, Step
from agentflan.evals import files

SAMPLE = Path(__file__).parent / "sample"
FILES = {
    "awareness": "Task1.json",
    "similar": "Task2-Subtask1.json",
    "scenario": "Task2-Subtask2.json",
    "reliability": "Task2-Subtask3.json",
    "multiple": "Task2-Subtask4.json",
}
"""Part -> the published file. In `reliability` the right tool is not on offer; in `multiple` two are right."""
_NAMED, _DESCRIBED = ". tool name: ", ", tool description:"


class Need(msgspec.Struct, frozen=True):
    """What a reply on awareness is graded by."""

    label: Literal["positive", "negative"]
    """Whether the query needs a tool."""


class Choice(msgspec.Struct, frozen=True):
    """What a reply that selects is graded by."""

    offered: list[str]
    right: list[str]
    """Empty: none of those on offer."""


class _Aware(msgspec.Struct, frozen=True):
    thought_prompt: str
    label: Literal["positive", "negative"]


class _Select(msgspec.Struct, frozen=True):
    action_prompt: str
    tool: str | list[str]


def found(folder: Path) -> dict[str, Path]:
    """Part -> file, of those that are there. Raises Mistake where none is."""
    there = {part: folder / name for part, name in FILES.items() if (folder / name).is_file()}
    if not there:
        raise Mistake("no file of MetaTool is here", where=str(folder), mend=f"put {', '.join(FILES.values())} there")
    return there


def problems(paths: Mapping[str, Path]) -> list[Problem]:
    return [problem for part, path in paths.items() for problem in _of(part, path)]


def _of(part: str, path: Path) -> Iterable[Problem]:
    if part == "awareness":
        for number, (_, aware) in enumerate(files.records(path, _Aware)):
            said = "Yes" if aware.label == "positive" else "No"
            yield _problem(f"{part}/{number}", aware.thought_prompt, said, Need(aware.label))
    else:
        for number, (where, select) in enumerate(files.records(path, _Select)):
            choice = _choice(part, where, select)
            yield _problem(f"{part}/{number}", select.action_prompt, ", ".join(choice.right) or "None", choice)


def _problem(key: str, prompt: str, gold: str, reference: Need | Choice) -> Problem:
    return Problem(
        id=f"metatool/{key}",
        messages=(Message(role="user", segments=(Segment(text=prompt),)),),
        gold=(Step(action=Answer(text=gold)),),
        reference=msgspec.json.encode(reference).decode(),
        part=key.partition("/")[0],
    )


def _choice(part: str, where: str, record: _Select) -> Choice:
    lines = [line.partition(_NAMED) for line in record.action_prompt.splitlines()]
    offered = [rest.partition(_DESCRIBED)[0] for number, named, rest in lines if named and number.isdecimal()]
    right = [record.tool] if isinstance(record.tool, str) else record.tool
    if part == "reliability":
        return Choice(offered, [])
    absent = [tool for tool in right if tool not in offered]
    if absent or not right:
        raise Mistake(f"the prompt does not offer {absent or 'any tool'}", where=where, mend="use the published files")
    return Choice(offered, right)
