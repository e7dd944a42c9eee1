"""Runs the measurements of a package and prints one JSON object a line.

`--only NAME` runs one: a function's name without `bench_`, or the name of one of its figures, which starts with it.
`--save` keeps each figure in `bench/results/`, with commit, date and machine.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import inspect
import json
import os
import pkgutil
import platform
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.figure import Figure

HERE = Path(__file__).parent
PREFIX = "bench_"


def main(package: str = "bench") -> None:
    parser = argparse.ArgumentParser(prog=f"python -m {package}", description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="run this one alone")
    parser.add_argument("--save", action="store_true", help="keep the figures in bench/results/")
    asked = parser.parse_args()
    benches = found(package)
    only = asked.only
    chosen = {name: bench for name, bench in benches.items() if only is None or f"{only}_".startswith(f"{name}_")}
    if not chosen:
        parser.error(f"there is no measurement named {only!r}; known: {', '.join(benches)}")
    for name, bench in chosen.items():
        for figure in bench():
            if only in (None, name, figure["bench"]):
                print(json.dumps(figure), flush=True)
                if asked.save:
                    save(figure)


def found(package: str) -> dict[str, Callable[[], Iterator[Figure]]]:
    """The measurements of all modules of a package, by name."""
    benches: dict[str, Callable[[], Iterator[Figure]]] = {}
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if info.ispkg or info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package}.{info.name}")
        for name, member in inspect.getmembers(module, inspect.isgeneratorfunction):
            if name.startswith(PREFIX) and member.__module__ == module.__name__:
                benches[name.removeprefix(PREFIX)] = member
    return benches


def save(figure: Figure) -> None:
    place = HERE / "results" / f"{figure['bench']}.json"
    kept = {**figure, "commit": commit(), "date": today(), "machine": machine()}
    place.parent.mkdir(exist_ok=True)
    place.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def commit() -> str:
    """The commit that was measured; a `+` says that the tree had changes beside it."""
    shown = subprocess.run(
        ["git", "describe", "--always", "--exclude=*", "--abbrev=12", "--dirty=+"],
        cwd=HERE,
        capture_output=True,
        text=True,
    )
    return shown.stdout.strip() or "unknown"


def machine() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
