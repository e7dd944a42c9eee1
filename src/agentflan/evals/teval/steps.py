"""Reason, retrieve, understand, review: one step in words or as JSON.

Upstream: teval/evaluators/reason_retrieve_understand_evaluator.py and review_evaluator.py.
"""

from __future__ import annotations

import re
from typing import Any

from agentflan.dialects.calls.literals import FAILURES
from agentflan.evals.embedders import Embed
from agentflan.evals.teval.likeness import likeness
from agentflan.evals.teval.reading import loaded

_DOTTED = re.compile(r"(?<!\w)\w++\.\w+")
"""A name such as `Maps.find_route`; begun at the start of a word alone, so that long words take linear time."""
_LETTER = re.compile(r"\W{0,8}([A-E])(?=[^\w\s']|\s*\Z|[^\S\n]*\n)")
"""A letter that is an answer, not the first of a sentence."""


def gold_of(record: dict[str, Any], *, in_words: bool) -> dict[str, Any]:
    """The gold step; its arguments are text in the tasks that ask for words."""
    return _step(record["ground_truth"], in_words=in_words)


def reason(reply: str, record: dict[str, Any], embed: Embed) -> tuple[float, float]:
    """(ours, as published): likeness of the thought. Silence is worth nothing in ours, whatever the embedder."""
    value = float(likeness(embed, [reply], [gold_of(record, in_words=True)["thought"]])[0, 0])
    return value if reply else 0.0, value


def retrieve(reply: str, record: dict[str, Any]) -> tuple[float, float]:
    name = gold_of(record, in_words=True)["name"]
    others = [*_DOTTED.findall(reply), *(["FinishAction"] if "FinishAction" in reply else [])]
    value = float(name in reply and all(other == name for other in others))
    return value if reply else 0.0, value


def understand(reply: str, record: dict[str, Any]) -> tuple[float, float]:
    value = float(reply.strip("'").strip('"') == gold_of(record, in_words=True)["args"])
    return value if reply else 0.0, value


def whole(reply: str, record: dict[str, Any], embed: Embed) -> tuple[dict[str, float], dict[str, float]]:
    """(ours, as published) of a step as JSON. Ours counts arguments that nobody asked for as wrong."""
    gold, step = gold_of(record, in_words=False), _step(reply, in_words=False)
    if not gold or not step:
        none = {"thought": 0.0, "name": 0.0, "args": 0.0}
        return none, none
    thought = float(likeness(embed, [step["thought"]], [gold["thought"]])[0, 0])
    wanted, given = gold["args"], step["args"]
    right = sum(name in given and str(given[name]) == str(value) for name, value in wanted.items())
    same = {"name": float(step["name"] == gold["name"])}
    published = {**same, "thought": thought, "args": right / (len(wanted) + 1e-5) if wanted else float(not given)}
    together = {**wanted, **given}
    named = bool(step["name"])  # an empty object calls nothing, so its lack of arguments is no merit
    ours = right / len(together) if together else float(named)
    return {**same, "thought": thought if step["thought"] else 0.0, "args": ours}, published


def review(reply: str, record: dict[str, Any]) -> tuple[float, float]:
    """(ours, as published). Upstream takes the first letter behind the first colon, of a word too."""
    gold = record["ground_truth"]["answer"]
    after = reply[reply.find(":") + 1 :].strip()
    published = float(
        record["meta_data"]["response_format"] != "json" and after[:1] in set("ABCDE") and after[0] == gold
    )
    found = _LETTER.match(after) or _LETTER.match(reply)
    return float(found is not None and found[1] == gold), published


def _step(value: Any, *, in_words: bool) -> dict[str, Any]:
    """Thought, name and arguments; empty where the text spells no object."""
    try:
        found = loaded(value, "{", "}")
    except ValueError:
        return {}
    if type(found) is not dict:
        return {}
    args = found.get("args")
    spelled = _text(found, "args") if in_words else args if isinstance(args, dict) else {}
    return {"thought": _text(found, "thought"), "name": _text(found, "name"), "args": spelled}


def _text(found: dict[str, Any], name: str) -> str:
    try:
        return str(found[name])
    except (*FAILURES, LookupError):
        return ""
