"""The replies of negatives: asked of a language model without tools, or written from patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import msgspec

from agentflan.core.chance import pick
from agentflan.core.kinds import Item
from agentflan.core.plugs import Plug
from agentflan.core.types import Conversation, Message, Quarantined, Request, Segment
from agentflan.dialects.writing.languages import spoken
from agentflan.dialects.writing.wordings import wordings

_REFUSALS = ("agentflan.transforms", "refusals")
_EDGES = ".,;:!?\"'()[]{}<>*`“”‘’…"


class Reply(Plug, frozen=True):
    """Fills the last message of negatives that have none yet."""

    language: str
    seed: int

    def requests(self, item: Item) -> tuple[Request, ...]:
        """The question alone: the one who answers knows of no tools (paper appendix C)."""
        if not isinstance(item, Conversation) or item.kind != "negative" or item.messages[-1].segments[0].text:
            return ()
        asked = Message(role="user", segments=(Segment(text=item.query),))
        return (Request(purpose="refusal", messages=(asked,)),)

    def offline(self, item: Conversation, request: Request) -> str:
        language = spoken(self.language, item.query, *_REFUSALS)
        texts = wordings(*_REFUSALS, language)
        pattern = pick(texts["patterns"], self.seed, "refusal", item.id)
        words = topic(item.query, frozenset(texts["stop"]), texts["cut"]) or list(texts["nothing"])
        first = [texts["comma"][0].join(words[:-1])] if words[1:] else []
        return pattern.replace("{words}", texts["conjunction"][0].join([*first, words[-1]]))

    def apply(self, item: Conversation, replies: tuple[str, ...]) -> Conversation | Quarantined:
        text = replies[0].strip()
        if not text:
            return Quarantined("empty_reply")
        reply = Message(role="assistant", segments=(Segment(text=text, loss=True),))
        return msgspec.structs.replace(item, messages=(*item.messages[:-1], reply))


def topic(query: str, stop: frozenset[str], cut: Sequence[str] = ()) -> list[str]:
    """The three longest words that are no stop words, in the order of the query.

    A language without spaces between words has words to `cut` at; what lies between them counts from two characters on.
    """
    text = _at_any(tuple(cut)).sub(" ", query) if cut else query
    words = dict.fromkeys(word.strip(_EDGES) for word in text.split())
    shortest = 2 if cut else 4
    telling = [word for word in words if shortest <= len(word) <= 30 and word.lower() not in stop]
    longest = sorted(telling, key=lambda word: (-len(word), word))[:3]
    return [word for word in telling if word in longest]


@cache
def _at_any(words: tuple[str, ...]) -> re.Pattern[str]:
    """The longer first, and whatever is neither a letter nor a digit."""
    return re.compile("|".join([*map(re.escape, sorted(words, key=len, reverse=True)), r"\W+"]))
