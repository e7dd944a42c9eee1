"""A diagnosis for a terminal: three tables, one for each observation."""

from __future__ import annotations

from collections.abc import Iterator

from agentflan.cli.tables import table
from agentflan.core.types import CAPABILITIES, CIRCUMSTANCES
from agentflan.report.diagnosis.record import Calls, Diagnosis, Interval, Losses

OBSERVED = ("format", "content")
EACH = (*CAPABILITIES, "chat")


def diagnosis_tables(found: Diagnosis) -> str:
    """Losses of each form side by side, each with its interval; then the replies by circumstance."""
    parts = [_head(found), _losses("1. Format and content: loss", found, OBSERVED)]
    parts.append(_losses("2. Capabilities: loss", found, EACH))
    if found.calls is not None:
        parts.append(_calls(found.calls))
    return "\n\n".join(parts)


def _head(found: Diagnosis) -> str:
    rows = "that training never saw" if found.rows == "held_out" else "in all"
    lines = [f"{found.model} on {found.corpus}, {found.of:,} conversations {rows}, template {found.template}"]
    for each in found.losses:
        left = "".join(f", {count:,} left out: {reason}" for reason, count in each.left.items())
        lines.append(f"{each.form}: {each.conversations:,} conversations in {each.groups:,} groups measured{left}")
    return "\n".join(lines)


def _losses(title: str, found: Diagnosis, names: tuple[str, ...]) -> str:
    forms = found.losses
    head = [title, *(column for each in forms for column in (each.form, "tokens", "conversations"))]
    rows = [
        [name, *(cell for each in forms for cell in _cells(each, name))]
        for name in names
        if any(name in each.means for each in forms)
    ]
    if names == OBSERVED and any(each.gap for each in forms):
        rows.append(["content - format", *(cell for each in forms for cell in (_number(each.gap), "", ""))])
    return table(head, rows)


def _cells(each: Losses, name: str) -> Iterator[str]:
    mean = each.means.get(name)
    yield from (_number(mean.loss), f"{mean.tokens:,}", f"{mean.conversations:,}") if mean else ("-", "-", "-")


def _number(found: Interval | None) -> str:
    if found is None:
        return "-"
    return f"{found.value:.3f}" if found.low is None else f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def _calls(found: Calls) -> str:
    rows = []
    for where in CIRCUMSTANCES:
        if count := found.metrics.get(f"n/{where}"):
            due = where == "tools_relevant"
            acts = _share(found, f"miss/{where}") if due else _share(found, f"over_call/{where}")
            rows.append([where, "misses the call" if due else "acts as an agent", acts, f"{count:.0f}"])
    if "over_call" in found.metrics:
        rows.append(["over-call rate", "mean of the above", _share(found, "over_call"), ""])
    foot = f"queries that need a tool: {_origin(found.queries)}; ordinary ones: {_origin(found.ordinary)}"
    faults = f"; {found.faults:,} problems got no reply" if found.faults else ""
    return f"{table(['3. Calls', 'the model', 'share', 'problems'], rows)}\n{foot}{faults}"


def _origin(text: str) -> str:
    return "the corpus' own" if text == "corpus" else "made up"


def _share(found: Calls, name: str) -> str:
    low, high = (found.metrics[f"{name}_{edge}"] for edge in ("low", "high"))
    return f"{found.metrics[name]:.3f} [{low:.3f}, {high:.3f}]"
