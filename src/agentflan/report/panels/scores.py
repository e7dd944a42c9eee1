"""Scores with intervals, arms side by side; several seeds as mean and spread (paper section 4.3, table 3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from agentflan.core.kinds import RunFolder
from agentflan.core.plugs import Plug
from agentflan.core.types import CIRCUMSTANCES
from agentflan.report.markup import Column, arm_name, breakable, count, join, legend, swatch, table, tag
from agentflan.report.measured import Measured, Results, measured, results
from agentflan.report.palette import arm_colour
from agentflan.report.plots import Dot, dots, marker_path

AGENT_H = "agent_h"
WORDS = {
    "tools_relevant": "relevant tools",
    "tools_ordinary": "tools, ordinary query",
    "tools_irrelevant": "irrelevant tools only",
    "no_tools_relevant": "no tools, tool query",
    "no_tools_ordinary": "no tools, ordinary query",
}
_WRONG = tuple(name for name in CIRCUMSTANCES if name != "tools_relevant")
GROUPS = (
    ("Agent form where no call is due", "lower is better", [(f"over_call/{name}", WORDS[name]) for name in _WRONG]),
    ("Names a tool where no call is due", "lower is better", [(f"names_tool/{name}", WORDS[name]) for name in _WRONG]),
    (
        "Where a tool is due",
        "higher is better, but for missed calls",
        [("right_tool", "right tool"), ("right_arguments", "right arguments"), ("miss/tools_relevant", "call missed")],
    ),
    (
        "Overall",
        "higher is better, but for the two shares of keywords",
        [
            ("balanced", "balanced"),
            ("h_score", "HScore"),
            ("h_react", "ReAct words (H_ReAct)"),
            ("h_general", "call phrases (H_General)"),
        ],
    ),
)
"""Title, which way is good, and (metric, label) of what `agent_h` reports."""

_DUE = ("tools_relevant",)
_OVER = {
    **dict.fromkeys(("right_tool", "right_arguments", "malformed"), _DUE),
    **dict.fromkeys(("h_react", "h_general", "h_score"), _WRONG),
    "balanced": (*_DUE, *_WRONG),
}
"""Metric -> the circumstances whose problems it is over."""

_Scored = dict[str, list[Results]]
"""Arm -> what each of its seeds scored."""


class ScoresPanel(Plug, frozen=True):
    """Agent-H in its groups as plots and one table; every other benchmark as a table of all that it reports."""

    title: str = "Scores"
    place: int = 50

    def __call__(self, runs: Sequence[RunFolder]) -> str:
        scored = results(runs)
        if not scored:
            return ""
        seeds = max(len(each) for each in scored.values())
        says = f"Mean of {seeds} seeds, with the smallest and the largest." if seeds > 1 else "With 95 % intervals."
        names = [
            join((swatch(arm_colour(index, len(scored)), marker=marker_path(index)), tag("span", breakable(arm))))
            for index, arm in enumerate(scored)
        ]
        parts: list[object] = [tag("p", says, class_="note"), legend(*names)]
        benchmarks = sorted({name for each in scored.values() for seed in each for name in seed})
        for name in benchmarks:
            parts.append(tag("h3", "Agent-H" if name == AGENT_H else name))
            if name == AGENT_H:
                parts.append(tag("div", *_plots(scored), class_="plots wide"))
            parts.append(_table(name, scored))
        return join(parts)


def _groups(benchmark: str, scored: _Scored) -> list[tuple[str, list[tuple[str, str]]]]:
    """The written groups of Agent-H, then whatever else a benchmark reports, without its edges and counts."""
    written = [(title, metrics) for title, _, metrics in GROUPS] if benchmark == AGENT_H else []
    known = {metric for _, metrics in written for metric, _ in metrics}
    reported = {metric for each in scored.values() for seed in each for metric in seed.get(benchmark, {})}
    edges = {f"{metric}_{edge}" for metric in reported for edge in ("low", "high")}
    others = sorted(metric for metric in reported - known - edges if not metric.startswith("n/"))
    rest = [("Also reported" if written else "Metrics", [(name, name) for name in others])] if others else []
    return written + rest


def _plots(scored: _Scored) -> Iterator[Markup]:
    for number, (title, better, metrics) in enumerate(GROUPS):
        rows = [(label, _dots(metric, scored)) for metric, label in metrics]
        rows = [(label, row) for label, row in rows if row]
        if rows:
            plot = dots(f"scores-{number}", title, [label for label, _ in rows], [row for _, row in rows])
            yield tag("figure", tag("h4", title), plot, tag("figcaption", better[:1].upper() + better[1:], "."))


def _dots(metric: str, scored: _Scored) -> list[Dot]:
    found = [measured(seeds, AGENT_H, metric) for seeds in scored.values()]
    return [
        Dot(each.value, each.low, each.high, arm_colour(index, len(found)), index, each.seeds)
        for index, each in enumerate(found)
        if each
    ]


def _table(benchmark: str, scored: _Scored) -> Markup:
    """Every metric by group, the arms side by side, and their difference where there are two."""
    heads = [Column(arm_name(arm, arm_colour(index, len(scored)))) for index, arm in enumerate(scored)]
    pair = len(scored) == 2
    columns = [Column("", text=True), *heads, *([Column("difference")] if pair else [])]
    rows: list[list[object]] = []
    for title, metrics in _groups(benchmark, scored):
        inner: list[list[object]] = []
        for name, text in metrics:
            values = [measured(seeds, benchmark, name) for seeds in scored.values()]
            if any(values):
                label = join(
                    (breakable(name) if text == name else text, tag("small", _problems(name, benchmark, scored)))
                )
                inner.append([label, *map(_cell, values), *([_difference(values)] if pair else [])])
        rows += [[title], *inner] if inner else []
    return table(columns, rows, f"Scores of {benchmark}")


def _problems(metric: str, benchmark: str, scored: _Scored) -> str:
    """How many problems a share is over in one run, where the benchmark says so."""
    counts = next((seed[benchmark] for each in scored.values() for seed in each if benchmark in seed), {})
    over = metric.partition("/")[2]
    where = (over,) if over else _OVER.get(metric, ())
    number = sum(counts.get(f"n/{name}", 0) for name in where)
    return f"n = {count(number)}" if number else ""


def _cell(found: Measured | None) -> object:
    if not found:
        return "–"
    if found.low == found.high and not found.seeds:
        return f"{found.value:g}"
    return join((f"{found.value:.3f}", tag("small", f"{found.low:.3f} – {found.high:.3f}")))


def _difference(values: Sequence[Measured | None]) -> str:
    first, second = values
    if not (first and second):
        return "–"
    return f"{second.value - first.value:+.3f}".replace("-", "−")
