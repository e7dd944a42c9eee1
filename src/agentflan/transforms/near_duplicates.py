"""Leave out items that say nearly the same as another one; of those alike the smallest id survives.

MinHash of n-grams, then locality-sensitive hashing. Lessons and negatives are alike on purpose and pass untouched.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO, Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta
from rensa import RMinHash

from agentflan.core.kinds import Item
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped
from agentflan.transforms.likeness.clusters import clusters
from agentflan.transforms.likeness.grams import grams, tokens
from agentflan.transforms.likeness.survivors import Member, member, settle, verdicts
from agentflan.transforms.likeness.texts import texts

SEED = 1
"""Of the permutations: which pair passes for alike must not change with a recipe's seed."""


class NearDuplicates(Plug, frozen=True):
    """A Group over the whole corpus, of which each item takes some 200 bytes of memory; links are transitive."""

    threshold: Annotated[float, Meta(gt=0, le=1)] = 0.8
    """Jaccard similarity of their sets of n-grams from which on two items are near-duplicates, as MinHash estimates
    it: with 128 permutations the estimate is off by 0.035 (standard error)."""
    compare: Literal["query", "whole"] = "whole"
    """whole: all that was said and seen, without system prompts and tools. query: the question alone."""
    n: Annotated[int, Meta(ge=1)] = 5
    """Words in an n-gram; a character counts as one where a script has no spaces between words."""
    permutations: Annotated[int, Meta(ge=16)] = 128

    def note(self, item: Item) -> tuple[str, Any] | None:
        """One key for all, so that the notes are streamed."""
        if item.kind not in ("agent", "general"):
            return None
        words = tokens("\n".join(texts(item, self.compare)))
        if not words.size:
            return None
        said = grams(words, min(self.n, words.size))
        rows = RMinHash.digest_matrix_from_flat_token_hashes(said, [0, said.size], self.permutations, SEED).to_rows()
        return "", [member(item), np.array(rows[0], np.uint32).astype(np.uint8).tobytes()]

    def decide(self, notes: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        """Who an item is lies on disk until it is known to be like another."""
        signatures, ends = bytearray(), array("q", [0])
        with TemporaryFile() as names:
            for number, (named, signature) in notes:
                signatures += signature
                names.write(msgspec.msgpack.encode((number, named)))
                ends.append(names.tell())
            rows = np.frombuffer(signatures, np.uint8).reshape(-1, self.permutations)
            for alike in clusters(rows, self.threshold):
                yield from verdicts(_named(names, ends, row) for row in alike.tolist())

    def apply(self, item: Item, verdict: Any) -> Item | Dropped:
        return settle(item, verdict, "near_duplicate")


def _named(names: IO[bytes], ends: array[int], row: int) -> tuple[int, Member]:
    names.seek(ends[row])
    number, named = msgspec.msgpack.decode(names.read(ends[row + 1] - ends[row]))
    return number, Member(*named)
