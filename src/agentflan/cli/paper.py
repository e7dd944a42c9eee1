"""The paper's tables for a terminal, with the run in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentflan.cli.tables import table
from agentflan.report.paper import Cell, PaperTable


def paper_text(tables: Sequence[PaperTable]) -> str:
    """Each table with its remarks below it, which the cells refer to by number."""
    return "\n\n".join(_text(each) for each in tables)


def paper_data(tables: Sequence[PaperTable]) -> dict[str, Any]:
    """The same as plain values: None where nothing was measured, and each figure's remarks by its column."""
    return {
        "tables": [
            {
                "title": each.title,
                "source": each.source,
                "rows": [
                    {
                        "model": row.name,
                        "published": row.published,
                        **{column.key: cell.value for column, cell in zip(each.columns, row.cells, strict=True)},
                        "remarks": {
                            column.key: cell.remarks
                            for column, cell in zip(each.columns, row.cells, strict=True)
                            if cell.remarks
                        },
                    }
                    for row in each.rows
                ],
            }
            for each in tables
        ]
    }


def _text(found: PaperTable) -> str:
    remarks = found.remarks
    rows = [
        [
            row.name,
            *(_cell(cell, column.digits, remarks) for column, cell in zip(found.columns, row.cells, strict=True)),
        ]
        for row in found.rows
    ]
    ours = sum(not row.published for row in found.rows)
    lines = table([found.title, *(column.title for column in found.columns)], rows).split("\n")
    lines.insert(len(lines) - ours, "-" * max(map(len, lines)))
    return "\n".join([*lines, *(f"[{number}] {remark}" for number, remark in enumerate(remarks, 1))])


def _cell(cell: Cell, digits: int, remarks: Sequence[str]) -> str:
    """The marks stand before the figure, so that figures stay in line."""
    marks = ",".join(str(remarks.index(remark) + 1) for remark in cell.remarks)
    value = "-" if cell.value is None else f"{cell.value:.{digits}f}"
    return f"[{marks}] {value}" if marks else value
