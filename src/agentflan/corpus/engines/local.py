"""This machine: in this process, or in as many processes as `--workers` says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context

from agentflan.core.children import end_with_parent
from agentflan.core.plugs import Plug
from agentflan.corpus.building.job import Job, Task
from agentflan.corpus.building.passes import run_task


class Local(Plug, frozen=True):
    workers: int = 1

    @contextmanager
    def __call__(self, job: Job) -> Iterator[Callable[[Sequence[Task]], None]]:
        if self.workers == 1:
            yield partial(_here, job)
            return
        pool = ProcessPoolExecutor(self.workers, get_context("spawn"), _begin, (job,))
        try:
            yield partial(_side_by_side, pool)
        finally:
            pool.shutdown(cancel_futures=True)


def _here(job: Job, tasks: Sequence[Task]) -> None:
    for task in tasks:
        run_task(job, task)


def _side_by_side(pool: ProcessPoolExecutor, tasks: Sequence[Task]) -> None:
    for _ in pool.map(_work, tasks):
        pass


_JOB: list[Job] = []


def _begin(job: Job) -> None:
    """Once in each process: a job with many shards is not sent along with every task."""
    end_with_parent()
    _JOB[:] = [job]


def _work(task: Task) -> None:
    run_task(_JOB[0], task)
