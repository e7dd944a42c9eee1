"""How much of the tokenizer's own speed is left when every token knows whether, for what and how much it is trained."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from agentflan.core.chance import pick
from agentflan.core.types import Capability, Conversation, Message, Segment
from agentflan.corpus.store.parquet import ConversationWriter
from agentflan.corpus.tokens.tokenise import tokenise
from agentflan.corpus.tokens.tokenizer import train_bpe
from agentflan.templates.agent_flan import AgentFlan
from bench.figure import Figure, alternate

_CONVERSATIONS = 500
_TURNS = 6
_ROUNDS = 9
_STARTS = ["re", "ka", "lo", "vun", "ba", "tre", "mi", "son", "pal", "fer", "dor", "gan", "lis", "nut", "wes", "cha"]
_ENDS = ["ing", "er", "ed", "tion", "s", "al", "ment", "ly", "ness", "able"]
_WORDS = [start + end for start in _STARTS for end in _ENDS]
_PUNCTUATION = ["", "", "", "", ",", ".", "\n", ": 17"]


def bench_tokenise_ratio() -> Iterator[Figure]:
    """Conversations on disk to tokens on disk, against `encode_batch_fast` and its ids on the same text; one core."""
    before = os.environ.get("TOKENIZERS_PARALLELISM")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    template = AgentFlan()
    items = [_conversation(number) for number in range(_CONVERSATIONS)]
    texts = [template.render(item).text for item in items]
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    tokenizer = train_bpe(iter(texts[:100]), 4096, template)
    with tempfile.TemporaryDirectory() as name:
        corpus, out = Path(name, "corpus"), Path(name, "tokens")
        with ConversationWriter(corpus) as writer:
            writer.write(items)
        ours, theirs = alternate(
            lambda: tokenise(corpus, out, tokenizer, template, seed=0, max_length=1 << 20),
            lambda: [one.ids for one in tokenizer.encode_batch_fast(texts, add_special_tokens=False)],
            _ROUNDS,
        )
    if before is None:
        del os.environ["TOKENIZERS_PARALLELISM"]
    else:
        os.environ["TOKENIZERS_PARALLELISM"] = before
    yield {
        "bench": "tokenise_ratio",
        "value": round(megabytes / ours, 3),
        "unit": "MB/s",
        "against": "the ids of tokenizers encode_batch_fast, in memory, without labels",
        "ratio": round(theirs / ours, 3),
        "rounds": _ROUNDS,
    }


def _conversation(number: int) -> Conversation:
    messages = [_message("user", number, 0, (60, None))]
    for turn in range(1, _TURNS):
        form: list[tuple[int, Capability | None]] = [(1, "format"), (30, "reasoning"), (2, "retrieval")]
        messages.append(_message("assistant", number, 2 * turn, *form, (12, "understanding")))
        messages.append(_message("user", number, 2 * turn + 1, (80, None)))
    messages.append(_message("assistant", number, 2 * _TURNS, (40, None)))
    return Conversation(id=f"made-{number}", source="bench", messages=tuple(messages), group=f"group-{number}")


def _message(role: str, number: int, place: int, *parts: tuple[int, Capability | None]) -> Message:
    segments = [
        Segment(text=_text(words, number, place, index), capability=capability, loss=role == "assistant")
        for index, (words, capability) in enumerate(parts)
    ]
    return Message(role="user" if role == "user" else "assistant", segments=tuple(segments))


def _text(words: int, *key: int) -> str:
    return "".join(f" {pick(_WORDS, 'w', *key, place)}{pick(_PUNCTUATION, 'p', *key, place)}" for place in range(words))
