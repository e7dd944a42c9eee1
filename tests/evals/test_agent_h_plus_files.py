"""Other people's files as problems of Agent-H+: every record is told, and its own reply passes."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agentflan.core.errors import Mistake
from agentflan.core.types import Problem, Reply
from agentflan.evals.agent_h_plus import grading, replies
from agentflan.evals.benchmarks.agent_h_plus import AgentHPlus
from agentflan.models.scripted import Scripted

DATA = Path(__file__).parents[3] / "shared" / "data"
BFCL = "bfcl_v4/berkeley-function-call-leaderboard__bfcl_eval__data__BFCL_v4_"
WHEN2CALL = "when2call/when2call_test_llm_judge.jsonl"

REAL: dict[str, dict[str, int]] = {
    f"{BFCL}irrelevance.json": {"tools_irrelevant": 169},
    f"{BFCL}live_irrelevance.json": {"tools_irrelevant": 608, "no_tools_relevant": 4},
    f"{BFCL}live_relevance.json": {"tools_relevant": 9},
    WHEN2CALL: {"tools_relevant": 69, "tools_incomplete": 64, "tools_irrelevant": 61, "no_tools_relevant": 13},
    "llamafactory/glaive_toolcall_en_demo.json": {
        **{"no_tools_ordinary": 78, "tools_relevant": 62, "tools_irrelevant": 28, "tools_incomplete": 26},
    },
    "llamafactory/glaive_toolcall_zh_demo.json": {
        **{"no_tools_ordinary": 68, "tools_relevant": 63, "tools_incomplete": 43, "tools_irrelevant": 31},
        "no_tools_relevant": 3,
    },
}
"""File -> how many problems of each part it gives."""
AGAINST_THEIR_SCHEMA = 4
"""Golds of these files with a value that is none of the choices, or without a parameter that the tool requires."""


def real(name: str) -> Path:
    if not (DATA / name).is_file():
        pytest.skip(f"{name} is not there")
    return DATA / name


def written(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def texts(problems: list[Problem]) -> list[str]:
    found: list[str] = []
    Scripted(policy="gold")(problems, lambda _, reply: found.append(reply.text))
    return found


@pytest.mark.parametrize(("name", "parts"), REAL.items())
def test_every_record_of_a_real_file_is_a_problem(name: str, parts: dict[str, int]) -> None:
    benchmark = AgentHPlus(path=real(name))
    problems = list(benchmark.problems())
    assert Counter(problem.part for problem in problems) == parts
    assert len({problem.id for problem in problems}) == len(problems)
    assert int(benchmark.notes()["records"]) - int(benchmark.notes()["records_without_problem"]) == len(problems)
    forms = {grading.expected(problem).form for problem in problems}
    assert len(forms) == 7


def test_their_own_replies_pass() -> None:
    """All but the golds that break the schema of their own tool."""
    wrong = []
    for name in REAL:
        problems = list(AgentHPlus(path=real(name)).problems())
        for problem, text in zip(problems, texts(problems), strict=True):
            found = grading.graded(problem, text)
            if problem.gold and (found.get("over_call") or found.get("miss")):
                raise AssertionError(f"{problem.id}: {text}")
            if problem.gold and problem.part == "tools_relevant" and not found["right_call"]:
                wrong.append(problem.id)
    assert len(wrong) == AGAINST_THEIR_SCHEMA, wrong


def test_phrases_tell_abstentions_apart() -> None:
    """When2Call shows for each question how one asks back and how one declines."""
    rows = [json.loads(line) for line in real(WHEN2CALL).read_text(encoding="utf-8").splitlines()]
    asking = [row["answers"]["request_for_info"] for row in rows]
    declining = [row["answers"]["cannot_answer"] for row in rows]
    assert sum(map(replies.asks, asking)) == sum(map(replies.declines, declining)) == len(rows)
    assert sum(map(replies.declines, asking)) == 0
    assert sum(map(replies.asks, declining)) <= 0.01 * len(rows)
    assert not any(map(replies.promises, [*asking, *declining]))


SOLVABLE = {
    "subtask": "missing_tool",
    "task": "Find the tallest bridge of the county and draw it.",
    "tools": "1. BridgeFinder: Lists bridges: name and height.\n2. Painter: Draws what is described.",
    "planning_tools": ["BridgeFinder", "Painter"],
    "unsolvable_task": "Find the tallest bridge of the county and draw it.",
    "unsolvable_tools": "1. Painter：Draws what is described.",
    "planning_tools_unsolvable": ["UnsolvableQuery", "Painter"],
}


def test_toolbehonest_is_one_task_with_and_one_without_its_tool(tmp_path: Path) -> None:
    late = {**SOLVABLE, "planning_tools_unsolvable": ["Painter", "UnsolvableQuery"]}
    benchmark = AgentHPlus(path=written(tmp_path / "test_en.json", SOLVABLE, late), forms=("json",))
    problems = list(benchmark.problems())
    assert [(problem.id, problem.part) for problem in problems] == [
        ("toolbehonest/0/solvable", "tools_relevant"),
        ("toolbehonest/0/unsolvable", "tools_irrelevant"),
        ("toolbehonest/1/solvable", "tools_relevant"),
        ("toolbehonest/1/unsolvable", "tools_relevant"),
    ]
    assert [(tool.name, tool.description) for tool in problems[0].tools] == [
        ("BridgeFinder", "Lists bridges: name and height."),
        ("Painter", "Draws what is described."),
    ]
    scores = [benchmark.score(each, Reply(text=text)) for each, text in zip(problems, texts(problems), strict=True)]
    assert benchmark.summary(scores)["balanced"] == 1


GLAIVE = {
    "system": "SYSTEM: You are a helpful assistant with access to the following functions. Use them if required -\n"
    '{"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}}',
    "chat": 'USER: Do f of 1\n\n\nASSISTANT: <functioncall> {"name": "f", "arguments": \'{"a": 1}\'} <|endoftext|>'
    "\n\n\nFUNCTION RESPONSE: 2",
}


@pytest.mark.parametrize(
    ("reply", "part"),
    [
        (None, "tools_relevant"),
        ("What is a? <|endoftext|>", "tools_incomplete"),
        ("I'm sorry, I can't do that. <|endoftext|>", "tools_irrelevant"),
        ("Two. <|endoftext|>", "tools_ordinary"),
    ],
)
def test_glaive_as_published(tmp_path: Path, reply: str | None, part: str) -> None:
    row = GLAIVE if reply is None else {**GLAIVE, "chat": f"USER: Do f\n\n\nASSISTANT: {reply}"}
    (problem,) = AgentHPlus(path=written(tmp_path / "glaive.json", row)).problems()
    assert problem.part == part
    (text,) = texts([problem])
    found = grading.graded(problem, text)
    assert found.get("right_call", found.get("apt")) is True


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "no records"),
        ([{"a": 1}], "no format that is known"),
        ([SOLVABLE, {"a": 1}], "no record of toolbehonest"),
        ([{**SOLVABLE, "planning_tools": 3}], "is broken"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, rows: list[Any], says: str) -> None:
    with pytest.raises(Mistake, match=says):
        AgentHPlus(path=written(tmp_path / "file.jsonl", *rows)).problems()
