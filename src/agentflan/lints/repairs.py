"""Safe repairs of decoded rows: what changes was noise, or is spelled otherwise. Nothing is changed in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from agentflan.lints.arguments import as_json
from agentflan.lints.secrets import without_emails, without_secrets
from agentflan.lints.signs import without_invisible
from agentflan.lints.terminal import plain
from agentflan.lints.turns import LISTS, ODD, SPEAKERS, speaker

Mask = Literal["secrets", "emails"]
Repair = Callable[[Any], Any]
_INPUT = "\nAction Input:"


def repaired(row: Any, mask: Iterable[Mask] = ()) -> tuple[Any, tuple[str, ...]]:
    """The row with everything repaired, and the codes of what was; `mask` adds what is only masked if asked."""
    codes = []
    for code, repair in (*_REPAIRS.items(), *((_MASKS[each]) for each in mask)):
        after = repair(row)
        if after != row:
            codes.append(code)
            row = after
    return row, tuple(codes)


def _texts(change: Callable[[str], str]) -> Repair:
    """A change of every text of a row, wherever it stands; keys stay."""

    def repair(value: Any) -> Any:
        if isinstance(value, str):
            return change(value)
        if isinstance(value, dict):
            return {key: repair(held) for key, held in value.items()}
        return [repair(held) for held in value] if isinstance(value, list) else value

    return repair


def _objects(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Repair:
    """A change of every object of a row, and of those in the JSON text of its lists of tools."""

    def repair(value: Any) -> Any:
        if isinstance(value, dict):
            return change({key: _listed(repair, key, held) for key, held in value.items()})
        return [repair(held) for held in value] if isinstance(value, list) else value

    return repair


def _listed(repair: Repair, key: str, held: Any) -> Any:
    if not (isinstance(held, str) and key in ("tools", "functions") and held[:1] in ("[", "{")):
        return repair(held)
    try:
        before = msgspec.json.decode(held)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return held
    after = repair(before)
    return held if after == before else msgspec.json.encode(after).decode()


def _turns(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Repair:
    """A change of the turns of a row."""

    def repair(row: Any) -> Any:
        if not isinstance(row, dict):
            return row
        key = next((key for key in LISTS if isinstance(row.get(key), list) and row[key]), None)
        if key is None or not all(isinstance(turn, dict) for turn in row[key]):
            return row
        return {**row, key: change(row[key])}

    return repair


def _stripped(beside: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def change(held: dict[str, Any]) -> dict[str, Any]:
        name = held.get("name")
        return {**held, "name": name.strip()} if isinstance(name, str) and beside in held else held

    return change


def _spelled(held: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a call, or those behind the last label of a turn in ReAct text."""
    if isinstance(held.get("arguments"), str):
        return {**held, "arguments": as_json(held["arguments"])}
    for key in ("value", "content"):
        head, label, rest = held[key].rpartition(_INPUT) if isinstance(held.get(key), str) else ("", "", "")
        if label and (spelled := as_json(rest)) != rest:
            return {**held, key: f"{head}{label} {spelled}"}
    return held


def _flagged(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where some of an agent's turns have a flag, one without means trained."""
    said = [turn for turn in turns if SPEAKERS.get(speaker(turn).lower()) == "assistant"]
    if all(turn.get("loss") is None for turn in said):
        return turns
    missing = {id(turn) for turn in said if turn.get("loss") is None}
    return [{**turn, "loss": True} if id(turn) in missing else turn for turn in turns]


def _named(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_usual(turn) for turn in turns]


def _usual(turn: dict[str, Any]) -> dict[str, Any]:
    role = ODD.get(speaker(turn).lower())
    if role is None:
        return turn
    if turn.get("from"):
        return {**turn, "from": "gpt" if role == "assistant" else "observation"}
    return {**turn, "role": role}


_REPAIRS: dict[str, Repair] = {
    "AF301": _texts(lambda text: plain(text) if "\x1b" in text else text),
    "AF305": _texts(without_invisible),
    "AF103": _objects(_spelled),
    "AF112": _objects(_stripped("arguments")),
    "AF509": _objects(_stripped("parameters")),
    "AF207": _turns(_named),
    "AF206": _turns(_flagged),
}
_MASKS: dict[Mask, tuple[str, Repair]] = {
    "secrets": ("AF303", _texts(without_secrets)),
    "emails": ("AF304", _texts(without_emails)),
}
