"""What was changed in a decoded row, as a unified diff with a hunk for each changed value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

AROUND = 30
"""Characters that are shown on both sides of a change."""
LONGEST = 160
"""Characters of a changed text that are shown."""


def diff(before: str, after: str, changes: tuple[Any, Any]) -> str:
    """`changes`: the row as it was and as it is; terminal codes and other signs come out as escapes."""
    lines = [f"--- {before}", f"+++ {after}"]
    for path, old, new in _changes(*changes, ""):
        lines += [f"@@ {path} @@", f"-{old}", f"+{new}"]
    return "\n".join(lines)


def _changes(old: Any, new: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if type(old) is type(new) is dict:
        for key in new | old:
            yield from _changes(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))
    elif type(old) is type(new) is list and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _changes(one, other, f"{path}[{number}]")
    elif old != new:
        yield path, *_around(_text(old), _text(new))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _around(old: str, new: str) -> tuple[str, str]:
    """Both texts from shortly before their first difference to shortly after their last."""
    start = _common(old, new)
    rest = min(len(old), len(new)) - start
    end = min(_common(old[::-1], new[::-1]), rest)
    return _cut(old, start, end), _cut(new, start, end)


def _common(one: str, other: str) -> int:
    """Length of what both begin with."""
    return next(
        (at for at, (sign, its) in enumerate(zip(one, other, strict=False)) if sign != its), min(len(one), len(other))
    )


def _cut(text: str, start: int, end: int) -> str:
    first, last = max(start - AROUND, 0), min(len(text) - end + AROUND, len(text))
    shown = text[first:last]
    if len(shown) > LONGEST:
        shown = f"{shown[: LONGEST // 2]} ... {shown[-LONGEST // 2 :]}"
    return f"{'...' if first else ''}{_plain(shown)}{'...' if last < len(text) else ''}"


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
