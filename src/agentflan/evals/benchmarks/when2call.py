"""When2Call (arXiv 2504.18851): does the model call, ask for what is missing, decline, or answer, as it should?

The published numbers come from log-likelihoods of the four candidate answers, or from a judge model over free replies.
Here replies are free, too, and judged by rules unless a judge is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from agentflan.core import plugs
from agentflan.core.plugs import Plug
from agentflan.core.types import Problem, Reply, Score
from agentflan.evals import files, summing
from agentflan.evals.confusion import NOTHING, macro_f1, published_macro_f1
from agentflan.evals.when2call import records
from agentflan.evals.when2call.behaviour import BEHAVIOURS, Behaviour, behaviour
from agentflan.evals.when2call.judge import judged


class When2Call(Plug, frozen=True):
    """`accuracy` is the share of replies with the behaviour that is due, `recall/<behaviour>` of those it is due in.

    `tool_hallucination` is the share of calls where the tools are none and the answer due is that it cannot be given.
    `macro_f1` is the mean over the behaviours that are due somewhere, `compat/macro_f1` over those that are due or
    shown, as upstream's. `confusion/<due>/<shown>` are counts; `nothing` is an empty reply, or one that the judge
    put nowhere.
    """

    version: ClassVar[str] = "1"

    path: Path | None = None
    """A published test file, such as `when2call_test_llm_judge.jsonl`; without it a small sample of ours."""
    judge: str | dict[str, Any] | None = None
    """A model as in a recipe, to judge the replies that are no call; without it rules do."""

    def problems(self) -> Sequence[Problem]:
        return records.problems(self.path or records.SAMPLE)

    def score(self, problem: Problem, reply: Reply) -> Score:
        reference = msgspec.json.decode(problem.reference, type=records.Reference)
        shown = self._shown(problem, reference, reply.text.strip())
        right = float(shown == reference.due)
        values = {
            "accuracy": right,
            f"recall/{reference.due}": right,
            f"confusion/{reference.due}/{shown or NOTHING}": 1.0,
        }
        if reference.due == "cannot_answer" and not problem.tools:
            values["tool_hallucination"] = float(shown == "tool_call")
        return Score(problem=problem.id, values=values)

    def summary(self, scores: Sequence[Score]) -> dict[str, float]:
        columns, shares = summing.columns(scores), summing.shares(scores)
        counts = {name: len(values) for name, values in sorted(columns.items())}
        matrix = {name.removeprefix("confusion/"): count for name, count in counts.items() if "confusion/" in name}
        told = {name: share for name, share in shares.items() if "confusion/" not in name}
        metrics = summing.flat({"accuracy": told.pop("accuracy")}) if told else {}
        metrics |= {"macro_f1": macro_f1(matrix)} | summing.flat(told)
        metrics |= {f"confusion/{cell}": float(count) for cell, count in matrix.items()}
        metrics |= {"compat/macro_f1": published_macro_f1(matrix)}
        return metrics | {f"n/{each}": float(counts.get(f"recall/{each}", 0)) for each in BEHAVIOURS}

    def notes(self) -> Mapping[str, str]:
        return {
            "data": files.digest_of_files([self.path]) if self.path else "sample",
            "judge": msgspec.json.encode(self.judge).decode() if self.judge else "rules over English wordings",
            "comparable": "not with published numbers: those are of log-likelihoods, or of another judge",
        }

    def _shown(self, problem: Problem, reference: records.Reference, text: str) -> Behaviour | None:
        for each, answer in reference.answers.items():
            if text == answer.strip():
                return each
        shown = behaviour(text, problem.tools)
        if self.judge is None or shown in (None, "tool_call"):
            return shown
        return judged(_model(msgspec.json.encode(self.judge)), problem, text)


@lru_cache(maxsize=2)
def _model(entry: bytes) -> Any:
    return plugs.load("model", msgspec.json.decode(entry), where="judge")
