"""Is a value of the right type, and is it one of the accepted? Each answer is a kind of error, empty where all is well.

The rules and the names of errors are those of `eval_checker/ast_eval/ast_checker.py` of bfcl_eval.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_STRIPPED = str.maketrans({**dict.fromkeys(" ,./-_*^"), "'": '"'})


def typed(value: Any, accepted: Sequence[Any], outer: type, inner: type | None) -> tuple[str, bool]:
    """(error, is a variable). A variable is a value of the type of the accepted ones, though not of the declared."""
    kind = next((type(answer) for answer in accepted if answer != ""), None)
    same = kind is not None and type(value) is kind
    if type(value) is not outer:
        return ("", True) if same else ("type_error:simple", False)
    if inner is None or any(_fits(value, answer, inner) for answer in accepted):
        return "", kind is not None and kind is not outer
    return ("type_error:nested" if same else "type_error:simple"), False


def matched(value: Any, accepted: Sequence[Any], outer: type, inner: type | None) -> str:
    """A value of the declared type against the accepted ones."""
    if outer is dict:
        return _mapping(value, accepted)
    if outer is list and inner is dict:
        return _mappings(value, accepted)
    if outer is str:
        found = [standard(answer) for answer in accepted if isinstance(answer, str)]
        return "" if standard(value) in found else "value_error:string"
    if outer is list:
        found = [_standards(answer) for answer in accepted if isinstance(answer, list | str)]
        return "" if _standards(value) in found else "value_error:list/tuple"
    return "" if value in accepted else "value_error:others"


def standard(value: Any) -> Any:
    """Text without case, blanks and the signs that dates and names are written with differently."""
    return value.translate(_STRIPPED).lower().replace("'", '"') if isinstance(value, str) else value


def several(allowed: Any) -> list[Any]:
    """The accepted values of an entry; some answers of BFCL hold the one value bare."""
    return allowed if isinstance(allowed, list) else [allowed]


def _standards(values: Sequence[Any]) -> list[Any]:
    return [standard(value) for value in values]


def _fits(value: Any, answer: Any, inner: type) -> bool:
    """Every item is of the inner type, or of the type that the answer's items have; only lists are looked into."""
    return not isinstance(answer, list) or not any(typed(item, answer, inner, None)[0] for item in value)


def _mapping(value: Any, accepted: Sequence[Any]) -> str:
    error = "dict_checker:unclear" if isinstance(value, dict) else "value_error:dict_value"
    for answer in accepted:
        if isinstance(answer, dict) and isinstance(value, dict):
            error = _entries(value, answer)
            if not error:
                return ""
    return error


def _entries(value: dict[Any, Any], answer: dict[Any, Any]) -> str:
    if any(key not in value and "" not in several(allowed) for key, allowed in answer.items()):
        return "value_error:dict_key"
    for key, item in value.items():
        if key not in answer:
            return "value_error:dict_key"
        if standard(item) not in _standards(several(answer[key])):
            return "value_error:dict_value"
    return ""


def _mappings(value: Sequence[Any], accepted: Sequence[Any]) -> str:
    """Mappings in the order of those accepted."""
    error = "list_dict_checker:unclear"
    for answer in accepted:
        if len(value) != len(answer):
            error = "value_error:list_dict_count"
            continue
        pairs = zip(value, answer, strict=True)
        error = next((wrong for item, allowed in pairs if (wrong := _mapping(item, [allowed]))), "")
        if not error:
            return ""
    return error
