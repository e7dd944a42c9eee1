"""A row beside what became of it: two columns on a page and in a wide terminal, one under the other in a narrow one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from markupsafe import Markup

from agentflan.corpus.building.trace import Trace
from agentflan.report.lossmap import as_html, key_html
from agentflan.report.markup import join, tag, visible
from agentflan.report.page import Section, write_page
from agentflan.report.stages import UNCHANGED, Line, Told, raw_lines, stages

_WIDE = 110
"""Columns from which a terminal shows both side by side."""
_RAW_SHARE = 0.4
_SIGNS = {"gone": "- ", "came": "+ ", "same": "  ", "note": "  "}
_LOOKS = {
    "gone": "\x1b[31m",
    "came": "\x1b[32m",
    "note": "\x1b[2m",
    "head": "\x1b[1;4m",
    "left": "\x1b[1;4;31m",
    "same": "",
}
_BREAKS = 24
"""Cells at the end of a line in which a space is looked for to break it at."""


def as_terminal(trace: Trace, *, colour: bool, columns: int) -> str:
    """`columns` is the width of the terminal in cells."""
    wide = columns >= _WIDE
    left = int(columns * _RAW_SHARE) if wide else columns
    raw = list(_wrapped(_raw(trace), left))
    told = list(_wrapped(_stages(trace), columns - left - 3 if wide else columns))
    if not wide:
        return "\n".join(_paint(text, look, colour) for text, look in [*raw, ("", "same"), *told]) + "\n"
    blank = ("", "same")
    rows = zip_longest(raw, told, fillvalue=blank)
    return "\n".join(_row(one, other, left, colour) for one, other in rows) + "\n"


def write_stages(trace: Trace, out: Path, note: str = "") -> None:
    """The same as a page of its own."""
    raw = tag("div", tag("h3", f"The row, as {trace.source or 'no source'} had it"), _raw_html(trace), class_="raw")
    told = (_stage_html(name, items, trace.id) for name, items in stages(trace) if items)
    body = tag("div", raw, tag("div", *told, class_="told"), class_="beside")
    head = join((tag("p", note, class_="cut") if note else "", key_html()))
    write_page(out, title=trace.id, head=head, sections=[Section("stages", "From the row to the corpus", body)])


def width(text: str) -> int:
    """Cells that a text takes in a terminal."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _raw(trace: Trace) -> Iterator[tuple[str, str]]:
    yield f"The row, as {trace.source or 'no source'} had it", "head"
    yield from ((line, "same") for line in raw_lines(trace.row))


def _stages(trace: Trace) -> Iterator[tuple[str, str]]:
    for name, items in stages(trace):
        for told in items:
            whose = f" ({told.id})" if told.id != trace.id else ""
            if told.lines:
                yield f"{name}: {told.verdict}{whose}", "left" if told.left else "head"
                yield from ((_SIGNS[line.look] + line.text, line.look) for line in told.lines)
                yield "", "same"
            else:
                quiet = "same" if told.verdict == UNCHANGED else "head"
                yield f"{name}: {told.verdict}{whose}", "left" if told.left else quiet


def _wrapped(lines: Iterator[tuple[str, str]], columns: int) -> Iterator[tuple[str, str]]:
    for text, look in lines:
        yield from ((part, look) for part in wrapped(visible(text).expandtabs(4), columns))


def wrapped(text: str, columns: int) -> Iterator[str]:
    """Lines of at most so many cells, broken at a space near the end where there is one; what goes on is indented."""
    if width(text) <= columns:
        yield text
        return
    hanging = " " * min(len(text) - len(text.lstrip(" ")) + 2, columns // 2)
    start, indent = 0, ""
    while start < len(text):
        end = _fitting(text, start, columns - len(indent))
        space = text.rfind(" ", max(start + 1, end - _BREAKS), end) if end < len(text) else -1
        end = space + 1 if space > 0 else end
        yield indent + text[start:end]
        start, indent = end, hanging


def _fitting(text: str, start: int, columns: int) -> int:
    """Where a line that begins at `start` is full."""
    cells = 0
    for at in range(start, len(text)):
        cells += _cells(text[at])
        if cells > columns:
            return at
    return len(text)


def _row(one: tuple[str, str], other: tuple[str, str], left: int, colour: bool) -> str:
    padding = " " * (left - width(one[0]))
    return f"{_paint(*one, colour)}{padding} │ {_paint(*other, colour)}".rstrip()


def _paint(text: str, look: str, colour: bool) -> str:
    return f"{_LOOKS[look]}{text}\x1b[0m" if colour and text and _LOOKS[look] else text


def _raw_html(trace: Trace) -> Markup:
    return tag("pre", "\n".join(raw_lines(trace.row)))


def _stage_html(name: str, items: list[Told], row: str) -> Markup:
    if [told.verdict for told in items] == [UNCHANGED]:
        return tag("div", tag("h3", name, " ", tag("small", UNCHANGED)))
    return tag("div", tag("h3", name), *(_told_html(told, row) for told in items))


def _told_html(told: Told, row: str) -> Markup:
    whose = [" ", tag("small", told.id)] if told.id != row else []
    said = tag("span", told.verdict, class_="bad" if told.left else None)
    verdict = tag("p", said, *whose, class_="verdict-of")
    if told.became:
        shown = as_html(told.became)
        return tag("details", tag("summary", verdict), shown) if told.verdict == "made" else join((verdict, shown))
    return join((verdict, tag("div", *map(_line_html, told.lines), class_="text diff"))) if told.lines else verdict


def _line_html(line: Line) -> Markup:
    return tag("div", f"{_SIGNS[line.look]}{line.text}", class_=line.look)


def _cells(letter: str) -> int:
    if unicodedata.east_asian_width(letter) in "WF":
        return 2
    return 0 if unicodedata.category(letter) in ("Mn", "Me", "Cf") else 1
