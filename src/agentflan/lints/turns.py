"""Lints of the turns of a raw row (AF2xx): roles, loss flags and labels that are gone once a source has read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from agentflan.lints.finding import Finding

LISTS = ("conversations", "conversation", "messages", "traj", "trajectory")
"""Keys under which the formats keep their turns."""
SPEAKERS = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "ai": "assistant",
    "function_call": "call",
    "system": "system",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
    "api": "call",
}
"""A speaker's name, in lower case -> who it is; `call`: a turn that is nothing but a call."""
ODD: dict[str, Literal["assistant", "tool"]] = {
    "chatgpt": "assistant",
    "bard": "assistant",
    "bing": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "claude": "assistant",
    "environment": "tool",
    "ipython": "tool",
}
"""Names outside of any format's own -> who is meant; the sources read them so as well."""
_ROLES: dict[str, str] = {**SPEAKERS, **ODD}
_SEEN = ("observation:", "function response:", "tool response:")

_VERDICT = "Episode finished, reward = "


class Turn(NamedTuple):
    name: str
    """Of who speaks, in lower case."""
    role: str
    """user, assistant, call, system or tool; empty for anybody else."""
    text: str
    raw: dict[str, Any]

    @property
    def calls(self) -> bool:
        return self.role == "call" or bool(self.raw.get("tool_calls") or self.raw.get("function_call"))


def turns_of(row: Any) -> list[dict[str, Any]]:
    """The turns of a decoded row, in any of the formats' places; none where it has none."""
    found: Any = row
    if isinstance(row, dict):
        found = next((row[key] for key in LISTS if isinstance(row.get(key), list) and row[key]), None)
        made = row.get("answer_generation")
        if found is None and isinstance(made, dict) and isinstance(made.get("train_messages"), list):
            found = max((path for path in made["train_messages"] if isinstance(path, list)), key=len, default=None)
    if not (isinstance(found, list) and all(isinstance(turn, dict) for turn in found)):
        return []
    return [turn for turn in found if speaker(turn)]


def speaker(turn: dict[str, Any]) -> str:
    """The name of who speaks, as it is written."""
    name = turn.get("from") or turn.get("role")
    return name if isinstance(name, str) else ""


def in_turns(row: Any) -> Iterator[Finding]:
    turns = [_turn(raw) for raw in turns_of(row)]
    if turns:
        for code, wrong in _OF_ROW.items():
            if wrong(turns):
                yield Finding(code)
    for number, turn in enumerate(turns, 1):
        for code, odd in _OF_TURN.items():
            if odd(turn):
                yield Finding(code, f"turn {number}")
    for number, (before, after) in enumerate(pairwise(turns), 2):
        for code, out_of_place in _OF_PAIR.items():
            if out_of_place(before, after):
                yield Finding(code, f"turn {number}")
    if isinstance(row, dict):
        yield from _of_protocol(row.get("content"))
        if _failed(row.get("reward"), row.get("output") or (turns[-1].text if turns else "")):
            yield Finding("AF212")


def _of_protocol(items: Any) -> Iterator[Finding]:
    """The Agent Data Protocol has items for turns; some converters took what the agent said for an observation."""
    for number, item in enumerate(items if isinstance(items, list) else (), 1):
        if isinstance(item, dict) and item.get("class_") == "text_observation" and item.get("source") == "agent":
            yield Finding("AF209", f"turn {number}")


def _failed(reward: Any, end: Any) -> bool:
    """By the row's own reward, or by what FireAct's benchmark says at the end of a run."""
    if isinstance(reward, (int, float)):
        return reward <= 0
    verdict = end.rpartition(_VERDICT)[2] if isinstance(end, str) and _VERDICT in end else ""
    return verdict.strip(" .\n").lower() in ("0", "0.0", "false")


def _turn(raw: dict[str, Any]) -> Turn:
    name = speaker(raw).lower()
    text = next((raw[key] for key in ("value", "content", "text") if isinstance(raw.get(key), str)), "")
    return Turn(name, _ROLES.get(name, ""), text, raw)


def _flags_missing(turns: list[Turn]) -> bool:
    flags = [turn.raw.get("loss") for turn in turns if turn.role == "assistant"]
    return None in flags and any(flag is not None for flag in flags)


def _last_untrained(turns: list[Turn]) -> bool:
    said = [turn.raw.get("loss") for turn in turns if turn.role == "assistant"]
    return bool(said) and said[-1] is False


_OF_ROW: dict[str, Callable[[list[Turn]], bool]] = {
    "AF204": lambda turns: turns[-1].role == "user",
    "AF206": _flags_missing,
    "AF210": _last_untrained,
}
_OF_TURN: dict[str, Callable[[Turn], bool]] = {
    "AF207": lambda turn: turn.name in ODD,
    "AF208": lambda turn: turn.role == "assistant" and ("ACTION:" in turn.text or "THOUGHT:" in turn.text),
    "AF209": lambda turn: turn.role == "assistant" and turn.text.lstrip()[:20].lower().startswith(_SEEN),
}
_OF_PAIR: dict[str, Callable[[Turn, Turn], bool]] = {
    "AF205": lambda before, after: before.role == after.role == "assistant" and not before.calls,
    "AF209": lambda before, after: before.role == "assistant" and before.calls and after.role == "user",
}
