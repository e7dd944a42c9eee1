"""Keeps what the full-size tests of the worlds found, in bench/results/worlds.json: how many of how many problems are
solved by their gold, and the command that says so.
"""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

from bench.__main__ import HERE, commit, machine, today

PLACE = HERE / "results" / "worlds.json"


def record(world: str, passed: int, of: int, command: str, place: Path = PLACE) -> None:
    """Adds a world's figure, or puts it in the place of its older one; tests that run side by side take turns."""
    place.parent.mkdir(exist_ok=True)
    with (place.parent / f".{place.name}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        worlds = json.loads(place.read_text(encoding="utf-8"))["worlds"] if place.exists() else {}
        worlds[world] = {"passed": passed, "of": of, "command": command}
        kept = {"commit": commit(), "date": today(), "machine": machine(), "worlds": dict(sorted(worlds.items()))}
        draft = place.with_suffix(".new")
        draft.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        draft.replace(place)
