"""What the base reads before any tuning, as ShareGPT rows in an order that teaches one thing after the other.

First plain repeats, then lists said again in another order, then questions about lists of notes, and plain talk.
That is how a model of half a million parameters learns in minutes to read off a list. No row has an agent's form, and
a request that would need a tool is answered plainly; `none` is the answer where no note fits. So the base knows how to
tell what a list does not offer, and the arms show whether tuning keeps it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentflan.dialects.writing.wordings import wordings
from agentflan.recipes.demo.world import BASE, OWN, PERSONAS, SUBJECT, VALUES, Dice, Tool

REPEATS, LISTS, DOCUMENTS = 8000, 9600, 16000
"""How many of each there are, in this order."""
Turns = list[tuple[str, str]]
_WHICH, _WHICH_VALUE = "which note fits:", "which note fits, and with which value:"
_WORDS = (SUBJECT, OWN, tuple(VALUES), *VALUES.values())


def documents(seed: int) -> Iterator[dict[str, Any]]:
    """Rows in the shape of ShareGPT."""
    for number in range(REPEATS + LISTS + DOCUMENTS):
        dice = Dice(seed, "base", number)
        turns = _turns(dice, number)
        yield {"id": f"base_{number}", "conversations": [{"from": who, "value": text} for who, text in turns]}


def notes(tools: list[Tool], header: str = "notes:") -> str:
    """A list in the grammar in which tools are listed, under another header."""
    return f"{header}\n" + "\n".join(f"- {tool.signature}" for tool in tools)


def _turns(dice: Dice, number: int) -> Turns:
    """What is read later holds a little of what was read before."""
    kind = dice.coin()
    if number < REPEATS:
        return _repeat(dice)
    if number < REPEATS + LISTS:
        return _repeat(dice) if kind < 0.3 else _list_again(dice)
    if kind < 0.12:
        return _repeat(dice) if kind < 0.04 else _list_again(dice)
    if kind < 0.25:
        return _talk(dice)
    return _declined(dice) if kind < 0.34 else _questions(dice)


def _repeat(dice: Dice) -> Turns:
    """Words of changing kind, so that no topic or name comes about by chance."""
    words: list[str] = []
    kind = 0
    for _ in range(6 + dice.below(9)):
        kind = (kind + 1 + dice.below(2)) % 3
        words.append(dice.pick(_WORDS[kind] if kind < 2 else dice.pick(_WORDS[2:])))
    return [("human", " ".join(words)), ("gpt", " ".join(words))]


def _list_again(dice: Dice) -> Turns:
    tools = [BASE.tool(dice, topic) for topic in BASE.distinct_topics(dice, 2 + dice.below(4))]
    return [("human", notes(tools)), ("gpt", "\n".join(f"- {tool.signature}" for tool in dice.shuffled(tools)))]


def _talk(dice: Dice) -> Turns:
    turns = _opening(dice, 0.5)
    for _ in range(2):
        query, reply = BASE.chat(dice, BASE.topic(dice))
        turns += [("human", query), ("gpt", reply)]
    return turns


def _declined(dice: Dice) -> Turns:
    """Mostly beside notes that do not help; worded as `negatives` words it, so that only the when is left to learn."""
    turns = _opening(dice, 0.85)
    asked = BASE.request(dice, BASE.topic(dice))
    words = " and ".join(asked.values.values()) or "this"
    return [*turns, ("human", asked.text), ("gpt", dice.pick(_refusals()).replace("{words}", words))]


def _opening(dice: Dice, noted: float) -> Turns:
    """A system prompt or none; with notes in a share of cases."""
    if dice.coin() < noted:
        topics = BASE.distinct_topics(dice, 2 + dice.below(3))
        return [("system", notes([BASE.tool(dice, topic) for topic in topics]))]
    persona = dice.pick(PERSONAS)
    return [("system", persona)] if persona else []


def _refusals() -> tuple[str, ...]:
    return wordings("agentflan.transforms", "refusals", "en")["patterns"]


def _questions(dice: Dice) -> Turns:
    """Five requests beside two to four notes; the header says that the answer is to be the note, or none."""
    size = 2 + dice.below(3)
    topics = BASE.distinct_topics(dice, size + 3)
    listed = [BASE.tool(dice, topic) for topic in topics[:size]]
    valued = dice.coin() < 0.5
    turns: Turns = [("system", notes(listed, _WHICH_VALUE if valued else _WHICH))]
    for _ in range(5):
        if dice.coin() < 0.4:
            other = BASE.request(dice, dice.pick(topics[size:]), dice.pick(tuple(VALUES)))
            turns += [("human", other.text), ("gpt", "none")]
            continue
        tool = dice.pick(listed)
        query = BASE.request(dice, tool.topic, tool.parameter)
        value = f' "{query.values[tool.parameter]}"' if valued else ""
        turns += [("human", query.text), ("gpt", f"{tool.signature}{value}")]
    return turns
