"""Replies to T-Eval's problems, drawn from keys: right ones, silence, noise, and what a scorer trips over."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from agentflan.core import chance
from agentflan.core.types import Answer, Problem

_PIECES = (
    "",
    "FinishAction",
    "Bad tool call.",
    ": C",
    "Answer: B.",
    "{}",
    "[]",
    "{",
    "]",
    '[{"id": 0, "name": "FinishAction", "args": "{}"}]',
    '[{"id": 0, "name": "Paper.print", "args": "{}"}, {"id": 0, "name": "Sky.rain", "args": "{\'hours\': 10}"}]',
    '[{"id": "two", "name": "Sky.rain", "args": "{}"}]',
    '{"thought": "", "name": 3, "args": []}',
    "{'thought': None, 'name': 'Roster.now', 'args': {}}",
    "Sky.rain and then Garden.water. Words.translate\nPaper.print",
    '"Roster.now"',
    "```json\n{\"name\": 'Roster.now'}\n```",
    "\nuser",
    "<|im_end|>",
    "3.5",
    " ",
    "\n",
)
_KINDS = ("gold", "silent", "random", "adversarial")


def replies(problem: Problem, count: int) -> Iterator[str]:
    """`count` replies, the kinds in turn."""
    assert isinstance(problem.gold[0].action, Answer)
    gold = problem.gold[0].action.text
    for number in range(count):
        kind = _KINDS[number % 4]
        key = (problem.id, number)
        if kind == "gold":
            yield gold if number < 4 else _wrapped(gold, key)
        elif kind == "silent":
            yield "" if number < 4 else chance.pick((" ", "\n\n", "``````", "<eoa>Sky.rain"), *key)
        elif kind == "random":
            yield "".join(chance.pick(_PIECES, *key, part) for part in range(1 + int(4 * chance.coin(*key))))
        else:
            yield _spoilt(gold, key)


def _wrapped(gold: str, key: tuple[str, int]) -> str:
    before, after = chance.pick((("```json\n", "\n```"), ("  ", "\n"), ("", "<|im_end|>x"), ("Sure: ", "")), *key)
    return before + gold + after


def _spoilt(gold: str, key: tuple[str, int]) -> str:
    """The gold with a piece of it lost, doubled, moved or of another problem."""
    how = chance.pick(("cut", "insert", "swap", "quotes", "steps"), *key, "how")
    at, to = sorted(int(chance.coin(*key, name) * len(gold)) for name in ("at", "to"))
    if how == "cut":
        return gold[:at] + gold[to:]
    if how == "insert":
        return gold[:at] + chance.pick(_PIECES, *key) + gold[at:]
    if how == "swap":
        return gold[at:to] + gold[:at] + gold[to:]
    if how == "quotes":
        return gold.replace('"', "'")
    return _shuffled(gold, key)


def _shuffled(gold: str, key: tuple[str, int]) -> str:
    """A plan out of order, with steps twice and more; an object with an argument too many."""
    try:
        value = msgspec.json.decode(gold)
    except msgspec.DecodeError:
        lines = gold.split("\n")
        return "\n".join(chance.shuffled([*lines, lines[0], "Fleet.draught"], *key))
    if isinstance(value, list):
        moves = [{**move, "id": place} for place, move in enumerate(chance.shuffled([*value, *value[:1]], *key))]
        return msgspec.json.encode(moves).decode()
    if isinstance(value, dict):
        value = {name: {**each, "more": 1} if isinstance(each, dict) else each for name, each in value.items()}
    return msgspec.json.encode(value).decode()
