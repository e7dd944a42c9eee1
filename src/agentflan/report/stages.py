"""What became of a row, stage by stage, as lines of text: the same for a terminal and for a page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from agentflan.core.kinds import Item
from agentflan.core.types import Answer, Conversation, Segment, Step, ToolCall, Trajectory
from agentflan.corpus.building.trace import Change, Trace, row_of

UNCHANGED = "unchanged"
Look = Literal["same", "gone", "came", "note"]
_CONTEXT = 1
"""Unchanged lines that are shown around changed ones."""
_COMPARED = 1_000
"""Lines of which differences are looked for; a longer stretch is shown as replaced."""


class Line(NamedTuple):
    text: str
    look: Look = "same"


class Told(NamedTuple):
    """One item at one stage."""

    id: str
    verdict: str
    """In a few words: unchanged, changed, made, dropped: gave_up."""
    lines: list[Line]
    """What has changed, or all of an item that was made or has become a conversation."""
    became: Conversation | None = None
    """The same as a conversation, where it is one as a whole."""
    left: bool = False
    """Whether it goes no further than here."""


def stages(trace: Trace) -> Iterator[tuple[str, list[Told]]]:
    """(name, what happened) for every stage of the chain."""
    for name, changes in trace.stages:
        yield name, [_told(change) for change in changes]


def raw_lines(row: bytes) -> list[str]:
    """A row as indented JSON; line breaks within its strings are written out and made."""
    try:
        text = json.dumps(json.loads(row), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return row.decode("utf-8", "backslashreplace").splitlines() or [""]
    return [part for line in text.split("\n") for part in _broken(line)]


def lines_of(item: Item) -> list[str]:
    """An item as `field: value`; further lines of a value are indented."""
    fields = _trajectory(item) if isinstance(item, Trajectory) else _conversation(item)
    return [line for name, value in fields for line in f"{name}: {value}".replace("\n", "\n    ").split("\n")]


def difference(before: Sequence[str], after: Sequence[str]) -> list[Line]:
    """What went and what came, each with a line of what stayed around it."""
    start, short = 0, min(len(before), len(after))
    while start < short and before[start] == after[start]:
        start += 1
    end = 0
    while end < short - start and before[-1 - end] == after[-1 - end]:
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    lines = [*_alike(before[:start], 0, _CONTEXT), *_inner(old, new)]
    return [*lines, *_alike(before[len(before) - end :], _CONTEXT, 0)]


def _told(change: Change) -> Told:
    before, after, lost = change.before, change.after, change.lost
    if lost:
        detail = [Line(text, "note") for text in lost.detail.split("\n") if text]
        return Told(change.id, f"left here: {lost.reason}", detail, left=True)
    if after is None or after == before:
        return Told(change.id, UNCHANGED, [])
    if type(before) is type(after):
        return Told(change.id, "changed", difference(lines_of(before), lines_of(after)))
    whole = [Line(text, "came") for text in lines_of(after)]
    if isinstance(after, Trajectory):
        return Told(change.id, "made" if row_of(change.id) != change.id else "a trajectory", whole)
    return Told(change.id, "became a conversation" if before else "made", whole, after)


def _inner(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    if max(len(old), len(new)) > _COMPARED:
        yield from (Line(text, "gone") for text in old)
        yield from (Line(text, "came") for text in new)
        return
    for kind, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        if kind == "equal":
            yield from _alike(old[a:b], _CONTEXT, _CONTEXT)
        else:
            yield from (Line(text, "gone") for text in old[a:b])
            yield from (Line(text, "came") for text in new[c:d])


def _alike(lines: Sequence[str], first: int, last: int) -> Iterator[Line]:
    hidden = len(lines) - first - last
    if hidden < 2:
        yield from map(Line, lines)
        return
    yield from map(Line, lines[:first])
    yield Line(f"… {hidden:,} lines alike", "note")
    yield from map(Line, lines[len(lines) - last :])


def _trajectory(item: Trajectory) -> Iterator[tuple[str, str]]:
    yield from _head(item)
    if item.instruction:
        yield "instruction", item.instruction
    yield "query", item.query
    for number, step in enumerate(item.steps, 1):
        yield from ((f"{number} {name}", value) for name, value in _step(step))
    yield "ending", item.ending + (", restarted" if item.restarted else "")


def _step(step: Step) -> Iterator[tuple[str, str]]:
    if step.thought:
        yield "thought", step.thought
    if isinstance(step.action, ToolCall):
        yield "call", step.action.name
        yield "arguments", step.action.arguments
    elif isinstance(step.action, Answer):
        yield "answer", step.action.text
    if step.observation is not None:
        yield "observation", step.observation
    if not step.loss:
        yield "loss", "none"


def _conversation(item: Conversation) -> Iterator[tuple[str, str]]:
    yield from _head(item)
    for message in item.messages:
        for part in message.segments:
            yield f"{message.role}{_label(message.role, part)}", part.text


def _head(item: Item) -> Iterator[tuple[str, str]]:
    if len(item.origin_ids) > 1:
        yield "rows", ", ".join(item.origin_ids)
    if item.dialect:
        yield "dialect", item.dialect
    if item.tools:
        yield "tools", ", ".join(tool.name for tool in item.tools)


def _label(role: str, part: Segment) -> str:
    capability = part.capability or ""
    if role != "assistant":
        return f" asks for {capability}" if capability else ""
    weight = f" x{part.weight:g}" if part.loss and part.weight != 1 else ""
    return f" {capability or 'chat'}{weight}" if part.loss else f" {capability or 'chat'}, no loss"


def _broken(line: str) -> list[str]:
    indent = "\n" + " " * (len(line) - len(line.lstrip()) + 2)
    return re.sub(r"\\.", lambda found: found[0] + (indent if found[0] == "\\n" else ""), line).split("\n")
