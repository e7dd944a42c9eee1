"""The corpus is the same byte for byte, whoever does the work, in how many processes, sittings and shares of it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agentflan.core.errors import Mistake
from agentflan.corpus.building.build import Share, Unfinished, build
from agentflan.corpus.engines.local import Local
from agentflan.corpus.engines.ray import Ray
from agentflan.corpus.manifest import product
from agentflan.corpus.settings import Corpus
from tests.corpus.test_build import REAL, contents, corpus_of, row, written

CHAIN = (
    {"use": "finished_only"},
    {"use": "no_restarts"},
    {"use": "format_lessons", "count": 40},
    {"use": "converse", "react_share": 0.2},
    {"use": "rebalance"},
    {"use": "negatives", "count": 30},
)
SHARD = 40_000
"""Bytes: small enough that there are a dozen."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Rows with prefixes, repetitions and a broken one, through every kind of Group."""
    folder = tmp_path_factory.mktemp("rows")
    rows = [row(number % 290, steps=1 + number % 3) for number in range(300)]
    path = written(folder, rows)
    path.write_text(path.read_text() + '{"id": "torn\n')
    return corpus_of(path, CHAIN)


@pytest.fixture(scope="module")
def whole(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("whole")
    build(corpus, out)
    return contents(out)


@pytest.mark.parametrize("workers", [2, 5])
def test_workers(corpus: Corpus, whole: dict[str, bytes], tmp_path: Path, workers: int) -> None:
    build(corpus, tmp_path, engine=Local(workers=workers), shard_bytes=SHARD)
    assert contents(tmp_path) == whole


@pytest.mark.parametrize("shard_bytes", [8 << 20, 1 << 20, 10_000])
def test_shard_bytes(corpus: Corpus, whole: dict[str, bytes], tmp_path: Path, shard_bytes: int) -> None:
    build(corpus, tmp_path, shard_bytes=shard_bytes)
    assert contents(tmp_path) == whole


def test_ray(corpus: Corpus, whole: dict[str, bytes], tmp_path: Path) -> None:
    build(corpus, tmp_path, engine=Ray(workers=2), shard_bytes=SHARD)
    assert contents(tmp_path) == whole


def test_a_mistake_crosses_from_ray_as_it_was_raised(tmp_path: Path) -> None:
    with pytest.raises(Mistake, match="add `converse`"):
        build(corpus_of(written(tmp_path, [row(1)]), ()), tmp_path / "out", engine=Ray(workers=2))


@pytest.mark.parametrize("of", [2, 3])
def test_shares_one_after_the_other(corpus: Corpus, whole: dict[str, bytes], tmp_path: Path, of: int) -> None:
    """Each share does what can be done; a build without a share does the rest."""
    for number in range(1, of + 1):
        with pytest.raises(Unfinished, match=f"share {number}/{of} is done up to pass"):
            build(corpus, tmp_path, share=Share(number, of), shard_bytes=SHARD)
    assert not (tmp_path / "corpus").exists()
    build(corpus, tmp_path, shard_bytes=SHARD)
    assert contents(tmp_path) == whole


def test_shares_alone_finish_when_they_are_run_again(corpus: Corpus, whole: dict[str, bytes], tmp_path: Path) -> None:
    for turn in range(20):
        try:
            build(corpus, tmp_path, share=Share(turn % 2 + 1, 2), shard_bytes=SHARD)
        except Unfinished:
            continue
        break
    assert contents(tmp_path) == whole


def test_a_share_that_comes_when_another_has_just_finished_leaves_the_result_alone(
    corpus: Corpus, whole: dict[str, bytes], tmp_path: Path
) -> None:
    """It asked before the other was done, and has the claim after."""
    wanted = product(tmp_path, "build", "these rows", ["corpus", "trajectories"])
    assert not wanted.is_there()
    ledger = build(corpus, tmp_path, shard_bytes=SHARD, product=wanted)
    before = contents(tmp_path)
    assert build(corpus, tmp_path, share=Share(2, 2), shard_bytes=SHARD, product=wanted) == ledger
    assert contents(tmp_path) == before
    assert {name: before[name] for name in whole} == whole
    assert set(before) - set(whole) == {"manifest.json"}


COMMAND = [sys.executable, "-m", "agentflan", "build"]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Real rows, copied so that nothing else reads them, and the paper's chain."""
    if not REAL.is_dir():
        pytest.skip(f"the real rows are not there: {REAL}")
    path = tmp_path / "recipe.yaml"
    path.write_text(
        json.dumps(
            {
                "corpus": {
                    "sources": [
                        {"use": "agentinstruct", "path": str(REAL / "agentinstruct/*.json")},
                        {"use": "toolbench", "path": str(REAL / "toolllama_rows/*.jsonl")},
                        {"use": "fireact", "path": str(REAL / "fireact/*.json*")},
                        {"use": "sharegpt", "path": str(REAL / "sharegpt_vicuna/*.json*")},
                    ]
                }
            }
        )
    )
    return path


def test_another_hash_seed_and_shares_at_once(recipe: Path, tmp_path: Path) -> None:
    def run(out: str, seed: str, *more: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [*COMMAND, str(recipe), "-o", str(tmp_path / out), *more]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    runs = [run("a", "1"), run("b", "2", "--workers", "2")]
    assert [each.wait() for each in runs] == [0, 0]
    for _ in range(10):
        runs = [run("c", "3", "--shard", "1/2"), run("c", "4", "--shard", "2/2")]
        assert [each.wait() for each in runs] == [0, 0]
        if (tmp_path / "c" / "manifest.json").exists():
            break
    first = contents(tmp_path / "a")
    for name in ("b", "c"):
        assert contents(tmp_path / name) == first


def test_workers_end_with_a_killed_build(recipe: Path, tmp_path: Path) -> None:
    """SIGKILL to the build alone: nobody tells its workers."""
    process = subprocess.Popen([*COMMAND, str(recipe), "--workers", "2", "-o", str(tmp_path / "cut")])
    while process.poll() is None and not children(process.pid):
        time.sleep(0.02)
    left = children(process.pid)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while any(alive(pid) for pid in left) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left
    assert not any(alive(pid) for pid in left)


def children(pid: int) -> list[int]:
    """The workers of a process: all of its children, once there are as many as it was told."""
    found = [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if f"\nPPid:\t{pid}\n" in status(entry.name)]
    return found if len(found) >= 3 else []  # two workers and Python's tracker of their semaphores


def alive(pid: int) -> bool:
    told = status(pid)
    return bool(told) and "\nState:\tZ" not in told


def status(pid: int | str) -> str:
    """What the system says of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/status").read_text(errors="replace")
    except OSError:
        return ""


@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_at_random_moments_it_goes_on_to_the_same_bytes(recipe: Path, tmp_path: Path, kills: int) -> None:
    """SIGKILL to the whole process group, at random fractions of the time that a build takes."""
    command = [*COMMAND, str(recipe), "--workers", "2", "-o"]
    begin = time.perf_counter()
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    duration = time.perf_counter() - begin
    expected = contents(tmp_path / "whole")
    chance = random.Random(kills)
    out = tmp_path / "cut"
    for number in range(kills):
        process = subprocess.Popen([*command, str(out)], start_new_session=True, stderr=subprocess.PIPE)
        time.sleep(chance.random() * duration)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        for name, data in contents(out).items() if out.exists() else ():
            if not name.startswith("work/"):  # nothing half-written ever stands under its own name
                assert data == expected[name], name
        if number % 5 == 4:  # carry on to the end and begin anew
            subprocess.run([*command, str(out)], check=True, capture_output=True)
            assert contents(out) == expected
            out = tmp_path / f"cut-{number}"
    subprocess.run([*command, str(out)], check=True, capture_output=True)
    assert contents(out) == expected
