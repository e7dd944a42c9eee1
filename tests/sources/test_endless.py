"""Ten megabytes of spaces in a turn, and other texts without an end: the work grows as the text does, not faster."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from agentflan.core import plugs
from tests.sources.endless import REPEATED, seconds

CPU_SECONDS = 60
"""Ten times what the slowest source needs; work that grows with the square of ten million has no end."""


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


@pytest.mark.parametrize("name", plugs.names("source"))
def test_endless_texts_end(name: str) -> None:
    command = [sys.executable, "-m", "tests.sources.endless", name]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, preexec_fn=limited)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("name", plugs.names("source"))
def test_twice_the_text_takes_twice_the_time(name: str) -> None:
    """Measured, and so for a quiet machine: the worst of all repeated texts may take 2.5 times as long."""
    ratios = {text: seconds(name, text, 4_000_000) / seconds(name, text, 2_000_000) for text in (" ", *REPEATED)}
    assert max(ratios.values()) <= 2.5, ratios
