"""Calls between tags: Glaive's `<functioncall> {..}`, and `<tool_call>{..}</tool_call>` as Hermes and Qwen write it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from agentflan.dialects.calls import objects

_TAGS = re.compile(r"<(functioncall|function_call|tool_call)>", re.IGNORECASE | re.ASCII)


class Tagged(NamedTuple):
    """What stands behind one tag, up to its end or to the next one."""

    tag: str
    """In lower case, with its brackets."""
    body: str

    @property
    def syntax(self) -> Literal["glaive", "hermes"]:
        return "hermes" if self.tag == "<tool_call>" else "glaive"


def bodies(text: str) -> list[Tagged]:
    _, *pieces = _TAGS.split(text)
    return [
        Tagged(f"<{tag.lower()}>", body.partition("</")[0].partition("<|endoftext|>")[0])
        for tag, body in zip(pieces[::2], pieces[1::2], strict=True)
    ]


def calls(body: str) -> Iterator[tuple[str, str]]:
    """(name, arguments) of each call behind one tag; at least one, for a tag is an attempt whatever follows it."""
    quoted = _quoted(body)
    found = [quoted] if quoted else list(objects.calls(body, tagged=True))
    yield from found or [(objects.name_in(body), body.strip())]


def _quoted(body: str) -> tuple[str, str] | None:
    """Glaive's own form, `{"name": "f", "arguments": '{..}'}`, which apostrophes in its arguments keep from parsing."""
    head, found, tail = body.partition('"arguments"')
    rest = tail.strip().removeprefix(":").strip().removesuffix("}").rstrip()
    if not (found and rest[:1] == rest[-1:] == "'" and len(rest) > 1):
        return None
    return objects.name_in(head), rest[1:-1]
