"""Calls announced in plain words, "I will use weather_lookup", as a chat-aligned agent makes them."""

from __future__ import annotations

import string

PHRASES = tuple(
    f"{start} {verb} "
    for start in ("i will", "i'll", "i need to", "i should", "i want to", "i am going to", "let me", "i can")
    for verb in ("use", "call", "operate", "execute", "invoke", "run")
)
"""In lower case, each with the space that follows."""

_KINDS = frozenset({"tool", "function", "api"})
_ARTICLES = frozenset({"the", "a", "an", "this", "that", "named", "called", "given", "available", "following", "right"})
_PASSED_OVER = _ARTICLES | _KINDS
_MARKS = " .,:;!?\"'`*()<>[]"
_NEAR = 120
"""Characters after a phrase in which the name has to stand."""
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
"""Keeps the length of a text, which `str.lower` does not."""


def tools(text: str, offered: set[str]) -> list[str]:
    """The tools that are announced, in order. A reply that is nothing but the name of a tool on offer announces it.

    A word that is not on offer counts if it is written as code (in backticks, or with `_`), or if it is called a tool:
    "I will use a pen" calls nothing.
    """
    if text.strip(_MARKS) in offered:
        return [text.strip(_MARKS)]
    low = text.translate(_LOWER)
    found: list[tuple[int, str]] = []
    for phrase in PHRASES:
        start = low.find(phrase)
        while start >= 0:
            start += len(phrase)
            name = _name(text[start : start + _NEAR], offered)
            if name:
                found.append((start, name))
            start = low.find(phrase, start)
    return [name for _, name in sorted(found)]


def _name(text: str, offered: set[str]) -> str:
    words = _sentence(text.partition("\n")[0].split()[:6])
    bare = [word.strip(_MARKS) for word in words]
    for place, word in enumerate(bare):
        if word in offered:
            return word
        if word.lower() in _PASSED_OVER:
            continue
        around = {near.lower() for near in (*bare[place + 1 : place + 2], *bare[max(0, place - 1) : place])}
        return word if around & _KINDS or "`" in words[place] or "_" in word else ""
    return ""


def _sentence(words: list[str]) -> list[str]:
    """Up to the first word with a mark that ends a sentence."""
    ends = (place for place, word in enumerate(words, 1) if word[-1] in ".!?")
    return words[: next(ends, len(words))]
