"""Replies to grade as API-Bank's own evaluator does: pairs of texts for ROUGE-L, and calls well and badly written."""

from __future__ import annotations

from agentflan.core.chance import coin, pick

_WORDS = (
    "the",
    "a",
    "ferry",
    "leaves",
    "at",
    "eight.",
    "noon.",
    "Your",
    "table",
    "is",
    "booked.",
    "is",
    "so",
    "…",
    "8.30",
)


def pairs(count: int) -> list[tuple[str, str]]:
    """(reference, reply): every third reply says the reference and more; sentences, repeats and odd blanks."""
    texts = [(_text("due", number), _text("said", number)) for number in range(count)]
    return [(due, said if number % 3 else f"{due} {said}") for number, (due, said) in enumerate(texts)]


def _text(*key: str | int) -> str:
    words = [pick(_WORDS, *key, place) for place in range(1 + int(coin(*key, "length") * 24))]
    return pick((" ", "  ", "\n"), *key, "blank").join(words)


CALLS = (
    "[AddAlarm(time='08:00')]",
    "API-Request: [AddAlarm(time=\"08:00\", token='x y')]",
    "Sure! [AddAlarm(time = '08:00',token= 12)] Done.",
    "[AddAlarm(time='it's eight')]",
    "[AddAlarm(names=['Maud', 'Teo'])]",
    "[AddAlarm(names='['Maud', 'Teo']')]",
    "[AddAlarm(share=1.5, on=True)]",
    "[AddAlarm()]",
    "[AddAlarm(time='a', time='b')]",
    "[One(a='1')] and [Two(b='2')]",
    "[One(a='1')]\n[Two(b='2')]",
    "[One(a='1'\n)]",
    "[ One(a='1')]",
    "One(a='1')",
    "[One(a='1')",
    "[a.b(c='1')]",
    "[One(äpfel='drei')]",
    "[One(a='')]",
    "[One(a='x', b=)]",
    "[[One(a='[1]')]]",
    '[One(a="don\'t")]',
    "[One(text='a=1, b=2')]",
    "[]",
    "",
)
