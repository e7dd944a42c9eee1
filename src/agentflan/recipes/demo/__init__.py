"""Demonstration data of our own making, in the raw shapes of AgentInstruct, ToolBench and ShareGPT."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from agentflan.recipes.demo import agents, pretraining, problems, rows

SEARCHES, CHATS, TASKS, PROBLEMS = 3600, 3600, 4, 200
"""Searches, chats, rows of each of six tasks, problems of each circumstance."""


def write_demo(folder: Path, seed: int = 0) -> None:
    """Writes the recipe, its rows and its problems into the folder. Another seed draws everything anew."""
    folder.mkdir(parents=True, exist_ok=True)
    recipe = resources.files("agentflan.recipes").joinpath("demo.yaml").read_text(encoding="utf-8")
    (folder / "demo.yaml").write_text(recipe.replace("seed: 0", f"seed: {seed}", 1), encoding="utf-8")
    (folder / "rows").mkdir(exist_ok=True)
    _write(folder / "rows" / "base.jsonl", pretraining.documents(seed))
    _write(folder / "rows" / "toolbench.jsonl", rows.searches(seed, SEARCHES))
    _write(folder / "rows" / "chat.jsonl", rows.chats(seed, CHATS))
    _write(folder / "rows" / "agentinstruct.jsonl", agents.tasks(seed, TASKS))
    asked = problems.problems(seed, PROBLEMS)
    (folder / "problems.jsonl").write_bytes(b"".join(msgspec.json.encode(problem) + b"\n" for problem in asked))


def _write(file: Path, made: Iterable[dict[str, Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="\n") as stream:
        for row in made:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
