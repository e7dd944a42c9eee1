"""From the transcripts of a run to rows for a corpus: rejection sampling over the episodes that a model has played."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agentflan.core.benchmarks import Acting
from agentflan.core.digest import digest_of
from agentflan.core.errors import Mistake, nearest
from agentflan.core.types import Episode, Problem, Score, Segment, Step, Trajectory
from agentflan.evals import episodes
from agentflan.evals.comparing.runs import Graded, benchmarks, graded
from agentflan.evals.run import scored
from agentflan.evals.transcripts import episodes_in, transcripts
from agentflan.sources.harvest import Harvested, Origin


class Crop(NamedTuple):
    """What one benchmark's episodes came to."""

    rows: tuple[Harvested, ...]
    left: Mapping[str, int]
    """Why the others are no rows -> how many: `below` (the score), `fault`, `gone` (the benchmark no longer has the
    problem), `not_best` (another episode of the problem is)."""


def harvested(runs: Sequence[Path], *, on: str = "", least: float = 1.0, every: bool = False) -> dict[str, Crop]:
    """Benchmark -> the episodes with a score of `least` and above; of each problem the best, or with `every` all.

    The best has the highest score, and of those the fewest steps. The score is the benchmark's first metric, graded
    again from the transcripts. Rows come in the order of the problems. Raises Mistake where nothing was acted out.
    """
    found: dict[str, tuple[list[Harvested], Counter[str]]] = {}
    for run in runs:
        for name, place in _asked_for(run, on).items():
            scores, benchmark = graded(place)
            if isinstance(benchmark, Acting):
                rows, left = found.setdefault(name, ([], Counter()))
                rows += _rows(run, place, scores, benchmark, least, left)
    if not found:
        where = ", ".join(map(str, runs))
        raise Mistake("nothing was acted out here", where=where, mend="name a run of a benchmark that has a world")
    return {name: _crop(rows, left, every) for name, (rows, left) in found.items()}


def _asked_for(run: Path, on: str) -> dict[str, Path]:
    found = benchmarks(run)
    if on and on not in found:
        raise Mistake(f"this run was not graded by {on!r}", where=str(run), mend=nearest(on, found))
    return {name: place for name, place in found.items() if on in ("", name)}


def _rows(
    run: Path, place: Path, scores: Graded, benchmark: Any, least: float, left: Counter[str]
) -> Iterator[Harvested]:
    with transcripts(place / "transcripts.jsonl") as kept:
        found = episodes_in(line for line in kept.lines() if line.model == scores.identity)
    metric = next(iter(scores.metrics), "")
    for problem in benchmark.problems():
        lines = found.pop((scores.identity, problem.id), None)
        if lines is None:
            continue
        episode = episodes.on_file(lines, benchmark.steps)
        score = scored(benchmark, problem, episode)
        value = _value(score, metric, problem.part) if score else 0.0
        if score is None or value < least:
            left["below" if score else "fault"] += 1
            continue
        origin = Origin(
            benchmark=scores.benchmark,
            version=scores.version,
            problem=problem.id,
            model=scores.identity,
            score=value,
            metric=metric,
            run=run.resolve().name,
            transcript=digest_of([[line.key, line.reply, line.observation] for line in lines]),
        )
        yield Harvested(harvested=origin, trajectory=trajectory(problem, lines[0].problem, episode))
    left["gone"] += len(found)


def _value(score: Score, metric: str, part: str) -> float:
    """The problem's own value of the benchmark's first metric, which may be counted by parts."""
    named = (score.values[name] for name in (metric, f"{metric}/{part}") if name in score.values)
    return next(named, next(iter(score.values.values())))


def trajectory(problem: Problem, asked: Problem, episode: Episode) -> Trajectory:
    """What the agent did, in the dialect it was asked for; `asked` has the world's first words below the prompt.

    A step that meant nothing in the world is shown, not trained. Worked examples stay behind.
    """
    first, last = problem.messages[0], problem.messages[-1]
    shown = asked.messages[-1].segments[len(last.segments) :]
    return Trajectory(
        id=problem.id,
        source="harvest",
        query=(problem.query or _text(last.segments)) + _text(shown),
        steps=tuple(_steps(episode)),
        licence="unstated",
        group=problem.id,
        instruction=_text(first.segments) if len(problem.messages) > 1 else "",
        tools=problem.tools,
        dialect=problem.syntax,
        ending="answer" if episode.ended == "finished" else "open",
    )


def _steps(episode: Episode) -> Iterator[Step]:
    """The last observation is none of the agent's: it never came to see it."""
    last = len(episode.turns) - 1
    for number, turn in enumerate(episode.turns):
        seen = turn.observation
        meant = seen is None or seen.fault != "invalid"
        shown = seen.text if seen and number < last else None
        yield msgspec.structs.replace(turn.step, observation=shown, loss=meant)


def _text(segments: Sequence[Segment]) -> str:
    return "".join(segment.text for segment in segments)


def _crop(rows: Sequence[Harvested], left: Counter[str], every: bool) -> Crop:
    if every:
        return Crop(tuple(rows), +left)
    best: dict[str, Harvested] = {}
    for row in rows:
        name = row.harvested.problem
        best[name] = min(best.get(name, row), row, key=_rank)
    return Crop(tuple(best.values()), +(left + Counter(not_best=len(rows) - len(best))))


def _rank(row: Harvested) -> tuple[float, int, str]:
    return -row.harvested.score, len(row.trajectory.steps), row.harvested.transcript
