"""From episodes to HotpotQA's numbers: EM and F1, the mean of the levels; after how many steps; how episodes end."""

from __future__ import annotations

from collections.abc import Sequence

from agentflan.core.types import Episode, Problem, Score, ToolCall
from agentflan.evals import endings, summing
from agentflan.evals.hotpotqa.answers import exact, f1
from agentflan.evals.hotpotqa.questions import LEVELS
from agentflan.evals.hotpotqa.reading import answer_or_action
from agentflan.evals.intervals import wilson


def graded(problem: Problem, episode: Episode, limit: int) -> Score:
    """An episode without a `Finish` has no answer, and none of the marks."""
    said, gold = _answer(episode), _gold(problem)
    right = said is not None and exact(said, gold)
    values = {
        f"f1/{problem.part}": 0.0 if said is None else f1(said, gold),
        f"em/{problem.part}": float(right),
    }
    return Score(problem=problem.id, values=values | endings.values(episode, right, limit, "em"))


def summed(scores: Sequence[Score]) -> dict[str, float]:
    """A level without a graded question is in no mean."""
    shares, columns = summing.shares(scores), summing.columns(scores)
    told = {}
    for metric in ("f1", "em"):
        parts = [shares[name] for level in LEVELS if (name := f"{metric}/{level}") in shares]
        told[metric] = summing.mean_of(parts) if parts else wilson(0, 0)
    order = [f"{metric}/{level}" for metric in ("f1", "em") for level in LEVELS]
    order += sorted(name for name in shares if name not in order)
    told |= {name: shares[name] for name in order if name in shares}
    return summing.flat(told) | {f"n/{level}": float(len(columns.get(f"em/{level}", ()))) for level in LEVELS}


def _answer(episode: Episode) -> str | None:
    verb, given = answer_or_action(episode.turns[-1].step) if episode.turns else ("", "")
    return given if verb == "finish" and episode.ended == "finished" else None


def _gold(problem: Problem) -> str:
    action = problem.gold[0].action
    assert isinstance(action, ToolCall)
    return action.arguments
