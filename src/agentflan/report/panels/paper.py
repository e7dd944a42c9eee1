"""The run in the paper's tables, beside its printed rows (paper section 5, tables 1 and of general ability)."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from agentflan.core.kinds import RunFolder
from agentflan.core.plugs import Plug
from agentflan.report.markup import Column, join, table, tag
from agentflan.report.paper import Cell, PaperTable, paper_tables


class PaperPanel(Plug, frozen=True):
    """Shown as soon as a run has one of the paper's figures."""

    title: str = "Beside the paper"
    place: int = 55

    def __call__(self, runs: Sequence[RunFolder]) -> str:
        tables = [each for each in paper_tables(runs) if _measured(each)]
        return join(part for each in tables for part in _shown(each))


def _measured(found: PaperTable) -> bool:
    return any(cell.value is not None for row in found.rows if not row.published for cell in row.cells)


def _shown(found: PaperTable) -> Sequence[Markup]:
    columns = [Column("", text=True), *(Column(column.title) for column in found.columns)]
    rows: list[list[object]] = [[f"As printed: {found.source}"]]
    rows += [_row(found, number) for number, row in enumerate(found.rows) if row.published]
    rows.append(["Measured here"])
    rows += [_row(found, number) for number, row in enumerate(found.rows) if not row.published]
    listed = [tag("li", remark) for remark in found.remarks]
    remarks = tag("ol", *listed, class_="note") if listed else Markup("")
    return [tag("h3", found.title), table(columns, rows, found.title), remarks]


def _row(found: PaperTable, number: int) -> list[object]:
    row = found.rows[number]
    cells = zip(row.cells, found.columns, strict=True)
    return [row.name, *(_cell(cell, column.digits, found.remarks) for cell, column in cells)]


def _cell(cell: Cell, digits: int, remarks: Sequence[str]) -> object:
    marks = ", ".join(str(remarks.index(remark) + 1) for remark in cell.remarks)
    value = "–" if cell.value is None else f"{cell.value:.{digits}f}"
    return join((value, tag("sup", marks))) if marks else value
