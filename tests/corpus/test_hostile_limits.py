"""Bombs and endless texts through the commands themselves: a reason, no traceback, bounded memory, no hours of work.

Nothing is timed. A command gets a budget of processor seconds many times what it needs, where work that grows with the
square of its input would need hours; memory is what the system counted.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.corpus.hostile import GOOD, among_good, line, said

MEMORY = 1 << 30
CPU_SECONDS = 120


class Ended(NamedTuple):
    code: int
    said: dict[str, Any]
    error: str
    peak: int
    """Bytes of the largest process."""


def agentflan(*arguments: str) -> Ended:
    """Runs the command in a process that sees its own children's peak."""
    script = (
        "import json, resource, runpy, subprocess, sys\n"
        f"resource.setrlimit(resource.RLIMIT_CPU, ({CPU_SECONDS}, {CPU_SECONDS}))\n"
        "command = [sys.executable, '-m', 'agentflan', *sys.argv[1:], '--json']\n"
        "done = subprocess.run(command, capture_output=True, text=True)\n"
        "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
        "print(json.dumps([done.returncode, done.stdout, done.stderr, peak]))\n"
    )
    ran = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    code, out, error, peak = json.loads(ran.stdout)
    assert "Traceback" not in error, error
    return Ended(code, json.loads(out) if out else {}, error, peak * (1 if sys.platform == "darwin" else 1024))


def spread(text: bytes, count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield text


def bomb(path: Path) -> None:
    """2 GB of spaces in a row, 2 MB on the disk."""
    path.write_bytes(gzip.compress(line(1)) + gzip.compress(b" " * (64 << 20)) * 32)


def long_rows(path: Path) -> None:
    """600 MB in a row, twice, in 4 MB."""
    with gzip.open(path, "wb", 1) as stream:
        for part in (GOOD, *spread(b"x" * (1 << 20), 500), b"\n", line(3), *spread(b"{" * (1 << 20), 500)):
            stream.write(part)


def plain_giant(path: Path) -> None:
    with path.open("wb") as stream:
        stream.writelines((line(1), b'{"id": "', *spread(b"y" * (1 << 20), 300), b'"}\n', line(2)))


def giant_array(path: Path) -> None:
    with path.open("wb") as stream:
        stream.writelines((b"[", line(1), b",", line(2), b', {"id": "', *spread(b"y" * (1 << 20), 300)))


def ten_megabytes_a_hundred_times(path: Path) -> None:
    """The whole gigabyte lies in 743 bytes, and the footer declares ten megabytes."""
    pq.write_table(pa.table({"conversations": ["x" * 10_000_000] * 100}), path, compression="zstd")
    assert path.stat().st_size < 1_000


def a_gigabyte_in_one_cell(path: Path) -> None:
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000, pa.int32()), ["x" * 1_000_000])
    rows = pa.ListArray.from_arrays(pa.array([0, 1_000], pa.int32()), texts)
    pq.write_table(pa.table({"conversations": rows}), path, compression="zstd", store_schema=False)


def endless_numbers(path: Path) -> None:
    rows = pa.ListArray.from_arrays(pa.array([0, 40_000_000], pa.int32()), pa.array(np.zeros(40_000_000, np.int8)))
    pq.write_table(pa.table({"conversations": rows}), path)


def tiny_rows(path: Path) -> None:
    path.write_bytes(GOOD + b"{}\n" * 2_000_000)


def tiny_elements(path: Path) -> None:
    path.write_bytes(b"[" + line(1) + b"," + line(2) + b",0" * 2_000_000 + b"]")


def many_small_values(path: Path) -> None:
    path.write_bytes(among_good(said(b"a")[:-2] + b', "x": [' + b'{"":[]},' * 1_900_000 + b"0]}\n"))


def spaces(path: Path) -> None:
    path.write_bytes(among_good(said(b" " * 10_000_000 + b"?")))


class Case(NamedTuple):
    make: Callable[[Path], None]
    reasons: dict[str, int]
    good: int
    refused: str = ""
    unknown: int = 0
    """Rows that `check`, which is told of no source, knows nothing of."""


CASES = {
    "gzip bomb": Case(bomb, {}, 0, "unpacks to more than 200 times its size"),
    "long rows in gzip": Case(long_rows, {"too_large": 2}, 3),
    "300 MB line": Case(plain_giant, {"too_large": 1}, 2),
    "300 MB element": Case(giant_array, {"too_large": 1}, 2),
    "1 GB in a 743-byte parquet": Case(ten_megabytes_a_hundred_times, {"wrong_shape": 100}, 0, "100 wrong_shape", 100),
    "1 GB in one cell": Case(a_gigabyte_in_one_cell, {"too_large": 1}, 0, "1 too_large"),
    "40 million numbers in one cell": Case(endless_numbers, {}, 0, "declares 40000000 values"),
    "15 MB of small values": Case(many_small_values, {}, 3),
    "10 MB of spaces in a turn": Case(spaces, {}, 3),
}
MANY = {
    "empty rows": Case(tiny_rows, {"not_a_conversation": 2_000_000}, 2),
    "numbers for rows": Case(tiny_elements, {"wrong_shape": 2_000_000}, 2),
}
"""Minutes each, for there is a line in quarantine for every row."""

each = pytest.mark.parametrize(
    "case",
    [*CASES.values(), *(pytest.param(case, marks=pytest.mark.slow) for case in MANY.values())],
    ids=[*CASES, *MANY],
)


@each
@pytest.mark.parametrize("workers", [2, pytest.param(1, marks=pytest.mark.slow)])
def test_build(case: Case, workers: int, tmp_path: Path) -> None:
    case.make(tmp_path / "rows")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("corpus: {sources: [{use: sharegpt, path: rows}], transforms: [converse]}")
    ended = agentflan("build", str(recipe), "-o", str(tmp_path / "run"), "--workers", str(workers))
    if case.refused:
        assert (ended.code, ended.said) == (2, {})
        assert case.refused in ended.error
    else:
        read = ended.said["stages"][0]
        assert (ended.code, read["out"], {**read["quarantined"], **read["dropped"]}) == (0, case.good, case.reasons)
    assert ended.peak < MEMORY


@each
def test_check(case: Case, tmp_path: Path) -> None:
    case.make(tmp_path / "rows")
    ended = agentflan("check", str(tmp_path / "rows"))
    if case.reasons or case.good:
        reasons = {"not_recognised": case.unknown} if case.unknown else case.reasons
        assert (ended.code, ended.said["usable"], ended.said["reasons"]) == (0, case.good, reasons)
    else:
        assert (ended.code, ended.said) == (2, {})
        assert case.refused in ended.error
    assert ended.peak < MEMORY
