"""Scores with intervals, arms side by side; several seeds as mean and spread (paper section 4.3, table 3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from agentflan.core.kinds import RunFolder
from agentflan.core.plugs import Plug
from agentflan.core.types import CIRCUMSTANCES
from agentflan.report.markup import Column, count, join, legend, swatch, table, tag
from agentflan.report.measured import Measured, Results, measured, results
from agentflan.report.palette import arm_colour
from agentflan.report.plots import Dot, dots

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
        names = [join((swatch(arm_colour(index, len(scored))), arm)) for index, arm in enumerate(scored)]
        parts: list[object] = [tag("p", says, class_="note"), legend(*names)]
        benchmarks = sorted({name for each in scored.values() for seed in each for name in seed})
        for name in benchmarks:
            parts.append(tag("h3", "Agent-H" if name == AGENT_H else name))
            if name == AGENT_H:
                parts.append(tag("div", *_plots(scored), class_="plots"))
            groups = _groups(name, scored)
            parts.append(_table(name, groups, scored))
        return join(parts)


def _groups(benchmark: str, scored: dict[str, list[Results]]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The written groups of Agent-H, then whatever else a benchmark reports, without its edges and counts."""
    written = list(GROUPS) if benchmark == AGENT_H else []
    known = {metric for _, _, metrics in written for metric, _ in metrics}
    reported = {metric for each in scored.values() for seed in each for metric in seed.get(benchmark, {})}
    edges = {f"{metric}_{edge}" for metric in reported for edge in ("low", "high")}
    others = sorted(metric for metric in reported - known - edges if not metric.startswith("n/"))
    return written + ([("Also reported" if written else "Metrics", "", [(name, name) for name in others])] if others else [])


def _plots(scored: dict[str, list[Results]]) -> Iterator[Markup]:
    for number, (title, better, metrics) in enumerate(GROUPS):
        rows = [(label, _dots(metric, scored)) for metric, label in metrics]
        rows = [(label, row) for label, row in rows if row]
        if rows:
            plot = dots(f"scores-{number}", title, [label for label, _ in rows], [row for _, row in rows])
            yield tag("figure", tag("h4", title), plot, tag("figcaption", better[:1].upper() + better[1:], "."))


def _dots(metric: str, scored: dict[str, list[Results]]) -> list[Dot]:
    found = [measured(seeds, AGENT_H, metric) for seeds in scored.values()]
    return [
        Dot(each.value, each.low, each.high, arm_colour(index, len(found)), index, each.seeds)
        for index, each in enumerate(found)
        if each
    ]


def _table(
    benchmark: str, groups: list[tuple[str, str, list[tuple[str, str]]]], scored: dict[str, list[Results]]
) -> Markup:
    """One body for each group, so that its title stands above its rows."""
    heads = [tag("span", arm, class_=f"arm a-{arm_colour(index, len(scored))}") for index, arm in enumerate(scored)]
    pair = len(scored) == 2
    columns = [Column("share", text=True), Column("n"), *(Column(head) for head in heads)]
    columns += [Column("difference")] if pair else []
    rows = []
    for title, _, metrics in groups:
        found = [(metric, label, [measured(seeds, benchmark, metric) for seeds in scored.values()]) for metric, label in metrics]
        found = [row for row in found if any(row[2])]
        if found:
            rows.append([tag("b", title), *[""] * (len(columns) - 1)])
        for metric, label, values in found:
            row = [label, _problems(metric, benchmark, scored), *(_cell(value) for value in values)]
            rows.append(row + ([_difference(values)] if pair else []))
    return table(columns, rows, f"Scores of {benchmark}")


def _problems(metric: str, benchmark: str, scored: dict[str, list[Results]]) -> str:
    """How many problems a share is over, where the benchmark says so."""
    circumstance = metric.partition("/")[2] or ("tools_relevant" if metric.startswith("right_") else "")
    first = next(iter(scored.values()))[0].get(benchmark, {})
    number = first.get(f"n/{circumstance}") if circumstance else sum(v for k, v in first.items() if k.startswith("n/"))
    return count(number) if number else ""


def _cell(found: Measured | None) -> object:
    if not found:
        return "–"
    return join((f"{found.value:.3f}", tag("small", f"{found.low:.3f}–{found.high:.3f}")))


def _difference(values: Sequence[Measured | None]) -> str:
    first, second = values
    if not (first and second):
        return "–"
    return f"{second.value - first.value:+.3f}".replace("-", "−")
