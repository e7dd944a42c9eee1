"""What a run folder holds of one benchmark: its settings, and a reply to each problem."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agentflan.core import plugs
from agentflan.core.errors import Mistake, nearest
from agentflan.core.types import Episode, Problem, Reply
from agentflan.evals.run import on_file
from agentflan.evals.transcripts import transcripts


class Graded(msgspec.Struct, frozen=True):
    """A benchmark's scores.json."""

    benchmark: str
    version: str
    settings: dict[str, Any]
    model: str
    identity: str
    metrics: dict[str, float] = {}


class Evaluation(NamedTuple):
    """One model on one benchmark."""

    model: str
    version: str
    settings: Mapping[str, Any]
    replies: Mapping[str, tuple[Problem, Reply | Episode]]
    """Problem's id -> the problem as it was asked, and what this model last said or did."""
    place: Path

    def benchmark(self) -> Any:
        """The plug as it graded."""
        return plugs.load("benchmark", self.settings, where=str(self.place / "scores.json"))


def benchmarks(folder: Path) -> dict[str, Path]:
    """Benchmark -> its folder, for a run, its `evals`, or the folder of one benchmark. Raises Mistake for any other."""
    for places in ([folder], sorted(folder.glob("evals/*")), sorted(folder.glob("*"))):
        found = {place.name: place for place in places if (place / "transcripts.jsonl").is_file()}
        if found:
            return found
    mend = "name a run that `agentflan eval` has written"
    if folder.is_dir():
        raise Mistake("there are no transcripts here", where=str(folder), mend=mend)
    raise Mistake("there is no such folder", where=str(folder), mend=mend)


def shared(one: Path, other: Path, on: str = "") -> dict[str, tuple[Path, Path]]:
    """Benchmark -> its two folders, for all that both runs hold, or the one named. Raises Mistake if there is none."""
    first, second = benchmarks(one), benchmarks(other)
    both = [name for name in first if name in second]
    if on and on not in both:
        raise Mistake(f"not both runs were graded by {on!r}", where=f"{one}, {other}", mend=nearest(on, both))
    if not both:
        held = f"{', '.join(first)} and {', '.join(second)}"
        raise Mistake("no benchmark is in both runs", where=f"{one}, {other}", mend=f"they hold {held}")
    return {name: (first[name], second[name]) for name in both if on in ("", name)}


def graded(place: Path) -> tuple[Graded, Any]:
    """(what one benchmark's scores.json says, the plug as it graded)."""
    path = place / "scores.json"
    try:
        scores = msgspec.json.decode(path.read_bytes(), type=Graded)
    except FileNotFoundError as error:
        raise Mistake("this benchmark was never graded", where=str(place), mend="evaluate it first") from error
    except msgspec.MsgspecError as error:
        raise Mistake(f"these scores cannot be read: {error}", where=str(path), mend="grade with --rescore") from error
    return scores, plugs.load("benchmark", scores.settings, where=str(path))


def evaluation(place: Path) -> Evaluation:
    scores, plug = graded(place)
    with transcripts(place / "transcripts.jsonl") as kept:
        found = on_file(plug, scores.identity, (), kept, alone=False)
    replies = {problem.id: (problem, said) for problem, said in found}
    return Evaluation(scores.model, scores.version, scores.settings, replies, place)
