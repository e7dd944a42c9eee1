"""Benchmark problems as a file of hashed n-grams, which `decontaminate` holds a corpus against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from agentflan.core.digest import sha256_of
from agentflan.core.errors import Mistake, nearest
from agentflan.core.types import Problem, Quarantined
from agentflan.corpus.building.frames import save
from agentflan.corpus.files.rows import rows, shards
from agentflan.transforms.likeness.grams import Hashes, tokens
from agentflan.transforms.likeness.ngram_file import WORDS, Head, ProblemFile, encode, of_problem, run_lengths

SHARD_BYTES = 8 << 20


def write_ngrams(files: Sequence[Path], out: Path, *, n: int = WORDS, fields: Sequence[str] = ()) -> Head:
    """Writes the n-grams of all problems to `out`; the same files in the same order give the same bytes.

    `fields` are the keys of a row that hold its text; rows of our own `Problem` and plain strings need none.
    Raises Mistake for a row whose text is not found, and for a file without any text.
    """
    listed: list[ProblemFile] = []
    found: list[Hashes] = []
    lengths: set[int] = {n}
    for file in files:
        if not file.is_file():
            raise Mistake("there is no such file", where=str(file), mend="give a file of problems")
        problems, hashes = 0, [np.empty(0, np.uint64)]
        for words in _problems(file, fields):
            problems += 1
            hashes += [of_problem(each, n) for each in words]
            lengths.update(length for each in words for length in run_lengths(each.size, n))
        found.append(np.unique(np.concatenate(hashes)))
        if not found[-1].size:
            raise Mistake("this file holds no text", where=str(file), mend="name the right field with --field")
        listed.append(ProblemFile(name=file.name, sha256=sha256_of(file), problems=problems))
    head, data = encode(n, sorted(lengths), listed, found)
    out.parent.mkdir(parents=True, exist_ok=True)
    save(out, [data])
    return head


def _problems(file: Path, fields: Sequence[str]) -> Iterator[list[Hashes]]:
    """The words of each text of each problem."""
    number = 0
    for shard in shards(file, SHARD_BYTES):
        for row in rows(shard):
            number += 1
            if isinstance(row, Quarantined):
                raise Mistake(f"this row is {row.reason}: {row.detail}", where=f"{file}:{number}", mend="take it out")
            yield [tokens(text) for text in _asked(row, fields, f"{file}:{number}")]


def _asked(row: bytes, fields: Sequence[str], where: str) -> list[str]:
    """What a problem asks: what the user says of a chat, and not what is said before every problem."""
    try:
        value = msgspec.json.decode(row)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Mistake(f"this is no JSON: {error}", where=where, mend="write one problem a line, or an array") from error
    if fields and isinstance(value, dict):
        missing = [field for field in fields if field not in value]
        if missing:
            raise Mistake(f"this problem has no {missing[0]!r}", where=where, mend=nearest(missing[0], value))
        return [text for field in fields for text in _texts(value[field])]
    if isinstance(value, dict):
        try:
            problem = msgspec.convert(value, Problem)
        except msgspec.ValidationError as error:
            mend = f"name one of its keys with --field: {', '.join(value)}"
            raise Mistake("it is not known which text of this row is the problem", where=where, mend=mend) from error
        asked = (message for message in problem.messages if message.role == "user")
        return ["".join(segment.text for segment in message.segments) for message in asked]
    return list(_texts(value))


def _texts(value: Any) -> Iterator[str]:
    """All strings in a value; of messages, those of the user."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict) and "role" in value:
        if value["role"] == "user":
            yield from _texts(value.get("content"))
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
