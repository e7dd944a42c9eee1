"""Take out what shares n-grams with a benchmark's problems, held against files that `agentflan ngrams` writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from agentflan.core.kinds import Item
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, Quarantined
from agentflan.transforms.likeness import ngram_file
from agentflan.transforms.likeness.grams import Hashes, tokens
from agentflan.transforms.likeness.texts import texts


class Decontaminate(Plug, frozen=True):
    against: Annotated[tuple[Path, ...], Meta(min_length=1)]
    """Files of n-grams."""
    compare: Literal["query", "whole"] = "query"
    """query: the question alone. whole: all that was said and seen, each text by itself."""
    least: Annotated[int, Meta(ge=1)] = 1
    """N-grams shared with one problem file from which an item leaves."""
    action: Literal["drop", "quarantine"] = "drop"

    def __post_init__(self) -> None:
        for path in self.against:
            ngram_file.read(path)

    def __call__(self, item: Item) -> Item | Dropped | Quarantined:
        said = [tokens(text) for text in texts(item, self.compare)]
        for path in self.against:
            for name, shared, looked_up in _shared(said, ngram_file.read(path)):
                if shared >= self.least:
                    outcome = Dropped if self.action == "drop" else Quarantined
                    return outcome(reason="contaminated", detail=f"{name}: {shared} of {looked_up} n-grams")
        return item


def _shared(said: list[Hashes], ngrams: ngram_file.Ngrams) -> Iterator[tuple[str, int, int]]:
    """(problem file, n-grams shared with it, n-grams looked up), the most shared first."""
    if not ngrams.hashes.size or not said:
        return
    mine = np.unique(np.concatenate([ngram_file.of_text(words, ngrams.head) for words in said]))
    places = np.minimum(np.searchsorted(ngrams.hashes, mine), ngrams.hashes.size - 1)
    hits = places[ngrams.hashes[places] == mine]
    counts = np.bincount(ngrams.files[hits], minlength=len(ngrams.head.files))
    for index in np.argsort(-counts, kind="stable"):
        yield ngrams.head.files[index].name, int(counts[index]), mine.size
