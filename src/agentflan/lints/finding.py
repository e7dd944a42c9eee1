"""One thing that is wrong, and where."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    code: str
    """Of the catalogue."""
    place: str = ""
    """Inside the item or row: `step 3`, `tool get_x`, `turn 5`. Empty: the whole of it."""
