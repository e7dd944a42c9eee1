"""What a reply decides: yes or no, or which of the tools on offer. Upstream publishes no code that reads replies."""

from __future__ import annotations

import re
from collections.abc import Sequence

_YES_OR_NO = re.compile(r"(?<!\w)(yes|no)(?!\w)", re.IGNORECASE)
_NONE = re.compile(r"(?<!\w)none(?!\w)", re.IGNORECASE)


def needed(text: str) -> bool | None:
    """Whether a tool is needed: by the first `yes` or `no` that stands as a word; None where neither does."""
    said = _YES_OR_NO.search(text)
    return None if said is None else said.group().lower() == "yes"


def none_of_them(text: str) -> bool:
    return _NONE.search(text) is not None


def selected(text: str, offered: Sequence[str]) -> list[str]:
    """The tools on offer that the reply names, each once, in the order in which it does; case counts.

    Of two names at one place, such as `TripTool` and `TripToolPlus`, it is the longer one.
    """
    longest_first = sorted(offered, key=lambda name: (-len(name), name))
    names = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)") if offered else _NONE
    return list(dict.fromkeys(match.group() for match in names.finditer(text))) if offered else []
