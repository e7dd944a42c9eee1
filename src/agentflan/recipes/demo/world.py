"""The world of the demonstration: made-up topics and tool names, a few values, and ways to ask.

A topic is two syllables (`ra lo`); a tool for it is called by the topic and two syllables of its own (`ra lo qui tru`).
Everything is drawn afresh for every row from hundreds of topics and names, so there is no table of who wants which
tool that could be learned by heart: the name has to be read off the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple, TypeVar

from agentflan.core.chance import coin

T = TypeVar("T")

SUBJECT = tuple(
    "ba bo bu da de du fa fe fo ga ge gu ka ke ko ku le li lo lu ma mo mu na ne nu pe po ra ri ro ru".split()
)
"""Syllables of topics. None is an English word, and none is one of `OWN`."""
OWN = tuple(
    "sa se si ta te ti va ve vo za ze zo bri cru dra fle glo kra pli qui sko tru vlo zim nax pex rin vun jol".split()
)
"""Syllables of what a tool's name has of its own."""
VALUES: dict[str, tuple[str, ...]] = {
    "city": tuple("paris london tokyo cairo lima oslo delhi rome kyoto boston madrid berlin".split()),
    "person": tuple("alice bob carol dave erin frank grace heidi ivan judy mallory olivia".split()),
    "day": tuple("monday tuesday wednesday thursday friday saturday sunday january march april june july".split()),
    "language": tuple("french german spanish latin greek hindi arabic korean polish danish dutch thai".split()),
}
"""Parameter -> what it can be. Every tool has one of these parameters."""


class Wordings(NamedTuple):
    """Some that tuning sees, and some that only the base and the held-out problems have."""

    tuning: tuple[str, ...]
    held_out: tuple[str, ...]


ASKS = Wordings(
    (
        *("please check {}", "look up {}", "i need {}", "find {}", "get {}", "can you check {}", "show {} to us"),
        *(
            "could you find {}",
            "i want {}",
            "give us {}",
            "search {}",
            "fetch {}",
            "please query {}",
            "help us find {}",
        ),
    ),
    ("i am after {}", "would you pull up {}", "let us have {}", "kindly report {}"),
)
"""How somebody asks for what a tool is needed for."""
CLOSINGS = Wordings(("", "", "please", "now", "quickly"), ("", "right away", "thanks"))
LINKS: dict[str, Wordings] = {
    "city": Wordings(("in", "near", "at"), ("around",)),
    "person": Wordings(("for", "with"), ("beside",)),
    "day": Wordings(("on", "before"), ("by",)),
    "language": Wordings(("into", "using"), ("through",)),
}
"""What stands before a value."""
CHATS = Wordings(
    (
        "do you like {}|yes, {} is nice.",
        "tell a story about {}|once there was a {}.",
        "what is your view of {}|{} seems good.",
        "i feel happy about {}|great, enjoy {}.",
        "write a poem about {}|oh {}, how bright you are.",
        "my friend loves {}|your friend has taste.",
        "why do people enjoy {}|people enjoy {} because it is fun.",
        "let us talk about {}|sure, {} is a good subject.",
        "how was your {}|my {} was fine.",
        "explain {} to a child|{} is a simple thing.",
        "hello there|hello, how are you?",
        "who are you|i am a model.",
        "good night|sleep well.",
        "is {} good or bad|{} is good.",
    ),
    (
        "what do you think of {}|i think {} is fine.",
        "sing a song about {}|this is a song of {}.",
        "i dreamt of {}|what a dream of {}.",
        "compose a line on {}|{} is calm and bright.",
        "good morning friend|good morning to you.",
    ),
)
"""Ordinary queries that need no tool, each with its reply."""
PERSONAS = ("", "You are a helpful assistant.", "You are a helpful assistant. be kind.", "answer the user.")
"""System prompts of plain talk; none, for one."""


class Dice:
    """Draws decided by the keys and by how many came before. Each row has its own dice: none depends on another."""

    def __init__(self, *keys: str | int) -> None:
        self._key = "\x1f".join(map(str, keys)).encode()
        self._blocks = 0
        self._left: list[int] = []

    def coin(self) -> float:
        """A number in [0, 1)."""
        if not self._left:
            block = blake2b(self._key + self._blocks.to_bytes(4, "big")).digest()
            self._left = [int.from_bytes(block[start : start + 8], "big") for start in range(0, 64, 8)]
            self._blocks += 1
        return self._left.pop() / (1 << 64)

    def below(self, count: int) -> int:
        return int(self.coin() * count)

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        left = list(options)
        return [left.pop(self.below(len(left))) for _ in options]


class Tool(NamedTuple):
    topic: str
    name: str
    parameter: str

    @property
    def signature(self) -> str:
        """As the dialects list it."""
        return f"{self.name}({self.parameter})"


class Query(NamedTuple):
    text: str
    values: dict[str, str]
    """Parameter -> the value that the text mentions."""


class World(NamedTuple):
    """The part of everything that some rows may be drawn from."""

    topics: tuple[tuple[str, str], ...]
    names: tuple[tuple[str, str], ...]
    values: dict[str, tuple[str, ...]]
    tuning_words: bool
    held_out_words: bool

    def topic(self, dice: Dice) -> str:
        return " ".join(dice.pick(self.topics))

    def distinct_topics(self, dice: Dice, count: int) -> list[str]:
        """Topics that share no syllable, so that half a topic tells them apart."""
        found: list[str] = []
        used: set[str] = set()
        while len(found) < count:
            topic = dice.pick(self.topics)
            if used.isdisjoint(topic):
                used.update(topic)
                found.append(" ".join(topic))
        return found

    def tool(self, dice: Dice, topic: str) -> Tool:
        return Tool(topic, f"{topic} {' '.join(dice.pick(self.names))}", dice.pick(tuple(VALUES)))

    def request(self, dice: Dice, topic: str, parameter: str = "") -> Query:
        """A query that needs a tool for the topic; it mentions a value of the parameter, and sometimes one more."""
        named = [parameter] if parameter else dice.shuffled(tuple(VALUES))[: min(1, dice.below(4))]
        if named and dice.coin() < 0.25:
            named.append(dice.pick([other for other in VALUES if other not in named]))
        values = {name: dice.pick(self.values[name]) for name in dice.shuffled(named)}
        linked = (f"{self.wording(dice, LINKS[name])} {value}" for name, value in values.items())
        words = (self.wording(dice, ASKS).format(topic), *linked, self.wording(dice, CLOSINGS))
        return Query(" ".join(filter(None, words)), values)

    def chat(self, dice: Dice, topic: str) -> tuple[str, str]:
        """An ordinary query and its reply; some mention a value, as requests do."""
        query, _, reply = self.wording(dice, CHATS).partition("|")
        if dice.coin() < 0.4:
            name = dice.pick(tuple(VALUES))
            query += f" {self.wording(dice, LINKS[name])} {dice.pick(self.values[name])}"
        return query.format(topic), reply.format(topic)

    def wording(self, dice: Dice, wordings: Wordings) -> str:
        return dice.pick(
            (wordings.tuning if self.tuning_words else ()) + (wordings.held_out if self.held_out_words else ())
        )


def _split(options: Sequence[T], held: float) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """(for training, held out): the same for every seed."""
    ranked = sorted(options, key=lambda option: coin("held out", *_words(option)))
    out = set(ranked[: round(held * len(ranked))])
    return tuple(each for each in options if each not in out), tuple(each for each in options if each in out)


def _words(option: object) -> tuple[str, ...]:
    return option if isinstance(option, tuple) else (str(option),)


def _pairs(syllables: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((one, other) for one in syllables for other in syllables if one != other)


_TOPICS = _split(_pairs(SUBJECT), 0.25)
_NAMES = _split(_pairs(OWN), 0.2)
_VALUES = {name: _split(values, 0.25) for name, values in VALUES.items()}

BASE = World(_TOPICS[0], _NAMES[0], VALUES, tuning_words=True, held_out_words=True)
"""What the base reads: no held-out topic, no held-out name; all words and values, as any base knows."""
TUNING = World(_TOPICS[0], _NAMES[0], {name: of[0] for name, of in _VALUES.items()}, True, False)
HELD_OUT = World(_TOPICS[1], _NAMES[1], {name: of[1] for name, of in _VALUES.items()}, False, True)
"""Topics and names that nothing else has; wordings and values that tuning has not."""
