"""`check` says what a file is, how much of it can be used, and where it is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentflan.core.errors import Mistake
from agentflan.corpus.building.build import build
from agentflan.corpus.checking.check import check
from tests.corpus.test_build import REAL, corpus_of, row, written

EXPECTED = {
    "agentinstruct/datasets__agenttuning_kg__sample_raw.json": ("agentinstruct", "trajectories", 3, 3),
    "agentinstruct/datasets__agenttuning_os__sample_raw.json": ("agentinstruct", "trajectories", 4, 4),
    "toolbench_answers/data_example__answer__G1_answer__57_ChatGPT_DFS_woFilter_w2.json": (
        "toolbench",
        "trajectories",
        1,
        1,
    ),
    "toolllama_rows/toolllama_train_2rows.jsonl": ("toolbench", "trajectories", 2, 1),
    "sharegpt_vicuna/dummy_conversation.json": ("sharegpt", "chat", 323, 323),
    "sharegpt_vicuna/question.jsonl": ("mt_bench", "tasks", 80, 0),
}
"""Real file -> format, kind, rows, usable."""


@pytest.mark.parametrize("name", EXPECTED)
def test_real_files_are_recognised(name: str) -> None:
    if not REAL.is_dir():
        pytest.skip(f"the real rows are not there: {REAL}")
    found = check(REAL / name)
    assert (found.format, found.kind, found.rows, found.usable) == EXPECTED[name]
    assert found.confidence == 1
    assert found.usable + sum(found.reasons.values()) == found.rows


def test_lints_have_a_code_a_count_and_a_place(tmp_path: Path) -> None:
    rows = [row(1), row(2), row(3)]
    stranger = json.loads(json.dumps(row(4)).replace("Action: forecast_for_weather", "Action: nobody_offered_this"))
    rows[1]["conversations"][2]["value"] = "\nThought: \nAction: forecast_for_weather\nAction Input: {'city': 'x'}"
    found = check(written(tmp_path, [*rows, stranger, stranger]))
    assert {code: found.lints[code] for code in ("AF101", "AF103", "AF601")} == {"AF101": 2, "AF103": 1, "AF601": 1}
    assert found.places["AF101"] == ["row 4, step 1", "row 5, step 1"]
    assert (found.places["AF103"], found.places["AF601"]) == (["row 2, step 1"], ["row 5"])


def test_rows_that_are_lost_are_counted_by_reason(tmp_path: Path) -> None:
    path = written(tmp_path, [row(1), row(2)])
    path.write_text(path.read_text() + "{broken\n")
    found = check(path)
    assert (found.rows, found.usable, found.reasons) == (3, 2, {"broken_json": 1})
    assert found.places["broken_json"] == ["row 3"]


def test_a_built_corpus_is_checked_too(tmp_path: Path) -> None:
    build(corpus_of(written(tmp_path, [row(1), row(2)])), tmp_path / "out")
    found = check(tmp_path / "out")
    assert (found.format, found.rows, found.usable, found.lints) == ("corpus", 2, 2, {})


def test_no_file_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="no such file"):
        check(tmp_path / "absent.json")


def test_a_rival_lowers_the_confidence(tmp_path: Path) -> None:
    """Agent-FLAN's split of a call into questions is MSAgent-Pro's form as well."""
    turns = [
        ("system", "Answer with the tools."),
        ("user", "Who? Begin! What is the tool you want to use?"),
        ("assistant", "look"),
        ("user", "Nothing. What is the tool you want to use?"),
        ("assistant", "Finish"),
    ]
    rows = [{"id": "AgentFlan_1", "conversations": [{"role": role, "content": text} for role, text in turns]}]
    found = check(written(tmp_path, rows))
    assert {found.format, found.rival} == {"agent_flan", "msagent"}
    assert (found.usable, found.confidence) == (1, 0.5)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"question": "Who?", "answer": "me"}], ("tasks", "tasks", 1.0)),
        ([{"id": "a", "question": [], "function": []}, {"x": 1}], ("unknown", "unknown", 0.0)),
        ([{"id": "a", "question": [], "function": []}, {"query": "q"}, {"x": 1}], ("bfcl", "tasks", 0.333)),
        ([{"x": 1}], ("unknown", "unknown", 0.0)),
        ([{"messages": [{"role": "user", "content": "Who?"}]}], ("tasks", "tasks", 1.0)),
    ],
)
def test_tasks_are_questions_without_an_agent(
    tmp_path: Path, rows: list[object], expected: tuple[str, str, float]
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = check(path)
    assert (found.format, found.kind, found.confidence) == expected
    assert found.usable == 0
