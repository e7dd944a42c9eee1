"""Which of the processes this is that a launcher (torchrun, accelerate) started side by side for one run."""

from __future__ import annotations

import os


def rank() -> int:
    """0 is the one that writes and speaks."""
    return int(os.environ.get("RANK", "0"))


def world() -> int:
    """How many there are on all machines."""
    return int(os.environ.get("WORLD_SIZE", "1"))
