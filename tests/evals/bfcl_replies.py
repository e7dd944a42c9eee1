"""Replies to BFCL's questions, right ones and every kind of wrong one, always the same: parity is measured on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agentflan.core import chance, plugs
from agentflan.core.types import Problem
from agentflan.evals.bfcl import gold
from agentflan.evals.bfcl.categories import CATEGORIES, Language, language_of
from agentflan.evals.bfcl.questions import Expected

REAL = Path(__file__).parents[3] / "shared" / "data" / "bfcl_v4"
AT_LEAST, QUESTIONS = 350, 16
"""Replies to a category, from so many of its questions or more."""

OTHER_VALUES: tuple[Any, ...] = (0, 1, -3, 7.5, True, None, "", "other", [], ["a"], [1, 2], {}, {"k": 1}, (1, 2), [[1]])
SIGNS = ("", "(", ")", "[", "]", "'", '"', ",", "=", "1", "a", " ", ".")
TEXTS = (
    "",
    " \n",
    "[]",
    "[[]]",
    "[{}]",
    "()",
    "I cannot do that with these functions.",
    "I will call the function now.",
    "None",
    "f",
    "f()",
    "[f()]",
    "[f(), g()]",
    "f(1, 2)",
    "f(a=b)",
    "f(a=b.c)",
    "f(a=[b, {'c': (1, -2)}])",
    "f(a=2*3)",
    "f(a=1/0)",
    "f(a=g(b=1))",
    "f(a=g(1))",
    "f(a=x[0])",
    "f(a=...)",
    "f(a=lambda: 1)",
    "f(a=f'{b}')",
    "f(**{'a': 1})",
    "f(a=1",
    "f(a=1))",
    "f(a='it's')",
    "a.b.c(d=1)",
    "'f(a=1)'",
    "```python\n[f(a=1)]\n```",
    '{"name": "f", "arguments": {"a": 1}}',
    "<tool_call>f(a=1)</tool_call>",
    "Sure: [f(a=1)]",
    "[f(a=1)] is the call.",
    "f(a=new int[]{1, 2})",
    "f(a=new ArrayList<>(Arrays.asList(1)))",
    "f(a={b: 1})",
    "f(a=true)",
)


def problems() -> Iterator[tuple[str, list[Problem]]]:
    """The questions of each category that replies are written to."""
    for category in CATEGORIES:
        found = plugs.load("benchmark", {"use": "bfcl", "path": str(REAL), "categories": [category]}).problems()
        yield category, chance.shuffled(found, category)[:QUESTIONS]


def replies(problem: Problem, share: int) -> list[str]:
    """At least `share` replies to a problem, no two of them the same."""
    language = language_of(problem.part)
    expected = msgspec.json.decode(problem.reference, type=tuple[Expected, ...])
    right = str(getattr(problem.gold[0].action, "text", ""))
    found = dict.fromkeys([right, *_spoiled(right), *TEXTS, *_calls(expected, language)])
    number = 0
    while len(found) < share:
        found[_noise(right, problem.id, number)] = None
        number += 1
    return list(found)


def _spoiled(text: str) -> Iterator[str]:
    yield from (text[1:-1], f"{text}\n", f"`{text}`", f"Here it is: {text}", text[:-1], text[:-2], f"{text}{text}")
    yield from (text.upper(), text.replace('"', "'"), text.replace("(", "(x=1, ", 1), text.replace("=", ":"))
    yield from (text.replace(", ", ","), text.replace(".", "_"), text.replace("=", " = "), text.replace("'", ""))


def _calls(expected: Sequence[Expected], language: Language) -> Iterator[str]:
    """Calls with one thing changed at a time."""
    if not expected:
        return
    yield gold.prompted(expected[::-1], language)
    yield gold.prompted(expected[:1], language)
    yield gold.prompted([*expected, expected[0]], language)
    for place, wanted in enumerate(expected):
        for changed in _changed(wanted):
            yield gold.prompted([*expected[:place], changed, *expected[place + 1 :]], language)


def _changed(wanted: Expected) -> Iterator[Expected]:
    yield msgspec.structs.replace(wanted, name=f"{wanted.name}_x")
    for name, accepted in wanted.accepted.items():
        rest = {key: value for key, value in wanted.accepted.items() if key != name}
        yield msgspec.structs.replace(wanted, accepted=rest, required=())
        yield _with(wanted, {**rest, f"{name}_x": accepted})
        for value in accepted[1:4]:
            yield _with(wanted, {**wanted.accepted, name: [value]})
        for value in (*OTHER_VALUES, *_bent(accepted)):
            yield _with(wanted, {**wanted.accepted, name: [value]})


def _with(wanted: Expected, accepted: dict[str, list[Any]]) -> Expected:
    properties = {**{name: {"type": "any"} for name in accepted}, **wanted.properties}
    return msgspec.structs.replace(wanted, accepted=accepted, properties=properties)


def _bent(accepted: Sequence[Any]) -> Iterator[Any]:
    """The first accepted value, nearly."""
    value = next((answer for answer in accepted if answer != ""), "")
    yield str(value)
    yield [value]
    if isinstance(value, str):
        yield from (value.upper(), value.replace(" ", "-"), f" {value}.", value[:-1])
    if isinstance(value, int | float):
        yield from (float(value), int(value), value + 1, -value)
    if isinstance(value, list):
        yield from (value[::-1], value[:-1], tuple(value), [*value, *value[:1]], [str(item) for item in value])
        yield [int(item) if isinstance(item, float) else item for item in value]
    if isinstance(value, dict):
        yield from ({**value, "more": [1]}, dict(list(value.items())[1:]))


def _noise(text: str, key: str, number: int) -> str:
    """The text with a few signs taken out or put in."""
    for turn in range(1 + number % 3):
        place = int(chance.coin("place", key, number, turn) * (len(text) + 1))
        sign = chance.pick(SIGNS, "sign", key, number, turn)
        text = text[:place] + sign + text[place + (sign == "") :]
    return text
