"""From a conversation to its labelled tokens: laid out, encoded, cut to what fits, or left out for a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
import numpy as np
from tokenizers import Tokenizer

from agentflan.core.kinds import Template
from agentflan.core.types import Conversation, Rendered, Span
from agentflan.corpus.tokens.arrays import Sequence
from agentflan.corpus.tokens.labels import Labeller
from agentflan.corpus.tokens.tokenizer import bos_of


def layout(template: Template, item: Conversation) -> Rendered | None:
    """None: the template has none for this conversation."""
    try:
        return template.render(item)
    except ValueError:
        return None


class Fate(NamedTuple):
    """What becomes of one conversation."""

    skipped: str
    """Why it is in no sequence; empty if it is in one."""
    messages: int
    """How many of its messages the sequence holds: all, or those before the cut."""


def fate(item: Conversation, tokenizer: Tokenizer, template: Template, max_length: int) -> Fate:
    """By the code that writes tokens; `tokenizer` is that of the token folder."""
    counts, shape = Counts(), Shaper(tokenizer, template, max_length)
    kept = len(list(shape([item], counts)))
    messages = shape.longest(item)[0] if counts.cut else len(item.messages)
    return Fate(next(iter(+counts.skipped), ""), messages * kept)


@dataclass
class Counts:
    """What the ledger says."""

    conversations: int = 0
    cut: int = 0
    muted: int = 0
    """Replies that are only shown in this template, though the corpus trains them."""
    skipped: Counter[str] = field(default_factory=Counter)
    total: int = 0
    trained: Counter[int] = field(default_factory=Counter)
    origins: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(source, licence) of the sequences."""
    needed: list[int] = field(default_factory=list)
    """Tokens up to the first reply of those that are too long even then."""

    def asking(self) -> str:
        """What it would take to hold a reply of them; empty if none is too long."""
        if not self.needed:
            return ""
        half = sorted(self.needed)[len(self.needed) // 2]
        return f"the first reply ends after {half:,} tokens in half of them, after {max(self.needed):,} in the longest"


class Shaper:
    """Conversations in, labelled sequences that fit out."""

    def __init__(self, tokenizer: Tokenizer, template: Template, max_length: int) -> None:
        bos = bos_of(tokenizer)
        self._begins = "" if _begins_alike(tokenizer, bos) else bos
        self._bos = [tokenizer.token_to_id(bos)] if bos and not self._begins else []
        self._room = max_length - len(self._bos)
        self._template, self._label = template, Labeller(tokenizer)
        self.id_type = np.uint16 if tokenizer.get_vocab_size(with_added_tokens=True) <= 1 << 16 else np.int32

    def __call__(self, items: list[Conversation], counts: Counts) -> Iterator[tuple[Conversation, Sequence]]:
        counts.conversations += len(items)
        laid = [(item, rendered) for item in items if (rendered := self._laid(item)) is not None]
        counts.skipped["no_layout"] += len(items) - len(laid)
        labelled = self._label([rendered for _, rendered in laid])
        for number, (item, rendered) in enumerate(laid):
            one: Sequence | None = labelled.text(number)
            muted = rendered.muted
            if labelled.borders[number + 1] - labelled.borders[number] > self._room:
                _, one, muted = self.longest(item)
                counts.cut += one is not None
            if one is None:
                counts.skipped["too_long"] += 1
                counts.needed.append(self._least(item))
            elif not one.trained.any():
                counts.skipped["nothing_trained"] += 1
            else:
                counts.muted += muted
                yield item, self._with_bos(one)

    def longest(self, item: Conversation) -> tuple[int, Sequence | None, int]:
        """How many messages fit, up to the last reply with which they do, their tokens, and how many replies of theirs
        are muted; found by halving."""
        ends = [number for number, message in enumerate(item.messages, 1) if message.role == "assistant"]
        best, muted, low, high = None, 0, 0, len(ends)
        while low < high:
            middle = (low + high) // 2
            short = msgspec.structs.replace(item, messages=item.messages[: ends[middle]])
            rendered = self._laid(short)
            tried = self._label([rendered] if rendered else [])
            if rendered and len(tried.ids) <= self._room:
                best, muted, low = tried.text(0), rendered.muted, middle + 1
            else:
                high = middle
        return (ends[low - 1] if low else 0), best, muted

    def _least(self, item: Conversation) -> int:
        """Tokens up to the end of the first reply."""
        end = next((number for number, message in enumerate(item.messages, 1) if message.role == "assistant"), 0)
        rendered = self._laid(msgspec.structs.replace(item, messages=item.messages[:end]))
        return len(self._label([rendered] if rendered else []).ids) + len(self._bos)

    def _laid(self, item: Conversation) -> Rendered | None:
        rendered = layout(self._template, item)
        return _behind(self._begins, rendered) if rendered and self._begins else rendered

    def _with_bos(self, one: Sequence) -> Sequence:
        if not self._bos:
            return one
        return Sequence(
            np.concatenate([self._bos, one.ids]),
            np.concatenate([[False], one.trained]),
            np.concatenate([np.zeros(1, np.uint8), one.capability]),
            np.concatenate([np.ones(1, np.float32), one.weight]),
        )


def _begins_alike(tokenizer: Tokenizer, bos: str) -> bool:
    """Whether a text has the same tokens behind a BOS that stands in it, as chat templates write one, as without it.

    Tokenizers that imagine a space where a text begins (and only there) see none behind BOS.
    """
    behind = tokenizer.encode(f"{bos}a", add_special_tokens=False).ids[1:]
    return not bos or behind == tokenizer.encode("a", add_special_tokens=False).ids


def _behind(bos: str, rendered: Rendered) -> Rendered:
    """The same text with BOS in it."""
    more = len(bos)
    moved = (msgspec.structs.replace(span, start=span.start + more, end=span.end + more) for span in rendered.spans)
    spans = (Span(start=0, end=more), *moved)
    return msgspec.structs.replace(rendered, text=bos + rendered.text, spans=spans)
