"""What came in and what left: every stage of the build, with the check that no row was lost on the way."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from agentflan.core.kinds import RunFolder
from agentflan.core.plugs import Plug
from agentflan.report.markup import Column, count, figure, join, reasons, share, table, tag
from agentflan.report.runs import Ledger, Stage, arms, label, ledger, token_ledger

_COLUMNS = (
    Column("stage", text=True),
    Column("in"),
    Column("made"),
    Column("out"),
    Column("dropped"),
    Column("quarantined"),
    Column("pending"),
    Column("books", text=True),
)


class LedgerPanel(Plug, frozen=True):
    """The ledger of every run; runs that kept the same books share one table, and further seeds are folded."""

    title: str = "What came in and what left"
    place: int = 10

    def __call__(self, runs: Sequence[RunFolder]) -> str:
        books: list[tuple[Ledger, list[RunFolder]]] = []
        for run in runs:
            if found := ledger(run):
                tokens = token_ledger(run)
                found.stages += tokens.stages if tokens else []
                same = next((kept for book, kept in books if book == found), None)
                if same is None:
                    books.append((found, same := []))
                same.append(run)
        if not books:
            return ""
        firsts = [each[0] for each in arms(runs).values()]
        parts = [tag("p", "At every stage, in + made = out + dropped + quarantined + pending.", class_="note")]
        for found, kept in books:
            names = "; ".join(label(run, runs) for run in kept)
            if any(run in firsts for run in kept):
                parts += [tag("h3", names) if len(books) > 1 else Markup(""), _book(found)]
            else:
                parts.append(tag("details", tag("summary", names), _book(found), class_="more"))
        return join(parts)


def _book(found: Ledger) -> Markup:
    rows = [_row(stage) for stage in found.stages]
    text = found.characters
    trained = share(text.trained, text.total)
    sums = f"{count(found.conversations)} conversations, {count(text.total)} characters, {trained} of them trained."
    return join((tag("div", table(_COLUMNS, rows, "Stages of the build"), class_="stages"), tag("p", sums)))


def _row(stage: Stage) -> list[object]:
    lost = stage.difference
    state = tag("span", f"✗ {count(abs(lost))} {'lost' if lost > 0 else 'too many'}", class_="bad")
    return [
        stage.name,
        figure(stage.into),
        figure(stage.made),
        count(stage.out),
        reasons(stage.dropped),
        reasons(stage.quarantined),
        figure(stage.pending),
        state if lost else tag("span", "✓", class_="good", aria_label="balanced"),
    ]
