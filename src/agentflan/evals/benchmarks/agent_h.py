"""Agent-H: does the model act as an agent where nobody asked for it (paper section 4.3), and does it act where it must?

Agent-H proper searches replies for keywords; it gives full marks to a model that never calls and sees ReAct words
alone. Beside it stand counts by a reader of every call syntax, over all five circumstances,
the one in which a call is due included.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

import msgspec

from agentflan.core.errors import Mistake, nearest
from agentflan.core.plugs import Plug, names
from agentflan.core.types import CIRCUMSTANCES, Problem, Reply, Score
from agentflan.dialects.calls import reader
from agentflan.evals import files, summing
from agentflan.evals.agent_h import gold, keywords, world
from agentflan.evals.intervals import combined

_DUE = "tools_relevant"
_WRONG = tuple(circumstance for circumstance in CIRCUMSTANCES if circumstance != _DUE)
"""The circumstances in which a plain reply is due."""


class AgentH(Plug, frozen=True):
    """Every share comes with `_low` and `_high`, its 95 % interval; `n/<circumstance>` problems were graded.

    Where a call is wrong: `over_call` counts replies in an agent's form or with a call attempt of any syntax, and empty
    replies too, since no reply is no plain reply; `empty` says how many of it are those, `names_tool` counts only calls
    that name a tool (`Action: none` does not). Where a call is due: `miss` counts replies that name no tool,
    `right_tool` and `right_arguments` look at the first call.
    `balanced` = 1 - (over_call + miss) / 2, over_call being the plain mean over the four circumstances.
    """

    version: ClassVar[str] = "1"
    costs: ClassVar[tuple[str, ...]] = (
        *("over_call", "miss", "empty", "malformed", "h_react", "h_general"),
        *(f"names_tool/{circumstance}" for circumstance in _WRONG),
    )

    path: Path | None = None
    """Problems to ask, one JSON object of `core.types.Problem` a line; without it they are generated."""
    count: Annotated[int, msgspec.Meta(ge=1)] = 400
    """How many are generated in all: a fifth of them for each circumstance."""
    syntax: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("react", "talk")
    """Dialects in which the generated prompts offer their tools, in turn."""
    seed: int = 0
    react_words: tuple[str, ...] = keywords.REACT
    """Agent-H proper: what H_ReAct searches for."""
    general_words: tuple[str, ...] = keywords.GENERAL
    """Agent-H proper: what H_General searches for."""
    ignore_case: bool = False
    line_start: bool = False
    """Agent-H proper: count a keyword only at the start of a line. The paper leaves this and the case open."""

    def __post_init__(self) -> None:
        for name in self.syntax:
            if name not in names("dialect"):
                raise ValueError(f"there is no dialect named {name!r}; {nearest(name, names('dialect'))}")

    def problems(self) -> Sequence[Problem]:
        return _read(self.path) if self.path else world.problems(self.count, self.syntax, self.seed)

    def score(self, problem: Problem, reply: Reply) -> Score:
        where, values = problem.circumstance or _DUE, dict[str, float]()
        reading = reader.read(reply.text, problem.tools)
        named, empty = reading.named, not reply.text.strip()
        values[f"names_tool/{where}"] = named is not None
        values[f"empty/{where}"] = empty
        if where == _DUE:
            values["miss/tools_relevant"] = named is None
            values["right_tool"] = named is not None and gold.right_tool(named.call, problem.gold)
            values["right_arguments"] = named is not None and gold.right_arguments(named.call, problem.gold)
            values["malformed"] = any(attempt.malformed for attempt in reading.attempts)
        else:
            values[f"over_call/{where}"] = reading.agent_form or empty
            how = {"ignore_case": self.ignore_case, "line_start": self.line_start}
            values["h_react"] = keywords.holds(reply.text, self.react_words, **how)
            values["h_general"] = keywords.holds(reply.text, self.general_words, **how)
        return Score(problem=problem.id, values={name: float(value) for name, value in values.items()})

    def summary(self, scores: Sequence[Score]) -> dict[str, float]:
        columns, shares = summing.columns(scores), summing.shares(scores)
        if "h_react" in shares:
            shares["h_score"] = keywords.h_score(columns["h_react"], columns["h_general"])
        parts = [f"over_call/{where}" for where in _WRONG]
        if all(part in shares for part in (*parts, f"miss/{_DUE}")):
            wrong = [(-0.5 / len(parts), shares[part]) for part in parts]
            shares["balanced"] = combined(1, [*wrong, (-0.5, shares[f"miss/{_DUE}"])])
        told = sorted(shares, key=lambda name: (_place(name), name))
        metrics = summing.flat({name: shares[name] for name in told})
        return metrics | {f"n/{where}": float(len(columns.get(f"empty/{where}", ()))) for where in CIRCUMSTANCES}


def _place(metric: str) -> int:
    """Where a metric stands among the others: what matters most comes first."""
    order = ("over_call", "names_tool", "miss", "right_tool", "right_arguments", "h_score", "balanced")
    name = metric.partition("/")[0]
    return order.index(name) if name in order else len(order)


def _read(path: Path) -> list[Problem]:
    """The problems of a file; each needs a circumstance and an id of its own."""
    return files.distinct((where, _problem(where, row)) for where, row in files.rows(path))


def _problem(where: str, row: Any) -> Problem:
    try:
        problem = msgspec.convert(row, Problem)
    except msgspec.ValidationError as error:
        raise Mistake(f"this is no problem: {error}", where=where, mend="write one JSON object a line") from error
    if problem.circumstance is None:
        raise Mistake("this problem has no circumstance", where=where, mend=f"one of {', '.join(CIRCUMSTANCES)}")
    return problem
