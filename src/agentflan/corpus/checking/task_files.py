"""Files of tasks: questions without an agent's turns, as benchmarks and query collections have them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

TASKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("bfcl", ("id", "question", "function")),
    ("bfcl", ("id", "question", "involved_classes")),
    ("bfcl", ("id", "question", "topic")),
    ("when2call", ("uuid", "question", "correct_answer")),
    ("metatool", ("query", "tool")),
    ("metatool", ("thought_prompt", "query")),
    ("metatool", ("action_prompt", "query")),
    ("toolbench_queries", ("query", "api_list")),
    ("toolbench_queries", ("query", "query_id")),
    ("tooleyes", ("query", "path", "scenario")),
    ("mt_bench", ("question_id", "turns")),
    ("knowledge_graph", ("question", "qid", "entities")),
    ("database", ("description", "label", "table")),
    ("os", ("description", "evaluation")),
    ("toolalpaca", ("Name", "Instructions")),
)
"""Format -> keys that its rows have, the question among them."""
_ASKED = ("question", "query", "instruction", "prompt", "description", "problem", "task", "goal")
"""Where a row of no known format may have its question."""
_GAMES = ".tw-pddl"
"""ALFWorld's tasks are the names of its games, in lists by kind."""


def task_format(row: bytes) -> str:
    """The task format of a row, `tasks` for a question of no known one, or nothing."""
    try:
        value = msgspec.json.decode(row)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if not isinstance(value, dict):
        return ""
    known = next((name for name, keys in TASKS if all(key in value for key in keys)), "")
    if known:
        return known
    if value and all(_games(held) for held in value.values()):
        return "alfworld"
    if _unanswered(value.get("conversations") or value.get("messages")):
        return "tooleyes" if str(value.get("id", "")).startswith("Turn ") else "tasks"
    asked = any(isinstance(value.get(key), str) and value[key].strip() for key in _ASKED)
    return "tasks" if asked and not value.keys() & {"output", "response", "completion", "parameters"} else ""


def task_formats(rows: Iterable[bytes]) -> Counter[str]:
    """Format -> rows; those of none count under the empty name."""
    return Counter(map(task_format, rows))


def _games(held: Any) -> bool:
    return isinstance(held, list) and bool(held) and all(isinstance(one, str) and _GAMES in one for one in held)


def _unanswered(turns: Any) -> bool:
    """A prompt with nobody's reply."""
    if not (isinstance(turns, list) and turns and all(isinstance(turn, dict) for turn in turns)):
        return False
    return all((turn.get("from") or turn.get("role")) in ("system", "user", "human") for turn in turns)
