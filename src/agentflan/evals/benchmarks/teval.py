"""T-Eval (arXiv 2312.14033): instruct, plan, reason, retrieve, understand and review, without a judge.

What upstream gets wrong (open-compass/T-Eval, teval/evaluators), kept in `compat/...` and mended in ours:
- plan: the longest rising subsequence starts at one, so a plan of which nothing matches scores all the same;
- plan: one that is only `FinishAction` crashes the evaluator (0 in `compat/...`);
- instruct and rru: arguments that nobody asked for cost nothing, and an argument that is missing equals an empty one;
- instruct: the reply is stripped before its form is looked at, the marks of the form are not;
- rru: an empty object earns the arguments of a tool without any, and gold arguments alone never give full marks;
- review: "Bad tool call." is read as B;
- a file with one format only, or none, gives nan (there is no such metric here);
- its batch loop leaves out the last batch (no trace in a score: every problem is asked here).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from statistics import fmean
from typing import Any, ClassVar, Literal

import msgspec

from agentflan.core import plugs
from agentflan.core.plugs import Plug
from agentflan.core.types import Problem, Reply, Score
from agentflan.evals import summing
from agentflan.evals.embedders import Embed, Embedder
from agentflan.evals.files import digest_of_files
from agentflan.evals.teval import averages, files, instruct, plans, steps
from agentflan.evals.teval.reading import tidied

_WORDS: dict[str, Callable[[str, dict[str, Any]], tuple[float, float]]] = {
    "retrieve_str": steps.retrieve,
    "understand_str": steps.understand,
    "review_str": steps.review,
}
_ALIKE: dict[str, Callable[[str, dict[str, Any], Embed], tuple[float, float]]] = {
    "plan_str": plans.graded,
    "plan_json": plans.graded,
    "reason_str": steps.reason,
}


class TEval(Plug, frozen=True):
    """`overall` is the plain mean of the six abilities; `compat/...` is what upstream reports.

    Parts are `<part>/<language>`; with several languages `overall` and the abilities are their plain means.
    """

    version: ClassVar[str] = "1"

    path: Path | None = None
    """Folder of the published files, such as `plan_str_v2.json`; without it a small sample of ours."""
    subset: bool = False
    """The `_subset` files: a fifth of the problems."""
    language: Literal["en", "zh", "both"] = "en"
    embedder: str | dict[str, Any] = "tfidf"
    """What measures how alike texts are. Published numbers are of `sentence_transformers` with all-mpnet-base-v2
    (Chinese: gte-large-zh)."""

    def problems(self) -> Sequence[Problem]:
        return [problem for (task, language), path in self._files() for problem in files.problems(task, language, path)]

    def score(self, problem: Problem, reply: Reply) -> Score:
        task, _, language = problem.part.partition("/")
        text, record = tidied(reply.text), msgspec.json.decode(problem.reference)
        if task == "instruct":
            form = record["meta_data"]["response_format"]
            ours, published = instruct.graded(text, record)
            values = {f"instruct_{form}": fmean(ours.values())}
            values |= _both(f"instruct_{form}_", ours, published)
        elif task == "rru":
            ours, published = steps.whole(text, record, self._embed())
            values = {"rru": fmean(ours.values()), **_both("rru_", ours, published)}
        else:
            one, other = _WORDS[task](text, record) if task in _WORDS else _ALIKE[task](text, record, self._embed())
            values = {task: one, f"compat/{task}": other}
        return Score(problem=problem.id, values={f"{name}/{language}": value for name, value in values.items()})

    def summary(self, scores: Sequence[Score]) -> dict[str, float]:
        columns, shares = summing.columns(scores), summing.shares(scores)
        languages = [each for each in ("en", "zh") if any(name.endswith(f"/{each}") for name in shares)]
        own = {each: averages.ours(_of(each, shares)) for each in languages}
        told = averages.over(list(own.values())) if own else {}
        told |= {f"{name}/{each}": value for each in languages for name, value in own[each].items()}
        told |= {name: value for name, value in shares.items() if not name.startswith("compat/")}
        metrics = summing.flat(told)
        for each in languages:
            means = {name: value.value for name, value in _of(each, shares).items()}
            parts = {name.removeprefix("compat/"): mean for name, mean in means.items() if name.startswith("compat/")}
            found = {**parts, **averages.published(parts)}
            metrics |= {f"compat/{name}/{each}": value for name, value in found.items()}
        counted = {name: len(values) for name, values in sorted(columns.items()) if not name.startswith("compat/")}
        return metrics | {f"n/{name}": float(count) for name, count in counted.items()}

    def notes(self) -> Mapping[str, str]:
        paths = [path for _, path in self._files()]
        settings = plugs.settings_of(self._embedder())
        comparable = self.path is not None and not self.subset and self._embedder().comparable
        return {
            "data": digest_of_files(paths) if self.path else "sample",
            "embedder": msgspec.json.encode(settings).decode(),
            "threshold": str(plans.THRESHOLD),
            "comparable": "compat/... with the published embedder" if comparable else "with nothing published",
        }

    def _files(self) -> list[tuple[tuple[str, files.Language], Path]]:
        languages: tuple[files.Language, ...] = ("en", "zh") if self.language == "both" else (self.language,)
        return list(
            files.found(self.path or files.SAMPLE, languages, subset=self.subset and self.path is not None).items()
        )

    def _embedder(self) -> Embedder:
        found: Embedder = plugs.load("embedder", self.embedder, where="embedder")
        return found

    def _embed(self) -> Embed:
        return _made(msgspec.json.encode(plugs.settings_of(self)))


@lru_cache(maxsize=4)
def _made(settings: bytes) -> Embed:
    """The embedder of a benchmark with these settings, once it knows all texts that replies are compared with."""
    benchmark: TEval = plugs.load("benchmark", msgspec.json.decode(settings))
    known = [
        text
        for problem in benchmark.problems()
        for text in files.texts(problem.part.partition("/")[0], msgspec.json.decode(problem.reference))
    ]
    return benchmark._embedder()(known)


def _both(prefix: str, ours: Mapping[str, float], published: Mapping[str, float]) -> dict[str, float]:
    found = {f"{prefix}{name}": value for name, value in ours.items()}
    return found | {f"compat/{prefix}{name}": value for name, value in published.items()}


def _of(language: str, shares: Mapping[str, Any]) -> dict[str, Any]:
    tail = f"/{language}"
    return {name.removesuffix(tail): value for name, value in shares.items() if name.endswith(tail)}
