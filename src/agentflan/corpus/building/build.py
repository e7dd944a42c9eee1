"""Builds the corpus: rows -> trajectories -> conversations, in passes over shards, with books that balance.

The result depends on rows, settings and replies alone: never on the engine, the number of workers, the size of the
shards, or how often and where the work was taken up.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from agentflan.core import kinds, plugs
from agentflan.core.digest import digest_of
from agentflan.core.errors import Mistake
from agentflan.core.types import Dropped
from agentflan.corpus.building import frames, groups
from agentflan.corpus.building.closing import close
from agentflan.corpus.building.fold import Fold
from agentflan.corpus.building.job import Job, Task, plan
from agentflan.corpus.building.ledger import Counts
from agentflan.corpus.building.mix import Thin
from agentflan.corpus.building.numbering import number_rows
from agentflan.corpus.building.stages import Replies, Stage
from agentflan.corpus.engines.local import Local
from agentflan.corpus.files.rows import shards_of_all
from agentflan.corpus.settings import Corpus

SHARD_BYTES = 8 << 20
"""Bytes of raw rows in a shard."""

Say = Callable[[str], None]


class Share(NamedTuple):
    """Which tasks of a build one of several runs of it does: every `of`-th, from the `number`-th on (from 1)."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


class Product(Protocol):
    """`manifest.Product`: what the build makes, as the run folder's manifest knows it."""

    def is_there(self) -> bool: ...

    def record(self) -> None: ...


class Unfinished(Exception):
    """A share of a build is done as far as it can be; the others are not."""


def build(
    corpus: Corpus,
    out: Path,
    *,
    engine: kinds.Engine = Local(),  # noqa: B008 (immutable)
    shard_bytes: int = SHARD_BYTES,
    share: Share | None = None,
    replies: Mapping[str, str | Dropped] | None = None,
    product: Product | None = None,
    say: Say = lambda _: None,
) -> dict[str, Any]:
    """Writes `out/trajectories`, `out/corpus` and returns the ledger.

    `replies` go by request digest; None: written patterns. `product` is how a run folder tells what is in it: another
    share may have finished it since it was last asked.
    Raises Mistake when there is nothing to build from, Unfinished when this run's `share` has to wait for others.
    What was done before an interruption, or by other shares, is not done again.
    """
    pieces = shards_of_all(corpus.sources, shard_bytes)
    if not pieces:
        raise Mistake("the sources hold no rows", where="corpus.sources", mend="check the paths")
    stages = [Stage("fold", Fold()), *(Stage(*each) for each in corpus.transforms)]
    if corpus.settings.mix.mode != "concat":
        stages.append(Stage("mix", Thin(mix=corpus.settings.mix, seed=corpus.seed)))
    job = Job(out / "work", pieces, plan(stages), Replies(replies), synced=share is not None)
    claimed = _claim(job, out, product)
    if claimed is None:
        return _ledger(out)
    job, fresh = claimed
    try:
        with engine(job) as run:
            _Progress(job, run, share, say).all_passes()
        return _close(job, stages, out, product)
    except Mistake:
        if fresh:  # the next build will not be this one
            shutil.rmtree(job.work, ignore_errors=True)
            if not any(out.iterdir()):
                out.rmdir()
        raise
    except FileNotFoundError:
        if share is None or job.work.exists():
            raise
        raise Unfinished("another share has just finished the build") from None


class _Progress:
    """Takes a job from pass to pass."""

    def __init__(self, job: Job, run: Callable[[Sequence[Task]], None], share: Share | None, say: Say) -> None:
        self._job, self._run, self._share, self._say = job, run, share, say

    def all_passes(self) -> None:
        job, count = self._job, len(self._job.passes)
        for number in range(count + 1):
            self._tasks(job.tasks_of_pass(number), f"pass {number} of {count}")
            if number == 0:
                self._number_rows()
            else:
                self._hand_over(number)
            for shard in range(len(job.shards)):
                for what in ("items", "digests", "notes"):
                    job.file(number - 1, shard, what).unlink(missing_ok=True)
        for table in ("conversations", "trajectories"):
            (job.work / table).mkdir(exist_ok=True)
        self._tasks(job.tasks_of_parts(), "parts")

    def _tasks(self, tasks: list[Task], what: str) -> None:
        """Does the tasks that are this run's and still open. Raises Unfinished when others' are left."""
        mine = tasks if self._share is None else tasks[self._share.number - 1 :: self._share.of]
        self._run([task for task in mine if not self._job.done(task)])
        left = sum(not self._job.done(task) for task in tasks)
        if left:
            raise Unfinished(f"share {self._share} is done up to {what}; {left} of its tasks are left to other shares")
        self._say(f"{what} done")

    def _number_rows(self) -> None:
        job, count = self._job, len(self._job.shards)
        verdicts = [job.file(1, shard, "verdicts") for shard in range(count)]
        if all(path.exists() for path in verdicts):
            return  # an earlier, interrupted build came this far
        total = number_rows([job.file(0, shard, "digests") for shard in range(count)], verdicts)
        self._say(f"read {total:,} trajectories from {count:,} shards")
        if not total:
            raise _no_row(job)

    def _hand_over(self, number: int) -> None:
        """Turns the notes of a pass into verdicts for the next."""
        job, shards = self._job, range(len(self._job.shards))
        group = job.passes[number - 1].closed_by
        verdicts = [job.file(number + 1, shard, "verdicts") for shard in shards]
        if group is not None and not all(path.exists() for path in verdicts):
            sizes = [job.books(number, shard).items for shard in shards]
            notes = [job.file(number, shard, "notes") for shard in shards]
            groups.decide(group.transform, notes, sizes, verdicts, job.work)


def _no_row(job: Job) -> Mistake:
    counts = Counts()
    for shard in range(len(job.shards)):
        counts.add(job.books(0, shard).counts["read"])
    lost = {**counts.dropped, **counts.quarantined}
    reasons = ", ".join(f"{count} {reason}" for reason, count in lost.items()) or "there were no rows"
    mend = "`agentflan check FILE` says what a file is, and what is wrong with it"
    return Mistake(f"no row could be used ({reasons})", where="corpus.sources", mend=mend)


def _claim(job: Job, out: Path, product: Product | None) -> tuple[Job, bool] | None:
    """Keeps the work of an interrupted build of the same rows and settings, or of other shares, and no other's.

    The second value says that there was none. None: the product is there, another share has finished it.
    """
    rows = [[str(shard.path), shard.start, shard.end, shard.path.stat().st_mtime_ns] for _, shard in job.shards]
    read = [file for each in job.passes for stage in each.stages for file in plugs.files_of(stage.transform)]
    files = [[str(file), file.stat().st_mtime_ns] for file in read]
    key = digest_of([repr(job.passes), rows, files, job.replies.asked])
    mark = job.work / "key"
    with _locked(out):
        if product is not None and product.is_there():
            return None
        found, _, boot = mark.read_text().partition("\n") if mark.exists() else ("", "", "")
        if found == key and boot == "synced":
            return job._replace(synced=True), False
        if found == key and boot == frames.boot() and not job.synced:
            return job, False
        shutil.rmtree(job.work, ignore_errors=True)
        job.work.mkdir(parents=True)
        frames.save(mark, [f"{key}\n{'synced' if job.synced else frames.boot()}".encode()])
    return job, True


def _close(job: Job, stages: list[Stage], out: Path, product: Product | None) -> dict[str, Any]:
    """The result in its place, by whichever run comes first when all is done."""
    with _locked(out):
        ledger = close(job, [stage.name for stage in stages], out)
        if product is not None:
            product.record()
        return ledger


def _ledger(out: Path) -> dict[str, Any]:
    ledger: dict[str, Any] = msgspec.json.decode((out / "corpus" / "ledger.json").read_bytes())
    return ledger


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """One process at a time, of all that build in a run folder."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        handle = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        why = error.strerror or str(error)
        raise Mistake(f"cannot be a run folder ({why})", where=str(out), mend="name another one") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
