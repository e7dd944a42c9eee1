"""Puts a benchmark's problems to a model, keeps every reply, and grades what was kept.

    problems --Model--> transcripts.jsonl --Benchmark.score--> scores.json (of the benchmark, and of the run)

A run that was killed goes on with the problems that have no reply yet; grading reads nothing but transcripts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from agentflan.core import plugs
from agentflan.core.errors import Mistake
from agentflan.core.journal import Journal
from agentflan.core.kinds import Benchmark, Noted
from agentflan.core.types import Problem, Reply
from agentflan.evals.transcripts import Transcript, key_of, transcripts

_RETRIED = "infrastructure"
"""The fault that may be gone the next time; every other reply is final."""


class Answering(Protocol):
    """A `core.kinds.Model` whose name may be read-only, as a frozen plug's is. It may have an `identity` beside it."""

    @property
    def name(self) -> str: ...

    def __call__(self, problems: Sequence[Problem], seen: Callable[[int, Reply], None]) -> None: ...


@runtime_checkable
class Reaching(Protocol):
    """A benchmark whose prompts are no chat: it says itself how they reach a model."""

    def reach(self, model: Answering) -> Answering:
        """Who answers in the model's name; its replies are kept as the model's own."""


def evaluate(
    model: Answering, benchmark: Any, folder: Path, *, limit: int | None = None, rescore: bool = False
) -> dict[str, float]:
    """The benchmark's metrics for the model, written to the run `folder`; replies that are there already are kept.

    `limit` takes the first problems only. `rescore` asks nothing and grades all earlier replies of this model, those
    to older versions of the problems too, by the gold that the benchmark holds now. `faults` (and `faults/<fault>`)
    counts problems without a whole reply; those of the infrastructure are in no other metric.
    """
    name = benchmark_name(benchmark)
    place = folder / "evals" / name
    identity = str(getattr(model, "identity", model.name))  # more exact than the name, where a model has it
    if rescore and not (place / "transcripts.jsonl").is_file():
        raise Mistake("there are no transcripts to grade again", where=str(place), mend="evaluate without --rescore")
    problems = [] if rescore else list(benchmark.problems())[:limit]
    with transcripts(place / "transcripts.jsonl") as kept:
        if rescore:
            graded = _earlier(kept, identity, {problem.id: problem for problem in benchmark.problems()})
        else:
            answering = benchmark.reach(model) if isinstance(benchmark, Reaching) else model
            graded = asked(answering, identity, benchmark.version, problems, kept)
    metrics = _graded(benchmark, graded)
    scores = {
        "benchmark": name,
        "version": benchmark.version,
        "settings": plugs.settings_of(benchmark),
        "notes": dict(benchmark.notes()) if isinstance(benchmark, Noted) else {},
        "model": model.name,
        "identity": identity,
        "problems": len(graded),
        "metrics": metrics,
    }
    _write(place / "scores.json", scores)
    _write(folder / "scores.json", {"model": model.name, "benchmarks": _of_this_model(folder, identity)})
    return metrics


def benchmark_name(benchmark: plugs.Plug) -> str:
    """The folder below `evals/`: the plug's recipe name, without the module of one that is not ours."""
    return str(plugs.settings_of(benchmark)["use"]).rpartition(":")[2]


def asked(
    model: Answering, identity: str, version: str, problems: Sequence[Problem], kept: Journal[Transcript]
) -> list[tuple[Problem, Reply]]:
    """A reply to each problem: the one on file, or else the model's, which is on file then."""
    keys = [key_of(identity, version, problem) for problem in problems]
    wanted = set(keys)
    replies = {line.key: line.reply for line in kept.lines() if line.key in wanted}
    open_ = [index for index, key in enumerate(keys) if key not in replies or replies[key].fault == _RETRIED]

    def seen(index: int, reply: Reply) -> None:
        key, problem = keys[open_[index]], problems[open_[index]]
        kept.append(Transcript(key=key, model=identity, version=version, problem=problem, reply=reply))
        replies[key] = reply

    if open_:
        model([problems[index] for index in open_], seen)
    return [(problem, replies[key]) for problem, key in zip(problems, keys, strict=True)]


def _earlier(kept: Journal[Transcript], identity: str, now: Mapping[str, Problem]) -> list[tuple[Problem, Reply]]:
    """The last reply of this model to each problem it was ever asked."""
    last = {
        line.problem.id: (now.get(line.problem.id, line.problem), line.reply)
        for line in kept.lines()
        if line.model == identity
    }
    if not last:
        raise Mistake("no transcript here is of this model", where=str(kept.path), mend="evaluate it first")
    return list(last.values())


def _graded(benchmark: Benchmark, graded: Iterable[tuple[Problem, Reply]]) -> dict[str, float]:
    scores, faults = [], Counter[str]()
    for problem, reply in graded:
        if reply.fault:
            faults[reply.fault] += 1
        if reply.fault != _RETRIED:
            scores.append(benchmark.score(problem, reply))
    kinds = {f"faults/{fault}": float(number) for fault, number in sorted(faults.items())}
    return {**benchmark.summary(scores), "faults": float(faults.total()), **kinds}


def _of_this_model(folder: Path, identity: str) -> dict[str, dict[str, float]]:
    """The metrics of every benchmark in the run that this very model was graded by."""
    found = (msgspec.json.decode(path.read_bytes()) for path in sorted(folder.glob("evals/*/scores.json")))
    return {scores["benchmark"]: scores["metrics"] for scores in found if scores["identity"] == identity}


def _write(path: Path, value: Any) -> None:
    """All of it or nothing: a reader never sees half a file."""
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
    draft.replace(path)
