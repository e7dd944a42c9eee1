"""Where the parts of a conversation stand in the text that an unknown template makes of them.

The conversation is written a second time with a private sign at each border of each part. Only where the text without
the signs is the first text again, letter by letter, do the borders hold; a part that stands there twice, or spells
something else, is refused. Nothing is guessed, so no label is ever wrong.

Signs stand inside the blanks at the ends of a part: templates strip those, and so a sign changes nothing they look at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from agentflan.templates.own.sandbox import Bordered

_PRIVATE = range(0xF0000, 0xFFFFE)
"""Characters without a meaning, of which those that a text does not have itself serve as signs."""

Chat = Sequence[dict[str, Any]]


class Key(NamedTuple):
    """A part of a message: its content, its thought, or name or arguments of one of its calls."""

    message: int
    part: str
    call: int = 0


Places = dict[Key, tuple[int, int]]
"""[start, end) of each part that is in the text, without the blanks around it."""


def places(messages: Chat, write: Callable[[Chat], str]) -> tuple[str, Places]:
    """What `write` makes of the messages, and where their parts are in it. Raises `ValueError`, see above."""
    text = write(messages)
    signs = _Signs({sign for sign in text if ord(sign) in _PRIVATE})
    again = signs.split(write([signs.between(number, message) for number, message in enumerate(messages)]))
    if "".join(again[::2]) != text:
        raise ValueError("the chat template writes other text around a part when the part changes")
    found: dict[str, int] = {}
    at = 0
    for piece, sign in zip(again[::2], [*again[1::2], ""], strict=True):
        at += len(piece)
        if sign in found:
            raise ValueError("the chat template writes a part of the conversation twice")
        found[sign] = at
    there: Places = {}
    for key, wanted, opens, closes in signs.parts:
        if opens in found and closes in found:
            there[key] = found[opens], found[closes]
            _compare(key, wanted, text[found[opens] : found[closes]], messages[key.message]["role"])
    return text, there


def bare(text: str) -> tuple[int, int]:
    """[start, end) of a text without the blanks around it."""
    start = len(text) - len(text.lstrip())
    return start, max(start, len(text.rstrip()))


class _Signs:
    """Hands out the signs, two for each part."""

    def __init__(self, taken: set[str]) -> None:
        self.parts: list[tuple[Key, Any, str, str]] = []
        """Key, what must stand there, the sign before it, the sign behind it."""
        self._free = (chr(code) for code in _PRIVATE if chr(code) not in taken)

    def split(self, text: str) -> list[str]:
        """Texts and, between them, the signs."""
        used = "".join([sign for part in self.parts for sign in part[2:]])
        return re.split(f"([{used}])", text) if used else [text]

    def between(self, number: int, message: dict[str, Any]) -> dict[str, Any]:
        """The message with signs around its parts."""
        texts: dict[str, Any] = {
            name: self._around(Key(number, name), message[name])
            for name in ("reasoning_content", "content")
            if name in message
        }
        if "tool_calls" not in message:
            return {**message, **texts}
        return {
            **message,
            **texts,
            "tool_calls": [self._call(number, *one) for one in enumerate(message["tool_calls"])],
        }

    def _call(self, number: int, place: int, call: dict[str, Any]) -> dict[str, Any]:
        function = call["function"]
        name = self._around(Key(number, "name", place), function["name"])
        key, arguments = Key(number, "arguments", place), function["arguments"]
        if isinstance(arguments, str):
            arguments = self._around(key, arguments)
        else:
            arguments = Bordered(arguments, *self._next(key, arguments))
        return {**call, "function": {"name": name, "arguments": arguments}}

    def _around(self, key: Key, text: str) -> str:
        start, end = bare(text)
        if start == end:
            return text
        opens, closes = self._next(key, text[start:end])
        return f"{text[:start]}{opens}{text[start:end]}{closes}{text[end:]}"

    def _next(self, key: Key, wanted: Any) -> tuple[str, str]:
        opens, closes = next(self._free, ""), next(self._free, "")
        if not closes:
            raise ValueError("a conversation of more parts than there are signs")
        self.parts.append((key, wanted, opens, closes))
        return opens, closes


def _compare(key: Key, wanted: Any, found: str, role: str) -> None:
    """What a reply says has to be there to the letter, or as JSON of the same value; prompts may be spelled anew."""
    if key.part == "arguments":
        value = json.loads(wanted) if isinstance(wanted, str) else wanted
        try:
            same = json.loads(found) == value
        except (ValueError, RecursionError):
            same = False
        if not same:
            raise ValueError(f"the chat template writes the arguments of a call as no JSON object: {found[:80]!r}")
    elif role == "assistant" and found != wanted:
        raise ValueError(f"the chat template changes a reply: {wanted[:80]!r} becomes {found[:80]!r}")
