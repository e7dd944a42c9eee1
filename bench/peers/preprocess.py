"""Our export prepared by LLaMA-Factory and by TRL, from files to labelled tokens, beside our `tokenise`."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from agentflan.corpus.store.parquet import conversations
from agentflan.corpus.tokens.tokenise import tokenise
from agentflan.corpus.tokens.tokenizer import load_tokenizer
from bench.build import CHAIN
from bench.figure import Figure, missing
from bench.peers.corpus import TEMPLATE, exported, long_run
from bench.peers.environments import PEERS, UnavailableError
from bench.peers.tool import Tool

ROWS = 1_500
ROUNDS = 5


def bench_preprocess() -> Iterator[Figure]:
    """In turns and CPU seconds, after a round that is not counted; all conversations, the same tokenizer."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    with tempfile.TemporaryDirectory() as folder:
        run = long_run(Path(folder), ROWS, CHAIN)
        texts = [TEMPLATE.render(item).text for item in conversations(run / "corpus")]
        megabytes = sum(len(text.encode()) for text in texts) / 1e6
        for name in ("llamafactory", "trl"):
            try:
                pairs = _in_turns(run, name)
            except UnavailableError as error:
                yield missing(f"preprocess_{name}_ratio", "MB per CPU second", str(error))
                continue
            yield {
                "bench": f"preprocess_{name}_ratio",
                "value": round(megabytes / statistics.median(ours for ours, _ in pairs), 2),
                "unit": "MB per CPU second",
                "against": f"{PEERS[name].package}: {len(texts):,} conversations from files to ids and labels",
                "ratio": round(statistics.median(theirs / ours for ours, theirs in pairs), 2),
                "rounds": ROUNDS,
            }


def _in_turns(run: Path, name: str) -> list[tuple[float, float]]:
    tokenizer = load_tokenizer(run / "model")

    def ours() -> float:
        begin = time.process_time()
        tokenise(run / "corpus", run / "again", tokenizer, TEMPLATE, seed=0, max_length=1 << 20)
        return time.process_time() - begin

    with Tool(name, exported(run, name), run / "model") as tool:
        return [(ours(), tool.seconds()) for _ in range(ROUNDS + 1)][1:]
