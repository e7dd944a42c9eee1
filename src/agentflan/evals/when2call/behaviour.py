"""Which of When2Call's four behaviours a reply shows, by rules of ours: the published judge is a language model.

A call is found by the reader of every call syntax. The rest goes by English wordings; how often the rules are right
about the candidate answers of the published test file stands in docs/tools.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, get_args

from agentflan.core.types import ToolSpec
from agentflan.dialects.calls import reader

Behaviour = Literal["direct", "tool_call", "request_for_info", "cannot_answer"]
BEHAVIOURS: tuple[Behaviour, ...] = get_args(Behaviour)

_UNABLE = (
    *("unable to", "not able to", "i can't", "i cannot", "i can not", "i am not capable", "i'm not capable"),
    *("don't have the capability", "don't have access", "don't have the ability", "don't have real-time"),
    *("do not have the capability", "do not have access", "do not have the ability", "do not have real-time"),
    *("don't have any tool", "don't have a tool", "do not have a tool", "no tool", "none of the available"),
    *("beyond my capabilities", "outside my capabilities", "can't assist with", "cannot assist with"),
)
"""Says that it lacks what it takes."""
_INSTEAD = ("however, i can ", "however, you can ", "but i can ", "instead, you can ", "you can use the command")
"""After these comes an answer all the same."""
_ASKS = (
    *("could you", "can you", "would you mind", "may i have", "may i know", "please provide", "please specify"),
    *("please share", "please clarify", "please tell me", "please let me know", "let me know which"),
    *(
        "i'll need",
        "i will need",
        "i need to know",
        "i need to confirm",
        "i would need",
        "i'd need",
        "i need your",
        "i need more",
    ),
)
"""Asks for something, with or without a question mark."""
_OFFERS = ("would you like", "is there anything", "shall i", "should i", "do you want me to")
"""Questions that end an answer rather than stand in its place, once something has been told."""
_COURTESY = ("how can i", "how may i")
"""Questions that ask for nothing that is missing."""
_ANSWERED = 9
"""Words of plain statement that make a reply an answer, whatever is offered after them."""


def behaviour(text: str, tools: Sequence[ToolSpec]) -> Behaviour | None:
    """What a reply does; None for an empty one, which does nothing."""
    if not text.strip():
        return None
    if reader.read(text, tools).attempts:
        return "tool_call"
    low = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").lower()
    if _any(low, _UNABLE) and not _any(low, _INSTEAD):
        return "cannot_answer"
    return "request_for_info" if _asks(low) else "direct"


def _asks(low: str) -> bool:
    """It asks for something before it has told anything."""
    told = 0
    for sentence in _sentences(low):
        offers = sentence.startswith(_COURTESY) or (sentence.startswith(_OFFERS) and told >= _ANSWERED)
        if (sentence.endswith("?") or _any(sentence, _ASKS)) and not offers:
            return told < 2 * _ANSWERED
        told += len(sentence.split())
    return False


def _sentences(text: str) -> Iterator[str]:
    for line in text.splitlines():
        for piece in line.replace("? ", "?\n").replace(". ", ".\n").replace("! ", "!\n").splitlines():
            if piece.strip():
                yield piece.strip()


def _any(text: str, phrases: Sequence[str]) -> bool:
    return any(phrase in text for phrase in phrases)
