"""Whatever a file holds: its good rows come out, each bad one has a reason, and a bad file has a sentence."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from agentflan.core.errors import Mistake, Mistakes
from agentflan.corpus.building.build import build
from agentflan.corpus.checking.check import check
from agentflan.corpus.engines.local import Local
from agentflan.corpus.files.reading import REASONS
from agentflan.corpus.files.rows import rows, shards
from agentflan.corpus.settings import Corpus, CorpusSettings, load_corpus
from agentflan.corpus.store.parquet import conversations
from tests.corpus.hostile import FILES, GOOD, ROWS, chat, line, table, write


def corpus_of(*paths: Path) -> Corpus:
    sources = ({"use": "sharegpt", "path": [str(path) for path in paths]},)
    return load_corpus(CorpusSettings(sources=sources, transforms=("converse",)), folder=Path(), seed=0)


def built(path: Path, out: Path, **settings: Any) -> tuple[list[str], Counter[str]]:
    """Ids of the corpus in order, and why rows left."""
    build(corpus_of(path), out, **settings)
    lines = (out / "corpus" / "quarantine.jsonl").read_bytes() + (out / "corpus" / "dropped.jsonl").read_bytes()
    reasons = Counter(json.loads(each)["reason"] for each in lines.splitlines())
    return [item.id for item in conversations(out / "corpus")], reasons


@pytest.mark.parametrize("name", ROWS)
def test_bad_rows_leave_with_a_reason_and_good_ones_stay(name: str, tmp_path: Path) -> None:
    bad = ROWS[name]
    path = write(tmp_path, bad.content)
    kept, reasons = built(path, tmp_path / "out")
    assert (len(kept), reasons) == (bad.good, bad.reasons)
    found = check(path)
    assert (found.format, found.usable, found.reasons) == ("sharegpt", bad.good, bad.reasons)
    assert found.rows == bad.good + sum(bad.reasons.values())


@pytest.mark.parametrize("name", ROWS)
def test_however_it_is_cut_or_packed(name: str, tmp_path: Path) -> None:
    path = write(tmp_path, ROWS[name].content)
    expected = built(path, tmp_path / "out")
    assert built(path, tmp_path / "cut", shard_bytes=50 if len(ROWS[name].content) < 10_000 else 1 << 20) == expected
    again = write(tmp_path, gzip.compress(ROWS[name].content, 1), "packed")
    assert built(again, tmp_path / "packed_out", shard_bytes=1 << 20) == expected


@pytest.mark.parametrize("name", FILES)
def test_a_file_without_rows_is_a_mistake_with_a_mend(name: str, tmp_path: Path) -> None:
    make, said = FILES[name]
    path = write(tmp_path, make())
    with pytest.raises(Mistake, match=said) as raised:
        build(corpus_of(path), tmp_path / "out")
    assert str(path) in str(raised.value)
    assert not (tmp_path / "out").exists()
    with pytest.raises(Mistake, match=said):
        check(path)


def test_all_bad_files_are_told_at_once_before_any_work(tmp_path: Path) -> None:
    for name, (make, _) in FILES.items():
        write(tmp_path, make(), f"{name}.jsonl")
    write(tmp_path, GOOD, "good.jsonl")
    with pytest.raises(Mistakes) as raised:
        build(corpus_of(*sorted(tmp_path.glob("*.jsonl"))), tmp_path / "out")
    assert len(raised.value.found) == len(FILES)
    assert not (tmp_path / "out").exists()


def test_equal_rows_have_equal_ids_however_they_are_packed(tmp_path: Path) -> None:
    every = [chat(number) for number in range(300)]
    text = b"".join(map(line, range(300)))
    forms = {
        "lines": text,
        "array": json.dumps(every, indent=1).encode(),
        "gzip": gzip.compress(text),
        "gzip in two": gzip.compress(text[:5_000]) + gzip.compress(text[5_000:]),
        "zstd": pa.compress(text, "zstd", asbytes=True),
        "parquet": table(every),
        "parquet in groups": table(every, row_group_size=7, compression="gzip"),
    }
    found = {}
    for name, content in forms.items():
        path = write(tmp_path, content, name)  # what a file is, its bytes say and not its name
        for size in (700, 1 << 20):
            found[name, size] = built(path, tmp_path / f"{name}.{size}", shard_bytes=size)[0]
    assert len({tuple(ids) for ids in found.values()}) == 1
    assert len(set(found["lines", 700])) == 300


def test_workers_share_a_packed_file(tmp_path: Path) -> None:
    for name, content in (
        ("a", gzip.compress(b"".join(map(line, range(500))))),
        ("b", table(list(map(chat, range(500))))),
    ):
        path = write(tmp_path, content, name)
        alone = built(path, tmp_path / f"{name}1", shard_bytes=4_000)
        assert built(path, tmp_path / f"{name}2", shard_bytes=4_000, engine=Local(workers=2)) == alone


def test_nested_columns_become_rows_and_texts_stay_texts(tmp_path: Path) -> None:
    row = {"a": {"b": [{"c": 1, "d": None}], "e": 0.5}, "text": '{"not": "parsed"}', "flag": True, "no": None}
    path = write(tmp_path, table([row, row], row_group_size=1))
    found = [json.loads(each) for shard in shards(path, 1) for each in rows(shard) if isinstance(each, bytes)]
    assert found == [row, row]


def test_a_file_that_changes_while_it_is_read_is_a_mistake(tmp_path: Path) -> None:
    for content in (GOOD, b"[" + line(1) + b"," + line(2) + b"]", gzip.compress(GOOD), table([chat(1), chat(2)])):
        path = write(tmp_path, content)
        cut = shards(path, 1 << 20)
        path.write_bytes(path.read_bytes())
        os.utime(path, ns=(0, 0))
        with pytest.raises(Mistake, match="changed while it was read"):
            list(rows(cut[0]))


def test_a_file_that_shrank_is_a_mistake(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    cut = shards(path, 1 << 20)
    path.write_bytes(GOOD[:50])
    with pytest.raises(Mistake, match="changed while it was read"):
        list(rows(cut[0]))


def test_what_is_no_file_is_a_mistake(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path / "absent"):
        with pytest.raises(Mistake, match=r"no such file|no regular file"):
            check(path)
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(Mistake, match="no regular file"):
            corpus_of(path)


def test_reasons_are_countable_names() -> None:
    assert all(reason.replace("_", "").isalnum() for reason in REASONS)
    assert {reason for bad in ROWS.values() for reason in bad.reasons} >= set(REASONS)
