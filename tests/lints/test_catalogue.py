"""Every lint of the catalogue is found in a small file, and a build does with the row what the catalogue says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest

from agentflan.core import plugs
from agentflan.core.types import Conversation, Message, Segment
from agentflan.corpus.building.build import build
from agentflan.corpus.checking.check import check
from agentflan.corpus.settings import PAPER_CHAIN, CorpusSettings, load_corpus
from agentflan.corpus.store.parquet import conversations, trajectories
from agentflan.lints.catalogue import CATALOGUE
from agentflan.lints.find import lint
from tests.lints.samples import CLEAN, SAMPLES, Sample, asked, called, said, seen, talk

OF_CONVERSATIONS = {"AF201", "AF202", "AF203"}
OF_FILES = {"AF604", "AF605"}
OTHER = talk(asked("Is it dry in Oslo?"), called(), seen(), said())
CHAIN = [each for each in PAPER_CHAIN if each["use"] in ("finished_only", "no_restarts", "converse")]


def written(folder: Path, sample: Sample) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in sample.rows), encoding="utf-8")
    return path


def test_every_lint_has_a_sample() -> None:
    assert {*SAMPLES, *OF_CONVERSATIONS, *OF_FILES} == set(CATALOGUE)


def test_the_catalogue_names_what_there_is() -> None:
    known = {"", "source", "fold", *plugs.names("transform")}
    for code, each in CATALOGUE.items():
        assert each.by in known, code
        assert (each.action == "keep") == (each.by == ""), code
        assert (each.action in ("drop", "quarantine")) == bool(each.reason), code


def test_a_sound_row_has_no_lint(tmp_path: Path) -> None:
    found = check(written(tmp_path, CLEAN))
    assert (found.format, found.usable, found.lints) == ("openai", 1, {})


@pytest.mark.parametrize("code", SAMPLES)
def test_a_lint_is_found_with_its_place(code: str, tmp_path: Path) -> None:
    sample = SAMPLES[code]
    found = check(written(tmp_path, sample))
    assert found.format == sample.source
    assert found.lints.get(code) == 1
    assert found.places[code][0].startswith(f"row {2 if code[2:4] == '60' else 1}")


@pytest.mark.parametrize("code", SAMPLES)
def test_a_build_does_what_the_catalogue_says(code: str, tmp_path: Path) -> None:
    sample, each = SAMPLES[code], CATALOGUE[code]
    chain = [{"use": "clean"}, *CHAIN] if each.by == "clean" else CHAIN
    sources = [_source(sample, tmp_path / "a"), _source(OTHER, tmp_path / "b")]
    settings = CorpusSettings(sources=tuple(sources), transforms=tuple(chain))
    ledger = build(load_corpus(settings, folder=tmp_path, seed=0), tmp_path / "out")
    kept = list(conversations(tmp_path / "out" / "corpus"))
    if each.action in ("drop", "quarantine"):
        stage = "read" if each.by == "source" else each.by
        assert _left(ledger, stage, "dropped" if each.action == "drop" else "quarantined") == {each.reason: 1}
        assert len(kept) == len(sample.rows) == ledger["stages"][0]["in"] - 1
    else:
        assert len(kept) == len(sample.rows) + 1
    if each.action == "repair":
        items = [*kept, *trajectories(tmp_path / "out" / "trajectories")]
        assert code not in {found.code for item in items for found in lint(item)}
        assert all(item.messages[-1].role == "assistant" for item in kept)


@pytest.mark.parametrize("code", [code for code in SAMPLES if not CATALOGUE[code].by and code[2] in "1345"])
def test_what_is_kept_can_be_dropped_by_its_code(code: str, tmp_path: Path) -> None:
    settings = CorpusSettings(
        sources=(_source(SAMPLES[code], tmp_path / "a"), _source(OTHER, tmp_path / "b")),
        transforms=({"use": "drop_lints", "codes": [code]}, *CHAIN),
    )
    ledger = build(load_corpus(settings, folder=tmp_path, seed=0), tmp_path / "out")
    assert _left(ledger, "drop_lints", "dropped") == {code: 1}


def test_lints_of_conversations() -> None:
    def of(*messages: tuple[Literal["user", "assistant"], bool]) -> dict[str, str]:
        made = tuple(Message(role=role, segments=(Segment(text="x", loss=loss),)) for role, loss in messages)
        return dict(lint(Conversation(id="a", source="s", messages=made)))

    assert of(("user", False), ("assistant", True)) == {}
    assert of(("user", False), ("assistant", False)) == {"AF201": ""}
    assert of(("user", False), ("assistant", True), ("user", False), ("assistant", False)) == {"AF202": "message 4"}
    assert of(("user", False), ("user", False), ("assistant", True)) == {"AF203": "message 2"}


def _source(sample: Sample, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    return {"use": sample.source, "path": str(written(folder, sample))}


def _left(ledger: dict[str, Any], stage: str, how: str) -> dict[str, int]:
    return {
        reason: count
        for each in ledger["stages"]
        if each["name"].partition("/")[0] == stage
        for reason, count in each[how].items()
    }
