"""From a reply to two verdicts: the kind of error, empty where it is right; ours, and the one that gorilla gives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from agentflan.core.types import Problem, ToolSpec
from agentflan.dialects.calls import objects, reader
from agentflan.evals.bfcl import checker, foreign, pythonic
from agentflan.evals.bfcl.categories import UNANSWERED, Language, language_of
from agentflan.evals.bfcl.pythonic import Call, Undecodable
from agentflan.evals.bfcl.questions import Expected

_AS_DATA = ("json", "hermes", "glaive")
"""The syntaxes whose arguments are JSON objects, as a model's own syntax for tools has them."""
_UNDECODABLE, _EMPTY = "decoder_failed", "empty_reply"


def verdicts(problem: Problem, text: str) -> tuple[str, str]:
    """(ours, gorilla's)."""
    native = problem.syntax == "native"
    if problem.part in UNANSWERED:
        return _of_presence(problem, text, native)
    language = language_of(problem.part)
    expected = msgspec.json.decode(problem.reference, type=tuple[Expected, ...])
    calls = _decoded(text, native, language)
    compat = _UNDECODABLE if calls is None else checker.check(calls, expected, problem.part, language)
    if not text.strip():
        return _EMPTY, compat
    calls = _decoded(text, native, language, mended=True)
    return _UNDECODABLE if calls is None else checker.paired(calls, expected, language), compat


def _of_presence(problem: Problem, text: str, native: bool) -> tuple[str, str]:
    """Gorilla counts a reply that it cannot decode as an abstention, and any decoded call as a relevant one."""
    calls = _decoded(text, native, "python")
    if "irrelevance" in problem.part:
        attempted = bool(calls) or bool(reader.read(text, problem.tools).attempts)
        fixed = "called" if attempted else ""
        return fixed if text.strip() else _EMPTY, "decoder_success" if calls else ""
    fixed = _relevant(calls, problem.tools)
    return fixed if text.strip() else _EMPTY, "" if calls else _UNDECODABLE


def _relevant(calls: Sequence[Call] | None, tools: Sequence[ToolSpec]) -> str:
    """Every call is of a function on offer, with all that it requires and nothing that it does not know."""
    if not calls:
        return _UNDECODABLE
    offered = {tool.name: json.loads(tool.parameters) for tool in tools}
    for name, given in calls:
        if name not in offered:
            return "wrong_func_name"
        if any(param not in given for param in offered[name].get("required", ())):
            return "missing_required"
        if any(param not in offered[name]["properties"] for param in given):
            return "unexpected_param"
    return ""


def _decoded(text: str, native: bool, language: Language, *, mended: bool = False) -> list[Call] | None:
    """The calls of a reply, none for an empty one; None where it cannot be decoded."""
    if native:
        calls = _native(text)
        return calls if calls is None or not mended else [_structured(call, language) for call in calls]
    body = text.strip("`\n ")
    body = body if body.startswith("[") else f"[{body}"
    body = body if body.endswith("]") else f"{body}]"
    try:
        return (
            pythonic.calls(body, mended=mended)
            if language == "python"
            else foreign.calls(body, language, mended=mended)
        )
    except Undecodable:
        return None


def _native(text: str) -> list[Call] | None:
    """What the model's own syntax calls, by the reader of every syntax; one broken call spoils the reply."""
    found: list[Call] = []
    for attempt in reader.read(text).attempts:
        arguments: dict[Any, Any] | None = objects.mapping(attempt.call.arguments or "{}")
        if attempt.malformed or arguments is None or attempt.syntax not in _AS_DATA:
            return None
        found.append((attempt.call.name, arguments))
    return found or (None if text.strip() else [])


def _structured(call: Call, language: Language) -> Call:
    """The call with lists and maps for arguments that spell them in Java or JavaScript."""
    name, given = call
    return name, given if language == "python" else {key: _held(value, language) for key, value in given.items()}


def _held(value: Any, language: Literal["java", "javascript"]) -> Any:
    try:
        ((_, found),) = foreign.calls(f"[f(a={value})]", language, mended=True)
    except Undecodable:
        return value
    return found["a"] if isinstance(found.get("a"), list | dict) else value
