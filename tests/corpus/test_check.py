"""`check` says what a file is, how much of it can be used, and where it is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentflan.core.errors import Mistake
from agentflan.corpus.build import build
from agentflan.corpus.check import check
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
