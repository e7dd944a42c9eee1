"""Two evaluations of one benchmark, pair by pair and metric by metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from agentflan.core.benchmarks import Costing
from agentflan.core.errors import Mistake
from agentflan.core.types import Problem, Record, Score
from agentflan.evals.comparing.paired import apart, holm, mcnemar, mean_difference
from agentflan.evals.comparing.runs import Evaluation
from agentflan.evals.intervals import Estimate
from agentflan.evals.run import scored

_LEVEL = 0.05

Verdict = Literal["better", "worse", "not separable"]


class Difference(Record, frozen=True):
    """One metric; `omit_defaults` leaves out of the JSON what is empty."""

    metric: str
    first: float
    second: float
    difference: float
    """second - first"""
    low: float
    high: float
    verdict: Verdict
    """Of the second, after Holm's correction at 5 %; a cost that falls is better. Without a test, by the interval."""
    pairs: int = 0
    """Problems that it counts for in both; 0: it is no mean over problems, and its interval is not a paired one."""
    higher: int = 0
    """Pairs in which the second has the higher value."""
    lower: int = 0
    p: float | None = None
    p_holm: float | None = None
    """Corrected for all metrics that were tested with it: those by part together, and all others together."""
    by_part: bool = False
    """A part of another metric that is there: `miss/react` beside `miss`."""


class Comparison(Record, frozen=True):
    benchmark: str
    models: tuple[str, str]
    pairs: int
    only_first: int
    only_second: int
    ungraded: int
    """Pairs left out, for one of the replies was lost to a fault of the infrastructure."""
    settings_differ: tuple[str, ...]
    """Settings of the benchmark in which the runs differ; both are graded by those of the first."""
    differences: tuple[Difference, ...]


def compared(name: str, first: Evaluation, second: Evaluation) -> Comparison:
    """Grades both anew by the benchmark of the first. Raises Mistake where the problems are not the same."""
    _refuse_other_problems(first, second)
    benchmark = first.benchmark()
    both = [id_ for id_ in first.replies if id_ in second.replies]
    pairs = [
        (one, other)
        for problem in _as_graded_now(benchmark, first, both)
        if (one := scored(benchmark, problem, first.replies[problem.id][1]))
        and (other := scored(benchmark, problem, second.replies[problem.id][1]))
    ]
    scores = [one for one, _ in pairs], [other for _, other in pairs]
    keys = sorted(first.settings.keys() | second.settings.keys())
    return Comparison(
        benchmark=name,
        models=(first.model, second.model),
        pairs=len(pairs),
        only_first=len(first.replies.keys() - second.replies.keys()),
        only_second=len(second.replies.keys() - first.replies.keys()),
        ungraded=len(both) - len(pairs),
        settings_differ=tuple(key for key in keys if first.settings.get(key) != second.settings.get(key)),
        differences=_differences(benchmark, scores[0], scores[1]),
    )


def _refuse_other_problems(first: Evaluation, second: Evaluation) -> None:
    where = f"{first.place}, {second.place}"
    if first.version != second.version:
        versions = f"{first.version} and {second.version}"
        raise Mistake(f"two versions of the benchmark: {versions}", where=where, mend="evaluate both by one version")
    both = first.replies.keys() & second.replies.keys()
    if not both:
        raise Mistake("no problem was put to both models", where=where, mend="evaluate both on the same problems")
    other = [id_ for id_ in both if _asked(first.replies[id_][0]) != _asked(second.replies[id_][0])]
    if other:
        what = f"{len(other)} of {len(both)} problems of the same id are not the same, such as {min(other)!r}"
        raise Mistake(what, where=where, mend="evaluate both with the same settings and data")


def _asked(problem: Problem) -> tuple[Any, ...]:
    return problem.messages, problem.tools, problem.syntax, problem.max_tokens


def _as_graded_now(benchmark: Any, run: Evaluation, ids: Sequence[str]) -> list[Problem]:
    """With the gold that the benchmark holds today, as `--rescore` does it."""
    now: Mapping[str, Problem] = {problem.id: problem for problem in benchmark.problems()}
    return [now.get(id_, run.replies[id_][0]) for id_ in ids]


def _differences(benchmark: Any, first: Sequence[Score], second: Sequence[Score]) -> tuple[Difference, ...]:
    columns: dict[str, tuple[list[float], list[float]]] = {}
    for one, other in zip(first, second, strict=True):
        for metric in one.values.keys() & other.values.keys():
            left, right = columns.setdefault(metric, ([], []))
            left.append(one.values[metric])
            right.append(other.values[metric])
    summaries = benchmark.summary(first), benchmark.summary(second)
    told = dict.fromkeys([*_shares(summaries[0]), *_shares(summaries[1]), *sorted(columns)])
    costs = benchmark.costs if isinstance(benchmark, Costing) else ()
    found = [
        _paired(metric, *columns[metric]) if metric in columns else _apart(metric, *summaries)
        for metric in told
        if metric in columns or all(f"{metric}_low" in summary for summary in summaries)
    ]
    whole = [each for each in found if each.metric.rpartition("/")[0] not in told]
    by_part = [msgspec.structs.replace(each, by_part=True) for each in found if each not in whole]
    return (*_judged(whole, costs), *_judged(by_part, costs))


def _shares(summary: Mapping[str, float]) -> Iterator[str]:
    return (metric for metric in summary if f"{metric}_low" in summary)


def _paired(metric: str, first: list[float], second: list[float]) -> Difference:
    steps = sorted(other - one for one, other in zip(first, second, strict=True))
    higher, lower = sum(step > 0 for step in steps), sum(step < 0 for step in steps)
    estimate, count = mean_difference(steps), len(steps)
    return Difference(
        metric=metric,
        first=sum(sorted(first)) / count,
        second=sum(sorted(second)) / count,
        difference=estimate.value,
        low=estimate.low,
        high=estimate.high,
        verdict="not separable",
        pairs=count,
        higher=higher,
        lower=lower,
        p=mcnemar(higher, lower),
    )


def _apart(metric: str, first: Mapping[str, float], second: Mapping[str, float]) -> Difference:
    one, other = (Estimate(each[metric], each[f"{metric}_low"], each[f"{metric}_high"]) for each in (first, second))
    estimate = apart(one, other)
    return Difference(
        metric=metric,
        first=one.value,
        second=other.value,
        difference=estimate.value,
        low=estimate.low,
        high=estimate.high,
        verdict="not separable",
    )


def _judged(found: Sequence[Difference], costs: Sequence[str]) -> Iterator[Difference]:
    """With corrected p-values and verdicts. A metric in which no pair differs tests nothing, and is no burden."""
    tested = [each.p for each in found if each.p is not None and each.higher + each.lower]
    corrected = iter(holm(tested))
    for each in found:
        p_holm = next(corrected) if each.p is not None and each.higher + each.lower else None
        clear = p_holm < _LEVEL if p_holm is not None else each.p is None and (each.low > 0 or each.high < 0)
        cost = each.metric in costs or each.metric.partition("/")[0] in costs
        verdict: Verdict = "better" if (each.difference > 0) != cost else "worse"
        yield msgspec.structs.replace(each, p_holm=p_holm, verdict=verdict if clear else "not separable")
