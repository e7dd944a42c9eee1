"""A file of hashed n-grams of benchmark problems: what a corpus is held against. It holds no text of a benchmark.

One line of JSON, then the n-grams' hashes in ascending order (8 bytes each) and which problem file each one comes from
(2 bytes each), little-endian: a million n-grams take 10 MB on disk and in memory.

The rule is that of Brown et al. (arXiv 2005.14165, appendix C): 13 words in a row, or the whole problem where it is
shorter. Below 8 words, the least they allow, a problem is too common to be looked for inside of a text: it is found
where a text holds nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from agentflan.core.digest import digest
from agentflan.core.errors import Mistake
from agentflan.core.types import Record
from agentflan.transforms.likeness.grams import Hashes, grams

WORDS = 13
LEAST = 8
MAKE = "make it with `agentflan ngrams PROBLEMS -o FILE`"


class ProblemFile(Record, frozen=True):
    """One file of problems that n-grams come from."""

    name: str
    sha256: str
    problems: int


class Head(Record, frozen=True):
    """The first line of the file."""

    format: Literal["agentflan ngrams"]
    version: Literal[1]
    n: int
    lengths: tuple[int, ...]
    """Lengths of runs to look for, in words: n, and those of problems from 8 words on that are shorter."""
    files: tuple[ProblemFile, ...]
    ngrams: int
    digest: str
    """Of all that follows the line."""


class Ngrams(NamedTuple):
    """The file in memory."""

    head: Head
    hashes: Hashes
    """Ascending."""
    files: NDArray[np.uint16]
    """Index into `head.files` for each hash: the first file that holds it."""


def of_problem(words: Hashes, n: int) -> Hashes:
    return grams(words, min(n, words.size)) if words.size else words


def run_lengths(words: int, n: int) -> list[int]:
    """What to look for in texts because of a problem of so many words."""
    return [min(words, n)] if words >= min(LEAST, n) else []


def of_text(words: Hashes, head: Head) -> Hashes:
    """All of a text that can be in a file."""
    if words.size < min(LEAST, head.n):
        return of_problem(words, head.n)
    return np.concatenate([grams(words, length) for length in head.lengths])


def encode(n: int, lengths: Sequence[int], files: Sequence[ProblemFile], found: Sequence[Hashes]) -> tuple[Head, bytes]:
    """The bytes of the file; `found[i]` are the n-grams of `files[i]`, in any order."""
    owners = np.repeat(np.arange(len(found)), [each.size for each in found])
    hashes, first = np.unique(np.concatenate(found), return_index=True)
    body = hashes.astype("<u8").tobytes() + owners[first].astype("<u2").tobytes()
    head = Head(
        format="agentflan ngrams",
        version=1,
        n=n,
        lengths=tuple(lengths),
        files=tuple(files),
        ngrams=hashes.size,
        digest=digest(body),
    )
    return head, msgspec.json.encode(head) + b"\n" + body


def read(path: Path) -> Ngrams:
    """Raises Mistake for a file that is not there, is none of ours, or is damaged."""
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise Mistake(f"no n-grams to read: {error.strerror}", where=str(path), mend=MAKE) from error


@lru_cache(16)
def _read(path: Path, changed: int) -> Ngrams:
    """Read once in a process; `changed` tells a file from the one that stood there before."""
    line, _, body = path.read_bytes().partition(b"\n")
    try:
        head = msgspec.json.decode(line, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Mistake(f"this is no file of n-grams of ours: {error}", where=str(path), mend=MAKE) from error
    if len(body) != 10 * head.ngrams or digest(body) != head.digest:
        raise Mistake("this file of n-grams is damaged", where=str(path), mend="make it again, or copy it again")
    hashes = np.frombuffer(body, "<u8", head.ngrams).astype(np.uint64, copy=False)
    return Ngrams(head, hashes, np.frombuffer(body, "<u2", head.ngrams, 8 * head.ngrams))
