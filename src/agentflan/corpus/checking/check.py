"""What is this file, how much of it can be used, and what is wrong with it, where?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import msgspec

from agentflan.core import plugs
from agentflan.core.errors import Mistake
from agentflan.core.types import Conversation, Dropped, Quarantined, Trajectory
from agentflan.corpus.checking.recognise import File, recognise
from agentflan.corpus.checking.repeats import Keys
from agentflan.corpus.checking.task_files import task_format, task_formats
from agentflan.corpus.files.reading import REASONS, fault, read_row
from agentflan.corpus.files.rows import ROW_LIMIT
from agentflan.corpus.store.parquet import conversations
from agentflan.lints.catalogue import OF_REASONS
from agentflan.lints.find import lint, lint_row
from agentflan.lints.finding import Finding

MEANINGS = {**REASONS, "not_recognised": "no source reads it", "task": "a question, without an agent's turns"}
"""What the reasons mean that no source gives."""
OF_SOURCE = "its source drops or cannot read such rows"
FIRST = 5
"""Places that are named of each lint and reason."""

FileKind = Literal["trajectories", "chat", "tasks", "unknown"]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `agentflan check FILE`."""

    format: str
    """Name of the source that reads the file best, of a benchmark's tasks, `corpus` for a built one, or `unknown`."""
    kind: FileKind
    confidence: float
    """Share of the rows that this format recognises, lowered by up to a half where a rival uses the same rows."""
    rival: str = ""
    """The source that would use most of them as well."""
    rows: int
    usable: int
    lints: dict[str, int]
    """Lint code -> places."""
    reasons: dict[str, int]
    """Why rows are not usable."""
    places: dict[str, list[str]]
    """Lint code or reason -> the first places with it: `row 4, step 2`, rows counted from 1, or the id of an item."""


class _Reading:
    """What is counted while a file is read."""

    def __init__(self) -> None:
        self.rows = self.recognised = 0
        self.kinds, self.lints, self.reasons = Counter[str](), Counter[str](), Counter[str]()
        self.places: dict[str, list[str]] = {}

    def lint(self, findings: Iterable[Finding], where: str) -> None:
        for code, place in findings:
            self.note(self.lints, code, f"{where}, {place}" if place else where)

    def note(self, counts: Counter[str], what: str, place: str, count: int = 1) -> None:
        counts[what] += count
        named = self.places.setdefault(what, [])
        if len(named) < FIRST:
            named.append(place)

    def said(self, format: str, kind: FileKind, doubt: float = 0, rival: str = "") -> Checked:
        sure = self.recognised / self.rows * (1 - doubt / 2) if self.rows else 0
        return Checked(
            format=format,
            kind=kind,
            confidence=round(sure, 3),
            rival=rival,
            rows=self.rows,
            usable=self.kinds.total(),
            lints=dict(sorted(self.lints.items())),
            reasons=dict(sorted(self.reasons.items())),
            places=self.places,
        )


def check(path: Path) -> Checked:
    """Looks at a file of raw rows, or at a run folder or corpus folder. Raises Mistake when there is none."""
    if path.is_dir():
        folder = path / "corpus" if (path / "corpus").is_dir() else path
        if not any(folder.glob("part-*.parquet")):
            raise Mistake("this folder holds no corpus", where=str(path), mend="name one of its files, or a run folder")
        return _corpus(folder)
    if not path.is_file():
        raise Mistake("there is no such file", where=str(path), mend="give a file of rows or a run folder")
    file = File(path)
    known = recognise(file)
    if known.name:
        found = _read(file, known.name)
        if found.kinds:
            return found.said(known.name, _kind(found.kinds), known.doubt, known.rival)
        tasks = task_formats(row for row in file.rows() if isinstance(row, bytes))
        if tasks[""] * 2 < tasks.total():
            return found.said(next(name for name, _ in tasks.most_common() if name), "tasks")
        return found.said(known.name, "trajectories")
    return _without_agent(file)


def _read(file: File, name: str) -> _Reading:
    source, found = plugs.load("source", name), _Reading()
    if file.marked:
        found.lint([Finding("AF605")], "the start of the file")
    with ExitStack() as stack:
        rows, prompts, ids = (stack.enter_context(Keys()) for _ in range(3))
        for number, row in enumerate(file.rows(source), 1):
            where = f"row {number}"
            found.rows = number
            _, outcome = read_row(name, source, row)
            found.recognised += isinstance(outcome, (Trajectory, Dropped))
            if isinstance(outcome, Trajectory):
                found.kinds[outcome.kind] += 1
                found.lint(lint(outcome), where)
                prompts.add(number, outcome.query.encode("utf-8", "surrogatepass"))
            else:
                found.note(found.reasons, outcome.reason, where)
                if outcome.reason in OF_REASONS:
                    found.lint([Finding(OF_REASONS[outcome.reason])], where)
            if isinstance(row, Quarantined):
                continue
            rows.add(number, row.strip())
            value = _value(row)
            found.lint(lint_row(value), where)
            if row.endswith(b"\r"):
                found.lint([Finding("AF604")], where)
            if isinstance(value, dict) and isinstance(value.get("id"), (str, int)):
                ids.add(number, str(value["id"]).encode("utf-8", "surrogatepass"))
        for code, keys in (("AF601", rows), ("AF602", prompts), ("AF603", ids)):
            repeats = keys.repeats()
            if repeats.rows:
                found.note(found.lints, code, f"row {repeats.first}", repeats.rows)
    return found


def _value(row: bytes) -> Any:
    """The decoded row; None where it is none, or too long for any source."""
    try:
        return msgspec.json.decode(row) if len(row) <= ROW_LIMIT else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _without_agent(file: File) -> Checked:
    """A file that no source reads: tasks, or what is neither."""
    found, formats = _Reading(), Counter[str]()
    for number, row in enumerate(file.rows(), 1):
        found.rows = number
        name = "" if isinstance(row, Quarantined) else task_format(row)
        formats[name] += 1
        found.note(found.reasons, "task" if name else fault(row) or "not_recognised", f"row {number}")
    strange = formats.pop("", 0)
    if formats.total() <= strange:
        return found.said("unknown", "unknown")
    best = max(formats, key=lambda name: formats[name])
    found.recognised = formats[best]
    return found.said(best, "tasks")


def _kind(kinds: Counter[str]) -> FileKind:
    return "chat" if kinds["general"] * 2 > kinds.total() else "trajectories"


def _corpus(folder: Path) -> Checked:
    found = _Reading()
    conversation: Conversation
    for conversation in conversations(folder):
        found.rows += 1
        found.lint(lint(conversation), conversation.id)
    found.recognised = found.rows
    found.kinds["agent"] = found.rows - found.lints["AF201"]
    return found.said("corpus", "trajectories")
