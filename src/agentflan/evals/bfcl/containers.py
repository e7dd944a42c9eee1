"""Lists and maps of Java and JavaScript out of their text, by the patterns that BFCL searches for (see `texts.py`)."""

from __future__ import annotations

import re
from typing import Any

_AS_LIST = re.compile(r"new\s+ArrayList<\w*>\(Arrays\.asList\((.+?)\)\)")
_ADDED = re.compile(r"new\s+ArrayList<\w*>\(\)\s*\{\{\s*(.+?)\s*\}\}", re.DOTALL)
_EMPTY_LIST = re.compile(r"new\s+ArrayList<\w*>\(\)")
_ARRAY = re.compile(r"new\s+\w+\[\]\s*\{(.*?)\}")
_MAP = re.compile(r"new\s+HashMap<.*?>\s*\(\)\s*\{\s*\{?\s*(.*?)\s*\}?\s*\}", re.DOTALL)
_EMPTY_MAP = re.compile(r"new\s+HashMap<.*?>\s*\(\)")
_PUT = re.compile(r"put\(\"(.*?)\",\s*(.*?)\)")
_TABLE = re.compile(r"\[\s*\[.*?\]\s*(,\s*\[.*?\]\s*)*\]|\bnew\s+Array\(\s*\[.*?\]\s*(,\s*\[.*?\]\s*)*\)")
_FLAT = re.compile(r"\[(.*?)\]|\bnew\s+Array\((.*?)\)")
_OBJECT = re.compile(r"\{(.*?)\}")
_PAIR = re.compile(r"([^:]+):\s*(.*?)(?:,\s*(?=[^,]+:)|$)")


def quoted(text: str) -> bool:
    return any(text.startswith(quote) and text.endswith(quote) for quote in ('"', "'"))


def plain(text: str, language: str) -> Any:
    """A value whose type nobody says."""
    text = text.strip() if language == "javascript" else text
    if text in ("true", "false"):
        return text == "true"
    if (text.startswith('"') and text.endswith('"')) or (language == "javascript" and quoted(text)):
        return text[1:-1]
    if language == "java" and re.match(r"^-?\d+[lL]$", text):
        return int(text[:-1])
    if language == "java" and re.match(r"^-?\d+(\.\d+)?([eE][+-]?\d+)?[fF]$", text):
        return float(text[:-1])
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def java_list(text: str, kind: str) -> list[str] | None:
    """The items of an `Array` or `ArrayList`, still text; None for anything else."""
    if kind == "Array":
        found = _ARRAY.search(text)
        return [item.strip() for item in found[1].split(",") if item.strip()] if found else None
    if found := _AS_LIST.search(text):
        return [item.strip() for item in found[1].split(",")]
    if found := _ADDED.search(text):
        return [item.strip() for item in re.findall(r"add\((.+?)\)", found[1])]
    return [] if _EMPTY_LIST.search(text) else None


def java_map(text: str) -> dict[str, Any] | str:
    if found := _MAP.search(text):
        return {key: plain(value.strip(), "java") for key, value in _PUT.findall(found[1])}
    return {} if _EMPTY_MAP.search(text) else text


def javascript_list(text: str) -> list[Any] | None:
    """The items of an array, still text; those of a table are lists of values already. None for anything else."""
    text = text.strip()
    if found := _TABLE.match(text):
        rows = re.findall(r"\[(.*?)\]", found[0])
        rows[0] = rows[0].strip().removeprefix("[")
        return [[plain(item, "javascript") for item in row.strip().split(",")] for row in rows]
    if found := _FLAT.match(text):
        inside = (found[2] if found[1] is None else found[1]).strip()
        return [item.strip() for item in inside.split(",")] if inside else []
    return None


def javascript_map(text: str) -> dict[str, Any] | str:
    text = text.strip()
    found = None if text == "{}" else _OBJECT.match(text)
    if found is None:
        return {} if text == "{}" else text
    pairs = ((key.strip().strip("'\""), value.strip()) for key, value in _PAIR.findall(found[1]))
    return {key: _member(value) for key, value in pairs}


def _member(text: str) -> Any:
    if text.startswith("[") and text.endswith("]"):
        items = javascript_list(text)
        return text if items is None else [plain(i, "javascript") if isinstance(i, str) else i for i in items]
    if text.startswith("{") and text.endswith("}"):
        return javascript_map(text)
    return plain(text.strip("'\""), "javascript")
