"""The schema of rows: wide enough for all of them, refused where there is none, and read by `datasets` as declared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.corpus.exporting.schema import Schema, as_features, widened

ROWS: list[dict[str, Any]] = [
    {"id": "a", "turns": [], "score": 1, "more": None, "never": None},
    {"id": "b", "turns": [{"role": "user"}], "score": 0.5, "tags": [["x"], []], "never": None},
    {"id": "c", "turns": [{"role": "user", "loss": True}], "score": None, "more": {"kept": "yes"}, "never": None},
]


def of(rows: list[Any]) -> Schema:
    schema: Schema = None
    for row in rows:
        schema = widened(schema, row)
    return schema


def test_what_is_declared() -> None:
    assert as_features(of(ROWS)) == [
        {"name": "id", "dtype": "string"},
        {"name": "turns", "list": [{"name": "role", "dtype": "string"}, {"name": "loss", "dtype": "bool"}]},
        {"name": "score", "dtype": "float64"},
        {"name": "more", "struct": [{"name": "kept", "dtype": "string"}]},
        {"name": "never", "dtype": "string"},
        {"name": "tags", "list": {"list": "string"}},
    ]


def test_datasets_reads_by_it_what_it_cannot_guess(tmp_path: Path) -> None:
    """The first rows have fewer keys than later ones: without the declaration the file does not load in small parts."""
    datasets = pytest.importorskip("datasets")
    rows = [*ROWS[:1] * 50, *ROWS[1:]]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    features = datasets.Features._from_yaml_list(as_features(of(rows)))
    files = str(tmp_path / "train.jsonl")
    found = datasets.load_dataset(
        "json", data_files=files, features=features, split="train", chunksize=500, cache_dir=str(tmp_path)
    )
    assert [row["id"] for row in found] == [row["id"] for row in rows]
    assert found[-1]["turns"] == [{"role": "user", "loss": True}]
    assert found[-1]["more"] == {"kept": "yes"}


@pytest.mark.parametrize("values", [["a", 1], [1, True], [{"a": 1}, "a"], [[1], {"a": 1}], [["a"], [1]]])
def test_what_shares_no_column_is_refused(values: list[Any]) -> None:
    with pytest.raises(TypeError, match="cannot hold"):
        of([{"key": value} for value in values])


values = st.recursive(
    st.one_of(st.none(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)),
    max_leaves=6,
)


@given(rows=st.lists(st.dictionaries(st.sampled_from("xy"), values, max_size=2), max_size=4))
def test_order_does_not_matter(rows: list[dict[str, Any]]) -> None:
    def found(several: list[dict[str, Any]]) -> str:
        try:
            return json.dumps(of(several), sort_keys=True)
        except TypeError:
            return "refused"

    assert found(rows) == found(rows[::-1])
