"""What each source is worth: how much of it could be used, what left and why, what its trajectories are like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from markupsafe import Markup

from agentflan.core.kinds import RunFolder
from agentflan.core.plugs import Plug
from agentflan.report.markup import Column, breakable, count, figure, join, reasons, share, table, tag
from agentflan.report.runs import arms, label, ledger
from agentflan.report.sources import Source, sources

LOOKED_FOR = {
    "duplicates": ("duplicate", "duplicates"),
    "near_duplicates": ("near_duplicate", "near-duplicates"),
    "decontaminate": ("contaminated", "contaminated"),
}
"""Stage -> the reason it gives, the head of its column, which stands where the stage ran."""


class QualityPanel(Plug, frozen=True):
    """A row for each source; runs that say the same of all of them share one table, and further seeds are left out."""

    title: str = "The sources"
    place: int = 15

    def __call__(self, runs: Sequence[RunFolder]) -> str:
        pages: dict[Markup, list[RunFolder]] = {}
        for first, *_ in arms(runs).values():
            if found := sources(first):
                pages.setdefault(_page(first, found), []).append(first)
        if not pages:
            return ""
        note = (
            "Kept is what became conversations; steps, their mean number, and thoughts, the share of steps that have "
            "one, are those of the agents kept. What left is counted over all stages."
        )
        parts = [tag("p", note, class_="note")]
        for page, told in pages.items():
            names = "; ".join(label(run, runs) for run in told)
            parts += [tag("h3", names) if len(pages) > 1 else Markup(""), page]
        return join(parts)


def _page(run: RunFolder, found: dict[str, Source]) -> Markup:
    book = ledger(run)
    ran = {stage.name.partition("#")[0] for stage in book.stages} if book else set()
    apart = {reason: head for stage, (reason, head) in LOOKED_FOR.items() if stage in ran}
    tokens = any(source.sequences for source in found.values())
    columns = [
        Column("source", text=True),
        *map(Column, ("rows", "usable", "kept", "steps", "thoughts")),
        *([Column("tokens")] if tokens else []),
        *map(Column, apart.values()),
        Column("dropped otherwise" if apart else "dropped"),
        Column("quarantined"),
    ]
    rows = [_row(name, source, list(apart), tokens) for name, source in found.items()]
    return tag("div", table(columns, rows, "Sources of the corpus"), class_="stages sources")


def _row(name: str, source: Source, apart: list[str], tokens: bool) -> list[object]:
    others = Counter({reason: number for reason, number in source.dropped.items() if reason not in apart})
    licences = ", ".join(sorted(filter(None, source.licences))) or "no licence known"
    return [
        join((breakable(name), tag("small", licences))),
        count(source.rows),
        _part(source.usable, source.rows),
        _part(source.kept, source.rows),
        _mean(source.steps, source.agents, 1),
        share(source.thoughts, source.steps, 0),
        *([_mean(source.tokens, source.sequences, 0)] if tokens else []),
        *(_part(source.dropped[reason], source.usable) for reason in apart),
        reasons(others),
        reasons(source.quarantined),
    ]


def _part(number: int, whole: int) -> object:
    """The number, and below it its share."""
    return join((count(number), tag("small", share(number, whole)))) if number else figure(0)


def _mean(total: int, number: int, digits: int) -> str:
    return f"{total / number:,.{digits}f}" if number else "–"
