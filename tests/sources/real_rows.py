"""The real rows that lie beside the project; they are read, never copied into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentflan.core.digest import digest_of
from agentflan.core.errors import Unreadable
from agentflan.core.types import ToolCall, Trajectory
from agentflan.corpus.files.rows import rows, shards

FOLDER = Path(__file__).parents[3] / "shared" / "data"
GOLDEN = Path(__file__).parents[1] / "golden"


def need(folder: str) -> list[Path]:
    """The files of a folder of real rows; the test is skipped, with a word why, where the rows are absent."""
    if not FOLDER.is_dir():
        pytest.skip(f"the real rows are not at {FOLDER}")
    return sorted(FOLDER.joinpath(folder).glob("*.json*"))


def read(path: Path, source: object = None) -> list[bytes]:
    return [row for shard in shards(path, 1 << 20, source) for row in rows(shard, source)]


def tally(source: Any, path: Path) -> dict[str, int]:
    """What became of each row: its ending, or the reason why it left."""
    counts: dict[str, int] = {}
    for row in read(path, source):
        try:
            found = source(row)
            became = found.ending if isinstance(found, Trajectory) else f"dropped {found.reason}"
        except Unreadable as error:
            became = f"quarantined {error.reason}"
        counts[became] = counts.get(became, 0) + 1
    return counts


def facts(found: Trajectory) -> dict[str, Any]:
    """What a golden file says of a trajectory: structure that a person can check, and a digest of its texts."""
    return {
        "query": [found.query[:40], found.query[-40:]],
        "actions": [step.action.name if isinstance(step.action, ToolCall) else "(answer)" for step in found.steps],
        "thoughts": sum(bool(step.thought) for step in found.steps),
        "observations": sum(step.observation is not None for step in found.steps),
        "ending": found.ending,
        "restarted": found.restarted,
        "dialect": found.dialect,
        "tools": len(found.tools),
        "digest": digest_of(msgspec.structs.replace(found, id="", licence="")),
    }


def golden(name: str) -> list[dict[str, Any]]:
    """Entries of a golden file: file (in the folder of real rows), row (number in it) and the facts."""
    found: list[dict[str, Any]] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return found


def check_golden(name: str, source: Any) -> None:
    if not FOLDER.is_dir():
        pytest.skip(f"the real rows are not at {FOLDER}")
    for entry in golden(name):
        file, number = entry.pop("file"), entry.pop("row")
        found = source(read(FOLDER / file, source)[number])
        assert isinstance(found, Trajectory), file
        assert facts(found) == entry, (file, number)
