"""HTML from values: whatever is not already `Markup` is escaped, so that nothing in a corpus can become a tag."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
VISIBLE = {
    **{code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),
    **dict.fromkeys(_BIDI, 0xFFFD),
}
"""One character for one: escapes and other controls as pictures; bidirectional overrides and surrogates as U+FFFD."""


def visible(text: str) -> str:
    """The text with everything that could steer a terminal or reorder a page made visible; as long as before."""
    return text.translate(VISIBLE)


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """One element. `class_` is class, `aria_label` is aria-label; an attribute that is None or False is left out."""
    listed = [
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), "" if value is True else value)
        for key, value in attributes.items()
        if value is not None and value is not False
    ]
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), Markup("").join(listed), join(children))


def join(children: Iterable[object]) -> Markup:
    return Markup("").join(escape(child) for child in children)


class Column(NamedTuple):
    """One column of a table; `text` columns stand left, all others are figures and stand right."""

    name: object
    text: bool = False


def table(columns: Sequence[Column], rows: Iterable[Sequence[object]], caption: str) -> Markup:
    """A table in a box of its own, which scrolls sideways where the page is narrow; a first text column names the row.

    A row of a single value is a heading over the rows that follow.
    """

    def cell(index: int, value: object) -> Markup:
        column = columns[index]
        heads = index == 0 and column.text
        return tag("th" if heads else "td", value, scope="row" if heads else None, class_=None if column.text else "n")

    head = tag("tr", *(tag("th", column.name, scope="col", class_=None if column.text else "n") for column in columns))
    body = [
        tag("tr", *(cell(index, value) for index, value in enumerate(row)))
        if len(row) > 1
        else tag("tr", tag("th", *row, scope="rowgroup", colspan=len(columns)), class_="group")
        for row in rows
    ]
    inner = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body))
    return tag("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)


def count(number: float) -> str:
    """12,345"""
    return f"{number:,.0f}"


def figure(number: int) -> str | Markup:
    """12,345, and a nought that does not call for attention."""
    return count(number) if number else tag("span", "0", class_="zero")


def reasons(counted: Mapping[str, int]) -> str | Markup:
    """The sum, and below it how many for each reason, most frequent first."""
    ranked = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    listed = (tag("li", f"{reason} {count(number)}") for reason, number in ranked)
    return join((count(sum(counted.values())), tag("ul", *listed, class_="reasons"))) if ranked else figure(0)


def share(part: float, whole: float, digits: int = 1) -> str:
    """12.3 %, with a space that does not break; what is not all is never rounded to all"""
    while digits < 9 and whole and part < whole and round(100 * part / whole, digits) >= 100:
        digits += 1
    return f"{100 * part / whole:.{digits}f}\u202f%" if whole else "–"


def breakable(name: str) -> Markup:
    """A name that may go on in the next line after `_`, `-` and `/`, and nowhere else."""
    text = escape(name)
    for mark in "_-/":
        text = text.replace(mark, Markup(mark + "<wbr>"))
    return text


def swatch(colour: str, dash: str = "", marker: str = "") -> Markup:
    """A short line in a colour of the palette, with a marker's SVG path in its middle, for legends."""
    paint = f"var(--{colour})"
    line = tag("line", x1=1, y1=6, x2=27, y2=6, stroke=paint, stroke_width=2.5, stroke_dasharray=dash or None)
    mark = tag("path", d=marker, fill=paint) if marker else ""
    return tag("svg", line, mark, class_="swatch", viewBox="0 0 28 12", aria_hidden="true")


def arm_name(arm: str, colour: str) -> Markup:
    """The head of an arm's column, underlined in its colour."""
    return tag("span", breakable(arm), class_="arm", style=f"border-color:var(--{colour})")


def legend(*entries: object) -> Markup:
    return tag("ul", *(tag("li", entry) for entry in entries), class_="legend")


def chip(name: str, text: str = "") -> Markup:
    """A word on the tint of its capability."""
    return tag("span", text or name, class_=f"chip c-{name}")
