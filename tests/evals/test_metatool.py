"""MetaTool: what a reply decides, the published files, and what silence gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentflan.core import plugs
from agentflan.core.errors import Mistake
from agentflan.core.types import Reply
from agentflan.evals.metatool import records
from agentflan.evals.metatool.decisions import needed, none_of_them, selected
from agentflan.models.scripted import Policy, Scripted

REAL = Path(__file__).parents[3] / "shared" / "data" / "metatool"
OFFERED = ["TripTool", "TripToolPlus", "PDF&URLTool", "speak"]


def metrics(policy: Policy, path: Path | None = None) -> dict[str, float]:
    benchmark = plugs.load("benchmark", {"use": "metatool", **({"path": str(path)} if path else {})})
    problems = benchmark.problems()
    scores = []
    Scripted(policy=policy)(problems, lambda index, reply: scores.append(benchmark.score(problems[index], reply)))
    found: dict[str, float] = benchmark.summary(scores)
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Yes. No model knows the time.", True),
        ('"no." It is a poem.', False),
        ("answer: YES", True),
        ("Nothing I know of, yesterday.", None),
        ("", None),
    ],
)
def test_the_first_yes_or_no_decides(text: str, found: bool | None) -> None:
    assert needed(text) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PDF&URLTool, since TripTool plans trips.", ["PDF&URLTool", "TripTool"]),
        ("`TripToolPlus`", ["TripToolPlus"]),
        ("triptool or Speak or speaking", []),
        ("", []),
    ],
)
def test_tools_are_named_as_whole_words_in_their_case(text: str, found: list[str]) -> None:
    assert selected(text, OFFERED) == found
    assert selected(text, []) == []


def test_none_is_a_word() -> None:
    assert none_of_them("None.")
    assert not none_of_them("nonesuch")


def test_a_tool_too_many_is_no_correct_selection() -> None:
    benchmark = plugs.load("benchmark", "metatool")
    multiple = next(problem for problem in benchmark.problems() if problem.part == "multiple")
    right = json.loads(multiple.reference)["right"]
    said = {"exact": " and ".join(right[::-1]), "more": ", ".join([*right, "StarChart"]), "less": right[0]}
    values = {name: benchmark.score(multiple, Reply(text=text)).values for name, text in said.items()}
    assert {name: each["csr/multiple"] for name, each in values.items()} == {"exact": 1, "more": 0, "less": 0}
    assert {name: each["csr_first/multiple"] for name, each in values.items()} == {"exact": 1, "more": 1, "less": 0}


def test_where_no_tool_is_right_it_has_to_be_said() -> None:
    benchmark = plugs.load("benchmark", "metatool")
    problem = next(problem for problem in benchmark.problems() if problem.part == "reliability")
    said = {"None.": 1, "None, but TideTool comes near.": 0, "I like tea.": 0, "MoneyTool": 0}
    for text, right in said.items():
        assert benchmark.score(problem, Reply(text=text)).values == {"csr/reliability": right}, text


def test_the_published_files_give_full_marks_to_their_gold_and_nothing_to_silence() -> None:
    if not REAL.is_dir():
        pytest.skip(f"the real rows are not at {REAL}")
    gold, silent = metrics("gold", REAL), metrics("silent", REAL)
    assert (gold["overall"], gold["f1/awareness"]) == (1, 1)
    assert (gold["n/awareness"], gold["n/multiple"]) == (688, 334)
    assert silent["overall"] == silent["f1/awareness"] == 0


def test_one_that_says_neither_yes_nor_no_has_no_precision() -> None:
    assert metrics("never_calls")["precision/awareness"] == 0


def test_a_folder_without_a_file_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="no file of MetaTool"):
        records.found(tmp_path)


def test_a_right_tool_that_is_not_on_offer_is_a_mistake(tmp_path: Path) -> None:
    row = {"action_prompt": "1. tool name: TideTool, tool description: High water.", "tool": "FerryTool"}
    (tmp_path / "Task2-Subtask1.json").write_text(json.dumps([row]), encoding="utf-8")
    with pytest.raises(Mistake, match="does not offer"):
        records.problems(records.found(tmp_path))
