"""One conversation as it is trained: its tokens, read from the token folder; without one, its characters as laid out.

What a token is trained for comes from the arrays that training reads; its text from the tokenizer beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from tokenizers import Tokenizer

from agentflan.core.errors import Mistake
from agentflan.core.kinds import Template
from agentflan.core.types import CAPABILITIES, Conversation, Message
from agentflan.corpus.tokens.arrays import Tokens
from agentflan.corpus.tokens.shape import fate, layout
from agentflan.corpus.tokens.tokenizer import load_tokenizer
from agentflan.report.lossmap import Run
from agentflan.report.palette import KINDS_OF_TEXT

_NAMES = ("chat", *CAPABILITIES)
"""By the number that `capability.npy` has."""
_PIECES = 4
"""Tokens that one character may take: as many as its bytes."""


class Shown(NamedTuple):
    """One conversation, ready to be shown."""

    item: Conversation
    runs: tuple[Run, ...]
    """Tokens, if `tokens`; otherwise characters that are trained alike."""
    tokens: bool
    rest: tuple[Message, ...] = ()
    """What was cut off, since it did not fit."""
    max_length: int = 0
    """Tokens of the longest sequence; 0 where nothing is tokenised."""
    skipped: str = ""
    """Why it is in no sequence: a reason of tokens/ledger.json."""


def shown(item: Conversation, template: Template, folder: Path | None) -> Shown:
    """`folder` holds the tokens. Raises `Mistake` where they were made from another corpus."""
    if folder is None:
        return Shown(item, tuple(_characters(item, template)), tokens=False)
    tokenizer = load_tokenizer(folder / "tokenizer")
    max_length = _max_length(folder / "tokenizer" / "tokenizer_config.json")
    reason, messages = fate(item, tokenizer, template, max_length)
    if reason:
        return Shown(item, tuple(_characters(item, template)), tokens=False, max_length=max_length, skipped=reason)
    tokens = Tokens.open(folder)
    try:
        number = tokens.names().index(item.id)
    except ValueError as error:
        what = f"has no tokens of {item.id!r}: they were made from another corpus"
        raise Mistake(what, where=str(folder), mend="run `agentflan tokenise` again") from error
    runs = _tokens(tokens, number, tokenizer, template)
    return Shown(item, tuple(runs), tokens=True, rest=item.messages[messages:], max_length=max_length)


def sequences(numbers: Sequence[int], template: Template, folder: Path) -> list[tuple[Run, ...]]:
    """The tokens of sequences by their numbers in the token folder."""
    tokens, tokenizer = Tokens.open(folder), load_tokenizer(folder / "tokenizer")
    return [tuple(_tokens(tokens, number, tokenizer, template)) for number in numbers]


def counts(runs: Sequence[Run]) -> dict[str, dict[str, int]]:
    """Capability -> tokens, `all` and `trained`; what has no capability is `chat`, prompts and marks among it."""
    found = {name: {"all": 0, "trained": 0} for name in KINDS_OF_TEXT}
    for run in runs:
        found[run.capability]["all"] += 1
        found[run.capability]["trained"] += run.trained
    return found


def texts(tokenizer: Tokenizer, ids: Sequence[int]) -> list[str]:
    """What each token adds to the text. Only the last token of a character adds it, the others nothing."""
    found: list[str] = []
    before: list[int] = []
    held: list[int] = []
    for number in ids:
        held.append(number)
        base = tokenizer.decode(before, skip_special_tokens=False)
        text = tokenizer.decode([*before, *held], skip_special_tokens=False)
        added = text[len(base) :] if text.startswith(base) else tokenizer.decode(held, skip_special_tokens=False)
        if added.endswith("\ufffd") and len(held) < _PIECES:
            found.append("")
        else:
            found.append(added)
            before, held = held, []
    if held:
        found[-1] = tokenizer.decode(held, skip_special_tokens=False)
    return found


def _tokens(tokens: Tokens, number: int, tokenizer: Tokenizer, template: Template) -> Iterator[Run]:
    sequence = tokens.sequence(number)
    ids = sequence.ids.tolist()
    added = [token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special]
    pieces = texts(tokenizer, ids)
    marks = _marks("".join(pieces), [*template.marks, *added])
    at = 0
    labels = zip(sequence.trained.tolist(), sequence.capability.tolist(), sequence.weight.tolist(), strict=True)
    for identity, text, (trained, code, weight) in zip(ids, pieces, labels, strict=True):
        at += len(text)
        mark = marks.get(at - 1 if text else at, "")
        asks = bool(code) and not trained and not mark
        yield Run(text, _NAMES[code], trained, weight, asks, mark == template.stop, mark, identity)


def _characters(item: Conversation, template: Template) -> Iterator[Run]:
    rendered = layout(template, item)
    if rendered is None:
        raise Mistake(f"the template has no layout for {item.id!r}", mend="its messages are in the corpus all the same")
    marks = _marks(rendered.text, template.marks)
    for span in rendered.spans:
        name, start = span.capability or "chat", span.start
        for at in range(span.start + 1, span.end + 1):
            mark = marks.get(start, "")
            if at == span.end or marks.get(at, "") != mark:
                asks = span.capability is not None and not span.loss and not mark
                text = rendered.text[start:at]
                yield Run(text, name, span.loss, span.weight, asks, mark == template.stop, mark)
                start = at


def _marks(text: str, known: Sequence[str]) -> dict[int, str]:
    """Place of a character -> the mark that it belongs to."""
    longest_first = sorted(filter(None, known), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
    return {at: found[0] for found in pattern.finditer(text) for at in range(*found.span())}


def _max_length(file: Path) -> int:
    try:
        config: dict[str, Any] = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
        return int(config["model_max_length"])
    except (OSError, msgspec.DecodeError, KeyError) as error:
        raise Mistake("does not say how long a sequence may be", where=str(file), mend="tokenise again") from error
