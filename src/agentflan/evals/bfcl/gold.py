"""A right answer to a question, written as its protocol asks: the first accepted value of every argument."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from agentflan.evals.bfcl.categories import Language
from agentflan.evals.bfcl.questions import Expected, Question
from agentflan.evals.bfcl.values import several

_LEFT_OUT = object()
_ANY = {"integer": 1, "float": 1.0, "boolean": True, "array": [], "tuple": [], "dict": {}}
"""Some value of each type; of any other, a word."""


def prompted(expected: Iterable[Expected], language: Language) -> str:
    """`[f(a=1), g(b="x")]`, values in the functions' language."""
    return f"[{', '.join(_call(wanted, language) for wanted in expected)}]"


def native(expected: Iterable[Expected], language: Language) -> str:
    """Calls in the shape of the dialect `native`; of Java and JavaScript, every argument is text."""
    return "\n".join(f"<tool_call>\n{json.dumps(_object(wanted, language))}\n</tool_call>" for wanted in expected)


def arguments(wanted: Expected) -> dict[str, Any]:
    """Parameter -> its first accepted value; left out where that comes first and nothing requires it."""
    found = {}
    for name, accepted in wanted.accepted.items():
        known = name in wanted.properties or "" not in accepted
        accepted = accepted or [[]]  # some answers of BFCL accept nothing where they mean the empty list
        value = _first(sorted(accepted, key=lambda one: one == "") if name in wanted.required else accepted)
        if name in wanted.required or (known and value is not _LEFT_OUT):
            found[name] = "" if value is _LEFT_OUT else value
    return found


def relevant(question: Question) -> tuple[Expected, ...]:
    """Some valid call, where all that counts is that a function on offer is called."""
    function = question.functions[0]
    properties, required = function["parameters"]["properties"], function["parameters"]["required"]
    accepted = {name: [_ANY.get(properties[name]["type"], "any")] for name in required}
    return (Expected(name=function["name"], properties=properties, required=tuple(required), accepted=accepted),)


def _first(accepted: Sequence[Any]) -> Any:
    value = next(iter(accepted), "")
    if value == "":
        return _LEFT_OUT
    if isinstance(value, dict):
        return _mapping(value)
    if isinstance(value, list):
        return [_mapping(item) if isinstance(item, dict) else item for item in value]
    return value


def _mapping(answer: dict[str, Any]) -> dict[str, Any]:
    found = {key: _first(several(allowed)) for key, allowed in answer.items()}
    return {key: value for key, value in found.items() if value is not _LEFT_OUT}


def _call(wanted: Expected, language: Language) -> str:
    spelled = {name: _spelled(value, wanted, name, language) for name, value in arguments(wanted).items()}
    return f"{wanted.name}({', '.join(f'{name}={text}' for name, text in spelled.items())})"


def _object(wanted: Expected, language: Language) -> dict[str, Any]:
    given: dict[str, Any] = arguments(wanted)
    if language != "python":
        texts = {name: _spelled(value, wanted, name, language) for name, value in given.items()}
        given = {name: value if isinstance(value, str) else texts[name] for name, value in given.items()}
    return {"name": wanted.name, "arguments": given}


def _spelled(value: Any, wanted: Expected, name: str, language: Language) -> str:
    if language == "python":
        return repr(value)
    schema = wanted.properties[name]
    return _SPELL[language](value, schema["type"], schema.get("items", {}).get("type", ""))


def _java(value: Any, kind: str, inner: str) -> str:
    if isinstance(value, str):
        bare = kind not in ("String", "any") or (kind == "any" and '"' in value)
        return value if bare else f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        puts = "".join(f' put("{key}", {_java(item, "any", "")});' for key, item in value.items())
        return f"new HashMap<String, Object>() {{{{{puts} }}}}"
    if isinstance(value, list):
        items = ", ".join(_java(item, inner, "") for item in value)
        boxed = "Object" if inner == "any" else inner
        return f"new {boxed}[]{{{items}}}" if kind == "Array" else f"new ArrayList<{boxed}>(Arrays.asList({items}))"
    return f"{value}{ {'long': 'L', 'float': 'f'}.get(kind, '') }".replace(" ", "")


def _javascript(value: Any, kind: str, inner: str) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if kind in ("String", "any") else value
    if isinstance(value, list):
        return f"[{', '.join(_javascript(item, inner or 'any', '') for item in value)}]"
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)}: {_javascript(item, 'any', '')}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if kind == "integer" and isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value) + ("n" if kind == "Bigint" else "")


_SPELL: dict[str, Callable[[Any, str, str], str]] = {"java": _java, "javascript": _javascript}
