"""HumanEval: functions from their docstrings, 0-shot, as lm-evaluation-harness asks; pass@1 of one greedy reply.

What the model wrote runs in the sandbox and nowhere else: the harness's own metric, which runs it in our process, is
not even imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from agentflan.core.plugs import Plug
from agentflan.core.types import Problem, Reply, Score
from agentflan.evals import files, sandbox, summing
from agentflan.evals.harness import data, reach, tasks

_YAML = "humaneval/humaneval.yaml"
_KEYS = ("task_id", "prompt", "canonical_solution", "test", "entry_point")
_METRIC = {"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}
"""Stands where the task names its own, which is code; nothing is graded by it."""
_DONE = 97
"""Exit status of a program that got to the end of its tests. One that leaves before, by `exit(0)`, has another."""
_LONGEST = 1 << 18
"""Characters of a reply, of which 1,024 tokens can never have so many: more is no function, and is not run."""


class Humaneval(Plug, frozen=True):
    """`pass@1`: the share of functions that pass all of their tests."""

    version: ClassVar[str] = "1"

    path: Path | None = None
    """A copy of the hub's `openai/openai_humaneval`, or a folder with test.jsonl; without it a sample of ours."""
    seconds: float = 3.0
    """What a program may take, tests included; the published harness allows as much."""

    def problems(self) -> Sequence[Problem]:
        splits = {"test": data.split_rows(self._files(), _KEYS)}
        task = tasks.task(_YAML, splits, metric_list=[_METRIC], filter_list=None)
        return tasks.problems(task, "humaneval", lambda doc: str(doc["canonical_solution"]), few_shots=0)

    def reach(self, model: Any) -> Any:
        sandbox.check()  # before anything is paid for
        return reach.continuing(model)

    def score(self, problem: Problem, reply: Reply) -> Score:
        asked = tasks.asked(problem)
        said = tasks.cut(reply.text, asked.until)
        passed = len(said) <= _LONGEST and self._passes(asked.doc, said)
        return Score(problem=problem.id, values={"pass@1": float(passed)})

    def summary(self, scores: Sequence[Score]) -> dict[str, float]:
        return summing.flat(summing.shares(scores)) | {"n": float(len(scores))}

    def notes(self) -> Mapping[str, str]:
        told = {"data": files.digest_of_files(self._files()) if self.path else "sample"}
        return told | {"harness": tasks.HARNESS, "few_shots": "0", "asked": "text", "scorer": "sandbox"}

    def _passes(self, doc: Mapping[str, str], said: str) -> bool:
        lines = [doc["prompt"] + said, doc["test"], f"check({doc['entry_point']})", f"raise SystemExit({_DONE})", ""]
        return sandbox.python("\n".join(lines), sandbox.Limits(seconds=self.seconds)).status == _DONE

    def _files(self) -> list[Path]:
        folder = self.path or data.sample("humaneval")
        inner = folder / "openai_humaneval"
        return data.split_files(inner if inner.is_dir() else folder, "test")
