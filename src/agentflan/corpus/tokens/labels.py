"""Which span every token belongs to: that of its last character.

The text is encoded whole, since encoding it piece by piece gives other tokens than the model will see. Offsets from the
tokenizer cost a third of its speed, so they are worked out from the byte length of each token, for a whole batch at
once; where the lengths do not add up to the text's, that text is done again with offsets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from agentflan.core.types import CAPABILITIES, Capability, Rendered
from agentflan.corpus.tokens import arrays as tokens

CODES: dict[Capability | None, int] = {name: code for code, name in enumerate((None, *CAPABILITIES))}
"""Capability -> its number in `capability.npy`; 0 is plain chat."""

_SPACE = "\u2581"


class Labelled(NamedTuple):
    """Tokens of a batch of texts, end to end."""

    ids: NDArray[np.int32]
    trained: NDArray[np.bool_]
    capability: NDArray[np.uint8]
    weight: NDArray[np.float32]
    borders: NDArray[np.int64]
    """Text number i has the tokens [borders[i], borders[i + 1])."""

    def text(self, number: int) -> tokens.Sequence:
        """The tokens of one text, as views."""
        part = slice(int(self.borders[number]), int(self.borders[number + 1]))
        return tokens.Sequence(self.ids[part], self.trained[part], self.capability[part], self.weight[part])


class _Lengths(NamedTuple):
    """What is known of every token id, and where this tokenizer imagines a space that is not in the text."""

    bytes: NDArray[np.int32]
    added: NDArray[np.bool_]
    newline: NDArray[np.bool_]
    at_start: bool
    after_added: bool
    after_newline: bool


class Labeller:
    """Encodes rendered conversations, without BOS, and labels their tokens."""

    def __init__(self, tokenizer: Tokenizer, *, by_offsets: bool = False) -> None:
        self._tokenizer = tokenizer
        self._lengths = None if by_offsets else _lengths(tokenizer)

    def __call__(self, batch: Sequence[Rendered]) -> Labelled:
        texts = [rendered.text for rendered in batch]
        encoded = [one.ids for one in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
        borders = _borders([len(ids) for ids in encoded])
        ids = np.fromiter(chain.from_iterable(encoded), np.int32, int(borders[-1]))
        spans = [span for rendered in batch for span in rendered.spans]
        first = _borders([len(rendered.spans) for rendered in batch])
        index, wrong = self._by_lengths(batch, ids, borders, first)
        for number in wrong:
            own = first[number] + self._by_offsets(batch[number])
            index[borders[number] : borders[number + 1]] = own
        loss = np.array([span.loss for span in spans], np.bool_)
        codes = np.array([CODES[span.capability] for span in spans], np.uint8)
        weights = np.array([span.weight for span in spans], np.float32)
        return Labelled(ids, loss[index], codes[index], weights[index], borders)

    def _by_lengths(
        self, batch: Sequence[Rendered], ids: NDArray[np.int32], borders: NDArray[np.int64], first: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], list[int]]:
        """The span of each token, and the texts for which that cannot be trusted."""
        if self._lengths is None:
            return np.zeros(len(ids), np.int64), list(range(len(batch)))
        ends = _borders([len(one.text[span.start : span.end].encode()) for one in batch for span in one.spans])
        lengths, opens = _without_imagined(self._lengths, ids, borders)
        reached = _borders(lengths)
        counts = np.diff(borders)
        right = np.diff(reached[borders]) == np.diff(ends[first])
        if not right.all() or lengths.min(initial=0) < 0:
            owner = np.repeat(np.arange(len(batch)), counts)
            right[owner[lengths < 0]] = False
            lengths[~right[owner]] = 0
            reached = _borders(lengths)
        last = reached[1:] + np.repeat(ends[first[:-1]] - reached[borders[:-1]], counts)
        last += opens & (lengths == 0)  # a lone imagined space belongs to the character it stands before
        upto = np.searchsorted(last, ends[1:], side="right")
        index = np.repeat(np.arange(len(upto)), np.diff(upto, prepend=0))
        return index, np.flatnonzero(~right).tolist()

    def _by_offsets(self, rendered: Rendered) -> NDArray[np.int64]:
        offsets = self._tokenizer.encode(rendered.text, add_special_tokens=False).offsets
        ends = [span.end for span in rendered.spans]
        return np.searchsorted(ends, [max(end, 1) for _, end in offsets], side="left").astype(np.int64)


def _without_imagined(
    known: _Lengths, ids: NDArray[np.int32], borders: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Bytes of the text that each token covers, and which tokens begin with a space imagined at a start."""
    added = known.added[ids]
    before = np.concatenate([[-1], ids[:-1]])
    before[borders[:-1][borders[:-1] < len(ids)]] = -1
    is_start = before < 0
    opens = ~added & np.where(is_start, known.at_start, known.after_added & known.added[before])
    broken = ~is_start & known.newline[before] if known.after_newline else np.zeros_like(opens)
    return known.bytes[ids].astype(np.int64) - (opens | broken), opens


def _borders(lengths: Any) -> NDArray[np.int64]:
    borders = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=borders[1:])
    return borders


def _lengths(tokenizer: Tokenizer) -> _Lengths | None:
    """None for a tokenizer whose tokens do not tell their length."""
    spell = _spelling(tokenizer)
    if spell is None:
        return None
    marks = {number: token.content for number, token in tokenizer.get_added_tokens_decoder().items()}
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    size = max(vocabulary.values(), default=0) + 1
    lengths, newline, added = np.zeros(size, np.int32), np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    for token, number in vocabulary.items():
        text = marks[number].encode() if number in marks else spell(token)
        lengths[number], newline[number] = len(text), text.endswith(b"\n")
        added[number] = number in marks

    def surplus(text: str) -> int:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        return int(lengths[ids].sum()) - len(text.encode())

    start = surplus("a")
    mark = surplus(f"{next(iter(marks.values()))}a") if marks else 0
    line = surplus("a\na") - start
    return _Lengths(lengths, added, newline, bool(start), bool(mark), bool(line))


def _spelling(tokenizer: Tokenizer) -> Callable[[str], bytes] | None:
    """token -> as many bytes as it stands for, a newline at its end kept; for the two usual families of tokenizers."""
    spec = msgspec.json.decode(tokenizer.to_str())
    steps = [*_steps(spec["normalizer"]), *_steps(spec["pre_tokenizer"])]
    if any(step["type"] == "ByteLevel" for step in steps):
        return _one_byte_a_letter
    spaced = any(step["type"] == "Metaspace" or step.get("content") == _SPACE for step in steps)
    return _with_byte_fallback if spaced and spec["model"].get("byte_fallback") else None


def _steps(part: dict[str, Any] | None) -> list[dict[str, Any]]:
    if part is None:
        return []
    return part.get("normalizers") or part.get("pretokenizers") or [part]


def _one_byte_a_letter(token: str) -> bytes:
    return token.replace("\u010a", "\n").encode("latin-1", "replace")


def _with_byte_fallback(token: str) -> bytes:
    if len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
        return bytes.fromhex(token[3:5])
    return token.replace(_SPACE, " ").encode()
