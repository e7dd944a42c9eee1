"""The quality stages over real rows: books balance, and nothing but rows and settings decides what stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentflan.cli.main import run
from agentflan.corpus.building.build import build
from agentflan.corpus.ngrams import write_ngrams
from agentflan.corpus.settings import Corpus, CorpusSettings, load_corpus
from agentflan.corpus.store.parquet import conversations
from tests.corpus.test_build import REAL, assert_balanced, contents

PROBLEMS = "berkeley-function-call-leaderboard__bfcl_eval__data__BFCL_v4_live_multiple.json"
SCRIPT = """
import sys
from pathlib import Path
from agentflan.corpus.building.build import build
from agentflan.corpus.engines.local import Local
from tests.corpus.test_quality import corpus_of
if __name__ == "__main__":
    build(corpus_of(Path(sys.argv[1])), Path(sys.argv[2]), engine=Local(workers=int(sys.argv[3])), shard_bytes=1 << 18)
"""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real chats, English and Chinese; each again in capitals, and most again with two words more; some problems."""
    if not REAL.is_dir():
        pytest.skip(f"the real rows are not there: {REAL}")
    folder = tmp_path_factory.mktemp("rows")
    chats = []
    for name in ("alpaca_en_demo", "alpaca_zh_demo"):
        found = json.loads((REAL / "llamafactory" / f"{name}.json").read_text(encoding="utf-8"))
        chats += found[:150]
    twice = [{**row, "output": row["output"].upper()} for row in chats]
    nearly = [{**row, "output": f"{row['output']} Well then."} for row in chats]
    problems = [msgspec.json.decode(line) for line in (REAL / "bfcl_v4" / PROBLEMS).read_bytes().splitlines()[:40]]
    asked = [{"instruction": row["question"][0][-1]["content"], "output": "Done."} for row in problems]
    for name, each in (("chats", chats), ("copies", [*twice, *nearly]), ("asked", asked)):
        (folder / f"{name}.json").write_text(json.dumps(each), encoding="utf-8")
    write_ngrams([REAL / "bfcl_v4" / PROBLEMS], folder / "bfcl.ngrams", fields=["question"])
    return folder


def corpus_of(folder: Path) -> Corpus:
    transforms: tuple[Any, ...] = (
        "duplicates",
        "near_duplicates",
        {"use": "decontaminate", "against": ["bfcl.ngrams"]},
        {"use": "language", "keep": ["en", "zh"]},
        {"use": "length", "min_characters": 40},
        "converse",
    )
    sources = ({"use": "llamafactory", "path": ["chats.json", "copies.json", "asked.json"]},)
    return load_corpus(CorpusSettings(sources=sources, transforms=transforms), folder=folder, seed=0)


def test_books_balance_and_every_origin_is_known(rows: Path, tmp_path: Path) -> None:
    ledger = build(corpus_of(rows), tmp_path)
    assert_balanced(ledger)
    dropped = {stage["name"]: stage["dropped"] for stage in ledger["stages"]}
    assert dropped["duplicates"]["duplicate"] >= 290
    assert dropped["near_duplicates"]["near_duplicate"] >= 200
    assert dropped["decontaminate"]["contaminated"] >= 30
    lost = [json.loads(line) for line in (tmp_path / "corpus" / "dropped.jsonl").read_bytes().splitlines()]
    kept = {item.id: item.origin_ids for item in conversations(tmp_path / "corpus")}
    leaving = {line["id"] for line in lost}
    assert leaving.isdisjoint(kept)
    for line in lost:
        if line["reason"] in ("duplicate", "near_duplicate"):
            survivor = line["detail"]
            assert survivor < line["id"]
            assert line["id"] in kept[survivor] if survivor in kept else survivor in leaving


def test_workers_shards_and_hash_seeds_change_no_byte(rows: Path, tmp_path: Path) -> None:
    build(corpus_of(rows), tmp_path / "here")
    for workers, seed in ((1, "1"), (2, "2")):
        command = [sys.executable, "-c", SCRIPT, str(rows), str(tmp_path / seed), str(workers)]
        root, environment = Path(__file__).parents[2], {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run(command, check=True, cwd=root, env=environment)
        assert contents(tmp_path / seed) == contents(tmp_path / "here")


def test_other_ngrams_make_another_corpus(rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The bytes of the n-grams belong to what a corpus is made from, not only their file's name."""
    for name in ("asked.json", "bfcl.ngrams"):
        (tmp_path / name).write_bytes((rows / name).read_bytes())
    recipe = (
        "corpus:\n  sources: [{use: llamafactory, path: asked.json}]\n"
        "  transforms: [{use: decontaminate, against: [bfcl.ngrams], action: quarantine}, converse]\n"
    )
    (tmp_path / "recipe.yaml").write_text(recipe)
    build_it = ["build", str(tmp_path / "recipe.yaml"), "-o", str(tmp_path / "run"), "--json"]
    (tmp_path / "few.json").write_text('["Is there anybody here?"]')
    told = []
    for _ in range(2):
        assert run(build_it) == 0
        told.append(capsys.readouterr())
    write_ngrams([tmp_path / "few.json"], tmp_path / "bfcl.ngrams")
    assert run(build_it) == 0
    told.append(capsys.readouterr())
    assert ["there already" in each.err for each in told] == [False, True, False]
    assert [json.loads(each.out)["conversations"] for each in told] == [0, 0, 40]
