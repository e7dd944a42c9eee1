"""Two kinds of error: a `Mistake` is the user's to mend and gets one sentence; anything else is ours, with a traceback.

A model's bad answer is neither: it is data. A bad row is neither: it is quarantined.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin


class Mistake(Exception):
    """Something the user can mend: what, where (file, line, key), the mend. The commands print it and exit with 2."""

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        self.what, self.where, self.mend = what, where, mend
        super().__init__(what)

    def __reduce__(self) -> tuple[object, ...]:
        """Crosses from a worker process with all its parts."""
        return _restored, (type(self), dict(vars(self)))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}{'; ' + self.mend if self.mend else ''}"


class Mistakes(Mistake):
    """All that is wrong with one file, found in one go."""

    def __init__(self, found: Iterable[Mistake]) -> None:
        self.found = tuple(found)
        super().__init__("\n".join(str(mistake) for mistake in self.found))


def _restored(kind: type[Mistake], parts: dict[str, object]) -> Mistake:
    mistake = kind.__new__(kind, parts["what"])
    vars(mistake).update(parts)
    return mistake


class Unreadable(ValueError):
    """A row that a source cannot read; the row is quarantined under `reason`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(f"{reason}: {detail}")


def nearest(name: str, known: Iterable[str]) -> str:
    """The mend for a name nobody knows: the closest known one, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(names)}" if names else "none are known"


def correction(value: object, kind: Any) -> str:
    """The mend for a wrong value of a setting: what a choice offers, or else what the value is."""
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}; it is {value!r} now"
    return f"it is {value!r} now"
