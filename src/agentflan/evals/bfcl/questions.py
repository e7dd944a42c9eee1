"""BFCL's own files: questions in `BFCL_v4_<category>.json`, accepted calls in `possible_answer`, both JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agentflan.core.errors import Mistake
from agentflan.core.types import Record
from agentflan.evals import files
from agentflan.evals.bfcl.categories import UNANSWERED

SAMPLE = Path(__file__).parent / "sample"
_ANSWERS = "possible_answer"


class Expected(Record, frozen=True):
    """One call that has to be made."""

    name: str
    """The name as the model was told it."""
    properties: dict[str, dict[str, Any]]
    """Parameter -> its schema, of the function on offer."""
    accepted: dict[str, list[Any]]
    """Parameter -> values that count as right; `""` among them: it may be left out."""
    required: tuple[str, ...] = ()


class Question(Record, frozen=True):
    """One row of BFCL with the calls that answer it."""

    id: str
    category: str
    messages: tuple[tuple[str, str], ...]
    """(role, content)."""
    functions: tuple[dict[str, Any], ...]
    expected: tuple[Expected, ...] = ()


def paths(folder: Path, category: str) -> list[Path]:
    """The category's file, and that of its answers where it has any. Raises Mistake for one that is missing."""
    mine = sorted(path for path in folder.rglob(f"*BFCL_v[0-9]_{category}.json") if path.is_file())
    questions = [path for path in mine if _ANSWERS not in str(path.relative_to(folder))]
    answers = [path for path in mine if _ANSWERS in str(path.relative_to(folder))]
    for kind, found, due in (("questions", questions, True), ("answers", answers, category not in UNANSWERED)):
        if due and len(found) != 1:
            what = f"{len(found)} files hold the {kind} of {category}"
            mend = f"one BFCL_v4_{category}.json, answers under {_ANSWERS}; or name other categories"
            raise Mistake(what, where=str(folder), mend=mend)
    return questions + answers


def questions(folder: Path, categories: Sequence[str]) -> Iterator[Question]:
    for category in categories:
        asked, *answered = paths(folder, category)
        answers = {str(row.get("id")): row for path in answered for _, row in files.rows(path)}
        for where, row in files.rows(asked):
            try:
                yield _question(category, row, answers)
            except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
                what = f"this is no question of {category}: {type(error).__name__} {error}"
                raise Mistake(what, where=where, mend="a row as BFCL publishes it, its id among the answers") from error


def _question(category: str, row: Mapping[str, Any], answers: Mapping[str, Mapping[str, Any]]) -> Question:
    functions, (turn,) = row["function"], row["question"]
    return Question(
        id=row["id"],
        category=category,
        messages=tuple((message["role"], message["content"]) for message in turn),
        functions=tuple(functions),
        expected=() if category in UNANSWERED else _expected(category, functions, answers[row["id"]]["ground_truth"]),
    )


def _expected(category: str, functions: Sequence[dict[str, Any]], truth: Sequence[Any]) -> tuple[Expected, ...]:
    """A simple question is graded by its one function, whatever its answer calls it; any other by the named one."""
    by_name = {function["name"]: function for function in reversed(functions)}
    found = []
    for answer in truth:
        (name, accepted), *_ = answer.items()
        function = functions[0] if "simple" in category else by_name[name]
        parameters = function["parameters"]
        found.append(
            Expected(
                name=function["name"],
                properties=parameters["properties"],
                required=tuple(parameters["required"]),
                accepted=accepted,
            )
        )
    return tuple(found)
