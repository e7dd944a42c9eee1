"""What a trace says of a row is what the build did with it, for every row and everything that is made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentflan.core.types import Conversation, Trajectory
from agentflan.corpus.building.build import build
from agentflan.corpus.building.trace import Trace, left, row_of, trace
from agentflan.corpus.settings import Corpus, CorpusSettings, Mix, load_corpus
from agentflan.corpus.store.parquet import conversations, trajectories
from tests.corpus.test_build import row, written

CHAIN = (
    {"use": "finished_only"},
    {"use": "no_restarts"},
    {"use": "format_lessons", "count": 3},
    {"use": "converse", "react_share": 0.3},
    {"use": "rebalance"},
    {"use": "negatives", "count": 3, "irrelevant_share": 0.7},
)


def chat(number: int) -> dict[str, Any]:
    said = [
        {"from": "human", "value": f"A rhyme on {number}?"},
        {"from": "gpt", "value": f"There is none on {number}."},
    ]
    return {"id": str(number), "conversations": said}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Duplicates, prefix rows, rows that gave up, broken lines, and more chat than the mix keeps."""
    folder = tmp_path_factory.mktemp("rows")
    agents = [
        *(row(number, 2) for number in range(5)),
        row(0, 2),
        row(1),
        row(7, end="give_up_and_restart"),
        {"id": "x"},
    ]
    path = written(folder, agents)
    path.write_text(path.read_text() + '{"id": broken\n')
    written(folder, [*map(chat, range(30)), {"id": "y", "conversations": []}], "chat.jsonl")
    sources = (
        {"use": "toolbench", "path": "rows.jsonl", "licence": "Apache-2.0"},
        {"use": "sharegpt", "path": "chat.jsonl"},
    )
    settings = CorpusSettings(sources=sources, transforms=CHAIN, mix=Mix(mode="ratio", agent=1, general=1))
    return load_corpus(settings, folder=folder, seed=0)


@pytest.fixture(scope="module")
def run(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    build(corpus, out)
    return out


def last(found: Trace, item_id: str) -> Any:
    """How an item comes out of the last stage that says anything of it."""
    changes = [change for _, stage in found.stages for change in stage if change.id == item_id]
    return changes[-1].after or changes[-1].lost


def test_everything_in_the_corpus_comes_out_of_a_trace(corpus: Corpus, run: Path) -> None:
    ledger = json.loads((run / "corpus" / "ledger.json").read_bytes())
    kept = list(conversations(run / "corpus"))
    assert {item.kind for item in kept} == {"agent", "general", "lesson", "negative"}
    rows = {item.id: item for item in trajectories(run / "trajectories")}
    for item in kept:
        found = trace(corpus, item.id, None)
        assert last(found, item.id) == item
        assert found.id == row_of(item.id)
        assert found.ledger == ledger
        assert [name for name, _ in found.stages] == [stage["name"] for stage in ledger["stages"]]
        if item.kind == "agent":
            assert found.read is not None
            assert found.read.steps == rows[item.id].steps
            assert json.loads(found.row)["id"].startswith("Step")


def test_everything_that_left_says_where_and_why(corpus: Corpus, run: Path) -> None:
    lines = list(left(run / "corpus"))
    reasons = {line.reason for line in lines}
    assert {"prefix_row", "mix"} < reasons
    assert {line.stage for line in lines} >= {"read", "fold", "mix"}
    for line in lines:
        found = trace(corpus, line.id, None)
        told = [(name, change.lost) for name, stage in found.stages for change in stage if change.id == line.id]
        assert told[-1] == (line.stage, line)
        assert found.row  # the raw row is there, even of those that could not be read


def test_stages_hand_on_what_they_were_given(corpus: Corpus, run: Path) -> None:
    """An item enters a stage as it left the one before."""
    for item in conversations(run / "corpus"):
        alive: dict[str, Trajectory | Conversation] = {}
        for _, changes in trace(corpus, item.id, None).stages:
            for change in changes:
                if change.before is not None and change.id in alive:
                    assert change.before == alive[change.id]
                if change.after is not None:
                    alive[change.id] = change.after


def test_lessons_and_negatives_are_made_of_their_row(corpus: Corpus, run: Path) -> None:
    for kind, stage in (("lesson", "format_lessons"), ("negative", "negatives/pick")):
        item = next(item for item in conversations(run / "corpus") if item.kind == kind)
        found = dict(trace(corpus, row_of(item.id), None).stages)
        (made,) = (change for change in found[stage] if change.id == item.id)
        assert made.before is None
        assert row_of(item.id) in item.origin_ids


def test_the_repetition_of_a_row_is_told_from_the_first(corpus: Corpus, run: Path) -> None:
    ids = {*(item.id for item in conversations(run / "corpus")), *(line.id for line in left(run / "corpus"))}
    again = next(each for each in ids if each.endswith("-1") and row_of(each) == each)
    first, second = trace(corpus, again.removesuffix("-1"), None), trace(corpus, again, None)
    assert first.row == second.row
    assert (first.read, second.read) != (None, None)
    assert [each.id == again for each in (first, second)] == [False, True]


def test_a_row_that_waits_for_a_reply_says_so(corpus: Corpus) -> None:
    found = trace(corpus, "0" * 32, {})
    assert (found.row, found.read, [changes for _, changes in found.stages if changes]) == (b"", None, [])
    pending = found.ledger["stages"][-2]
    assert (pending["name"], pending["pending"] > 0) == ("negatives/reply", True)


@pytest.mark.parametrize(
    ("item", "row_id"),
    [
        ("a" * 32, "a" * 32),
        ("a" * 32 + "-1", "a" * 32 + "-1"),
        ("a" * 32 + "-1-n2", "a" * 32 + "-1"),
        ("a" * 32 + "-l10", "a" * 32),
        ("short", "short"),
    ],
)
def test_the_row_of_an_item(item: str, row_id: str) -> None:
    assert row_of(item) == row_id
