"""What the command line costs before it does anything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.figure import Figure, alternate

ROUNDS = 25


def bench_help_ratio() -> Iterator[Figure]:
    """`agentflan --help`, the installed script, against a Python that does nothing. The bound is 6."""
    script = Path(sys.executable).with_name("agentflan")
    if not script.exists():
        raise SystemExit(f"{script} is not there: run this with the Python that agentflan is installed in")
    ours, theirs = alternate(lambda: _run(str(script), "--help"), lambda: _run(sys.executable, "-c", "pass"), ROUNDS)
    yield {
        "bench": "help_ratio",
        "value": round(ours * 1000, 1),
        "unit": "ms",
        "against": "python -c pass",
        "ratio": round(ours / theirs, 2),
        "rounds": ROUNDS,
    }


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
