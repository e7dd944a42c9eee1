"""Java and JavaScript values out of their text, as BFCL's type converters take them; what does not fit stays text.

`eval_checker/ast_eval/type_convertor/{java,js}_type_converter.py` of bfcl_eval, to the letter: a long needs its `L`, a
list splits at every comma. Lists and maps are `containers.py` beside this.
"""

from __future__ import annotations

import re
from typing import Any

from agentflan.evals.bfcl import containers

_DECIMAL = r"^-?\d+(\.\d+)?([eE][+-]?\d+)?"
_NUMBERS = {
    "java": {
        **dict.fromkeys(("byte", "short", "integer"), (r"^-?\d+$", int, "")),
        "long": (r"^-?\d+[lL]$", int, "lL"),
        "float": (_DECIMAL + "[fF]$", float, "fF"),
        "double": (_DECIMAL + "$", float, ""),
    },
    "javascript": {
        "integer": (r"^-?\d+$", int, ""),
        "Bigint": (r"^-?\d+n$", int, "n"),
        "float": (r"^-?\d+(\.\d+)?$", float, ""),
    },
}
"""Type -> (how it is written, what it becomes, its suffix)."""


def value(text: str, kind: str, inner: str | None, language: str) -> Any:
    """The value of an argument of type `kind`, a list's items being of type `inner`."""
    if kind in _NUMBERS[language]:
        pattern, number, suffix = _NUMBERS[language][kind]
        return number(text[:-1] if suffix else text) if re.match(pattern, text) else text
    if kind in ("boolean", "Boolean"):
        return {"true": True, "false": False}.get(text, text)
    if kind == "String" and language == "javascript":
        return text[1:-1] if containers.quoted(text) else text
    if kind == "HashMap":
        return containers.java_map(text)
    if kind == "dict":
        return containers.javascript_map(text)
    if kind not in ("Array", "ArrayList", "array"):
        return text
    items = containers.javascript_list(text) if kind == "array" else containers.java_list(text, kind)
    if items is None:
        return text
    return [_item(item, inner, kind, language) for item in items]


def _item(item: Any, inner: str | None, kind: str, language: str) -> Any:
    if not isinstance(item, str):
        return item
    if kind == "ArrayList" and inner in ("char", "String"):
        return item[1:-1]
    return value(item, inner, None, language) if inner else containers.plain(item, language)
