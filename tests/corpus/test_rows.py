"""However a file is cut, its rows come out whole, once, and in order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core.errors import Mistake
from agentflan.corpus.files import rows
from agentflan.corpus.files.arrays import commas

TEXT = st.text(alphabet='ab\\"[]{},:\n é😀', max_size=20)
ROWS = st.lists(
    st.dictionaries(TEXT, st.one_of(TEXT, st.integers(), st.lists(TEXT, max_size=3)), max_size=3), max_size=12
)


def all_rows(path: Path, target: int) -> list[object]:
    return [json.loads(row) for shard in rows.shards(path, target) for row in rows.rows(shard)]


@given(data=ROWS, target=st.integers(1, 200), indent=st.sampled_from([None, 1]), plain=st.booleans())
def test_an_array_is_cut_between_its_elements(
    tmp_path_factory: pytest.TempPathFactory, data: list[object], target: int, indent: int | None, plain: bool
) -> None:
    path = tmp_path_factory.mktemp("rows") / "a.json"
    path.write_text(json.dumps(data, indent=indent, ensure_ascii=plain), encoding="utf-8")
    assert all_rows(path, target) == data


@given(data=st.lists(st.dictionaries(TEXT, TEXT, min_size=1, max_size=3), min_size=1), target=st.integers(1, 200))
def test_lines_are_cut_at_line_ends(tmp_path_factory: pytest.TempPathFactory, data: list[object], target: int) -> None:
    path = tmp_path_factory.mktemp("rows") / "a.jsonl"
    path.write_text("\n\n".join(json.dumps(row, ensure_ascii=False) for row in data), encoding="utf-8")
    assert all_rows(path, target) == data


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_the_scan_does_not_care_where_its_chunks_end(chunk: int) -> None:
    text = json.dumps([{"a": 'x\\"]},{[', "b": ["\\", '"\\\\'], "c": "\\\\\\"}, {"d": "]"}, [1, [2]]]).encode()
    pieces = iter([text[at : at + chunk] for at in range(0, len(text), chunk)])
    whole = list(commas(iter([text])))
    assert list(commas(pieces)) == whole
    assert len(whole) == 3


def test_a_pretty_printed_object_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "tree.json"
    path.write_text(json.dumps({"a": {"b": 1}, "c": [1, 2]}, indent=4))
    assert all_rows(path, 5) == [{"a": {"b": 1}, "c": [1, 2]}]


def test_a_broken_line_leaves_the_others_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1\n{"a": 2}\n{"a": 3}\n')
    (shard,) = rows.shards(path, 10_000)
    assert list(rows.rows(shard)) == [b'{"a": 1', b'{"a": 2}', b'{"a": 3}']


def test_a_broken_element_leaves_the_others_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"a": 1}, {"a": nonsense}, {"a": 3}]')
    (shard,) = rows.shards(path, 10_000)
    assert list(rows.rows(shard)) == [b'{"a": 1}', b'{"a": nonsense}', b'{"a": 3}']


def test_a_truncated_array_still_gives_its_whole_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"a": 1}, {"a": 2}, {"a": "cut her')
    found = [row for shard in rows.shards(path, 8) for row in rows.rows(shard)]
    assert [row.strip() for row in found] == [b'{"a": 1}', b'{"a": 2}', b'{"a": "cut her']


@pytest.mark.parametrize(("content", "said"), [(b"", "is empty"), (b"a,b\n", "starts with 'a'")])
def test_a_file_that_holds_no_rows_is_a_mistake(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(Mistake, match=said):
        rows.shards(path, 100)
