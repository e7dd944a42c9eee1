"""API-Bank (arXiv 2304.08244), levels 1 (call) and 2 (retrieve and call): the next call, and the reply after it.

Upstream runs its simulated APIs and judges a call by what comes back. Nothing is run here: a call is right if its name
and its arguments are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec

from agentflan.core.plugs import Plug
from agentflan.core.types import Problem, Reply, Score
from agentflan.evals import files, summing
from agentflan.evals.apibank import dialogues, matching
from agentflan.evals.apibank.rouge import published_rouge_l, rouge_l
from agentflan.sources.apibank import SEARCHER


class ApiBank(Plug, frozen=True):
    """`accuracy` is the share of right calls, `accuracy/<level>` of one level; `name` looks at names alone.

    A call may be written in any syntax, and its arguments are equal up to case, blanks and quotes of lists. A search
    for tools is right (`search`) if it searches with any words, since what it would find is not known, and is no part
    of `accuracy`. `rouge_l` is ROUGE-L of the replies after a call; in ours, a leading "AI:" is not read.
    `compat/accuracy` reads calls by upstream's patterns, searches among them, and wants equal texts.
    """

    version: ClassVar[str] = "1"

    path: Path | None = None
    """Folder of the published dialogues (`lv1-lv2-samples`), those of level 2 with `toolsearcher` in their path;
    without it a small sample of ours."""

    def problems(self) -> Sequence[Problem]:
        return dialogues.problems(self.path or dialogues.SAMPLE)

    def score(self, problem: Problem, reply: Reply) -> Score:
        kind, _, level = problem.part.partition("/")
        if kind == "reply":
            due: str = msgspec.json.decode(problem.reference)
            values = {"rouge_l": rouge_l(due, reply.text.strip().removeprefix("AI:"))}
            values["compat/rouge_l"] = published_rouge_l(due, reply.text)
        else:
            call = msgspec.json.decode(problem.reference, type=dialogues.Due)
            values = _searched(problem, reply.text) if kind == "search" else _called(problem, call, reply.text)
            values["compat/accuracy"] = float(matching.published(reply.text) == (call.name, call.arguments))
        return Score(problem=problem.id, values=values | {f"{name}/{level}": each for name, each in values.items()})

    def summary(self, scores: Sequence[Score]) -> dict[str, float]:
        columns, shares = summing.columns(scores), summing.shares(scores)
        told = sorted(shares, key=lambda name: (name.startswith("compat/"), name))
        counts = {name: len(columns[name]) for name in told if "/" in name and not name.startswith(("compat/", "name"))}
        metrics = summing.flat({name: shares[name] for name in told})
        return metrics | {f"n/{name}": float(count) for name, count in counts.items()}

    def notes(self) -> Mapping[str, str]:
        return {
            "data": files.digest_of_files(dialogues.paths(self.path)) if self.path else "sample",
            "scorer": "names and arguments compared; no API is run, so searches are not judged by what they find",
            "prompt": "the dialogue as one message; APIs described as far as the dialogues themselves describe them",
            "comparable": "compat/rouge_l with published reply scores of the same prompts; no accuracy with any",
        }


def _called(problem: Problem, due: dialogues.Due, text: str) -> dict[str, float]:
    found = matching.named(text, problem.tools)
    if found is None:
        return {"accuracy": 0.0, "name": 0.0}
    name, arguments = found
    right = arguments == {key: matching.normal(value) for key, value in due.arguments.items()}
    return {"accuracy": float(name == due.name and right), "name": float(name == due.name)}


def _searched(problem: Problem, text: str) -> dict[str, float]:
    found = matching.named(text, problem.tools)
    return {"search": float(found is not None and found[0] == SEARCHER and any(found[1].values()))}
