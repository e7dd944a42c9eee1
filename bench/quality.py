"""What it costs to find duplicates and near-duplicates: chats of 110 words, a tenth of them copies, on one core.

`python -m bench.quality 400000` measures a corpus of that size instead.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from agentflan.corpus.building.build import build
from agentflan.corpus.settings import CorpusSettings, load_corpus
from bench.figure import Figure

ROWS = 50_000
CHAIN = ("duplicates", "near_duplicates", "converse")
SYLLABLES = "ba ko mi ru te sho lan ner tix vod zum pel gra wo fi dy".split()
WORDS = 110
OTHERS = 4
"""Words that a near-copy has of its own, at its end."""


def bench_quality() -> Iterator[Figure]:
    """Rows a second of a build with both stages, against the same build without; and its peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "rows.jsonl")
        write_rows(rows, ROWS)
        ours, bare = _measure(rows, CHAIN), _measure(rows, CHAIN[-1:])
    yield {
        "bench": "quality_rows_per_s",
        "value": round(ROWS / ours["seconds"]),
        "unit": "rows/s",
        "against": "the build without them",
        "ratio": round(bare["seconds"] / ours["seconds"], 2),
        "rounds": 1,
    }
    yield {
        "bench": "quality_peak_mb",
        "value": round(ours["peak_mb"]),
        "unit": "MB",
        "against": "the bound of 400",
        "ratio": round(ours["peak_mb"] / 400, 2),
        "rounds": 1,
    }


def write_rows(path: Path, count: int) -> None:
    """Of 20 rows one repeats the one before in capitals, and one all but its last words."""
    dice = np.random.default_rng(0)
    words = np.array([first + second for first in SYLLABLES for second in SYLLABLES])
    said = ""
    with path.open("w", encoding="utf-8") as stream:
        for number in range(count):
            before, said = said, " ".join(words[dice.integers(0, words.size, WORDS)])
            if number % 20 == 9:
                said = before.upper()
            elif number % 20 == 19:
                said = " ".join(before.split()[:-OTHERS] + said.split()[-OTHERS:])
            turns = [{"from": "human", "value": said[:200]}, {"from": "gpt", "value": said[200:]}]
            stream.write(json.dumps({"id": str(number), "conversations": turns}) + "\n")


def _measure(rows: Path, chain: tuple[str, ...]) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.quality", str(rows), *chain]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(told.stdout)
    return measured


def _child(rows: Path, chain: tuple[str, ...]) -> dict[str, object]:
    settings = CorpusSettings(sources=({"use": "sharegpt", "path": str(rows)},), transforms=chain)
    corpus = load_corpus(settings, folder=Path(), seed=0)
    with tempfile.TemporaryDirectory() as out:
        start, used = time.perf_counter(), time.process_time()
        ledger = build(corpus, Path(out))
        seconds, busy = time.perf_counter() - start, time.process_time() - used
    dropped = {reason: count for stage in ledger["stages"] for reason, count in stage["dropped"].items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "cpu_seconds": busy, "peak_mb": peak, "dropped": dropped}


def _main(first: str, *chain: str) -> None:
    if not first.isdecimal():
        print(json.dumps(_child(Path(first), chain)))
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "rows.jsonl")
        write_rows(rows, int(first))
        print(json.dumps(_measure(rows, CHAIN)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
