"""The language of a text, as far as its script tells it, among those that have a file in `dialects/elicits/`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from agentflan.dialects.writing.wordings import languages, wordings

AUTO = "auto"
"""As the setting `language`: that of each item."""
OTHERWISE = "en"
"""Where no file claims the script, or a folder of wordings lacks the language."""

_LETTERS = re.compile(r"[^\W\d_]+")
_OWN = 1 / 5
"""Share of all letters: an ideograph is a word, and names of tools and places stay Latin in any text."""
_STRANGE = 1 / 20
"""Of a language's own letters, those that speak against it: Japanese is full of ideographs, but of kana too."""


@cache
def elicits(language: str) -> Mapping[str, tuple[str, ...]]:
    """What dialects say in a language."""
    return wordings("agentflan.dialects", "elicits", language)


def language_of(text: str) -> str:
    """The language whose letters are the most, where they are enough of all; `OTHERWISE` if there is none."""
    if text.isascii():
        return OTHERWISE
    found = {}
    for language, (own, strange) in _scripts().items():
        count = _count(own, text)
        if count and _count(strange, text) <= _STRANGE * count:
            found[language] = count
    if not found:
        return OTHERWISE
    best = max(found, key=lambda language: found[language])
    return best if found[best] >= _OWN * _count(_LETTERS, text) else OTHERWISE


def spoken(language: str, text: str, package: str, folder: str) -> str:
    """The language of the wordings that go with a text: the one that is set, or for `auto` that of the text."""
    if language != AUTO:
        return language
    found = language_of(text)
    return found if found in languages(package, folder) else OTHERWISE


@cache
def _scripts() -> dict[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    files = {language: elicits(language) for language in languages("agentflan.dialects", "elicits")}
    return {
        language: (_any_of(said["letters"]), _any_of(said.get("strangers", ())))
        for language, said in files.items()
        if said.get("letters")
    }


def _any_of(ranges: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(f"[{''.join(ranges)}]+" if ranges else r"(?!)")


def _count(letters: re.Pattern[str], text: str) -> int:
    """Characters in all runs of such letters."""
    return sum(map(len, letters.findall(text)))
