"""BFCL's AST rules: a decoded reply against the calls that are expected, as a kind of error, empty where it is right.

The rules of `eval_checker/ast_eval/ast_checker.py` of bfcl_eval, its names of errors without the checker before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentflan.evals.bfcl import texts
from agentflan.evals.bfcl.categories import Language
from agentflan.evals.bfcl.pythonic import Call
from agentflan.evals.bfcl.questions import Expected
from agentflan.evals.bfcl.values import matched, typed

_PYTHON = {"string": str, "integer": int, "float": float, "boolean": bool, "array": list, "tuple": list, "dict": dict}
_JAVA = {
    **dict.fromkeys(("byte", "short", "integer", "long"), int),
    **dict.fromkeys(("float", "double"), float),
    **dict.fromkeys(("Array", "ArrayList", "Queue", "Stack"), list),
    **dict.fromkeys(("HashMap", "Hashtable"), dict),
    "boolean": bool,
    "Set": set,
}
_JAVASCRIPT = {"integer": int, "Bigint": int, "float": float, "Boolean": bool, "dict": dict, "array": list}
_TYPES: dict[Language, dict[str, type]] = {"python": _PYTHON, "java": _JAVA, "javascript": _JAVASCRIPT}
"""What a declared type becomes; any other is text."""
_LISTS = ("array", "tuple", "Array", "ArrayList")
_NOT_TEXT = {"java": "type_error:java", "javascript": "type_error:js"}

WRONG_COUNT, NO_MATCH = "wrong_count", "cannot_find_match"


def check(calls: Sequence[Call], expected: Sequence[Expected], category: str, language: Language) -> str:
    """As published: the calls of `parallel` in any order, each expected one taking the first that satisfies it."""
    if len(calls) != len(expected):
        return WRONG_COUNT
    if "parallel" not in category:
        return single(calls[0], expected[0], language)
    free = list(calls)
    for wanted in expected:
        found = next((place for place, call in enumerate(free) if not single(call, wanted, language)), None)
        if found is None:
            return NO_MATCH
        del free[found]
    return ""


def paired(calls: Sequence[Call], expected: Sequence[Expected], language: Language) -> str:
    """As it should be: in any order, and right if there is any way to give each expected call one of its own.

    Lists and maps of Java and JavaScript come as such, a list of floats may hold whole numbers, one of `any` anything,
    and an answer that accepts nothing for a list accepts the empty one.
    """
    if len(calls) != len(expected):
        return WRONG_COUNT
    if len(calls) == 1:
        return single(calls[0], expected[0], language, mended=True)
    fits = [[not single(call, wanted, language, mended=True) for call in calls] for wanted in expected]
    taken: dict[int, int] = {}
    return "" if all(_placed(wanted, fits, taken, set()) for wanted in range(len(expected))) else NO_MATCH


def _placed(wanted: int, fits: Sequence[Sequence[bool]], taken: dict[int, int], tried: set[int]) -> bool:
    """Finds a call for one more expected one, moving the earlier ones where they have another (Kuhn's algorithm)."""
    for call, fit in enumerate(fits[wanted]):
        if fit and call not in tried:
            tried.add(call)
            if call not in taken or _placed(taken[call], fits, taken, tried):
                taken[call] = wanted
                return True
    return False


def single(call: Call, expected: Expected, language: Language, *, mended: bool = False) -> str:
    name, given = call
    if name != expected.name:
        return "wrong_func_name"
    if any(param not in given for param in expected.required):
        return "missing_required"
    for param, value in given.items():
        if param not in expected.properties or param not in expected.accepted:
            return "unexpected_param"
        schema, accepted = expected.properties[param], expected.accepted[param]
        if mended:
            value, accepted = _mended(value, schema), accepted or [[]]
        error = _argument(value, accepted, schema, language, mended=mended)
        if error:
            return error
    missing = any(param not in given and "" not in accepted for param, accepted in expected.accepted.items())
    return "missing_optional" if missing else ""


def _argument(value: Any, accepted: Sequence[Any], schema: dict[str, Any], language: Language, *, mended: bool) -> str:
    kind, items = schema["type"], schema.get("items", {}).get("type")
    outer = _TYPES[language].get(kind, str)
    inner = _TYPES[language].get(items, str) if kind in _LISTS and items else None
    if mended and items == "any":
        inner = None
    if language != "python" and not (mended and isinstance(value, list | dict)):
        if not isinstance(value, str):
            return _NOT_TEXT[language]
        value = texts.value(value, kind, items if kind in _LISTS else None, language)
    elif language == "python" and kind == "tuple" and isinstance(value, tuple):
        value = list(value)
    elif language == "python" and kind == "float" and type(value) is int:
        value = _as_float(value)
    error, variable = typed(value, accepted, outer, inner)
    if error or variable:
        return error or ("" if value in accepted else "value_error:others")
    return matched(value, accepted, outer, inner)


def _mended(value: Any, schema: dict[str, Any]) -> Any:
    floats = schema.get("items", {}).get("type") in ("float", "double") and isinstance(value, list | tuple)
    return [_as_float(item) if type(item) is int else item for item in value] if floats else value


def _as_float(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf")
