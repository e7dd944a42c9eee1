"""Ways to tune a 7B model on one GPU, measured in one command of at most ten minutes.

    PYTHONPATH=src:.vendor python -m bench.gpu -o DIR

A Llama of Llama-2-7B's shape with random weights takes the same step again and again: eight packed rows of 4,096 tokens
of made-up conversations, in bfloat16. Each contestant runs in a process of its own with a time limit, so that one that
fails or runs out of memory does not end the table. A learning rate near 0 keeps the weights where they are: all work is
done, and every step has the same loss. It needs Python 3.12 with torch, transformers, accelerate and peft; what a bare
machine lacks beside them is carried in the folder `.vendor`, made where there is a network by

    pip install --target .vendor --no-deps --python-version 3.12 --only-binary=:all: msgspec==0.22.0 trl==1.16.0 \
        datasets==5.2.0 dill==0.4.1 multiprocess==0.70.19 xxhash liger-kernel==0.8.5

A contestant whose packages are not there is skipped and says so. `--tiny` runs everything end to end on a CPU.
`gpu_CARD.jsonl` in DIR grows with each result; `gpu_CARD.json` and `gpu_CARD.md` hold the table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from bench.__main__ import commit, today
from bench.contest.entries import ENTRIES
from bench.contest.result import Result, table
from bench.contest.shape import LLAMA_7B, TINY, Shape, write

ROOT = Path(__file__).parents[1]
PACKAGES = ("torch", "triton", "transformers", "accelerate", "peft", "trl", "liger-kernel")
PER_WEIGHT = 18
"""Bytes for each weight in a full fine-tune: itself, its gradient and two moments in float32, and a narrow copy."""
ROOM = 10 * 2**30
"""Of the card for all else."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__.partition("\n")[0])
    parser.add_argument("-o", dest="out", type=Path, default=ROOT / "bench" / "results", metavar="DIR")
    parser.add_argument("--tiny", action="store_true", help="a tiny shape, on a CPU too")
    parser.add_argument("--only", nargs="+", choices=ENTRIES, default=list(ENTRIES), metavar="NAME")
    parser.add_argument("--seconds", type=float, default=570, help="for all together")
    parser.add_argument(
        "--layers", type=int, help="of the model; without it as many of the 32 as the card has room for"
    )
    asked = parser.parse_args()
    if not asked.tiny and not torch.cuda.is_available():
        parser.error("torch sees no GPU; --tiny needs none")
    shape = TINY if asked.tiny else LLAMA_7B._replace(layers=asked.layers or layers_that_fit())
    asked.out.mkdir(parents=True, exist_ok=True)
    place = asked.out / f"gpu_{card().lower().replace(' ', '_')}{'_tiny' if asked.tiny else ''}"
    results = contest(shape, asked.only, asked.seconds, place.with_suffix(".jsonl"))
    kept = {"shape": shape._asdict(), **about(), "results": [result._asdict() for result in results]}
    place.with_suffix(".json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    place.with_suffix(".md").write_text(table(results), encoding="utf-8")
    print(table(results), flush=True)


def contest(shape: Shape, names: list[str], seconds: float, log: Path) -> list[Result]:
    """All in turn. What one leaves of its time goes to those after it; nobody gets more than twice an equal share."""
    end = time.monotonic() + seconds
    results: list[Result] = []
    log.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        tokens = write(shape, Path(folder, "tokens"))
        for number, name in enumerate(names):
            left = end - time.monotonic()
            result = turn(name, shape, tokens, min(left, 2 * left / (len(names) - number)))
            reference = next((one.loss for one in results if one.name == "reference"), None)
            results.append(result.beside(reference))
            with log.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(results[-1]._asdict()) + "\n")
            print(table(results[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    return results


def turn(name: str, shape: Shape, tokens: Path, limit: float) -> Result:
    """One in a process of its own; whatever becomes of it, there is a result."""
    missing = [package for package in ENTRIES[name].needs if find_spec(package) is None]
    if missing:
        why = f"{missing[0]} is not installed"
        return Result(name=name, what=ENTRIES[name].what, status="skipped", why=why)
    command = [sys.executable, "-m", "bench.contest", name, json.dumps(shape), str(tokens)]
    ours = {
        "PYTORCH_ALLOC_CONF": "expandable_segments:True",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    unfinished = Result(name=name, what=ENTRIES[name].what, status="late", why=f"not done after {limit:.0f} s")
    if limit < 1:
        return unfinished
    try:
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **ours}, capture_output=True, text=True, timeout=limit
        )
    except subprocess.TimeoutExpired:
        return unfinished
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        return unfinished._replace(status="failed", why=last[:300] or f"exit code {done.returncode}")
    return Result(**json.loads(done.stdout.splitlines()[-1]))


def layers_that_fit() -> int:
    """So that every weight of the model can be tuned on this card."""
    wide, inner = LLAMA_7B.hidden, LLAMA_7B.intermediate
    ends, layer = 2 * LLAMA_7B.vocabulary * wide, 4 * wide**2 + 3 * wide * inner
    memory = torch.cuda.get_device_properties(0).total_memory - ROOM
    return min(LLAMA_7B.layers, int((memory / PER_WEIGHT - ends) / layer))


def card() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


def about() -> dict[str, Any]:
    return {
        "card": card(),
        "date": today(),
        "commit": commit(),
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
