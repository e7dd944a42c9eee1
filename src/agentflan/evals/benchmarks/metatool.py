"""MetaTool (arXiv 2310.03128): does the model know when it needs a tool, and which of ten it needs?

The paper gives accuracy, precision, recall and F1 of awareness, and the correct selection rate of each selection task.
How it reads a reply is not published, so there is one scorer, ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec

from agentflan.core.plugs import Plug
from agentflan.core.types import Problem, Reply, Score
from agentflan.evals import confusion, files, summing
from agentflan.evals.metatool import decisions, records


class MetaTool(Plug, frozen=True):
    """`overall` is the plain mean of `accuracy/awareness` and of `csr/<task>`, over the files that are there.

    `csr` (correct selection rate): the reply names the right tools and no other that is on offer; where none is right,
    it names none of them and says "None". `csr_first`: the right ones are the first that it names, whatever follows.
    `precision`, `recall` and `f1` are those of "a tool is needed".
    """

    version: ClassVar[str] = "1"

    path: Path | None = None
    """Folder of the published prompt files, `Task1.json` and `Task2-Subtask1.json` to `Task2-Subtask4.json`, or of
    some of them; without it a small sample of ours."""

    def problems(self) -> Sequence[Problem]:
        return records.problems(self._files())

    def score(self, problem: Problem, reply: Reply) -> Score:
        if problem.part == "awareness":
            values = _aware(msgspec.json.decode(problem.reference, type=records.Need), reply.text)
        else:
            values = _selects(msgspec.json.decode(problem.reference, type=records.Choice), reply.text, problem.part)
        return Score(problem=problem.id, values=values)

    def summary(self, scores: Sequence[Score]) -> dict[str, float]:
        columns, shares = summing.columns(scores), summing.shares(scores)
        cells = {name.removeprefix("cell/"): len(columns[name]) for name in sorted(columns) if "cell/" in name}
        told = {name: share for name, share in shares.items() if "cell/" not in name}
        heads = [share for name, share in told.items() if name.startswith(("accuracy/", "csr/"))]
        metrics = summing.flat({"overall": summing.mean_of(heads), **told} if heads else told)
        if cells:
            precision, recall, f1 = confusion.rates(cells, "positive")
            metrics |= {"precision/awareness": precision, "recall/awareness": recall, "f1/awareness": f1}
        counts = {name.partition("/")[2]: len(columns[name]) for name in told if name.startswith(("accuracy/", "csr/"))}
        return metrics | {f"n/{part}": float(count) for part, count in counts.items()}

    def notes(self) -> Mapping[str, str]:
        return {
            "data": files.digest_of_files(self._files().values()) if self.path else "sample",
            "parts": ", ".join(self._files()),
            "scorer": "ours: how the paper reads replies is not published",
            "comparable": "roughly with the paper's tables of the same parts"
            if self.path
            else "with nothing published",
        }

    def _files(self) -> dict[str, Path]:
        return records.found(self.path or records.SAMPLE)


def _aware(need: records.Need, text: str) -> dict[str, float]:
    needed = decisions.needed(text)
    shown = {True: "positive", False: "negative", None: confusion.NOTHING}[needed]
    return {"accuracy/awareness": float(shown == need.label), f"cell/{need.label}/{shown}": 1.0}


def _selects(choice: records.Choice, text: str, part: str) -> dict[str, float]:
    named = decisions.selected(text, choice.offered)
    if not choice.right:
        return {f"csr/{part}": float(not named and decisions.none_of_them(text))}
    right = set(choice.right)
    return {f"csr/{part}": float(set(named) == right), f"csr_first/{part}": float(set(named[: len(right)]) == right)}
