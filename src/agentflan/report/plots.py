"""Four plots as SVG that takes the page's fonts and colours: bars, curves, dots with intervals, webs.

Each is 400 units wide with text of 13, so that it reads at the width of a telephone; a page sets several in a grid.
The output depends on the values alone: no dates, no random ids. Legends belong to the page, which can wrap them.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree import ElementTree

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from agentflan.report.palette import COLOURS, arm_colour

WIDTH = 400
_UNIT = 1 / 72
_styled = matplotlib.rc_context(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "agentflan",
        "text.parse_math": False,
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 13.0,
    }
)
_SENTINEL = {name: f"#0a0b{number:02x}" for number, name in enumerate(COLOURS)}
"""Colours nobody uses, which stand for those of the page until the SVG is written."""
_THEMED = {sentinel: f"var(--{name})" for name, sentinel in _SENTINEL.items()}
_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_DASHES = ("-", (0, (5, 2.5)), (0, (1.5, 2)), (0, (7, 2, 1.5, 2)))
_MARKERS = {
    "o": "M18 6a4 4 0 1 0-8 0a4 4 0 1 0 8 0",
    "s": "M10 2h8v8h-8z",
    "D": "M14 1l5 5l-5 5l-5-5z",
    "^": "M14 1l5 9h-10z",
    "v": "M14 11l5-9h-10z",
}
"""matplotlib's name of a marker -> the same as an SVG path, for legends."""


class Bar(NamedTuple):
    """One horizontal bar: what it is, how long, in which colour of the palette, and what stands at its end."""

    label: str
    value: float
    colour: str
    note: str


class Curve(NamedTuple):
    """A line; `low` and `high` draw a band around it. `style` numbers the dash pattern, `faint` sets it back."""

    xs: Sequence[float]
    ys: Sequence[float]
    colour: str
    style: int = 0
    faint: bool = False
    low: Sequence[float] = ()
    high: Sequence[float] = ()


class Dot(NamedTuple):
    """A value with its interval (or the spread of its seeds) and, where there are several seeds, each of them."""

    value: float
    low: float
    high: float
    colour: str
    marker: int = 0
    seeds: Sequence[float] = ()


@_styled
def bars(name: str, title: str, entries: Sequence[Bar]) -> Markup:
    """Horizontal bars from zero, labelled on the left, with their figures at the end."""
    left = _room([bar.label for bar in entries])
    figure, axes = _figure(8 + 27 * len(entries), left=left, right=108, top=4, bottom=4)
    places = range(len(entries))
    axes.barh(places, [bar.value for bar in entries], height=0.62, color=[_SENTINEL[bar.colour] for bar in entries])
    for place, bar in zip(places, entries, strict=True):
        note = axes.annotate(bar.note, (bar.value, place), (6, 0), textcoords="offset points", va="center")
        note.set_color(_SENTINEL["ink"])
    axes.set_yticks(list(places), [bar.label for bar in entries])
    axes.set_ylim(len(entries) - 0.4, -0.6)
    axes.set_xlim(0, max([bar.value for bar in entries], default=0) or 1)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    return _svg(figure, name, title)


@_styled
def curves(name: str, title: str, entries: Sequence[Curve], *, across: str = "step") -> Markup:
    """Loss over steps on a logarithmic scale: losses differ by their factors, and the small ones matter."""
    figure, axes = _figure(230, left=46, right=12, top=8, bottom=42)
    for curve in entries:
        ys = [max(value, 1e-4) for value in curve.ys]
        weight, strength = (1.0, 0.5) if curve.faint else (2.0, 1.0)
        colour = _SENTINEL[curve.colour]
        if curve.low:
            low, high = ([max(value, 1e-4) for value in edge] for edge in (curve.low, curve.high))
            axes.fill_between(curve.xs, low, high, color=colour, alpha=0.16, linewidth=0)
        alone = len(ys) == 1
        axes.plot(
            curve.xs,
            ys,
            color=colour,
            linewidth=weight,
            alpha=strength,
            linestyle=_DASHES[curve.style % len(_DASHES)],
            marker="o" if alone else "",
        )
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(_log_ticks([value for curve in entries for value in curve.ys]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="y", which="minor", left=False)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10], integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{at / 1000:g}k" if at >= 10_000 else f"{at:g}"))
    axes.set_xlabel(across, color=_SENTINEL["muted"])
    axes.grid(axis="y", color=_SENTINEL["line"], linewidth=1)
    return _svg(figure, name, title)


@_styled
def dots(name: str, title: str, labels: Sequence[str], entries: Sequence[Sequence[Dot]], *, top: float = 1) -> Markup:
    """Values from 0 to `top` (1 for shares), a row for each label and in it a dot for each arm."""
    arms = max((len(row) for row in entries), default=1)
    pitch = 16 + 13 * arms
    figure, axes = _figure(34 + pitch * len(labels), left=_room(labels), right=16, top=6, bottom=28)
    for place, row in enumerate(entries):
        if place % 2 == 0:
            axes.axhspan(place - 0.5, place + 0.5, color=_SENTINEL["line"], alpha=0.35, linewidth=0)
        for index, dot in enumerate(row):
            height = place + (index - (len(row) - 1) / 2) * 13 / pitch
            colour = _SENTINEL[dot.colour]
            axes.plot((dot.low, dot.high), (height, height), color=colour, linewidth=2.2, clip_on=False)
            if dot.seeds:
                axes.plot(dot.seeds, [height] * len(dot.seeds), "|", color=colour, markersize=9, clip_on=False)
            axes.plot(dot.value, height, _marker(dot.marker), color=colour, markersize=7.5, clip_on=False)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlim(-0.02 * top, 1.02 * top)
    if top == 1:
        axes.set_xticks((0, 0.25, 0.5, 0.75, 1), ("0", ".25", ".5", ".75", "1"))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.grid(axis="x", color=_SENTINEL["line"], linewidth=1)
    return _svg(figure, name, title)


@_styled
def web(name: str, title: str, labels: Sequence[str], entries: Sequence[Sequence[float | None]]) -> Markup:
    """Values from 0 to 1, a spoke for each label from the top clockwise, a closed line for each arm.

    A value that is missing (None) leaves a gap in the line.
    """
    figure = Figure(figsize=(WIDTH * _UNIT, 300 * _UNIT), facecolor="none")
    axes = figure.add_axes((0.25, 0.1, 0.5, 0.8), projection="polar")
    assert isinstance(axes, PolarAxes)
    axes.set_facecolor("none")
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    angles = [2 * math.pi * spoke / len(labels) for spoke in range(len(labels))]
    for index, row in enumerate(entries):
        colour = _SENTINEL[arm_colour(index, len(entries))]
        lengths = [math.nan if value is None else value for value in (*row, *row[:1])]
        axes.plot(
            [*angles, angles[0]],
            lengths,
            color=colour,
            linewidth=2,
            linestyle=_DASHES[index % len(_DASHES)],
            marker=_marker(index),
            markersize=6,
            clip_on=False,
        )
    axes.set_xticks(angles, labels)
    for text, angle in zip(axes.get_xticklabels(), angles, strict=True):
        side = math.sin(angle)
        text.set_horizontalalignment("center" if abs(side) < 0.1 else "left" if side > 0 else "right")
    axes.set_ylim(0, 1)
    axes.set_yticks((0.25, 0.5, 0.75, 1), ("", ".5", "", "1"))
    axes.tick_params(axis="x", pad=4, labelcolor=_SENTINEL["ink"])
    axes.tick_params(axis="y", labelcolor=_SENTINEL["muted"])
    axes.grid(color=_SENTINEL["line"], linewidth=1)
    axes.spines["polar"].set_color(_SENTINEL["line"])
    return _svg(figure, name, title)


def dash(style: int) -> str:
    """The dash pattern of a curve as SVG writes it, for legends."""
    pattern = _DASHES[style % len(_DASHES)]
    return "" if isinstance(pattern, str) else " ".join(f"{part * 1.6:g}" for part in pattern[1])


def marker_path(marker: int) -> str:
    """The marker of a dot as an SVG path, for legends."""
    return _MARKERS[_marker(marker)]


def _marker(number: int) -> str:
    return list(_MARKERS)[number % len(_MARKERS)]


def _figure(height: float, *, left: float, right: float, top: float, bottom: float) -> tuple[Figure, Axes]:
    """A figure with margins in the units of its viewBox."""
    figure = Figure(figsize=(WIDTH * _UNIT, height * _UNIT), facecolor="none")
    inner = (WIDTH - left - right) / WIDTH, (height - top - bottom) / height
    axes = figure.add_axes((left / WIDTH, bottom / height, *inner))
    axes.set_facecolor("none")
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(_SENTINEL["line"])
    axes.tick_params(which="both", length=0, pad=6, labelcolor=_SENTINEL["ink"])
    return figure, axes


def _room(labels: Sequence[str]) -> float:
    """Width for labels on the left; few fonts are wider than 7 units a character at this size."""
    return min(200.0, 12 + 7 * max((len(text) for text in labels), default=0))


_TICKS = ((1_000, (1.0,)), (30, (1.0, 3.0)), (4, (1.0, 2.0, 5.0)), (0, (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)))
"""Largest value over smallest, from which on a decade gets ticks at these multiples."""


def _log_ticks(values: Sequence[float]) -> LogLocator:
    positive = [max(value, 1e-4) for value in values] or [1.0]
    span = max(positive) / min(positive)
    return LogLocator(subs=next(subs for least, subs in _TICKS if span > least))


def _svg(figure: Figure, name: str, title: str) -> Markup:
    """The figure as one inline element: ids made unique by `name`, colours and fonts those of the page."""
    stream = io.StringIO()
    figure.savefig(stream, format="svg", metadata=_NO_METADATA, transparent=True)
    root = ElementTree.fromstring(stream.getvalue())  # matplotlib's own output, its texts escaped by it
    used = {value.strip("url(#)") for node in root.iter() for value in node.attrib.values() if "#" in value[:5]}
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
        node.attrib = dict(_attribute(key.rpartition("}")[2], value, name, used) for key, value in node.attrib.items())
        if not (node.text or "").strip() or node.tag == "style":  # its style rule would reach the whole page
            node.text = None
        node.tail = None
    height = figure.get_figheight() / _UNIT
    root.attrib = {"class": "plot", "viewBox": f"0 0 {WIDTH} {height:g}", "role": "img", "aria-label": title}
    return Markup(ElementTree.tostring(root, encoding="unicode", short_empty_elements=False))


def _attribute(key: str, value: str, name: str, used: set[str]) -> tuple[str, str]:
    if key == "id":
        return ("id", f"{name}-{value}") if value in used else ("class", "g")
    if key == "style":
        rules = (rule for rule in value.split("; ") if not rule.startswith("font-family"))
        return key, "; ".join(_THEMED.get(rule[-7:], rule[-7:]).join((rule[:-7], "")) for rule in rules)
    return key, value.replace("#", f"#{name}-", 1)
