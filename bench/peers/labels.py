"""Whether a tool derives from our export the labels that we derive ourselves: token for token, in the tool itself."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from agentflan.corpus.tokens.arrays import Tokens
from agentflan.corpus.tokens.tokenizer import load_tokenizer
from bench.figure import Figure, missing
from bench.peers.corpus import exported, mixed_run, trained_texts
from bench.peers.environments import PEERS, UnavailableError
from bench.peers.inside.rounds import Row
from bench.peers.tool import Tool

IGNORED = -100


def bench_labels() -> Iterator[Figure]:
    """A line for each tool: of the tokens that it cuts as we do, those that are trained in both or in neither.

    Where a tool encodes the parts of a reply apart it cuts other tokens; then the trained text is compared instead.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = mixed_run(Path(folder))
        for name, peer in PEERS.items():
            try:
                with Tool(name, exported(run, name), run / "model") as tool:
                    rows = tool.rows()
            except UnavailableError as error:
                yield missing(f"labels_{name}", "tokens", str(error))
                continue
            yield from compared(name, peer.package.split()[0], run, rows)


def compared(name: str, package: str, run: Path, rows: list[Row]) -> Iterator[Figure]:
    tokens = Tokens.open(run / "tokens")
    places = {id: number for number, id in enumerate(tokens.names())}
    decode, texts = load_tokenizer(run / "model"), trained_texts(run)
    labels, weights, apart = _Share(), _Share(), _Share()
    by_conversation: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_conversation[row.id.partition("/")[0]].append(row)
    for id, of in by_conversation.items():
        ours = tokens.sequence(places[id])
        if any(row.ids != ours.ids[: len(row.ids)].tolist() for row in of):
            apart.count(1, "".join(_trained_text(row, decode) for row in of) == texts[id])
            continue
        theirs = np.zeros(len(ours.ids), bool)
        for row in of:
            trained = np.array(row.labels) != IGNORED
            theirs[: len(trained)] |= trained
            if row.weights is not None:
                same = np.isclose(np.array(row.weights), ours.weight[: len(trained)])
                weights.count(int(trained.sum()), int(same[trained].sum()))
        labels.count(len(theirs), int((theirs == ours.trained).sum()))
    yield labels.figure(f"labels_{name}", "tokens", f"tokens of {labels.times} conversations, {package}")
    if apart.all:
        yield apart.figure(f"texts_{name}", "trained texts", f"conversations of other tokens than ours, {package}")
    if weights.all:
        yield weights.figure(f"weights_{name}", "weights", f"trained tokens, {package}")


class _Share:
    """How many of how many are equal."""

    def __init__(self) -> None:
        self.times = self.all = self.equal = 0

    def count(self, all: int, equal: int) -> None:
        self.times += 1
        self.all += all
        self.equal += equal

    def figure(self, bench: str, unit: str, of: str) -> Figure:
        return {
            "bench": bench,
            "value": self.equal,
            "unit": f"equal {unit}",
            "against": f"{self.all:,} {of}",
            "ratio": round(self.equal / max(self.all, 1), 6),
            "rounds": 1,
        }


def _trained_text(row: Row, tokenizer: Tokenizer) -> str:
    """Run by run of one weight, as the parts were encoded: each has a space imagined before it that decoding takes."""
    weights = row.weights or [1.0] * len(row.ids)
    columns = zip(row.ids, row.labels, weights, strict=True)
    runs = groupby(columns, lambda one: one[2] if one[1] != IGNORED else None)
    held = [[one[0] for one in of] for weight, of in runs if weight is not None]
    return "".join(tokenizer.decode(ids, skip_special_tokens=False) for ids in held)
