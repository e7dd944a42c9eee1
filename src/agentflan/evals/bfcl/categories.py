"""The single-turn categories of BFCL V4, and how the leaderboard averages them.

Facts from `bfcl_eval/constants/category_mapping.py` and `eval_checker/eval_runner_helper.py` of ShishirPatil/gorilla.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from agentflan.evals.intervals import Estimate
from agentflan.evals.summing import mean_of

Language = Literal["python", "java", "javascript"]

CATEGORIES = (
    "simple_python",
    "simple_java",
    "simple_javascript",
    "multiple",
    "parallel",
    "parallel_multiple",
    "irrelevance",
    "live_simple",
    "live_multiple",
    "live_parallel",
    "live_parallel_multiple",
    "live_irrelevance",
    "live_relevance",
)
UNANSWERED = frozenset({"irrelevance", "live_irrelevance", "live_relevance"})
"""No accepted calls: what counts is whether the model calls at all."""
LIVE_AST = frozenset({"live_simple", "live_multiple", "live_parallel", "live_parallel_multiple"})
"""Counted together, each problem the same, as Live Overall Acc."""

_MEANS = {
    "simple_ast": ("simple_python", "simple_java", "simple_javascript"),
    "non_live_overall": ("simple_ast", "multiple", "parallel", "parallel_multiple"),
    "irrelevance_detection": ("irrelevance", "live_irrelevance"),
    "relevance_detection": ("live_relevance",),
    "overall": ("non_live_overall", "live_overall", "irrelevance_detection"),
}
"""Plain means, each of what stands before it. `overall` is the single-turn part of V4's Overall Acc: 10 + 10 + 10 %."""


def language_of(category: str) -> Language:
    if category == "simple_java":
        return "java"
    return "javascript" if category == "simple_javascript" else "python"


def averages(shares: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """From the shares of categories and `live_overall` to the leaderboard's columns; without a part, no mean of it."""
    known, found = dict(shares), dict[str, Estimate]()
    for name, parts in _MEANS.items():
        if all(part in known for part in parts):
            found[name] = known[name] = mean_of([known[part] for part in parts])
    return found
