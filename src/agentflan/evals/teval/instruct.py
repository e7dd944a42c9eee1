"""Instruct: is the call in the form that was asked for, and are its parts right?

Upstream: teval/evaluators/instruct_evaluator.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from agentflan.dialects.calls.literals import FAILURES
from agentflan.evals.teval.reading import literal, loaded

Values = dict[str, float]


class Form(NamedTuple):
    """What a reply holds; upstream asks for a thought, too, and looks at it no further."""

    action: Any
    args: dict[Any, Any]


def graded(reply: str, record: dict[str, Any]) -> tuple[Values, Values]:
    """(ours, as published), each `format` and `args`. Ours counts arguments that nobody asked for as wrong."""
    template, gold = record["template"], record["ground_truth"]
    if record["meta_data"]["response_format"] == "json":
        ours = published = _of_json(reply, template)
    else:
        published, ours = _of_text(reply, template), _of_text(reply, template, stripped=True)
    return _values(ours, gold, strict=True), _values(published, gold, strict=False)


def _values(form: Form | None, gold: dict[str, Any], *, strict: bool) -> Values:
    if form is None:
        return {"format": 0.0, "args": 0.0}
    wanted = gold["args"]
    missing = None if strict else ""  # upstream takes an argument that is missing for an empty one
    right = sum(bool(form.args.get(name, missing) == value) for name, value in wanted.items())
    names = {**wanted, **form.args} if strict else wanted
    return {"format": 1.0, "args": (right + bool(form.action == gold["action"])) / (len(names) + 1)}


def _of_json(reply: str, template: dict[str, str]) -> Form | None:
    try:
        found = loaded(reply)
        _, action, args = (found[template[part]] for part in ("thought", "action", "args"))
    except (*FAILURES, LookupError):
        return None
    return Form(action, args if isinstance(args, dict) else {})


def _of_text(reply: str, template: dict[str, str], *, stripped: bool = False) -> Form | None:
    """What stands between the marks; of several places the last, as upstream's greedy pattern has it, in linear time.

    `stripped`: the outer marks lose the blanks and backticks that the reply has lost.
    """
    marks = [
        template["thought_start"],
        template["thought_end"] + template["action_start"],
        template["action_end"] + template["args_start"],
        template["args_end"],
    ]
    if stripped:
        marks[0], marks[-1] = (mark.strip().strip("`").strip() for mark in (marks[0], marks[-1]))
    start = reply.find(marks[0])
    last = reply.rfind(marks[3])
    middle = reply.rfind(marks[2], 0, max(last, 0))
    first = reply.rfind(marks[1], 0, max(middle, 0))
    if min(start, last, middle, first) < 0 or first < start + len(marks[0]):
        return None
    action = reply[first + len(marks[1]) : middle].strip()
    try:
        args = literal(reply[middle + len(marks[2]) : last].strip())
    except FAILURES:
        args = {}
    return Form(action, args if isinstance(args, dict) else {})
