"""A corpus as tokens: ids, and for each of them whether it is trained, for which capability, with what weight."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from agentflan.core.chance import coin
from agentflan.core.errors import Mistake
from agentflan.core.kinds import Template
from agentflan.core.types import Conversation
from agentflan.corpus.store.parquet import conversations
from agentflan.corpus.tokens.labels import CODES
from agentflan.corpus.tokens.shape import Counts, Shaper
from agentflan.corpus.tokens.tokenizer import fitted, save_tokenizer

_BATCH_CHARACTERS = 1 << 20
_BATCH_ROWS = 512


def tokenise(
    corpus_folder: Path,
    out_folder: Path,
    tokenizer: Tokenizer,
    template: Template,
    *,
    validation_share: float = 0.02,
    seed: int,
    max_length: int,
    add_marks: bool = False,
) -> dict[str, Any]:
    """Writes the tokens folder (`corpus.tokens.arrays.Tokens`) and its tokenizer; returns what `ledger.json` holds.

    With `add_marks`, what the vocabulary lacks of the template's marks is added to it.
    A conversation over `max_length` tokens is cut behind the last whole reply that fits. Nothing appears at
    `out_folder` before all is done. Raises `Mistake` when not one conversation has anything to train.
    """
    beside = out_folder.with_name(f"{out_folder.name}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    tokenizer = fitted(tokenizer, template, add_marks=add_marks)
    try:
        save_tokenizer(tokenizer, beside / "tokenizer", template, max_length)
        ledger = _write(corpus_folder, beside, Shaper(tokenizer, template, max_length), validation_share, seed)
        (beside / "ledger.json").write_bytes(msgspec.json.format(msgspec.json.encode(ledger), indent=2) + b"\n")
        shutil.rmtree(out_folder, ignore_errors=True)
        beside.replace(out_folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return ledger


def _write(corpus: Path, folder: Path, shape: Shaper, share: float, seed: int) -> dict[str, Any]:
    counts, groups, offsets = Counts(), [], [0]
    with (
        _Column(folder / "ids.npy", shape.id_type) as ids,
        _Column(folder / "trained.npy", np.bool_) as trained,
        _Column(folder / "capability.npy", np.uint8) as capability,
        _Column(folder / "weight.npy", np.float32) as weight,
        (folder / "sequences.txt").open("w", encoding="utf-8", newline="\n") as names,
    ):
        for batch in _batches(conversations(corpus)):
            kept = list(shape(batch, counts))
            for number, column in enumerate((ids, trained, capability, weight)):
                column.extend([one[number] for _, one in kept])
            for item, one in kept:
                names.write(f"{item.id}\n")
                counts.origins[item.source, item.licence] += 1
                groups.append(item.group or item.query or item.id)
                offsets.append(offsets[-1] + len(one.ids))
                used = np.bincount(one.capability[one.trained], minlength=len(CODES))
                counts.trained.update(dict(enumerate(used.tolist())))
    if not groups:
        reasons = (
            ", ".join(f"{count:,} {reason}" for reason, count in sorted((+counts.skipped).items())) or "it is empty"
        )
        mend = f"raise `max_length`: {counts.asking()}" if counts.needed else "look at corpus/ledger.json"
        raise Mistake(f"has nothing to train: {reasons}", where=str(corpus), mend=mend)
    counts.total = offsets[-1]
    held = _held_out(groups, share, seed)
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    for name, kind, values in (
        ("offsets", np.int64, offsets),
        ("validation", np.bool_, [group in held for group in groups]),
        ("group", np.int32, [numbers[group] for group in groups]),
    ):
        with _Column(folder / f"{name}.npy", kind) as column:
            column.extend([np.array(values)])
    return _ledger(counts, len(groups), sum(group in held for group in groups))


def _ledger(counts: Counts, sequences: int, held: int) -> dict[str, Any]:
    skipped = dict(sorted((+counts.skipped).items()))
    stage = {"name": "tokenise", "in": counts.conversations, "out": sequences, "made": 0}
    by_capability = {name or "chat": counts.trained[code] for name, code in CODES.items()}
    return {
        "stages": [{**stage, "dropped": skipped, "quarantined": {}, "pending": 0}],
        "conversations": counts.conversations,
        "sequences": sequences,
        "validation_sequences": held,
        "skipped": skipped,
        "cut": counts.cut,
        "origins": {
            source: {licence: number for (name, licence), number in sorted(counts.origins.items()) if name == source}
            for source, _ in sorted(counts.origins)
        },
        "muted": counts.muted,
        "too_long": counts.asking(),
        "tokens": {
            "total": counts.total,
            "trained": sum(by_capability.values()),
            "by_capability": by_capability,
        },
    }


def _batches(items: Iterable[Conversation]) -> Iterator[list[Conversation]]:
    batch: list[Conversation] = []
    characters = 0
    for item in items:
        batch.append(item)
        characters += sum([len(segment.text) for message in item.messages for segment in message.segments])
        if characters >= _BATCH_CHARACTERS or len(batch) == _BATCH_ROWS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _held_out(groups: list[str], share: float, seed: int) -> set[str]:
    """Groups for validation: about `share` of them, but one at least and never all, where there are two."""
    order = sorted((coin(seed, "split", group), group) for group in set(groups))
    if share <= 0 or len(order) < 2:
        return set()
    count = sum(key < share for key, _ in order)
    return {group for _, group in order[: min(max(count, 1), len(order) - 1)]}


class _Column:
    """An .npy file that grows: its header leaves room for the length, which is only known in the end."""

    def __init__(self, path: Path, kind: type[np.generic]) -> None:
        self._path, self._type, self._length = path, np.dtype(kind), 0

    def __enter__(self) -> Self:
        self._stream = self._path.open("wb")
        self._header()
        return self

    def extend(self, parts: list[NDArray[Any]]) -> None:
        if parts:
            whole = np.concatenate(parts).astype(self._type, copy=False)
            self._stream.write(whole.tobytes())
            self._length += len(whole)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None:
            self._stream.seek(0)
            self._header()
            self._stream.flush()
            os.fsync(self._stream.fileno())
        self._stream.close()

    def _header(self) -> None:
        shape = {"descr": self._type.str, "fortran_order": False, "shape": (self._length,)}
        np.lib.format.write_array_header_1_0(self._stream, shape)
