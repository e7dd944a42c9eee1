"""Trajectories and conversations come back from disk as they went; their bytes do not depend on how they arrived."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentflan.core.errors import Mistake
from agentflan.core.types import (
    CAPABILITIES,
    Answer,
    Conversation,
    Message,
    Segment,
    Step,
    ToolCall,
    ToolSpec,
    Trajectory,
)
from agentflan.corpus.store import parquet, parts
from agentflan.corpus.store.parquet import ConversationWriter, TrajectoryWriter, conversations, trajectories

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TOOLS = st.lists(st.builds(ToolSpec, name=TEXT, description=TEXT, parameters=TEXT), max_size=2).map(tuple)
SEGMENTS = st.builds(
    Segment,
    text=TEXT,
    capability=st.sampled_from([None, *CAPABILITIES]),
    loss=st.booleans(),
    weight=st.sampled_from([1.0, 0.25, 0.1]),
)
MESSAGES = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant"]),
    segments=st.lists(SEGMENTS, max_size=3).map(tuple),
)
HEAD = {
    "id": TEXT,
    "source": TEXT,
    "licence": TEXT,
    "kind": st.sampled_from(["agent", "general", "lesson", "negative"]),
    "group": TEXT,
    "query": TEXT,
    "tools": TOOLS,
    "origin_ids": st.lists(TEXT, max_size=3).map(tuple),
}
CONVERSATIONS = st.builds(Conversation, **HEAD, messages=st.lists(MESSAGES, max_size=4).map(tuple))
STEPS = st.builds(
    Step,
    thought=TEXT,
    action=st.one_of(st.none(), st.builds(Answer, text=TEXT), st.builds(ToolCall, name=TEXT, arguments=TEXT)),
    observation=st.one_of(st.none(), TEXT),
    loss=st.booleans(),
)
TRAJECTORIES = st.builds(
    Trajectory,
    **HEAD,
    steps=st.lists(STEPS, max_size=4).map(tuple),
    dialect=TEXT,
    ending=st.sampled_from(["answer", "gave_up", "open"]),
    restarted=st.booleans(),
    instruction=TEXT,
)


@settings(max_examples=30, deadline=None)
@given(st.lists(CONVERSATIONS, max_size=7), st.lists(TRAJECTORIES, max_size=7))
def test_items_come_back_as_they_went(talks: list[Conversation], paths: list[Trajectory]) -> None:
    with tempfile.TemporaryDirectory() as name:
        with ConversationWriter(Path(name, "c"), rows_per_file=3, rows_per_group=2) as writer:
            writer.write(talks)
        with TrajectoryWriter(Path(name, "t"), rows_per_file=3, rows_per_group=2) as other:
            other.write(paths)
        assert list(conversations(Path(name, "c"))) == talks
        assert list(trajectories(Path(name, "t"))) == paths
        assert parquet.count(Path(name, "c")) == len(talks)


def talk(number: int, text: str = "hello") -> Conversation:
    return Conversation(
        id=f"c{number}", source="s", messages=(Message(role="user", segments=(Segment(text=f"{text} {number}"),)),)
    )


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def written(folder: Path, batches: Sequence[Sequence[Conversation]]) -> dict[str, bytes]:
    with ConversationWriter(folder, rows_per_file=100, rows_per_group=30) as writer:
        for batch in batches:
            writer.write(batch)
    return bytes_of(folder)


def test_bytes_do_not_depend_on_how_rows_arrive(tmp_path: Path) -> None:
    talks = [talk(number) for number in range(250)]
    whole = written(tmp_path / "a", [talks])
    assert list(whole) == ["part-00000.parquet", "part-00001.parquet", "part-00002.parquet"]
    assert written(tmp_path / "b", [talks[start : start + 7] for start in range(0, 250, 7)]) == whole
    assert written(tmp_path / "c", [[one] for one in talks]) == whole
    rows = [pq.ParquetFile(tmp_path / "a" / name).metadata for name in whole]
    assert [meta.num_rows for meta in rows] == [100, 100, 50]
    assert [rows[0].row_group(index).num_rows for index in range(rows[0].num_row_groups)] == [30, 30, 30, 10]


def test_a_shorter_second_run_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    written(tmp_path / "a", [[talk(number) for number in range(250)]])
    assert list(written(tmp_path / "a", [])) == ["part-00000.parquet"]
    assert list(conversations(tmp_path / "a")) == []


def test_a_failure_keeps_what_was_there_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    before = written(tmp_path / "a", [[talk(1)]])
    with pytest.raises(TypeError):
        written(tmp_path / "a", [[talk(number) for number in range(250)], None])
    assert bytes_of(tmp_path / "a") == before


def test_a_text_over_the_limit_is_refused_both_ways(tmp_path: Path) -> None:
    long = talk(1, "x" * parts.TEXT_LIMIT)
    with pytest.raises(Mistake, match="over the limit"):
        written(tmp_path / "a", [[long]])
    assert bytes_of(tmp_path / "a") == {}
    row = {field.name: None for field in parquet.CONVERSATIONS}
    row |= {"origin_ids": [], "messages": [{"role": "user", "content": "x" * (parts.TEXT_LIMIT + 1), "segments": []}]}
    pq.write_table(pa.Table.from_pylist([row], schema=parquet.CONVERSATIONS), tmp_path / "a" / "part-00000.parquet")
    assert (tmp_path / "a" / "part-00000.parquet").stat().st_size < parts.TEXT_LIMIT / 10
    with pytest.raises(Mistake, match=r"part-00000.*over the limit"):
        list(conversations(tmp_path / "a"))


def test_foreign_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="nowhere: no such folder"):
        list(conversations(tmp_path / "nowhere"))
    with pytest.raises(Mistake, match="holds no part"):
        list(conversations(tmp_path))
    part = tmp_path / "part-00000.parquet"
    pq.write_table(pa.table({"text": ["a"]}), part)
    with pytest.raises(Mistake, match=r"part-00000\.parquet: is Parquet, but not written by agentflan"):
        list(conversations(tmp_path))
    written(tmp_path / "ours", [[talk(1)]])
    with pytest.raises(Mistake, match="holds 'conversations 2', not 'trajectories 1'"):
        list(trajectories(tmp_path / "ours"))
    part.write_bytes((tmp_path / "ours" / part.name).read_bytes()[:-20])
    with pytest.raises(Mistake, match="not a whole Parquet file"):
        list(conversations(tmp_path))
    shutil.copy(tmp_path / "ours" / part.name, part)
    assert list(conversations(tmp_path)) == [talk(1)]


def test_parts_with_other_columns_say_so(tmp_path: Path) -> None:
    with TrajectoryWriter(tmp_path) as writer:
        writer.write([])
    (part,) = tmp_path.glob("part-*.parquet")
    table = pq.read_table(part)
    pq.write_table(table.drop_columns(["restarted"]), part)
    with pytest.raises(Mistake, match="has other columns"):
        list(trajectories(tmp_path))
