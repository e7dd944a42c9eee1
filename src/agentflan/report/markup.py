"""HTML from values: whatever is not already `Markup` is escaped, so that nothing in a corpus can become a tag."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def table(columns: Sequence[Column], rows: Iterable[Sequence[object]], caption: str = "") -> Markup:
    """A table in a box of its own, which scrolls sideways where the page is narrow; a first text column names the row."""

    def cell(index: int, value: object) -> Markup:
        column = columns[index]
        heads = index == 0 and column.text
        return tag("th" if heads else "td", value, scope="row" if heads else None, class_=None if column.text else "n")

    head = tag("tr", *(tag("th", column.name, scope="col", class_=None if column.text else "n") for column in columns))
    body = [tag("tr", *(cell(index, value) for index, value in enumerate(row))) for row in rows]
    inner = tag("table", tag("caption", caption) if caption else "", tag("thead", head), tag("tbody", *body))
    return tag("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption or "table")


def count(number: float) -> str:
    """12,345"""
    return f"{number:,.0f}"


def share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def swatch(colour: str, dash: str = "") -> Markup:
    """A short line in a colour of the palette, for legends."""
    line = tag("line", x1=1, y1=5, x2=25, y2=5, stroke=f"var(--{colour})", stroke_width=3, stroke_dasharray=dash or None)
    return tag("svg", line, class_="swatch", viewBox="0 0 26 10", aria_hidden="true")


def legend(*entries: object) -> Markup:
    return tag("ul", *(tag("li", entry) for entry in entries), class_="legend")


def chip(name: str, text: str = "") -> Markup:
    """A word on the tint of its capability."""
    return tag("span", text or name, class_=f"chip c-{name}")
