"""What holds for every export: books that balance, nothing muted is trained, the same bytes again, rows that load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentflan.core import kinds, plugs
from agentflan.core.types import Carries, Dropped
from agentflan.corpus.building.build import build
from agentflan.corpus.exporting.export import export
from agentflan.corpus.settings import CorpusSettings, load_corpus
from agentflan.corpus.store.parquet import conversations
from agentflan.recipes.demo import agents, rows

EVERY = plugs.names("export")
every = pytest.mark.parametrize("name", EVERY)

TRANSFORMS: tuple[dict[str, Any], ...] = (
    {"use": "format_lessons", "count": 10},
    {"use": "converse", "react_share": 0.3},
    {"use": "negatives", "count": 10},
)
MUTED = {"use": "rebalance", "mode": "mute", "retrieval": 0.5}
WEIGHED = {"use": "rebalance", "mode": "weigh", "retrieval": 0.5}


def made(folder: Path, *transforms: dict[str, Any]) -> Path:
    """The run folder of a small corpus of made-up rows: agents, plain talk, lessons, negatives."""
    sources = {
        "agentinstruct": agents.tasks(0, 30),
        "toolbench": rows.searches(0, 30),
        "sharegpt": rows.chats(0, 10),
    }
    for name, made_up in sources.items():
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, made_up)))
    entries = tuple({"use": name, "path": f"{name}.jsonl", "licence": "Apache-2.0"} for name in sources)
    settings = CorpusSettings(sources=entries, transforms=transforms or TRANSFORMS)
    build(load_corpus(settings, folder=folder, seed=0), folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module", params=[MUTED, WEIGHED], ids=["muted", "weighed"])
def rebalanced(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    return made(tmp_path_factory.mktemp("rebalanced"), *TRANSFORMS[:2], request.param)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@every
def test_its_books_balance_and_its_files_hold_the_rows(name: str, run: Path, tmp_path: Path) -> None:
    account = export(run, plugs.load("export", name), tmp_path / "out")
    assert account.items == json.loads((run / "corpus" / "ledger.json").read_text())["conversations"]
    assert account.items == account.written + sum(account.dropped.values())
    assert account.written
    for file, count in account.rows.items():
        held = (
            lines(tmp_path / "out" / file)
            if file.endswith(".jsonl")
            else [json.loads((tmp_path / "out" / file).read_text())]
        )
        assert len(held) == count
    left = tmp_path / "out" / "dropped.jsonl"
    assert (len(lines(left)) if left.exists() else 0) == sum(account.dropped.values())
    assert not (tmp_path / "out.tmp").exists()


@every
def test_the_same_corpus_gives_the_same_bytes(name: str, run: Path, tmp_path: Path) -> None:
    export(run, plugs.load("export", name), tmp_path / "out")
    once = content(tmp_path / "out")
    export(run, plugs.load("export", name), tmp_path / "out")
    assert content(tmp_path / "out") == once


@every
def test_the_card_says_what_was_left_and_what_is_not_carried(name: str, rebalanced: Path, tmp_path: Path) -> None:
    account = export(rebalanced, plugs.load("export", name), tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    for count in (*account.dropped.values(), *account.lost.values()):
        assert f"| {count:,} |" in card
    assert all(f"`{reason}`" in card for reason in account.dropped)
    assert "Apache-2.0" in card
    assert "##" not in plugs.load("export", name).card(account.rows).replace("###", "")


@every
def test_a_format_without_loss_of_a_part_writes_no_message_that_is_trained_in_part(
    name: str, rebalanced: Path, tmp_path: Path
) -> None:
    """Muted text is carried or its item is refused; a trajectory was never muted, and that is counted and said."""
    plug: kinds.Export = plugs.load("export", name)
    account = export(rebalanced, plug, tmp_path / "out")
    assert not {"spans", "messages"} & account.lost.keys()
    if plug.reads == "trajectories":
        agents = [item for item in conversations(rebalanced / "corpus") if item.kind == "agent"]
        assert 0 < account.lost["rebalance"] <= len(agents)
        assert "`rebalance`" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in EVERY if plugs.load("export", name).uniform])
def test_datasets_loads_what_is_uniform(name: str, run: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    account = export(run, plugs.load("export", name), tmp_path / "out")
    for streaming in (False, True):
        found = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"), streaming=streaming)
        counts = {split: sum(1 for _ in held) for split, held in found.items()}
        assert counts == {Path(file).stem: count for file, count in account.rows.items()}


@every
def test_what_it_promises_is_a_record(name: str) -> None:
    plug: kinds.Export = plugs.load("export", name)
    assert isinstance(plug.carries, Carries)
    assert plug.reads in ("conversations", "trajectories")


def test_a_folder_of_others_is_left_alone(run: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(Exception, match="something else than an export"):
        export(run, plugs.load("export", EVERY[0]), tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_failure_on_the_way_leaves_the_earlier_export(run: Path, tmp_path: Path) -> None:
    plug = plugs.load("export", "sharegpt")
    (tmp_path / "out.tmp").mkdir()
    (tmp_path / "out.tmp" / "train.jsonl").write_text("of an export that was killed")
    export(run, plug, tmp_path / "out")
    before = content(tmp_path / "out")

    class Failing(type(plug), frozen=True):  # type: ignore[misc]
        def __call__(self, item: Any) -> Any:
            raise RuntimeError("out of ink")

    with pytest.raises(RuntimeError, match="out of ink"):
        export(run, Failing(), tmp_path / "out")
    assert content(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_says_nothing_of_an_item_is_ours_to_mend(run: Path, tmp_path: Path) -> None:
    class Silent(plugs.find("export", "sharegpt"), frozen=True):  # type: ignore[misc]
        def __call__(self, item: Any) -> Any:
            return [] if item.kind == "general" else Dropped(reason="not_asked_for")

    with pytest.raises(TypeError, match="must say Dropped"):
        export(run, Silent(), tmp_path / "out")
