"""Runs a chat template as `transformers` does (`utils/chat_template_utils.py`), without `transformers`.

The same sandbox, filters and globals; only the clock stands still, so that the same corpus gives the same tokens.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

_FAILURES = (TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What a template can run into."""


class Bordered(dict[str, Any]):
    """A call's arguments between two signs, whichever way a template turns them into text."""

    def __init__(self, value: Mapping[str, Any], opens: str, closes: str) -> None:
        super().__init__(value)
        self.opens, self.closes = opens, closes

    def __str__(self) -> str:
        return f"{self.opens}{super().__repr__()}{self.closes}"

    def __repr__(self) -> str:
        return str(self)


class _Generation(Extension):
    """`{% generation %}` marks what the assistant writes, and writes nothing itself."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        inside = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(inside).set_lineno(line)


def rendered(
    jinja: str,
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    *,
    generate: bool,
    today: str,
) -> str:
    """The text; `names` are the special tokens a template may write. Raises `ValueError` where the template fails."""
    aliased = [
        {"thinking": message["reasoning_content"], **message} if "reasoning_content" in message else message
        for message in messages
    ]
    try:
        text: str = _compiled(jinja, today).render(
            messages=aliased, tools=list(tools) or None, documents=None, add_generation_prompt=generate, **names
        )
    except _FAILURES as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise ValueError(f"the chat template fails: {said}") from error
    return text


@lru_cache(maxsize=16)
def _compiled(jinja: str, today: str) -> Any:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = date.fromisoformat(today).strftime
    return environment.from_string(jinja)


def _refuse(message: str) -> None:
    raise TemplateError(message)


def _tojson(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    """JSON without HTML's escapes; what is bordered keeps its signs, which plain JSON would lose."""
    ways: dict[str, Any] = {"ensure_ascii": ensure_ascii, "indent": indent, "separators": separators}
    held: list[Bordered] = []
    text = json.dumps(_without(value, held), sort_keys=sort_keys, **ways)
    for each in held:
        inside = json.dumps(dict(each), sort_keys=sort_keys, **ways)
        stand_in = json.dumps(each.opens + each.closes, ensure_ascii=ensure_ascii)
        text = text.replace(stand_in, f"{each.opens}{inside}{each.closes}")
    return text


def _without(value: Any, held: list[Bordered]) -> Any:
    """The value with a text of two signs in place of everything bordered."""
    if isinstance(value, Bordered):
        held.append(value)
        return value.opens + value.closes
    if isinstance(value, dict):
        return {key: _without(inner, held) for key, inner in value.items()}
    return [_without(inner, held) for inner in value] if isinstance(value, list | tuple) else value
