"""Is it the right call? As we read it, and as upstream does (api-bank/api_call_extraction.py).

Upstream then runs its simulated APIs and compares what comes back, most of them by equal inputs and outputs; here
arguments are compared alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentflan.core.types import ToolSpec
from agentflan.dialects.calls import literals, objects, reader

_HEAD = re.compile(r"\[(\w+)\(")
_LONGEST = 20_000
"""Characters of a line in which upstream's patterns are searched: they are not linear."""
_ARGUMENT = re.compile(r"(?<!\w)(\w++)\s*+=\s*+(?:['\"](.+?)['\"]|(\[.*\])|(\w+))")


def named(text: str, tools: Sequence[ToolSpec]) -> tuple[str, dict[str, str]] | None:
    """(name, argument -> normal form) of the first call in a reply, in whatever syntax; None where there is none."""
    attempt = reader.read(text, tools).named
    if attempt is None:
        return None
    found = objects.mapping(attempt.call.arguments) if attempt.call.arguments else {}
    if found is None:
        return attempt.call.name, {"": attempt.call.arguments}
    return attempt.call.name, {str(key): normal(value) for key, value in found.items()}


def normal(value: object) -> str:
    """One spelling for equal values: lists and objects as JSON, also where they are text; no case, single blanks."""
    if isinstance(value, str) and value[:1] in ("[", "{") and literals.modest(value):
        value = literals.value(literals.parsed(value)) or value
    text = value if isinstance(value, str) else literals.as_json(value)
    return " ".join(text.split()).casefold()


def published(text: str) -> tuple[str, dict[str, str]] | None:
    """What upstream's patterns make of a reply: the first line with `[Name(..)]`, its arguments as text."""
    for line in text.split("\n"):
        head = _HEAD.search(line[:_LONGEST])
        end = line.rfind(")]", 0, _LONGEST)
        if head and end >= head.end():
            inside = line[head.end() : end]
            return head.group(1), {match[1]: match[2] or match[3] or match[4] for match in _ARGUMENT.finditer(inside)}
    return None
