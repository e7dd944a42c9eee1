"""The licence of a source travels with each of its rows into the corpus, and a recipe can name another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentflan.core import plugs
from agentflan.corpus.building.build import build
from agentflan.corpus.settings import CorpusSettings, load_corpus
from agentflan.corpus.store.parquet import conversations, trajectories
from tests.plugs.test_source_plugs import golden

CHAIN = ({"use": "converse", "unknown_tools": "keep"},)


@pytest.mark.parametrize("name", plugs.names("source"))
def test_a_row_keeps_its_licence(name: str, tmp_path: Path) -> None:
    row, _ = golden(name)
    path = tmp_path / "row.json"
    path.write_text(json.dumps(row), encoding="utf-8")
    own = plugs.load("source", name).licence
    assert own
    for number, licence in enumerate((None, "CC0-1.0")):
        entry = {"use": name, "path": str(path), **({"licence": licence} if licence else {})}
        out = tmp_path / str(number)
        build(load_corpus(CorpusSettings(sources=(entry,), transforms=CHAIN), folder=tmp_path, seed=0), out)
        kept = [*conversations(out / "corpus"), *trajectories(out / "trajectories")]
        assert len(kept) >= 2
        assert {(item.source, item.licence) for item in kept} == {(name, licence or own)}
