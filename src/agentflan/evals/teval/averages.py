"""From the means of sub-tasks to the six abilities and one number (teval/utils/convert_results.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from agentflan.evals.intervals import Estimate, combined
from agentflan.evals.summing import mean_of

ABILITIES = {
    "instruct": ("instruct_json", "instruct_string"),
    "plan": ("plan_str", "plan_json"),
    "reason": ("reason_str", "rru_thought"),
    "retrieve": ("retrieve_str", "rru_name"),
    "understand": ("understand_str", "rru_args"),
    "review": ("review_str",),
}
"""Ability -> the parts it is the plain mean of."""
_ROUNDED = (
    "instruct_json_format",
    "instruct_json_args",
    "instruct_string_format",
    "instruct_string_args",
    "review_str",
)
"""Parts whose means upstream rounds to four places before it goes on."""
_OVERALL = {
    **dict.fromkeys(("instruct_json", "instruct_string", "plan_str", "plan_json"), 1 / 12),
    **dict.fromkeys(("reason_str", "retrieve_str", "understand_str"), 1 / 12),
    "rru": 1 / 4,
    "review_str": 1 / 6,
}
"""Part -> its weight in the plain mean of the abilities. `rru` is one reply for three, so it counts as one share."""


def ours(parts: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """`overall`, where every part is there, then the abilities: each the mean of those of its parts that are."""
    found = {
        ability: mean_of([parts[name] for name in names if name in parts])
        for ability, names in ABILITIES.items()
        if any(name in parts for name in names)
    }
    if not all(name in parts for name in _OVERALL):
        return found
    spread = combined(0, [(weight, parts[name]) for name, weight in _OVERALL.items()])
    value = fmean(each.value for each in found.values())
    return {"overall": Estimate(value, min(spread.low, value), max(spread.high, value)), **found}


def published(means: Mapping[str, float]) -> dict[str, float]:
    """The same as upstream computes it. A missing part makes upstream's number nan; here there is none then."""
    means = {name: round(value, 4) if name in _ROUNDED else value for name, value in means.items()}
    for form in ("json", "string"):
        pair = [f"instruct_{form}_{part}" for part in ("format", "args")]
        if all(name in means for name in pair):
            means[f"instruct_{form}"] = fmean(means[name] for name in pair)
    found = {
        ability: fmean(means[name] for name in names)
        for ability, names in ABILITIES.items()
        if all(name in means for name in names)
    }
    return {"overall": fmean(found.values()), **found} if len(found) == len(ABILITIES) else found


def over(languages: Sequence[dict[str, Estimate]]) -> dict[str, Estimate]:
    """The plain mean of what every language has."""
    return {
        name: mean_of([each[name] for each in languages]) for name in languages[0] if all(name in e for e in languages)
    }
