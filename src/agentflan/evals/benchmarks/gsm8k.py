"""GSM8K: grade-school mathematics in words, 5-shot, as lm-evaluation-harness asks and grades it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from lm_eval.api.instance import Instance

from agentflan.core.plugs import Plug
from agentflan.core.types import Problem, Reply, Score
from agentflan.evals import files, summing
from agentflan.evals.harness import data, reach, tasks

_YAML = "gsm8k/gsm8k.yaml"
_KEYS = ("question", "answer")
_SHOTS = 5
_LONGEST = 1000
"""Characters of a number. The harness's metric takes quadratic time, and no answer is as long."""
_METRICS = {"strict-match": "strict_match", "flexible-extract": "flexible_extract"}
"""The task's filter -> our metric."""


class Gsm8k(Plug, frozen=True):
    """`strict_match`: the number after `####`, as in the examples; `flexible_extract`: the last number there is."""

    version: ClassVar[str] = "1"

    path: Path | None = None
    """A copy of the hub's `openai/gsm8k`, or a folder with train.jsonl and test.jsonl; without it a sample of ours."""
    chat: bool = False
    """Puts the prompt as a message through the model's chat template, instead of as a text to go on from."""

    def problems(self) -> Sequence[Problem]:
        splits = {name: data.split_rows(paths, _KEYS) for name, paths in self._files().items()}
        name = "gsm8k/chat" if self.chat else "gsm8k"
        return tasks.problems(tasks.task(_YAML, splits), name, lambda doc: str(doc["answer"]), few_shots=_SHOTS)

    def reach(self, model: Any) -> Any:
        return model if self.chat else reach.continuing(model)

    def score(self, problem: Problem, reply: Reply) -> Score:
        """By the task's own filters and metric."""
        asked, task = tasks.asked(problem), _grader()
        said = Instance("generate_until", asked.doc, (), 0, resps=[tasks.cut(reply.text, asked.until)])
        values = {}
        for each in task._filters:
            each.apply([said])
            found = said.filtered_resps[each.name]
            graded = task.process_results(asked.doc, [found]) if len(found) <= _LONGEST else {"exact_match": 0}
            values[_METRICS[each.name]] = float(graded["exact_match"])
        return Score(problem=problem.id, values=values)

    def summary(self, scores: Sequence[Score]) -> dict[str, float]:
        shares = summing.shares(scores)
        told = summing.flat({name: shares[name] for name in ("strict_match", "flexible_extract") if name in shares})
        return told | {"n": float(len(scores))}

    def notes(self) -> Mapping[str, str]:
        read = [path for paths in self._files().values() for path in paths]
        told = {"data": files.digest_of_files(read) if self.path else "sample"}
        return told | {"harness": tasks.HARNESS, "few_shots": str(_SHOTS), "asked": "chat" if self.chat else "text"}

    def _files(self) -> dict[str, list[Path]]:
        folder = self.path or data.sample("gsm8k")
        folder = folder / "main" if (folder / "main").is_dir() else folder
        return {name: data.split_files(folder, name) for name in ("train", "test")}


@cache
def _grader() -> tasks.Task:
    """The task over no data: its filters and its metric."""
    nothing = [{"question": "", "answer": "#### 0"}]
    return tasks.task(_YAML, {"train": nothing, "test": nothing})
