"""Ray core tasks over the same function, on the cluster at `RAY_ADDRESS`, or on a Ray of its own on this machine.

Every node must see the rows and the run folder under the same paths, as on a shared file system: what travels through
Ray is the names of tasks. Ray Data is not used: it needed three times the time, and promises no order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

# Read when Ray is imported: a Ray of our own then listens on the loopback interface, not on the network's.
if "RAY_ADDRESS" not in os.environ:
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")

import ray
from ray.exceptions import RayTaskError

from agentflan.core.errors import Mistake
from agentflan.core.plugs import Plug
from agentflan.corpus.building.job import Job, Task
from agentflan.corpus.building.passes import run_task

_OBJECTS = 80 << 20
"""Bytes of Ray's object store, which holds the job and nothing else."""


class Ray(Plug, frozen=True):
    workers: int = 1
    """Tasks at work at once."""

    @contextmanager
    def __call__(self, job: Job) -> Iterator[Callable[[Sequence[Task]], None]]:
        _connect(self.workers)
        try:
            shared, work = ray.put(job), ray.remote(num_cpus=1)(run_task)
            yield partial(_run, work, shared, self.workers)
        finally:
            ray.shutdown()


def _connect(workers: int) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    address = os.environ.get("RAY_ADDRESS")
    try:
        if address:
            ray.init(address=address, log_to_driver=False)
        else:
            ray.init(
                num_cpus=workers,
                include_dashboard=False,
                object_store_memory=_OBJECTS,
                log_to_driver=False,
            )
    except ConnectionError as error:
        what = f"no Ray that takes us in answers at {address}"
        mend = "start it (and give its RAY_AUTH_TOKEN), or unset the variable for a Ray of our own"
        raise Mistake(what, where="RAY_ADDRESS", mend=mend) from error


def _run(work: Any, job: Any, most: int, tasks: Sequence[Task]) -> None:
    """Keeps at most `most` tasks under way; the first failure stops the rest, as it was raised."""
    waiting = list(reversed(tasks))
    running: list[Any] = []
    try:
        while waiting or running:
            while waiting and len(running) < most:
                running.append(work.remote(job, waiting.pop()))
            done, running = ray.wait(running)
            ray.get(done)
    except RayTaskError as error:
        cause: Exception = error.as_instanceof_cause()  # type: ignore[no-untyped-call]
        raise cause from error
