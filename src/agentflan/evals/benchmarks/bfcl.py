"""BFCL: one turn of function calling, graded by syntax trees (Berkeley function calling leaderboard V4).

Every number is there twice from the same replies: as gorilla counts it (`compat/...`), and without what `docs/bfcl.md`
lists. There is a reply that holds a broken call, and it is no abstention.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import msgspec

from agentflan.core.errors import nearest
from agentflan.core.plugs import Plug
from agentflan.core.types import Answer, Problem, Reply, Score, Step
from agentflan.evals import files, summing
from agentflan.evals.bfcl import gold, grading, prompts
from agentflan.evals.bfcl.categories import CATEGORIES, LIVE_AST, UNANSWERED, averages, language_of
from agentflan.evals.bfcl.questions import SAMPLE, Expected, Question, paths, questions
from agentflan.evals.intervals import Estimate

_REFUSAL = "None of the functions that I am given can do this."
_COMPAT, _ERROR = "compat/", "error/"


class Bfcl(Plug, frozen=True):
    """`overall` is the plain mean of `non_live_overall`, `live_overall` and `irrelevance_detection`.

    Those, `simple_ast` and `relevance_detection` are the leaderboard's columns, there where all their categories are;
    `accuracy/<category>` is the share of right replies, `n/<category>` of how many. `error/<kind>` counts wrong ones.
    """

    version: ClassVar[str] = "1"

    path: Path | None = None
    """A folder with BFCL's own files, under any prefix; without it, a small sample that compares with nothing."""
    categories: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = CATEGORIES
    syntax: Literal["prompt", "native"] = "prompt"
    """`prompt`: BFCL's own system prompt, calls as `[f(a=1)]`. `native`: the template or server offers tools."""

    def __post_init__(self) -> None:
        for name in self.categories:
            if name not in CATEGORIES:
                raise ValueError(f"there is no category {name!r}; {nearest(name, CATEGORIES)}")

    def problems(self) -> Sequence[Problem]:
        return [self._problem(question) for question in questions(self.path or SAMPLE, self.categories)]

    def score(self, problem: Problem, reply: Reply) -> Score:
        category = problem.part
        fixed, compat = grading.verdicts(problem, reply.text)
        values = {f"accuracy/{category}": not fixed, f"{_COMPAT}accuracy/{category}": not compat}
        if category in LIVE_AST:
            values |= {"live_overall": not fixed, f"{_COMPAT}live_overall": not compat}
        errors = {f"{_ERROR}{fixed}": True, f"{_COMPAT}{_ERROR}{compat}": True}
        values |= {name: True for name in errors if not name.endswith(_ERROR)}
        return Score(problem=problem.id, values={name: float(value) for name, value in values.items()})

    def summary(self, scores: Sequence[Score]) -> dict[str, float]:
        found = summing.shares(scores)
        told = _columns(found, "") | _columns(found, _COMPAT)
        counts = Counter(name for score in scores for name in score.values)
        sizes = {f"n/{category}": float(counts[f"accuracy/{category}"]) for category in self.categories}
        errors = {name: float(counts[name]) for name in sorted(counts) if _ERROR in name}
        return summing.flat(told) | sizes | errors

    def notes(self) -> Mapping[str, str]:
        if self.path is None:
            return {"data": "sample", "comparable": "with nothing published"}
        read = [path for category in self.categories for path in paths(self.path, category)]
        return {"data": files.digest_of_files(read), "comparable": "compat/ with BFCL V4, its categories of one turn"}

    def _problem(self, question: Question) -> Problem:
        language, native = language_of(question.category), self.syntax == "native"
        functions = prompts.hinted(question.functions, language)
        expected = _renamed(question.expected) if native else question.expected
        return Problem(
            id=f"bfcl/{self.syntax}/{question.id}",
            messages=prompts.messages(question.messages) if native else prompts.prompting(question, functions),
            tools=prompts.tools(functions, native=native),
            gold=(Step(action=Answer(text=self._right(question, expected))),),
            reference=msgspec.json.encode(expected).decode(),
            part=question.category,
            syntax="native" if native else "",
            circumstance="tools_irrelevant" if "irrelevance" in question.category else "tools_relevant",
        )

    def _right(self, question: Question, expected: Sequence[Expected]) -> str:
        """A reply with full marks."""
        if "irrelevance" in question.category:
            return _REFUSAL
        native = self.syntax == "native"
        if question.category in UNANSWERED:
            expected = _renamed(gold.relevant(question)) if native else gold.relevant(question)
        write = gold.native if native else gold.prompted
        return write(expected, language_of(question.category))


def _renamed(expected: Sequence[Expected]) -> tuple[Expected, ...]:
    return tuple(msgspec.structs.replace(wanted, name=prompts.native_name(wanted.name)) for wanted in expected)


def _columns(shares: Mapping[str, Estimate], prefix: str) -> dict[str, Estimate]:
    """The leaderboard's columns, then the categories; what is published under the prefix."""
    mine = {name.removeprefix(prefix): share for name, share in shares.items() if name.startswith(prefix)}
    known = {category: mine[f"accuracy/{category}"] for category in CATEGORIES if f"accuracy/{category}" in mine}
    live = {name: mine[name] for name in ("live_overall",) if known.keys() >= LIVE_AST}
    means = averages(known | live)
    told = {"overall": means.pop("overall")} if "overall" in means else {}
    told |= means | live | {f"accuracy/{category}": share for category, share in known.items()}
    return {f"{prefix}{name}": share for name, share in told.items()}
