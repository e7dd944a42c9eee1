"""Agent-H+: hallucinated, missed and wrong calls, in every form in which a prompt can ask for one.

Where Agent-H (paper section 4.3) searches for keywords, this reads calls of any syntax, counts each kind of error by
itself, and lets no one win who never calls. Agent-H proper is printed beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec

from agentflan.core.plugs import Plug
from agentflan.core.types import Problem, Reply, Score
from agentflan.evals import files, summing
from agentflan.evals.agent_h import keywords
from agentflan.evals.agent_h_plus import adapters, grading, made, posed
from agentflan.evals.agent_h_plus.cases import DUE, PARTS, Language
from agentflan.evals.agent_h_plus.forms import FORMS
from agentflan.evals.intervals import Estimate, combined

_ORDER = (
    *("balanced", "over_call", "miss", "right_call", "apt", "asks", "declines", "answers", "format_obeyed"),
    *("malformed", "unknown_tool", "wrong_tool", "missing_arg", "invented_arg", "bad_value"),
    *("phantom", "fabricated_observation", "empty", "h_score", "h_react", "h_general"),
)
"""Metrics as they are told: what matters most comes first."""


class AgentHPlus(Plug, frozen=True):
    """`balanced` = 1 - (over_call + miss) / 2. Each metric is told overall, and as `<metric>/<circumstance>`,
    `<metric>/<form>`, `<metric>/<language>`, with its 95 % interval; docs/agent_h_plus.md defines them all.
    """

    version: ClassVar[str] = "1"
    costs: ClassVar[tuple[str, ...]] = (
        *("over_call", "miss", "malformed", "unknown_tool", "wrong_tool", "missing_arg", "invented_arg", "bad_value"),
        *("phantom", "fabricated_observation", "empty", "h_react", "h_general"),
    )

    path: Path | None = None
    """A file of glaive-function-calling-v2, BFCL (irrelevance, live_irrelevance, live_relevance), When2Call or
    ToolBeHonest, known by its content; without it the problems are generated."""
    count: Annotated[int, msgspec.Meta(ge=1)] = 2100
    """How many are generated: 84 hold every circumstance in every form and language once."""
    forms: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = FORMS
    languages: Annotated[tuple[Language, ...], msgspec.Meta(min_length=1)] = ("en", "zh")
    """Of the generated problems."""
    seed: int = 0

    def __post_init__(self) -> None:
        for form in self.forms:
            if form not in FORMS:
                raise ValueError(f"there is no form {form!r}; known: {', '.join(FORMS)}")

    def problems(self) -> Sequence[Problem]:
        if self.path:
            return posed.in_turn(adapters.adapted(self.path).cases, self.forms)
        cases = made.cases(self.count, self.languages, self.seed)
        return posed.generated(cases, self.forms, len(self.languages))

    def score(self, problem: Problem, reply: Reply) -> Score:
        found = dict(grading.graded(problem, reply.text))
        if problem.part != DUE:
            found["h_react"] = keywords.holds(reply.text, keywords.REACT)
            found["h_general"] = keywords.holds(reply.text, keywords.GENERAL)
        right = grading.expected(problem)
        values = {
            f"{name}{slice_}": float(value)
            for name, value in found.items()
            for slice_ in ("", f"/{problem.part}", f"/{right.form}", f"/{right.language}")
        }
        return Score(problem=problem.id, values=values)

    def summary(self, scores: Sequence[Score]) -> dict[str, float]:
        columns, shares = summing.columns(scores), summing.shares(scores)
        slices = ("", *(f"/{name}" for name in (*PARTS, *FORMS, "en", "zh")))
        for slice_ in slices:
            if f"h_react{slice_}" in columns:
                pair = columns[f"h_react{slice_}"], columns[f"h_general{slice_}"]
                shares[f"h_score{slice_}"] = keywords.h_score(*pair)
            if f"over_call{slice_}" in shares and f"miss{slice_}" in shares:
                shares[f"balanced{slice_}"] = _balanced(shares[f"over_call{slice_}"], shares[f"miss{slice_}"])
        told = [f"{name}{slice_}" for slice_ in slices for name in _ORDER if f"{name}{slice_}" in shares]
        counts = {f"n{slice_}": float(len(columns.get(f"empty{slice_}", ()))) for slice_ in slices}
        return summing.flat({name: shares[name] for name in told}) | {name: n for name, n in counts.items() if n}

    def notes(self) -> Mapping[str, str]:
        if not self.path:
            return {"data": "generated", "comparable": "no published figures; abstentions are told by phrases"}
        found = adapters.adapted(self.path)
        return {
            "data": files.digest_of_files([self.path]),
            "format": found.format,
            "records": str(found.records),
            "records_without_problem": str(found.without),
            "comparable": "not with that data set's own scores; abstentions are told by phrases",
        }


def _balanced(over_call: Estimate, miss: Estimate) -> Estimate:
    return combined(1, [(-0.5, over_call), (-0.5, miss)])
