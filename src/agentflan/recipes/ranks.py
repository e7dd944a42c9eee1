"""What the processes agree on that torchrun or accelerate started for one `agentflan train`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module

from agentflan.core.ranks import rank, world

LONGEST = timedelta(days=7)
"""A corpus is built in that time; torch gives up after minutes."""


def first_alone(work: Callable[[], object]) -> None:
    """Does `work` in the first process while the others wait; a launcher ends them when it fails."""
    if world() == 1:
        work()
        return
    store, _, _ = next(import_module("torch.distributed").rendezvous("env://"))
    if rank() == 0:
        work()
        store.set("agentflan/prepared", "yes")
    store.wait(["agentflan/prepared"], LONGEST)


def leave() -> None:
    """Ends together: a process that goes while another still talks to it is taken for a crash."""
    if world() > 1:
        distributed = import_module("torch.distributed")
        distributed.barrier()
        distributed.destroy_process_group()
