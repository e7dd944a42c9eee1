"""What every world counts of an episode beside its own marks: how it ended, what was in vain, after how many steps."""

from __future__ import annotations

from typing import get_args

from agentflan.core.types import Ended, Episode

_ENDS = tuple(end for end in get_args(Ended) if end not in ("world", "unfinished"))
"""How a graded episode is over."""


def values(episode: Episode, reached: bool, limit: int, metric: str = "success") -> dict[str, float]:
    """`ended/<how>`; `invalid_actions`, the share of steps that meant nothing in the world; and for every number of
    steps up to the limit `<metric>_within/<n>`: whether the episode had `reached` its goal by then.
    """
    ended = {f"ended/{end}": float(episode.ended == end) for end in _ENDS}
    within = {f"{metric}_within/{n:02}": float(reached and len(episode.turns) <= n) for n in range(1, limit + 1)}
    return {"invalid_actions": _invalid(episode), **ended, **within}


def _invalid(episode: Episode) -> float:
    shown = [turn.observation for turn in episode.turns if turn.observation]
    return sum(each.fault == "invalid" for each in shown) / len(shown) if shown else 0.0
