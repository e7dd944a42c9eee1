"""A run in the paper's own tables, beside all that it printed. What was not measured is a gap, and no gap is a zero.

A figure that does not compare with the printed ones stands with a remark that says why.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib.resources import files
from statistics import fmean
from typing import Any, NamedTuple

from agentflan.core.kinds import RunFolder
from agentflan.report.measured import Results, measured
from agentflan.report.runs import arms, notes, scores


class Column(NamedTuple):
    """One benchmark of the paper: its key in published.toml, and where a run has the same figure."""

    key: str
    title: str
    sources: tuple[tuple[str, str], ...]
    """(benchmark, metric in [0, 1]), the first that the run has."""
    digits: int = 1
    remark: str = ""
    """What keeps this figure apart from the printed ones in every run."""


MAIN = (
    Column("hotpotqa", "HotpotQA", (("hotpotqa_live", "f1"), ("hotpotqa_local", "f1"))),
    Column("sciworld", "SciWorld", (("sciworld", "compat/score"),)),
    Column("webarena", "WebArena", (("webarena", "success"),), 2),
    Column("teval", "T-Eval", (("teval", "compat/overall/en"),)),
    Column(
        "agent_h",
        "Agent-H",
        (("agent_h", "h_score"),),
        remark="Agent-H: other problems than the paper's, which were never published",
    ),
)
"""The held-out columns, whose plain mean is the overall score."""
GENERAL = (
    Column("mmlu", "MMLU", (("mmlu", "accuracy"),)),
    Column("gsm8k", "GSM8K", (("gsm8k", "strict_match"),)),
    Column("humaneval", "HumanEval", (("humaneval", "pass@1"),)),
)
HELD_IN = (
    (Column("alfworld", "ALFWorld", (("alfworld", "success"),)), 20),
    (Column("webshop", "WebShop", (("webshop", "reward"),)), 28),
    (Column("mind2web", "Mind2Web", (("mind2web", "step_success"),)), 9),
    (Column("knowledge_graph", "Knowledge Graph", (("knowledge_graph", "f1"),)), 16),
    (Column("os", "OS", (("os", "success"),)), 19),
    (Column("database", "Database", (("database", "accuracy"),)), 12),
)
"""The six tasks of AgentBench, each with the percentage that counts as 1 in the mean."""
_FOUND, _OVERALL = Column("held_in", "held-in", (), 2), Column("overall", "overall", ())
_SAMPLE = "the sample that ships with the house, which compares with nothing published"


class Cell(NamedTuple):
    value: float | None
    """In per cent, but for held-in. None: not measured, or not printed."""
    remarks: tuple[str, ...] = ()


class Row(NamedTuple):
    name: str
    published: bool
    cells: tuple[Cell, ...]


class PaperTable(NamedTuple):
    title: str
    source: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    """The printed rows, then one for each arm."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """All of them, in the order in which they come up; the first is number 1."""
        return tuple(dict.fromkeys(remark for row in self.rows for cell in row.cells for remark in cell.remarks))


def paper_tables(runs: Sequence[RunFolder]) -> tuple[PaperTable, ...]:
    """The main table, and that of general ability where a run has any of it; of several seeds the mean."""
    printed = tomllib.loads((files("agentflan.report") / "published.toml").read_text("utf-8"))
    columns = (_FOUND, *MAIN, _OVERALL)
    rows = [_main_row(arm, each) for arm, each in arms(runs).items()]
    tables = [PaperTable("Main table", printed["source"], columns, (*_printed(printed["main"], columns), *rows))]
    general = [Row(arm, False, tuple(_cell(column, each) for column in GENERAL)) for arm, each in arms(runs).items()]
    if any(cell.value is not None for row in general for cell in row.cells):
        rows_ = (*_printed(printed["general"], GENERAL), *general)
        tables.append(PaperTable("General ability", printed["source"], GENERAL, rows_))
    return tuple(tables)


def _printed(rows: Sequence[dict[str, Any]], columns: Sequence[Column]) -> tuple[Row, ...]:
    return tuple(Row(row["model"], True, tuple(Cell(row.get(column.key)) for column in columns)) for row in rows)


def _main_row(arm: str, runs: Sequence[RunFolder]) -> Row:
    held_out = [_cell(column, runs) for column in MAIN]
    held_in = [_cell(column, runs) for column, _ in HELD_IN]
    weighted = [
        cell.value / weight for cell, (_, weight) in zip(held_in, HELD_IN, strict=True) if cell.value is not None
    ]
    first = _mean(weighted, held_in, [column for column, _ in HELD_IN], "held-in")
    plain = [cell.value for cell in held_out if cell.value is not None]
    return Row(arm, False, (first, *held_out, _mean(plain, held_out, MAIN, "overall")))


def _mean(values: Sequence[float], cells: Sequence[Cell], columns: Sequence[Column], name: str) -> Cell:
    """The plain mean with the remarks of all that it is made of; or which of them are missing."""
    missing = [column.title for column, cell in zip(columns, cells, strict=True) if cell.value is None]
    if missing:
        return Cell(None, (f"{name}: not measured: {', '.join(missing)}",))
    return Cell(fmean(values), tuple(dict.fromkeys(remark for cell in cells for remark in cell.remarks)))


def _cell(column: Column, runs: Sequence[RunFolder]) -> Cell:
    seeds: list[Results] = [scores(run) for run in runs]
    for benchmark, metric in column.sources:
        if found := measured(seeds, benchmark, metric):
            return Cell(100 * found.value, _remarks(column, benchmark, runs))
    return Cell(None)


def _remarks(column: Column, benchmark: str, runs: Sequence[RunFolder]) -> tuple[str, ...]:
    """Why a figure is not one of the paper's: by its column, and by the notes that its benchmark left in each run."""
    found = [column.remark] if column.remark else []
    for told in (notes(run).get(benchmark, {}) for run in runs):
        if told.get("data") == "sample":
            found.append(f"{column.title}: {_SAMPLE}")
        elif "comparable" in told:
            found.append(f"{column.title}, comparable: {told['comparable']}")
    return tuple(dict.fromkeys(found))
