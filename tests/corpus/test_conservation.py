"""Nothing is lost: random rows through random chains, cut and killed anywhere, and every row is found again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentflan.core import plugs
from agentflan.core.types import Trajectory
from agentflan.corpus.building.build import build
from agentflan.corpus.engines.local import Local
from agentflan.corpus.files.reading import read_row
from agentflan.corpus.settings import Corpus, CorpusSettings, Mix, load_corpus
from agentflan.corpus.store.parquet import conversations
from tests.corpus.test_build import assert_balanced, contents, row
from tests.plugs.test_transform_plugs import SMALL
from tests.sources.endless import places

ROOT = Path(__file__).parents[2]
READ = ("sharegpt", "toolbench", "openai", "react")
"""Sources of the drawn rows: plain chat, prefix rows, parallel calls, labels in text."""
SETTINGS: dict[str, dict[str, Any]] = {
    **SMALL,
    "converse": {"react_share": 0.5},
    "length": {"max_characters": 300},
    "negatives": {"count": 4, "ordinary_count": 2},
}
"""Settings that show something on a few rows, where the defaults would not."""
WORDLESS = frozenset({"fill_thoughts", "judge", "paraphrase"})
"""They need replies, and have no words of their own where nobody is asked."""
CHAOS = tuple(f"tests.corpus.chaos:{name}" for name in ("Chaos", "Deferred", "Crowd"))

ROW_ID = re.compile(r"[0-9a-f]{32}(-\d+)?")
"""An item that a transform made has more behind the id of its row."""

BAD = ('{"torn": ', "null", "[]", '{"a": NaN}', '{"a": 1, "a": 2}', '{"conversations": []}', '"\\ud800"', "[" * 3_000)


def good(source: str, number: int) -> Any:
    """A row of a source; numbers tell rows apart, and equal ones are duplicates."""
    if source == "toolbench":
        whole = row(number // 3, steps=3)
        return {**whole, "conversations": whole["conversations"][: 3 + 2 * (number % 3)]}
    made = json.loads(json.dumps(import_module(f"tests.sources.samples.{source}").ROW))
    container, key = places(made)[-1]
    container[key] += f" {number}"
    return made


lines = st.one_of(st.integers(0, 9), st.integers(0, 9), st.sampled_from(BAD))
files = st.dictionaries(st.sampled_from(READ), st.lists(lines, min_size=1, max_size=12), min_size=1, max_size=3)


def fit_for(side: str) -> list[str]:
    """The transforms that may stand on this side of `converse`."""
    names = [name for name in plugs.names("transform") if name != "converse"]
    return [*(name for name in names if getattr(plugs.find("transform", name), "works_on", side) == side), *CHAOS]


early = st.lists(st.sampled_from(fit_for("trajectories")), max_size=3)
late = st.lists(st.sampled_from(fit_for("conversations")), max_size=4)
mixes = st.sampled_from([Mix(), Mix(mode="ratio"), Mix(mode="temperature")])


def written(folder: Path, drawn: dict[str, list[int | str]]) -> int:
    """Files of the drawn rows. Returns how many rows they hold."""
    for source, held in drawn.items():
        texts = [each if isinstance(each, str) else json.dumps(good(source, each)) for each in [0, *held]]
        (folder / f"{source}.jsonl").write_text("\n".join(texts))
    return sum(len(held) + 1 for held in drawn.values())


def corpus_of(folder: Path, chain: list[str], mix: Mix = Mix()) -> Corpus:  # noqa: B008
    sources = tuple({"use": path.stem, "path": str(path)} for path in sorted(folder.glob("*.jsonl")))
    entries = tuple({"use": name, **SETTINGS.get(name, {})} for name in chain)
    told = CorpusSettings(sources=sources, transforms=entries, mix=mix, replies="asked")
    return load_corpus(told, folder=Path(), seed=3)


def read_lines(out: Path, name: str) -> list[dict[str, Any]]:
    path = out / "corpus" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def assert_conserved(ledger: dict[str, Any], out: Path, count: int) -> None:
    assert_balanced(ledger)
    first, *later = ledger["stages"]
    assert first["in"] == count
    lost = {name: read_lines(out, name) for name in ("dropped", "quarantine", "pending")}
    for name, key in (("dropped", "dropped"), ("quarantine", "quarantined")):
        said = Counter({(stage["name"], why): n for stage in ledger["stages"] for why, n in stage[key].items()})
        assert Counter((line["stage"], line["reason"]) for line in lost[name]) == said
    assert len(lost["pending"]) == sum(stage["pending"] for stage in ledger["stages"])
    kept = list(conversations(out / "corpus"))
    assert len(kept) == ledger["conversations"] == ledger["stages"][-1]["out"]
    # rows that were never read are there once each, by their place; all others by their id
    unread = [line for each in lost.values() for line in each if line["stage"] == "read"]
    assert len({(line["source"], line["number"]) for line in unread}) == len(unread) == first["in"] - first["out"]
    ids = [name for item in kept for name in (item.id, *item.origin_ids)]
    ids += [line["id"] for held in lost.values() for line in held if line["stage"] != "read"]
    found = {match.group() for name in ids if (match := ROW_ID.match(name))}
    assert found == ids_of(out.parent)
    assert not later or later[0]["in"] == first["out"] == len(found)


def ids_of(folder: Path) -> set[str]:
    """The ids that the rows of all files must get: of equal ones the second and later have a number."""
    found: set[str] = set()
    for path in folder.glob("*.jsonl"):
        seen: Counter[str] = Counter()
        source = plugs.load("source", path.stem)
        for line in path.read_bytes().split(b"\n"):
            name, outcome = read_row(path.stem, source, line)
            if isinstance(outcome, Trajectory):
                found.add(f"{name}-{seen[name]}" if seen[name] else name)
                seen[name] += 1
    return found


@settings(max_examples=30)
@given(
    drawn=files,
    early=early,
    late=late,
    mix=mixes,
    size=st.integers(1, 2_000),
    asked=st.booleans(),
)
def test_every_row_is_found_again(
    drawn: dict[str, list[int | str]], early: list[str], late: list[str], mix: Mix, size: int, asked: bool
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        count = written(folder, drawn)
        chain = [name for name in [*early, "converse", *late] if asked or name not in WORDLESS]
        corpus = corpus_of(folder, chain, mix)
        replies: dict[str, str] | None = {} if asked else None
        ledger = build(corpus, folder / "a", shard_bytes=size, replies=replies)
        assert_conserved(ledger, folder / "a", count)
        build(corpus, folder / "b", shard_bytes=1 << 20, replies=replies)
        assert contents(folder / "a") == contents(folder / "b")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_fault_of_ours_keeps_its_traceback_and_leaves_no_corpus(workers: int, tmp_path: Path) -> None:
    written(tmp_path, {"sharegpt": list(range(10)), "toolbench": list(range(10))})
    whole = corpus_of(tmp_path, ["converse"])
    build(whole, tmp_path / "out", shard_bytes=500)
    before = contents(tmp_path / "out")
    with pytest.raises(ZeroDivisionError, match="a fault in a transform"):
        build(
            corpus_of(tmp_path, ["converse", "tests.corpus.chaos:Broken"]),
            tmp_path / "out",
            engine=Local(workers=workers),
        )
    assert {name: text for name, text in contents(tmp_path / "out").items() if not name.startswith("work/")} == before
    build(whole, tmp_path / "out", shard_bytes=500)
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize("kills", [3, pytest.param(25, marks=pytest.mark.slow)])
def test_kills_lose_nothing(kills: int, tmp_path: Path) -> None:
    count = written(tmp_path, {source: [*range(200), *BAD, *range(50)] for source in READ})
    chain = [CHAOS[2], "finished_only", "converse", CHAOS[0], "rebalance", CHAOS[1], "negatives"]
    ledger = build(corpus_of(tmp_path, chain), tmp_path / "whole", shard_bytes=20_000, replies={})
    assert_conserved(ledger, tmp_path / "whole", count)
    script = (
        "import sys; from pathlib import Path\n"
        "from agentflan.corpus.building.build import build\n"
        "from agentflan.corpus.engines.local import Local\n"
        "from tests.corpus.test_conservation import corpus_of\n"
        "corpus, out = corpus_of(Path(sys.argv[1]), sys.argv[2].split()), Path(sys.argv[1], 'cut')\n"
        "build(corpus, out, engine=Local(workers=int(sys.argv[3])), shard_bytes=20_000, replies={})"
    )
    command = [sys.executable, "-c", script, str(tmp_path), " ".join(chain)]
    work = tmp_path / "cut" / "work"
    landed = 0
    for kill in range(kills):
        process = subprocess.Popen([*command, "1"], cwd=ROOT)
        # the further it gets the more files there are: each kill comes a little later
        while process.poll() is None and len(list(work.glob("*.books"))) < 12 * (kill + 1):
            time.sleep(0.002)
        landed += process.poll() is None
        process.kill()
        process.wait()
    assert landed
    subprocess.run([*command, "2"], cwd=ROOT, check=True)
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
