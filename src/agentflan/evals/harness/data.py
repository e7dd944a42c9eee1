"""Task data on disk, in the shapes in which the hub keeps them; nothing is ever fetched."""

from __future__ import annotations

from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from agentflan.core.errors import Mistake
from agentflan.evals import files

_READ = (".parquet", ".jsonl", ".json")


def sample(task: str) -> Path:
    """The few records of each task that ship with the house, made by us; they compare with nothing published."""
    return Path(str(package_files("agentflan.evals.harness"))) / "sample" / task


def split_files(folder: Path, name: str) -> list[Path]:
    """The files of one split: `test.jsonl`, or `test-00000-of-00001.parquet` and those that follow it."""
    if not folder.is_dir():
        raise Mistake("there is no such folder of data", where=str(folder), mend="name a copy of the hub's data set")
    found = sorted(path for path in folder.iterdir() if path.suffix in _READ and _split(path) == name)
    if not found:
        mend = f"put {name}.jsonl or {name}-00000-of-00001.parquet there"
        raise Mistake(f"there is no split {name!r}", where=str(folder), mend=mend)
    return found


def split_rows(paths: list[Path], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """All records of a split, with just these keys. Raises Mistake for the first record without one of them."""
    found = []
    for path in paths:
        rows = enumerate(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else files.rows(path)
        for where, row in rows:
            missing = [key for key in keys if key not in row]
            if missing:
                place = f"{path}[{where}]" if path.suffix == ".parquet" else str(where)
                mend = f"each record has {', '.join(keys)}"
                raise Mistake(f"this record has no {missing[0]!r}", where=place, mend=mend)
            found.append({key: row[key] for key in keys})
    return found


def _split(path: Path) -> str:
    return path.name.partition(".")[0].partition("-")[0]
