"""Builds the corpus: rows -> trajectories -> conversations, in passes over shards, with books that balance.

The result depends on rows, settings and replies alone: never on the number of workers, the size of the shards,
or how often a run was interrupted.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec

from agentflan.core.digest import digest_of
from agentflan.core.errors import Mistake
from agentflan.core.types import Conversation, Trajectory
from agentflan.corpus import frames, groups
from agentflan.corpus.fold import Fold
from agentflan.corpus.ledger import Characters, Counts
from agentflan.corpus.mix import Thin
from agentflan.corpus.parquet import ConversationWriter, TrajectoryWriter
from agentflan.corpus.passes import Job, plan, read_shard, run_pass
from agentflan.corpus.rows import shards_of_all
from agentflan.corpus.settings import Corpus
from agentflan.corpus.stages import Replies, Stage

SHARD_BYTES = 8 << 20
"""Bytes of raw rows in a shard."""

Say = Callable[[str], None]


def build(
    corpus: Corpus,
    out: Path,
    *,
    workers: int = 1,
    shard_bytes: int = SHARD_BYTES,
    replies: Mapping[str, str] | None = None,
    say: Say = lambda _: None,
) -> dict[str, Any]:
    """Writes `out/trajectories`, `out/corpus` and returns the ledger.

    `replies` go by request digest; None: written patterns.
    Raises Mistake when there is nothing to build from. What was done before an interruption is not done again.
    """
    pieces = shards_of_all(corpus.sources, shard_bytes)
    if not pieces:
        raise Mistake("the sources hold no rows", where="corpus.sources", mend="check the paths")
    stages = [Stage("fold", Fold()), *(Stage(*each) for each in corpus.transforms)]
    if corpus.settings.mix.mode != "concat":
        stages.append(Stage("mix", Thin(mix=corpus.settings.mix, seed=corpus.seed)))
    work = out / "work"
    job = Job(work, pieces, plan(stages), Replies(replies))
    _claim(job, work)
    try:
        _run(job, workers, say)
        return _finish(job, stages, out)
    except Mistake:  # the next build will not be this one, so nothing is kept for it
        _clear(work, out)
        raise


def _run(job: Job, workers: int, say: Say) -> None:
    with _pool(job, workers) as each_shard:
        _read_all(job, each_shard, say)
        for number in range(1, len(job.passes) + 1):
            each_shard(number)
            _hand_over(job, number)
            say(f"pass {number} of {len(job.passes)} done")


def _clear(work: Path, out: Path) -> None:
    for folder in (work, out / "corpus.tmp", out / "trajectories.tmp"):
        shutil.rmtree(folder, ignore_errors=True)
    if not any(out.iterdir()):
        out.rmdir()


def _claim(job: Job, work: Path) -> None:
    """Keeps the work of an interrupted build of the same rows and settings, and no other's."""
    rows = [[str(shard.path), shard.start, shard.end, shard.path.stat().st_mtime_ns] for _, shard in job.shards]
    key = digest_of([frames.boot(), repr(job.passes), rows, job.replies.asked])
    mark = work / "key"
    if not mark.exists() or mark.read_text() != key:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        mark.write_text(key)


class _pool:
    """Runs one pass over all shards that still need it, in this process or in several."""

    def __init__(self, job: Job, workers: int) -> None:
        self.job, self.workers = job, workers

    def __enter__(self) -> Callable[[int], None]:
        self.executor = (
            ProcessPoolExecutor(self.workers, get_context("spawn"), _begin, (self.job,)) if self.workers > 1 else None
        )
        return self._each_shard

    def __exit__(self, *_: object) -> None:
        if self.executor:
            self.executor.shutdown(cancel_futures=True)

    def _each_shard(self, number: int) -> None:
        open_shards = [shard for shard in range(len(self.job.shards)) if not self.job.done(number, shard)]
        if self.executor:
            list(self.executor.map(_work, [number] * len(open_shards), open_shards))
        else:
            for shard in open_shards:
                _one(self.job, number, shard)


_JOB: list[Job] = []


def _begin(job: Job) -> None:
    _JOB[:] = [job]


def _work(number: int, shard: int) -> None:
    _one(_JOB[0], number, shard)


def _one(job: Job, number: int, shard: int) -> None:
    if number == 0:
        read_shard(job, shard)
    else:
        run_pass(job, number, shard)


def _read_all(job: Job, each_shard: Callable[[int], None], say: Say) -> None:
    each_shard(0)
    if all(job.file(1, shard, "verdicts").exists() for shard in range(len(job.shards))):
        return  # an earlier, interrupted build came this far
    seen: Counter[str] = Counter()
    for shard in range(len(job.shards)):
        occurrences = {}
        for place, name in enumerate(frames.load_value(job.file(0, shard, "digests"))):
            if seen[name]:
                occurrences[place] = seen[name]
            seen[name] += 1
        frames.save_value(job.file(1, shard, "verdicts"), occurrences)
    say(f"read {seen.total()} trajectories from {len(job.shards)} shards")
    if not seen:
        counts = Counts()
        for shard in range(len(job.shards)):
            counts.add(job.books(0, shard).counts["read"])
        lost = {**counts.dropped, **counts.quarantined}
        reasons = ", ".join(f"{count} {reason}" for reason, count in lost.items()) or "there were no rows"
        raise Mistake(
            f"no row could be used ({reasons})", where="corpus.sources", mend="check which source reads these files"
        )


def _hand_over(job: Job, number: int) -> None:
    """Turns the notes of a pass into verdicts for the next and clears what nobody needs any more."""
    group, count = job.passes[number - 1].closed_by, len(job.shards)
    if group is not None and not all(job.file(number + 1, shard, "verdicts").exists() for shard in range(count)):
        sizes = [job.books(number, shard).items for shard in range(count)]
        notes = [job.file(number, shard, "notes") for shard in range(count)]
        for shard, verdicts in enumerate(groups.decide(group.transform, notes, sizes, job.work)):
            frames.save_value(job.file(number + 1, shard, "verdicts"), verdicts)
    for shard in range(count):
        for what in ("items", "digests", "notes"):
            job.file(number - 1, shard, what).unlink(missing_ok=True)


def _finish(job: Job, stages: list[Stage], out: Path) -> dict[str, Any]:
    last, count = len(job.passes), len(job.shards)
    every = [(number, shard) for number in range(last + 1) for shard in range(count)]
    staged = out / "corpus.tmp"
    shutil.rmtree(staged, ignore_errors=True)
    shutil.rmtree(out / "trajectories.tmp", ignore_errors=True)
    with TrajectoryWriter(out / "trajectories.tmp") as trajectories:
        for number, shard in every[count:]:
            kept = frames.unpack(job.file(number, shard, "trajectories"))
            trajectories.write([item for item in kept if isinstance(item, Trajectory)])
    with ConversationWriter(staged) as conversations:
        for shard in range(count):
            conversations.write(_conversations(job, last, shard))
    for kind in ("dropped", "quarantined", "pending"):
        name = "quarantine" if kind == "quarantined" else kind
        if kind != "pending" or job.replies.asked is not None:
            frames.save(staged / f"{name}.jsonl", _lost(job, every, kind))
    ledger = _ledger(job, stages, every)
    frames.save(staged / "ledger.json", [msgspec.json.format(msgspec.json.encode(ledger), indent=1), b"\n"])
    for folder in ("trajectories", "corpus"):
        shutil.rmtree(out / folder, ignore_errors=True)
        (out / f"{folder}.tmp").rename(out / folder)
    shutil.rmtree(job.work)
    return ledger


def _conversations(job: Job, last: int, shard: int) -> list[Conversation]:
    found = list(frames.unpack(job.file(last, shard, "items")))
    stray = next((item for item in found if not isinstance(item, Conversation)), None)
    if stray is not None:
        raise Mistake(
            "the chain leaves trajectories, not conversations", where="corpus.transforms", mend="add `converse`"
        )
    return [item for item in found if isinstance(item, Conversation)]


def _lost(job: Job, every: list[tuple[int, int]], kind: str) -> Iterator[bytes]:
    source, before = "", 0
    for number, shard in every:
        books = job.books(number, shard)
        if number == 0 and job.shards[shard][0].name != source:
            source, before = job.shards[shard][0].name, 0
        for line in getattr(books, kind):
            if number == 0:
                line.number += before
            yield msgspec.json.encode(line) + b"\n"
        if number == 0:
            before += books.counts["read"].into


def _ledger(job: Job, stages: list[Stage], every: list[tuple[int, int]]) -> dict[str, Any]:
    totals = {name: Counts() for name in ("read", *(stage.name for stage in stages))}
    sources: dict[str, Counts] = {}
    characters = Characters()
    shares: Counter[str] = Counter()
    for number, shard in every:
        books = job.books(number, shard)
        for name, counts in books.counts.items():
            totals[name].add(counts)
        if number == 0:
            sources.setdefault(job.shards[shard][0].name, Counts()).add(books.counts["read"])
        if number == len(job.passes):
            characters.add(books.characters)
            shares.update(books.shares)
    unbalanced = [name for name, counts in totals.items() if not counts.holds()]
    if unbalanced:
        raise AssertionError(f"the books of {', '.join(unbalanced)} do not balance")
    return {
        "stages": [{"name": name, **counts.written()} for name, counts in totals.items()],
        "sources": {name: counts.written() for name, counts in sources.items()},
        "conversations": shares.total(),
        "shares": dict(sorted(shares.items())),
        "characters": msgspec.to_builtins(characters),
    }
