"""The batch at which a training run was stopped, by a loss that jumped or is no number: its tokens, its losses beside.

The run keeps it in `train/stopped/batch.json`; the tokens are those of its `tokens/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from markupsafe import Markup

from agentflan.core.errors import Mistake
from agentflan.report import terminal, tokenmap
from agentflan.report.lossmap import Run, key_html, turns_html
from agentflan.report.markup import Column, table, tag, visible
from agentflan.report.page import Section, write_page
from agentflan.report.palette import KINDS_OF_TEXT
from agentflan.report.runs import decoded, template_of

_KEPT = Path("train") / "stopped" / "batch.json"


class Lost(msgspec.Struct):
    """One sequence of the batch."""

    id: str
    """Of its conversation."""
    number: int
    """In the tokens folder."""
    loss: float | None = None
    """The plain mean; None where it is no number."""
    by_capability: dict[str, float | None] = {}


class Batch(msgspec.Struct):
    """batch.json"""

    step: int
    why: str
    loss: float | None = None
    sequences: list[Lost] = []


class Stopped(NamedTuple):
    batch: Batch
    """The sequence of the highest loss first, those without a number before it."""
    runs: list[tuple[Run, ...]]
    """The tokens of each sequence."""


def kept_in(path: Path) -> Path | None:
    """The kept batch of a run folder, or of its `train/stopped`; None where the run was not stopped."""
    inside = [path / _KEPT, *([path / _KEPT.name] if path.name == _KEPT.parent.name else [])]
    return next((file for file in inside if file.is_file()), None)


def stopped(file: Path, item_id: str | None = None) -> Stopped:
    """The batch, or its sequences of one conversation. Raises `Mistake` where the tokens are others by now."""
    batch = decoded(file.read_bytes(), Batch, str(file))
    run = file.parents[2]
    names = (run / "tokens" / "sequences.txt").read_text("utf-8").splitlines() if batch.sequences else []
    if any(one.number >= len(names) or names[one.number] != one.id for one in batch.sequences):
        what = "has other sequences than those that were trained on"
        raise Mistake(what, where=str(run / "tokens"), mend=f"train again, or delete {file.parent}")
    worst = sorted(batch.sequences, key=lambda one: (one.loss is not None, -(one.loss or 0)))
    batch.sequences = [one for one in worst if one.id.startswith(item_id or "")]
    if not batch.sequences:
        first = worst[0].id if worst else "none"
        raise Mistake(f"{item_id!r} is not in the batch", where=str(file), mend=f"the first is {first!r}")
    numbers = [one.number for one in batch.sequences]
    return Stopped(batch, tokenmap.sequences(numbers, template_of(run), run / "tokens"))


def batch_as_text(found: Stopped, *, colour: bool, ids: bool = False) -> str:
    """For a terminal, or a pipe."""
    parts = [visible(_head(found.batch)), terminal.legend(colour=colour)]
    for one, runs in zip(found.batch.sequences, found.runs, strict=True):
        losses = "  ".join(f"{name} {value}" for name, value in _losses(one))
        parts += ["", terminal.heading(f"{one.id}  {losses}", colour=colour), ""]
        parts.append(terminal.map_of(runs, colour=colour, ids=ids))
    return "\n".join(parts) + "\n"


def write_stopped(found: Stopped, out: Path, *, ids: bool = False) -> None:
    """The same as a page of its own, with a table of the losses before."""
    columns = [Column("conversation", text=True), Column("loss"), *map(Column, KINDS_OF_TEXT)]
    rows = [_row(one) for one in found.batch.sequences]
    head = tag("div", tag("p", _head(found.batch), class_="cut"), key_html(marks=True), table(columns, rows, "Losses"))
    sections = [
        Section(f"sequence-{one.number}", f"{one.id}, loss {_said(one.loss)}", turns_html(runs, ids=ids))
        for one, runs in zip(found.batch.sequences, found.runs, strict=True)
    ]
    write_page(out, title=f"Stopped at step {found.batch.step:,}", head=head, sections=sections)


def _head(batch: Batch) -> str:
    return f"stopped at step {batch.step:,}: {batch.why} (loss of the batch {_said(batch.loss)})"


def _losses(one: Lost) -> Sequence[tuple[str, str]]:
    known = [(name, _said(one.by_capability[name])) for name in KINDS_OF_TEXT if name in one.by_capability]
    return [("loss", _said(one.loss)), *known]


def _row(one: Lost) -> list[object]:
    link: Markup = tag("a", one.id, href=f"#sequence-{one.number}")
    each = (_said(one.by_capability[name]) if name in one.by_capability else "–" for name in KINDS_OF_TEXT)
    return [link, _said(one.loss), *each]


def _said(loss: float | None) -> str:
    return "no number" if loss is None else f"{loss:.3f}"
