"""The corpus depends on rows, settings and replies alone, and the books balance at every stage."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Mistake, Mistakes
from agentflan.core.types import CAPABILITIES
from agentflan.corpus.building.build import build
from agentflan.corpus.engines.local import Local
from agentflan.corpus.settings import Corpus, CorpusSettings, Mix, load_corpus
from agentflan.corpus.store.parquet import conversations, trajectories

REAL = Path(__file__).parents[3] / "shared" / "data"
REAL_SOURCES: tuple[dict[str, Any], ...] = (
    {"use": "agentinstruct", "path": "agentinstruct/*.json"},
    {
        "use": "toolbench",
        "path": ["toolbench_answers/*.json", "stabletoolbench_answers/*.json", "toolllama_rows/*.jsonl"],
    },
    {"use": "sharegpt", "path": "sharegpt_vicuna/*.json*"},
)
CHAIN = (
    {"use": "finished_only"},
    {"use": "no_restarts"},
    {"use": "converse", "react_share": 0.3},
    {"use": "rebalance"},
)


@pytest.fixture
def real() -> Corpus:
    if not REAL.is_dir():
        pytest.skip(f"the real rows are not there: {REAL}")
    return load_corpus(CorpusSettings(sources=REAL_SOURCES), folder=REAL, seed=0)


def row(number: int, steps: int = 1, *, end: str = "give_answer") -> dict[str, Any]:
    tools = [
        {
            "name": "forecast_for_weather",
            "description": "Tells tomorrow's weather.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
        {"name": "Finish", "description": "", "parameters": {"type": "object", "properties": {}}},
    ]
    turns = [
        {"from": "system", "value": f"Rules.\nSpecifically, you have access to the following APIs: {tools}"},
        {"from": "user", "value": f"\nWhat will the weather be in town {number}?\nBegin!\n"},
    ]
    for step in range(steps):
        call = json.dumps({"city": f"town {number}.{step}"})
        said = f"\nThought: I look it up.\nAction: forecast_for_weather\nAction Input: {call}"
        turns += [
            {"from": "assistant", "value": said},
            {"from": "function", "value": '{"error": "", "response": "sun"}'},
        ]
    final = json.dumps({"return_type": end, "final_answer": f"Sun in town {number}."})
    turns.append({"from": "assistant", "value": f"\nThought: \nAction: Finish\nAction Input: {final}"})
    return {"id": f"Step {2 * steps + 1}: {number}", "conversations": turns}


def written(folder: Path, rows: list[dict[str, Any]], name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    return path


def corpus_of(path: Path, chain: Any = CHAIN, **settings: Any) -> Corpus:
    sources = ({"use": "toolbench", "path": str(path)},)
    return load_corpus(CorpusSettings(sources=sources, transforms=chain, **settings), folder=Path(), seed=0)


def contents(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def assert_balanced(ledger: dict[str, Any]) -> None:
    for stage in ledger["stages"]:
        left = stage["out"] + sum(stage["dropped"].values()) + sum(stage["quarantined"].values()) + stage["pending"]
        assert stage["in"] + stage["made"] == left, stage
    for before, after in zip(ledger["stages"], ledger["stages"][1:], strict=False):
        assert before["out"] == after["in"]


def test_real_rows_build_to_the_same_bytes_however_the_work_is_cut(real: Corpus, tmp_path: Path) -> None:
    ledger = build(real, tmp_path / "a", shard_bytes=8 << 20)
    assert_balanced(ledger)
    assert ledger["stages"][0]["in"] == ledger["stages"][0]["out"] + 113  # 110 no conversations, 2 no path, 1 no tools
    first = contents(tmp_path / "a")
    for name, workers, shard_bytes in (("b", 2, 1 << 20), ("c", 1, 1 << 16)):
        build(real, tmp_path / name, engine=Local(workers=workers), shard_bytes=shard_bytes)
        assert contents(tmp_path / name) == first
    build(real, tmp_path / "a")
    assert contents(tmp_path / "a") == first


def test_what_stands_in_the_ledger_stands_in_the_files(real: Corpus, tmp_path: Path) -> None:
    ledger = build(real, tmp_path)
    found = list(conversations(tmp_path / "corpus"))
    assert len(found) == ledger["conversations"]
    assert ledger["shares"] == dict(sorted(Counter(conversation.kind for conversation in found).items()))
    trained = dict.fromkeys((*CAPABILITIES, "chat"), 0)
    for conversation in found:
        for message in conversation.messages:
            for segment in message.segments:
                trained[segment.capability or "chat"] += len(segment.text) * segment.loss
    assert trained == ledger["characters"]["by_capability"]
    for name, kind in (("dropped", "dropped"), ("quarantine", "quarantined")):
        lines = (tmp_path / "corpus" / f"{name}.jsonl").read_bytes().splitlines()
        assert len(lines) == sum(sum(stage[kind].values()) for stage in ledger["stages"])
    kept = {trajectory.id for trajectory in trajectories(tmp_path / "trajectories")}
    assert {conversation.id for conversation in found if conversation.kind in ("agent", "general")} == kept
    known = kept | {
        json.loads(line)["id"] for line in (tmp_path / "corpus" / "dropped.jsonl").read_bytes().splitlines()
    }
    assert all(set(conversation.origin_ids) <= known for conversation in found)


def test_the_corpus_holds_no_paths(real: Corpus, tmp_path: Path) -> None:
    build(real, tmp_path)
    assert not any(
        str(REAL).encode() in content or str(tmp_path).encode() in content for content in contents(tmp_path).values()
    )


def test_prefix_rows_are_folded_across_shards_and_the_ledger_says_how_many(tmp_path: Path) -> None:
    longest = row(1, steps=3)
    prefixes = [{**longest, "conversations": longest["conversations"][:cut]} for cut in (3, 5, 7)]
    rows = [prefixes[0], row(2), prefixes[1], longest, prefixes[2], row(3)]
    ledger = build(corpus_of(written(tmp_path, rows)), tmp_path / "out", shard_bytes=600)
    assert {stage["name"]: stage["dropped"] for stage in ledger["stages"]}["fold"] == {"prefix_row": 3}
    assert ledger["conversations"] == 3
    whole = next(item for item in conversations(tmp_path / "out" / "corpus") if len(item.origin_ids) > 1)
    assert len(whole.origin_ids) == 4
    assert whole.origin_ids[0] == whole.id


def test_equal_rows_get_ids_of_their_own(tmp_path: Path) -> None:
    chat = {"conversations": [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Hi"}]}
    path = written(tmp_path, [chat, {"id": "x", **chat}, chat, chat])
    settings = CorpusSettings(sources=({"use": "sharegpt", "path": str(path)},), transforms=("converse",))
    build(load_corpus(settings, folder=Path(), seed=0), tmp_path / "out", shard_bytes=50)
    ids = [item.id for item in conversations(tmp_path / "out" / "corpus")]
    assert len(set(ids)) == 4
    assert [name.removeprefix(ids[0]) for name in (ids[0], ids[2], ids[3])] == ["", "-1", "-2"]


def test_a_broken_row_is_quarantined_whole_and_the_others_live(tmp_path: Path) -> None:
    path = written(tmp_path, [row(1), row(2)])
    path.write_text(path.read_text() + '{"id": "cut off", "conver\n' + json.dumps(row(3)) + "\n")
    ledger = build(corpus_of(path), tmp_path / "out")
    assert ledger["conversations"] == 3
    (line,) = (tmp_path / "out" / "corpus" / "quarantine.jsonl").read_bytes().splitlines()
    lost = json.loads(line)
    assert (lost["reason"], lost["number"], lost["row"]) == ("broken_json", 3, '{"id": "cut off", "conver')


def test_a_source_without_a_usable_row_is_a_mistake(tmp_path: Path) -> None:
    path = written(tmp_path, [{"question": "?"}])
    with pytest.raises(Mistake, match="no row could be used"):
        build(corpus_of(path), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", ["", "[]", "  \n"])
def test_an_empty_source_is_a_mistake(tmp_path: Path, content: str) -> None:
    path = tmp_path / "rows.json"
    path.write_text(content)
    with pytest.raises(Mistake, match=r"is empty|hold no rows"):
        build(corpus_of(path), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_chain_that_never_makes_conversations_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="add `converse`"):
        build(corpus_of(written(tmp_path, [row(1)]), ({"use": "finished_only"},)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_missing_replies_leave_rows_pending_and_given_ones_fill_them(tmp_path: Path) -> None:
    rows = [row(number) for number in range(6)]
    chain = (*CHAIN, {"use": "negatives", "count": 2, "ordinary_count": 0})
    corpus = corpus_of(written(tmp_path, rows), chain)
    ledger = build(corpus, tmp_path / "out", replies={})
    assert_balanced(ledger)
    assert ledger["stages"][-1]["pending"] == 2
    waiting = [json.loads(line) for line in (tmp_path / "out" / "corpus" / "pending.jsonl").read_bytes().splitlines()]
    replies = {key: "I cannot look that up." for line in waiting for key in line["requests"]}
    ledger = build(corpus, tmp_path / "out", replies=replies)
    assert ledger["stages"][-1]["pending"] == 0
    negatives = [item for item in conversations(tmp_path / "out" / "corpus") if item.kind == "negative"]
    assert [item.messages[-1].segments[0].text for item in negatives] == ["I cannot look that up."] * 2


@pytest.mark.parametrize(
    ("mix", "expected"),
    [
        (Mix(), {"toolbench": 6, "sharegpt": 3}),
        (Mix(mode="ratio", agent=1, general=1), {"toolbench": 3, "sharegpt": 3}),
        (Mix(mode="ratio", agent=2, general=1), {"toolbench": 6, "sharegpt": 3}),
        (Mix(mode="temperature", temperature=1e9), {"toolbench": 3, "sharegpt": 3}),
    ],
)
def test_the_mix_thins_out_what_is_too_much(tmp_path: Path, mix: Mix, expected: dict[str, int]) -> None:
    agent = written(tmp_path, [row(number) for number in range(6)], "agent.jsonl")
    turns = [[{"from": "human", "value": f"Hello {number}"}, {"from": "gpt", "value": "Hi"}] for number in range(3)]
    chat = written(tmp_path, [{"conversations": each} for each in turns], "chat.jsonl")
    sources = ({"use": "toolbench", "path": str(agent)}, {"use": "sharegpt", "path": str(chat)})
    settings = CorpusSettings(sources=sources, transforms=CHAIN, mix=mix)
    ledger = build(load_corpus(settings, folder=Path(), seed=0), tmp_path / "out")
    assert_balanced(ledger)
    found = [item.source for item in conversations(tmp_path / "out" / "corpus")]
    assert {source: found.count(source) for source in expected} == expected


def test_a_killed_build_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    path = written(tmp_path, [row(number, steps=2) for number in range(3000)])
    script = (
        "import sys; from pathlib import Path\n"
        "from tests.corpus.test_build import corpus_of\n"
        "from agentflan.corpus.building.build import build\n"
        "build(corpus_of(Path(sys.argv[1])), Path(sys.argv[2]), shard_bytes=100_000)\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    root = Path(__file__).parents[2]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, cwd=root)
    for passes in ("00-00002.books", "02-00001.books"):
        process = subprocess.Popen([*command, str(tmp_path / "cut")], cwd=root)
        while process.poll() is None and not (tmp_path / "cut" / "work" / passes).exists():
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "cut" / "corpus").exists()
    subprocess.run([*command, str(tmp_path / "cut")], check=True, cwd=root)
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        (["converse", "clean"], "clean works on trajectories, and here are none; put it before `converse`"),
        (["negatives", "converse"], "negatives works on conversations, and here are none; put it after `converse`"),
        (["converse", "converse"], "converse works on trajectories"),
    ],
)
def test_a_transform_on_the_wrong_side_of_converse_is_a_mistake(chain: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match=re.escape(said)):
        corpus_of(written(tmp_path, [row(1)]), chain)


def test_a_file_is_no_run_folder(tmp_path: Path) -> None:
    corpus = corpus_of(written(tmp_path, [row(1)]))
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(Mistake, match="cannot be a run folder"):
            build(corpus, out)
    assert (tmp_path / "file").read_text() == "mine"


def test_all_mistakes_of_the_corpus_block_are_reported_at_once() -> None:
    settings = msgspec.convert(
        {
            "sources": [
                {"use": "toolbensh", "path": "x"},
                {"use": "sharegpt", "path": "absent/*.json"},
                {"use": "sharegpt"},
            ],
            "transforms": [
                "finishd_only",
                {"use": "converse", "react_shar": 0.1},
                {"use": "rebalance", "mode": "crop"},
            ],
            "template": "vicunia",
        },
        CorpusSettings,
    )
    with pytest.raises(Mistakes) as raised:
        load_corpus(settings, folder=Path(), seed=0)
    said = str(raised.value)
    for part in (
        "'toolbench'?",
        "absent/*.json",
        "sources[2].path",
        "'finished_only'?",
        "'react_share'?",
        "mode",
        "template",
    ):
        assert part in said
    assert len(raised.value.found) == 7
