"""Questions of a HotpotQA file (the published JSON of the distractor setting) as problems.

The dev file holds hard questions alone; easy, medium and hard ones stand side by side in the training file, from which
the paper's 100 of each were drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal

import msgspec

from agentflan.core.chance import coin
from agentflan.core.errors import Mistake
from agentflan.core.types import Message, Problem, Segment, Step, ToolCall
from agentflan.evals.files import distinct, rows
from agentflan.evals.hotpotqa.prompt import prompt

LEVELS = ("easy", "medium", "hard")


class Row(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="_id")
    question: str
    answer: str
    level: Literal["easy", "medium", "hard"]
    context: list[tuple[str, list[str]]] = []
    """(title, sentences) of each paragraph that goes with the question, most of them to distract."""
    supporting_facts: list[tuple[str, int]] = []
    """(title, number of the sentence) of what the answer follows from."""


def read(path: Path | None) -> list[Row]:
    """The rows of a file, or of the sample that ships. Raises Mistake with the place of the first that is none."""
    if path is None:
        with as_file(files("agentflan.evals.hotpotqa") / "sample" / "questions.json") as sample:
            return read(sample)
    return distinct((where, _row(where, raw)) for where, raw in rows(path))


def problems(path: Path | None, examples: Path | None, per_level: int, seed: int) -> list[Problem]:
    """Those of either benchmark: the chosen questions below the prompt with its worked examples."""
    shown = prompt(examples)
    return [problem_of(row, shown) for row in chosen(read(path), per_level, seed)]


def _row(where: str, raw: Any) -> Row:
    try:
        return msgspec.convert(raw, Row)
    except msgspec.ValidationError as error:
        mend = "use a HotpotQA file with answers and levels"
        raise Mistake(f"this is no question of HotpotQA: {error}", where=where, mend=mend) from error


def chosen(rows: Sequence[Row], per_level: int, seed: int) -> list[Row]:
    """So many of each level, or all where there are fewer, level after level, each in the order of the file.

    Which ones is decided by their ids, whatever else the file holds.
    """
    return [row for level in LEVELS for row in _some([row for row in rows if row.level == level], per_level, seed)]


def problem_of(row: Row, shown: str) -> Problem:
    query = f"Question: {row.question}"
    finish = Step(action=ToolCall(name="Finish", arguments=row.answer))
    return Problem(
        id=f"hotpotqa/{row.level}/{row.id}",
        messages=(Message(role="user", segments=(Segment(text=f"{shown}{query}\n"),)),),
        query=query,
        gold=(finish,),
        solution=(*_searches(row), finish),
        part=row.level,
        syntax="hotpotqa",
    )


def _some(rows: Sequence[Row], number: int, seed: int) -> list[Row]:
    taken = {row.id for row in sorted(rows, key=lambda row: (coin(seed, "hotpotqa", row.id), row.id))[:number]}
    return [row for row in rows if row.id in taken]


def _searches(row: Row) -> Iterator[Step]:
    """An expert opens the articles that the answer follows from, in their order."""
    for title in dict.fromkeys(title for title, _ in row.supporting_facts):
        yield Step(action=ToolCall(name="Search", arguments=title))
