"""Puts a benchmark's problems to a model, keeps every reply, and grades what was kept.

    problems --Model--> transcripts.jsonl --Benchmark.score--> scores.json (of the benchmark, and of the run)

A run that was killed goes on with the problems that have no reply yet; grading reads nothing but transcripts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec

from agentflan.core import plugs
from agentflan.core.benchmarks import Acting, Noted, Reaching
from agentflan.core.errors import Mistake
from agentflan.core.journal import Journal
from agentflan.core.progress import Progress, Say
from agentflan.core.types import Episode, Problem, Reply, Score
from agentflan.evals import episodes
from agentflan.evals.budget import FREE, Budget
from agentflan.evals.inspect_log import Graded, inspect_log
from agentflan.evals.transcripts import Transcript, key_of, transcripts

_RETRIED = "infrastructure"
"""The fault that may be gone the next time; every other reply is final."""
_UNGRADED = (_RETRIED, "world", "unfinished")
"""Faults that say nothing of the model: its server's, its world's, and a run's that was cut off."""
_NAMED = 5
"""So many of the problems that a fault hit are named in scores.json; the transcripts name all."""


class Answering(Protocol):
    """A `core.kinds.Model` whose name may be read-only, as a frozen plug's is.

    It may have an `identity` beside it, which decides its replies, and a `decoding`, which says how they are made.
    """

    @property
    def name(self) -> str: ...

    def __call__(self, problems: Sequence[Problem], seen: Callable[[int, Reply], None]) -> None: ...


def evaluate(
    model: Answering,
    benchmark: Any,
    folder: Path,
    *,
    limit: int | None = None,
    rescore: bool = False,
    log: bool = False,
    budget: Budget = FREE,
    say: Say = lambda _: None,
) -> dict[str, float]:
    """The benchmark's metrics for the model, written to the run `folder`; replies that are there already are kept.

    `limit` takes the first problems only. `rescore` asks nothing and grades all earlier replies of this model, those
    to older versions of the problems too, by the gold that the benchmark holds now. `log` also writes a log that the
    viewer of inspect opens. `budget` limits each episode in a world, beside its steps. `faults` (and `faults/<fault>`)
    counts problems without a whole reply; those of the infrastructure are in no other metric.
    """
    name = benchmark_name(benchmark)
    place = folder / "evals" / name
    identity = str(getattr(model, "identity", model.name))  # more exact than the name, where a model has it
    if rescore and not (place / "transcripts.jsonl").is_file():
        raise Mistake("there are no transcripts to grade again", where=str(place), mend="evaluate without --rescore")
    problems = list(benchmark.problems())[:limit]
    with transcripts(place / "transcripts.jsonl") as kept:
        if rescore:
            found = on_file(benchmark, identity, problems, kept, alone=limit is not None)
        else:
            found = _answered(model, identity, benchmark, problems, kept, budget, say)
    graded = [(problem, _told(said), scored(benchmark, problem, said)) for problem, said in found]
    metrics = _metrics(benchmark, graded)
    scores = {
        "benchmark": name,
        "version": benchmark.version,
        "settings": plugs.settings_of(benchmark),
        "notes": dict(benchmark.notes()) if isinstance(benchmark, Noted) else {},
        "model": model.name,
        "identity": identity,
        "decoding": getattr(model, "decoding", {}),
        **({"budget": budget} if budget != FREE and isinstance(benchmark, Acting) else {}),
        "problems": len(graded),
        "faulted": _faulted(graded),
        "metrics": metrics,
    }
    _write(place / "scores.json", scores)
    _write(folder / "scores.json", {"model": model.name, "benchmarks": _of_this_model(folder, identity)})
    if log:
        _whole(place / f"{name}.eval", inspect_log(scores, graded, _last_written(place / "transcripts.jsonl")))
    return metrics


def benchmark_name(benchmark: plugs.Plug) -> str:
    """The folder below `evals/`: the plug's recipe name, without the module of one that is not ours."""
    return str(plugs.settings_of(benchmark)["use"]).rpartition(":")[2]


def asked(
    model: Answering,
    identity: str,
    version: str,
    problems: Sequence[Problem],
    kept: Journal[Transcript],
    *,
    what: str = "replies",
    say: Say = lambda _: None,
) -> list[tuple[Problem, Reply]]:
    """A reply to each problem: the one on file, or else the model's, which is on file then; `say` hears how it goes."""
    keys = [key_of(identity, version, problem) for problem in problems]
    wanted = set(keys)
    replies = {line.key: line.reply for line in kept.lines() if line.key in wanted}
    open_ = [index for index, key in enumerate(keys) if key not in replies or replies[key].fault == _RETRIED]
    progress = Progress(what, len(open_), say)

    def seen(index: int, reply: Reply) -> None:
        key, problem = keys[open_[index]], problems[open_[index]]
        kept.append(Transcript(key=key, model=identity, version=version, problem=problem, reply=reply))
        replies[key] = reply
        progress.add(1, reply.fault)

    if open_:
        if len(open_) < len(problems):
            say(f"{what}: {len(problems) - len(open_):,} of {len(problems):,} are on file")
        model([problems[index] for index in open_], seen)
    return [(problem, replies[key]) for problem, key in zip(problems, keys, strict=True)]


def _answered(
    model: Answering,
    identity: str,
    benchmark: Any,
    problems: Sequence[Problem],
    kept: Journal[Transcript],
    budget: Budget,
    say: Say,
) -> Sequence[tuple[Problem, Reply | Episode]]:
    name = benchmark_name(benchmark)
    if isinstance(benchmark, Acting):
        progress = Progress(name, len(problems), say)
        return episodes.played(model, identity, benchmark, problems, kept, progress, budget)
    answering = benchmark.reach(model) if isinstance(benchmark, Reaching) else model
    return asked(answering, identity, benchmark.version, problems, kept, what=name, say=say)


def on_file(
    benchmark: Any, identity: str, problems: Sequence[Problem], kept: Journal[Transcript], *, alone: bool
) -> Sequence[tuple[Problem, Reply | Episode]]:
    """What this model said earlier, each to the problem of that id here, or else as it was asked.

    With `alone`, to these problems only. Raises Mistake where there is nothing.
    """
    if not isinstance(benchmark, Acting):
        return _earlier(kept, identity, problems, alone=alone)
    now = {problem.id: problem for problem in problems}
    found = episodes.earlier(kept, identity, now, benchmark.steps)
    return [(problem, episode) for problem, episode in found if problem.id in now or not alone]


def _earlier(
    kept: Journal[Transcript], identity: str, problems: Sequence[Problem], *, alone: bool
) -> list[tuple[Problem, Reply]]:
    """The last reply of this model to each problem it was ever asked, in the benchmark's order; with `alone`, to these
    problems only.
    """
    now = {problem.id: problem for problem in problems}
    last: dict[str, tuple[Problem, Reply]] = {}
    for line in kept.lines():
        which, better = line.problem.id, line.reply.fault != _RETRIED
        if line.model == identity and (which in now or not alone) and (better or which not in last):
            last[which] = now.get(which, line.problem), line.reply
    if not last:
        raise Mistake("no transcript here is of this model", where=str(kept.path), mend="evaluate it first")
    return [last[which] for which in [*(each for each in now if each in last), *sorted(last.keys() - now.keys())]]


def scored(benchmark: Any, problem: Problem, said: Reply | Episode) -> Score | None:
    """None where a fault says nothing of the model."""
    if said.fault in _UNGRADED:
        return None
    score: Score = benchmark.grade(problem, said) if isinstance(said, Episode) else benchmark.score(problem, said)
    return score


def _told(said: Reply | Episode) -> Reply:
    return episodes.told(said) if isinstance(said, Episode) else said


def _metrics(benchmark: Any, graded: Sequence[Graded]) -> dict[str, float]:
    faults = Counter(reply.fault for _, reply, _ in graded if reply.fault)
    kinds = {f"faults/{fault}": float(number) for fault, number in sorted(faults.items())}
    summary = benchmark.summary([score for _, _, score in graded if score is not None])
    return {**summary, "faults": float(faults.total()), **kinds}


def _faulted(graded: Iterable[Graded]) -> dict[str, Any]:
    """What kept whole replies from coming -> how many problems it hit, and the first few of them."""
    found: dict[str, list[str]] = {}
    for problem, reply, _ in graded:
        if reply.fault:
            detail = f" ({reply.detail})" if reply.detail else ""
            found.setdefault(f"{reply.fault}{detail}", []).append(problem.id)
    return {fault: {"problems": len(ids), "such_as": ids[:_NAMED]} for fault, ids in sorted(found.items())}


def _of_this_model(folder: Path, identity: str) -> dict[str, dict[str, float]]:
    """The metrics of every benchmark in the run that this very model was graded by."""
    found = (msgspec.json.decode(path.read_bytes()) for path in sorted(folder.glob("evals/*/scores.json")))
    return {scores["benchmark"]: scores["metrics"] for scores in found if scores["identity"] == identity}


def _last_written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _write(path: Path, value: Any) -> None:
    _whole(path, msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2) + b"\n")


def _whole(path: Path, content: bytes) -> None:
    """All of it or nothing: a reader never sees half a file."""
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(content)
    draft.replace(path)
