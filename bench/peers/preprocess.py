"""Our export prepared by LLaMA-Factory and by TRL, from files to labelled tokens, beside our `tokenise`; one core."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from agentflan.corpus.parquet import conversations
from agentflan.corpus.tokenise import tokenise
from agentflan.corpus.tokenizer import load_tokenizer
from bench.build import CHAIN
from bench.figure import Figure, missing, seconds
from bench.peers.corpus import TEMPLATE, exported, long_run
from bench.peers.environments import PEERS, UnavailableError
from bench.peers.tool import Tool

ROWS = 1_500
ROUNDS = 5


def bench_preprocess() -> Iterator[Figure]:
    """In turns, after a round that is not counted; every tool has all conversations, with the same tokenizer."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    with tempfile.TemporaryDirectory() as folder:
        run = long_run(Path(folder), ROWS, CHAIN)
        texts = [TEMPLATE.render(item).text for item in conversations(run / "corpus")]
        megabytes = sum(len(text.encode()) for text in texts) / 1e6
        for name in ("llamafactory", "trl"):
            try:
                pairs = _in_turns(run, name)
            except UnavailableError as error:
                yield missing(f"preprocess_{name}_ratio", "MB/s", str(error))
                continue
            yield {
                "bench": f"preprocess_{name}_ratio",
                "value": round(megabytes / statistics.median(ours for ours, _ in pairs), 2),
                "unit": "MB/s",
                "against": f"{PEERS[name].package}: {len(texts):,} conversations from files to ids and labels",
                "ratio": round(statistics.median(theirs / ours for ours, theirs in pairs), 2),
                "rounds": ROUNDS,
            }


def _in_turns(run: Path, name: str) -> list[tuple[float, float]]:
    tokenizer = load_tokenizer(run / "model")

    def ours() -> None:
        tokenise(run / "corpus", run / "again", tokenizer, TEMPLATE, seed=0, max_length=1 << 20)

    with Tool(name, exported(run, name), run / "model") as tool:
        return [(seconds(ours), tool.seconds()) for _ in range(ROUNDS + 1)][1:]
