"""The published form: the seven splits of the release, their schema, and how like its two rows that we have."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentflan.core import plugs
from agentflan.core.types import Answer, Conversation, Step, ToolCall, Trajectory
from agentflan.corpus.exporting.export import export
from agentflan.corpus.exporting.holdings import Told
from agentflan.exports.parts.splits import PUBLISHED, split_of
from agentflan.recipes.demo import rows as made_up
from agentflan.recipes.recipe import load
from agentflan.recipes.run import build_all
from tests.sources.real_rows import need

Row = dict[str, Any]
PROMPT, LESSON = "You have access to the following APIs", "You have access to the following API:"


def published(folder: Path, sources: dict[str, list[Path]], transforms: str = "") -> Path:
    """A run of the recipe `release` over these files, or of another chain, and beside it its export in `out`."""
    entries = "".join(
        f"    - {{use: {name}, path: {json.dumps(list(map(str, files)))}}}\n" for name, files in sources.items()
    )
    text = f"base: release\ncorpus:\n  sources:\n{entries}{transforms}"
    (folder / "recipe.yaml").write_text(text)
    build_all(load(folder / "recipe.yaml"), folder / "run", say=lambda _: None)
    export(folder / "run", plugs.load("export", "agentflan"), folder / "out")
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real rows and, so that no share is too small for a row, made-up searches."""
    folder = tmp_path_factory.mktemp("release")
    (folder / "searches.jsonl").write_text("\n".join(map(json.dumps, made_up.searches(0, 60))))
    toolbench = [*need("toolbench_answers"), *need("toolllama_rows"), folder / "searches.jsonl"]
    sources = {"agentinstruct": need("agentinstruct"), "toolbench": toolbench, "sharegpt": need("sharegpt_vicuna")[:1]}
    return published(folder, sources)


@pytest.fixture(scope="module")
def likened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All real searches as lessons and as whole steps, unfinished ones too: the more rows are compared, the better."""
    chain = (
        "  transforms:\n    - qualified_names\n    - {use: format_lessons, grammar: release}\n"
        "    - {use: converse, react_share: 0, fenced_share: 1}\n"
    )
    folder = tmp_path_factory.mktemp("likened")
    return published(
        folder,
        {"toolbench": [*need("toolbench_answers"), *need("toolllama_rows"), *need("stabletoolbench_answers")]},
        chain,
    )


def read(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def turns(row: Row) -> list[tuple[str, str]]:
    return [(turn["role"], turn["content"]) for turn in row.get("conversation") or row["conversations"]]


def said(row: Row, role: str) -> list[str]:
    return [content for who, content in turns(row) if who == role]


def test_the_seven_splits_are_there_under_their_names(whole: Path) -> None:
    files = {path.stem for path in (whole / "out").glob("*.jsonl")}
    assert files == {*PUBLISHED, "general"}
    counts = {split: len(read(whole / "out" / f"{split}.jsonl")) for split in PUBLISHED}
    searches = sum(counts[split] for split in PUBLISHED if split.startswith(("toolbench_react", "toolbench_tflan")))
    assert counts["toolbench_react_10p"] == pytest.approx(0.1 * searches, abs=1)
    assert counts["toolbench_tflan_cot_30p"] == pytest.approx(0.3 * searches, abs=1)
    assert counts["toolbench_tflan_60p_r10r5u7"] == pytest.approx(0.6 * searches, abs=1)
    assert counts["agent_instruct_react"] == counts["agent_instruct_tflan"] > 10


def test_lessons_are_json_and_lines_one_to_one(whole: Path) -> None:
    replies = [said(row, "assistant")[0] for row in read(whole / "out" / "toolbench_instruct_j1s1_3k.jsonl")]
    objects = sum(reply.startswith("{") for reply in replies)
    assert abs(2 * objects - len(replies)) <= 1


def test_every_split_has_the_one_schema(whole: Path) -> None:
    for path in (whole / "out").glob("*.jsonl"):
        for row in read(path):
            assert row.keys() == {"id", "conversation"}
            assert row["id"].startswith(f"AgentFlan_{path.stem}_")
            for turn in row["conversation"]:
                assert [type(turn[key]) for key in ("role", "content", "loss")] == [str, str, bool]
                assert turn.keys() == {"role", "content", "loss"}
                assert turn["role"] == "assistant" or not turn["loss"]


def test_a_negative_is_trained_on_its_reply(whole: Path) -> None:
    for row in read(whole / "out" / "toolbench_negative.jsonl"):
        assert [turn["loss"] for turn in row["conversation"]][-2:] == [False, True]


def test_datasets_loads_all_splits_without_a_word(whole: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    for streaming in (False, True):
        found = datasets.load_dataset(str(whole / "out"), streaming=streaming, cache_dir=str(tmp_path))
        assert set(found) == {*PUBLISHED, "general"}
        assert len({str(split.features) for split in found.values()}) == 1
        for name, split in found.items():
            assert [row["id"] for row in split] == [row["id"] for row in read(whole / "out" / f"{name}.jsonl")]


def test_the_card_tells_each_split_its_rows_and_the_real_shares(whole: Path) -> None:
    card = (whole / "out" / "README.md").read_text(encoding="utf-8")
    for split, (rows, about) in PUBLISHED.items():
        assert f"| `{split}` | {len(read(whole / 'out' / f'{split}.jsonl')):,} | {rows} | {about}" in card
    assert "`toolbench_react_10p` 9." in card or "`toolbench_react_10p` 10." in card
    assert "grammar: release" in card


def bare(step: Step) -> Step:
    """What the published form tells of a step: arguments by value, no blanks around."""
    action = step.action
    if isinstance(action, ToolCall) and action.arguments.startswith("{"):
        action = ToolCall(name=action.name, arguments=json.dumps(json.loads(action.arguments)))
    if isinstance(action, Answer):
        action = Answer(text=action.text.strip())
    return Step(thought=step.thought.strip(), action=action, observation=step.observation, loss=step.loss)


def test_the_source_reads_whole_steps_and_react_back(whole: Path, likened: Path) -> None:
    source = plugs.load("source", "agent_flan")
    compared = 0
    for folder in (whole, likened):
        told = {item.id: item for item in Told(folder / "run")}
        for split in ("toolbench_react_10p", "toolbench_tflan_cot_30p"):
            path = folder / "out" / f"{split}.jsonl"
            for row in read(path) if path.exists() else []:
                found, meant = source(json.dumps(row).encode()), told[row["id"].rpartition("_")[2]]
                assert isinstance(found, Trajectory)
                assert found.query.strip() == meant.query.strip()
                compared += 1
                steps = [bare(step) for step in meant.steps]
                steps[-1] = msgspec.structs.replace(steps[-1], observation=None)
                assert [bare(_without_label(step)) for step in found.steps] == steps
    assert compared > 20


def _without_label(step: Step) -> Step:
    return msgspec.structs.replace(
        step, observation=step.observation and step.observation.removeprefix("Observation: ")
    )


def test_the_source_reads_dialogue_back(whole: Path, tmp_path: Path) -> None:
    """All of it where nothing was dropped; of the release's shares what is left, and never another step."""
    chain = "  transforms:\n    - qualified_names\n    - {use: converse, react_share: 0, by_value_share: 0.5}\n"
    rows = {"toolbench": need("toolbench_answers"), "agentinstruct": need("agentinstruct")}
    folder = published(tmp_path, rows, chain)
    source, compared = plugs.load("source", "agent_flan"), 0
    told = {item.id: item for item in Told(folder / "run")}
    for split in ("toolbench_tflan_60p_r10r5u7", "agent_instruct_tflan"):
        for row in read(folder / "out" / f"{split}.jsonl"):
            found, meant = source(json.dumps(row).encode()), told[row["id"].rpartition("_")[2]]
            assert isinstance(found, Trajectory)
            steps = [bare(_as_heard(step)) for step in meant.steps]
            steps[-1] = msgspec.structs.replace(steps[-1], observation=None)
            assert [bare(step) for step in found.steps] == steps
            compared += 1
    assert compared > 20
    left = {item.id: item for item in Told(whole / "run")}
    for row in read(whole / "out" / "toolbench_tflan_60p_r10r5u7.jsonl"):
        found, meant = source(json.dumps(row).encode()), left[row["id"].rpartition("_")[2]]
        called = [step.action.name for step in meant.steps if isinstance(step.action, ToolCall)]
        names = [step.action.name for step in found.steps if isinstance(step.action, ToolCall)]
        assert all(name in called for name in names)
        assert {step.thought for step in found.steps} <= {step.thought for step in meant.steps} | {""}


def _as_heard(step: Step) -> Step:
    """A tool that gave nothing back says so."""
    heard = "(empty)" if step.observation == "" and isinstance(step.action, ToolCall) else step.observation
    return msgspec.structs.replace(step, observation=heard)


def test_the_source_reads_every_row_with_its_loss(whole: Path) -> None:
    source = plugs.load("source", "agent_flan")
    kinds = {}
    for path in (whole / "out").glob("*.jsonl"):
        for row in read(path):
            found = source(json.dumps(row).encode())
            assert isinstance(found, Trajectory), found
            replies = [turn["loss"] for turn in row["conversation"] if turn["role"] == "assistant"]
            assert all(step.loss for step in found.steps) == all(replies)
            kinds.setdefault(path.stem, set()).add(found.kind)
    assert kinds["toolbench_instruct_j1s1_3k"] == {"lesson"}
    assert kinds["toolbench_negative"] == {"negative"}
    assert "agent" in kinds["toolbench_react_10p"]


def test_conversations_that_the_release_has_none_of_get_splits_by_the_same_pattern() -> None:
    def item(**known: Any) -> Conversation:
        return Conversation(id="1", messages=(), **known)

    assert split_of(item(source="sharegpt", kind="general")) == "general"
    assert split_of(item(source="glaive", dialect="talk")) == "glaive_tflan"
    assert split_of(item(source="glaive", dialect="fenced")) == "glaive_tflan_cot"
    assert split_of(item(source="glaive", dialect="react")) == "glaive_react"
    assert split_of(item(source="glaive", kind="negative")) == "glaive_negative"
    assert split_of(item(source="their.rows:Own", kind="lesson")) == "their_rows_Own_instruct"
    assert split_of(item(source="agentinstruct", dialect="os")) == "agent_instruct_react"


# Likeness to the release's two rows, in the five respects that the rows can speak for.


def release_row(split: str) -> Row:
    (path,) = need("agentflan_release_rows")
    return next(row for row in read(path) if split in row["id"])


def ours(likened: Path, split: str) -> list[Row]:
    return read(likened / "out" / f"{split}.jsonl")


def roles(row: Row) -> str:
    return "".join(role[0] for role, _ in turns(row))


def fences(texts: list[str]) -> set[str]:
    """What stands behind the opening marks of the blocks in these texts."""
    return {mark for text in texts for mark in re.findall(r"^```(\w*)$", text, re.MULTILINE)[::2]}


def apis(prompt: str) -> Iterator[tuple[str, str, Row]]:
    """(name, description, schema) of each block after the header; fails where anything else stands there."""
    _, header, listed = prompt.partition(f"{PROMPT}.")
    assert header
    for block in re.split(r"\n\n(?=[\w.]+: )", listed.partition("\n")[2]):
        head, _, schema = block.rpartition("\n")
        mark = "Input parameters are as follows: "
        assert schema.startswith(mark)
        name, _, about = head.partition(": ")
        yield name, about, json.loads(schema.removeprefix(mark))


COT, LESSONS = "toolbench_tflan_cot_30p", "toolbench_instruct_j1s1_3k"


def test_role_sequences_are_the_release_s(likened: Path) -> None:
    for row in [release_row(COT), *ours(likened, COT)]:
        assert re.fullmatch("su(au)*a", roles(row))
    assert {roles(row) for row in [release_row(LESSONS), *ours(likened, LESSONS)]} == {"sua"}


def test_the_kind_of_fence_is_the_release_s(likened: Path) -> None:
    assert fences(said(release_row(COT), "assistant")) == {"python"}
    rows = [row for row in ours(likened, COT) if "```" in "".join(said(row, "assistant"))]
    assert len(rows) >= 7
    assert fences([text for row in rows for text in said(row, "assistant")]) == {"python"}
    for row in [release_row(COT), *rows]:
        for text in said(row, "assistant"):
            if text.endswith("\n```"):
                held = ast.literal_eval(text[text.rfind("```python\n") + 10 : -4])
                assert list(held) == ["name", "parameters"]
    assert fences(said(release_row(LESSONS), "system")) == {""}
    assert fences([text for row in ours(likened, LESSONS) for text in said(row, "system")]) == {""}


def test_calls_are_named_as_in_the_release(likened: Path) -> None:
    pattern = re.compile(r"(\w+)\.\w+_for_\1")
    for row in [release_row(COT), *ours(likened, COT)]:
        called = re.findall(r"```python\n\{'name': '([^']+)'", "".join(said(row, "assistant")))
        offered = [name for name, _, _ in apis(said(row, "system")[0])]
        assert set(called) <= set(offered)
        assert all(pattern.fullmatch(name) or len(name.partition(".")[2]) == 64 for name in offered)
    for row in [release_row(LESSONS), *ours(likened, LESSONS)]:
        (asked,) = re.findall(r"Call the function (\S+) with", said(row, "user")[0]) or re.findall(
            r"Call the function (\S+)", said(row, "user")[0]
        )
        assert asked in said(row, "assistant")[0]
        shown = ast.literal_eval(said(row, "system")[0].removeprefix(f"{LESSON}\n").partition("\n")[0])
        assert shown["name"] == asked.partition(".")[2]


def test_the_block_of_a_tool_is_the_release_s(likened: Path) -> None:
    compared = 0
    for row in [release_row(COT), *ours(likened, COT)]:
        for _, about, schema in apis(said(row, "system")[0]):
            assert about.startswith("This is the subfunction for tool '")
            assert '"' not in about
            assert {"type", "properties", "required", "optional"} <= schema.keys()
            compared += 1
    assert compared > 50
    for row in [release_row(LESSONS), *ours(likened, LESSONS)]:
        opening, api, request = said(row, "system")[0].split("\n", 2)
        assert opening == LESSON
        assert list(ast.literal_eval(api)) == ["name", "description", "parameters"]
        assert "JSON" in request


def test_keys_come_in_any_order(likened: Path) -> None:
    def order(row: Row) -> tuple[list[str], list[str]]:
        template = re.findall(r'^    "(\w+)": ', said(row, "system")[0], re.MULTILINE)
        return template, list(json.loads(said(row, "assistant")[0]))

    asked, replied = order(release_row(LESSONS))
    assert sorted(asked) == sorted(replied)
    assert asked != replied
    orders = [order(row) for row in ours(likened, LESSONS) if said(row, "assistant")[0].startswith("{")]
    assert all(sorted(asked) == sorted(replied) for asked, replied in orders)
    assert {asked == replied for asked, replied in orders} == {True, False}
    assert len({asked[0] for asked, _ in orders}) > 5
