"""The world of HotpotQA: an encyclopedia to search, the open article to look things up in, an answer to finish with.

Words and order are those of ReAct's own environment (wikienv.py of ysymyth/ReAct). What it mends: a sentence ends in
one full stop, not two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from agentflan.core.types import Observation, Problem, Step, ToolCall
from agentflan.evals.hotpotqa.answers import exact

_SHOWN = 5
"""Sentences of an article that a search shows, and titles that it offers."""
_ECHOED = 200
"""Characters of an action that are said back."""


class Article(NamedTuple):
    sentences: tuple[str, ...]


class Similar(NamedTuple):
    """No article of that name."""

    titles: tuple[str, ...]


class Unreachable(Exception):
    """The encyclopedia cannot be asked; says why."""


Find = Callable[[str], Article | Similar]
"""Looks up what was searched for. Raises Unreachable."""


class Reading:
    def __init__(self, find: Find) -> None:
        self._find = find
        self._gold = ""
        self._open: tuple[str, ...] = ()
        self._word: str | None = None
        self._at = 0

    def reset(self, problem: Problem) -> Observation:
        (gold,) = (step.action for step in problem.gold)
        self._gold = gold.arguments if isinstance(gold, ToolCall) else ""
        self._open, self._word, self._at = (), None, 0
        return Observation(text="")

    def step(self, step: Step) -> Observation:
        name, given = answer_or_action(step)
        if name == "search" and given:
            return self._search(given)
        if name == "lookup" and given:
            return Observation(text=self._lookup(given))
        if name == "finish":
            return Observation(text="Episode finished.", reward=float(exact(given, self._gold)), done=True)
        return Observation(text=f"Invalid action: {given or name}".rstrip()[:_ECHOED], fault="invalid")

    def _search(self, entity: str) -> Observation:
        try:
            found = self._find(entity)
        except Unreachable as error:
            return Observation(text=str(error), fault="world")
        if isinstance(found, Similar):
            titles = list(found.titles[:_SHOWN])
            return Observation(text=f"Could not find [{entity[:_ECHOED]}]. Similar: {titles}.")
        self._open, self._word = found.sentences, None
        return Observation(text=" ".join(self._open[:_SHOWN]))

    def _lookup(self, word: str) -> str:
        if word != self._word:
            self._word, self._at = word, 0
        hits = [sentence for sentence in self._open if word.lower() in sentence.lower()]
        if self._at >= len(hits):
            return "No more results."
        self._at += 1
        return f"(Result {self._at} / {len(hits)}) {hits[self._at - 1]}"


def answer_or_action(step: Step) -> tuple[str, str]:
    """(verb in lower case, what stands in its brackets); ("", the text) for talk."""
    action = step.action
    if isinstance(action, ToolCall):
        return action.name.lower(), action.arguments.strip()
    return "", action.text.strip() if action else ""
