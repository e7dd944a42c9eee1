"""Plan: how many steps are those of the gold plan, in its order (teval/evaluators/planning_evaluator.py)?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import networkx

from agentflan.dialects.calls.literals import FAILURES
from agentflan.evals.embedders import Embed
from agentflan.evals.teval.likeness import likeness
from agentflan.evals.teval.reading import loaded

THRESHOLD = 0.8
"""Above it a step can stand for one of the gold plan. OpenCompass's port has 0.7, which is another score."""
_NAME, _ARGS = 0.75, 0.25
_MOST = 200
"""Steps that are matched; a reply of 512 tokens has no room for more."""
_FINISH = "FinishAction"


class Move(NamedTuple):
    """One step of a plan."""

    id: int
    name: str
    args: str


def graded(reply: str, record: dict[str, Any], embed: Embed) -> tuple[float, float]:
    """(ours, as published): F1 of the steps. Ours counts no step that matches nothing, and takes any empty plan."""
    gold = listed(record["ground_truth"])
    meta = record.get("meta", {})
    plan = named(reply, meta["API_list"]) if meta.get("prompt_type") == "str" else listed(reply)
    if not plan or not gold:
        return 0.0, 0.0
    plan, gold = _ordered(plan), _ordered(gold)
    if not plan or not gold:  # upstream crashes here
        return float(not plan and not gold), 0.0
    partners = matched(plan[:_MOST], gold, embed)
    right = rising([partner for partner in partners if partner >= 0])
    return _f1(right, plan, gold), _f1(max(right, 1), plan, gold)


def listed(text: Any) -> list[Move]:
    """A plan as JSON; one bad step spoils it all."""
    try:
        return [Move(int(step["id"]), str(step["name"]), str(step["args"])) for step in _list(text)]
    except (*FAILURES, LookupError):
        return []


def named(text: str, names: Sequence[str]) -> list[Move]:
    """A plan in words: each sentence or line stands for the tool that it names first."""
    moves = list[Move]()
    for line in text.replace(". ", "\n").split("\n"):
        found = [(at, name) for name in names if (at := line.find(name)) >= 0 and name]
        if found:
            moves.append(Move(len(moves), min(found, key=lambda each: each[0])[1], line))
    return moves


def matched(plan: Sequence[Move], gold: Sequence[Move], embed: Embed) -> list[int]:
    """For each step the place of its partner in the gold plan, or -1: the matching of the greatest total likeness."""
    names = likeness(embed, [move.name for move in plan], [move.name for move in gold])
    args = likeness(embed, [move.args for move in plan], [move.args for move in gold])
    alike = names * _NAME + args * _ARGS
    graph = networkx.Graph()
    for row in range(len(plan)):
        for column in range(len(gold)):
            if alike[row, column] > THRESHOLD:
                graph.add_edge(row, str(column), weight=alike[row, column])
    partners = [-1] * len(plan)
    for one, other in networkx.max_weight_matching(graph):
        row, column = (one, other) if isinstance(one, int) else (other, one)
        partners[row] = int(column)
    return partners


def rising(places: Sequence[int]) -> int:
    """Length of the longest strictly rising subsequence."""
    best = list[int]()
    for at, place in enumerate(places):
        best.append(1 + max((best[before] for before in range(at) if places[before] < place), default=0))
    return max(best, default=0)


def _list(text: Any) -> list[Any]:
    found = loaded(text, "[", "]")
    return found if type(found) is list else []


def _ordered(plan: Sequence[Move]) -> list[Move]:
    moves = sorted(plan, key=lambda move: move.id)
    return moves[:-1] if moves[-1].name == _FINISH else moves


def _f1(right: int, plan: Sequence[Move], gold: Sequence[Move]) -> float:
    return 2 * right / (len(plan) + len(gold))
