"""Agent-FLAN's list of APIs in a prompt: `tool.api: description`, then `Input parameters are as follows: {schema}`."""

from __future__ import annotations

from functools import lru_cache

from agentflan.core.types import ToolSpec
from agentflan.sources.shapes.call_texts import as_json, plain_value

OPENING = "You have access to the following APIs"
_INPUT = "Input parameters are as follows:"
_ENDS = frozenset({"finish", "finalaction"})


@lru_cache(maxsize=256)
def apis_in(prompt: str) -> tuple[ToolSpec, ...]:
    """The APIs that a prompt lists, without the one that ends a run."""
    _, found, listed = prompt.partition(OPENING)
    specs: list[ToolSpec] = []
    head, *pieces = listed.partition("\n")[2].split(_INPUT) if found else [""]
    for piece in pieces:
        schema, _, following = piece.strip().partition("\n")
        name, colon, about = head.strip().partition(":")
        head = following
        if colon and name.rpartition(".")[2].lower() not in _ENDS:
            specs.append(ToolSpec(name=name.strip(), description=about.strip(), parameters=_schema(schema)))
    return tuple(specs)


def without_apis(prompt: str) -> str:
    """The prompt without a list that `apis_in` reads: the tools stand beside it then."""
    if not apis_in(prompt):
        return prompt
    head, _, listed = prompt.partition(OPENING)
    _, _, rest = listed.rpartition(_INPUT)
    return f"{head.rstrip()}\n{rest.strip().partition(chr(10))[2].strip()}".strip()


def _schema(text: str) -> str:
    try:
        return as_json(plain_value(text.strip()))
    except ValueError:
        return "{}"
