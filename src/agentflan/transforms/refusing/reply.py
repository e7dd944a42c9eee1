"""The replies of negatives: asked of a language model without tools, or written from patterns."""

from __future__ import annotations

import msgspec

from agentflan.core.chance import pick
from agentflan.core.kinds import Item
from agentflan.core.plugs import Plug
from agentflan.core.types import Conversation, Dropped, Message, Quarantined, Request, Segment
from agentflan.dialects.calls import reader
from agentflan.dialects.writing.wordings import wordings

_EDGES = ".,;:!?\"'()[]{}<>*`“”‘’…"


class Reply(Plug, frozen=True):
    """Fills the last message of negatives that have none yet.

    A reply is judged by the parser that grades models for the same fault: one that calls, or shows an agent's form,
    would teach what negatives are to unlearn.
    """

    language: str
    seed: int

    def requests(self, item: Item) -> tuple[Request, ...]:
        """The question alone: the one who answers knows of no tools (paper appendix C)."""
        if not isinstance(item, Conversation) or item.kind != "negative" or item.messages[-1].segments[0].text:
            return ()
        asked = Message(role="user", segments=(Segment(text=item.query),))
        return (Request(purpose="refusal", messages=(asked,)),)

    def offline(self, item: Conversation, request: Request) -> str:
        texts = wordings("agentflan.transforms", "refusals", self.language)
        pattern = pick(texts["patterns"], self.seed, "refusal", item.id)
        words = topic(item.query, frozenset(texts["stop"])) or list(texts["nothing"])
        named = f" {texts['conjunction'][0]} ".join((*([", ".join(words[:-1])] if words[1:] else []), words[-1]))
        return pattern.replace("{words}", named)

    def apply(self, item: Conversation, replies: tuple[str, ...]) -> Conversation | Dropped | Quarantined:
        text = replies[0].strip()
        if not text:
            return Quarantined("empty_reply")
        reading = reader.read(text, item.tools)
        if reading.named:
            return Dropped("calls_a_tool", reading.named.call.name)
        if reading.agent_form:
            return Dropped("agent_form", ", ".join(reading.marks))
        reply = Message(role="assistant", segments=(Segment(text=text, loss=True),))
        return msgspec.structs.replace(item, messages=(*item.messages[:-1], reply))


def topic(query: str, stop: frozenset[str]) -> list[str]:
    """The three longest words that are no stop words, in the order of the query."""
    words = dict.fromkeys(word.strip(_EDGES) for word in query.split())
    telling = [word for word in words if 3 < len(word) <= 30 and word.lower() not in stop]
    longest = sorted(telling, key=lambda word: (-len(word), word))[:3]
    return [word for word in telling if word in longest]
