"""One page of plain text on proposed weights, and the block that a recipe adopts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from agentflan.core.types import CAPABILITIES, Capability
from agentflan.train.speed.curves import Curves
from agentflan.train.speed.measure import Measured
from agentflan.train.speed.propose import FLOOR, Proposal
from agentflan.transforms.rebalance import PRESETS

_WIDTH = 110
_NOT_SAID = (
    "That these weights make a better model: they even out speeds, if speed goes with weight, which is assumed here.",
    "What another seed, learning rate or model would give: the intervals are over held-out groups alone.",
    "How low a loss would get in the end: curves that fit equally well disagree on it, so no floor is reported.",
    "Anything of plain chat, which keeps weight 1.",
)


def page(where: str, curves: Curves, proposal: Proposal, cautions: Sequence[str] = ()) -> str:
    """What was measured, what follows, and what does not."""
    clock = max(times[-1] for times in curves.clocks.values())
    parts = [
        f"Weights from learning speed: {where}",
        _paragraph(
            f"Measured: {len(curves.steps)} passes over the held-out groups until step {curves.steps[-1]:,}. Time is "
            f"counted in steps at the peak learning rate ({clock:,.0f} in all), so that warm-up and decay do not bend "
            "the curves. To the plain mean loss of each capability's tokens, floor + gap * exp(-(t / tau) ** bend) is "
            "fitted. A capability is as fast as its half-way point is early: the time by which half of what its loss "
            "fell in this run was gained."
        ),
        _table([*_measured_rows(proposal.measured)]),
    ]
    if proposal.slowest:
        derived = _paragraph(
            f"Derived: {proposal.slowest} is slowest and gets 1. The others get their half-way time over its own, so "
            f"what is learned twice as fast is trained half as much; nothing gets less than {FLOOR}. An interval holds "
            "90 % of the resamples of whole groups, and is widened where groups are few. The drop share is what must "
            "stay of the exchanges that `mode: drop` can take out, for the tokens to go down to the weight."
        )
        parts += [derived, _table([*_proposed_rows(proposal)])]
    if notes := [*_doubts(proposal), *cautions]:
        parts.append(_listed("Mind:", notes))
    return "\n\n".join([*parts, _listed("Not said:", _NOT_SAID)])


def block(where: str, proposal: Proposal) -> str:
    """The `rebalance` entry as YAML. A capability without a proposal keeps 1, and the line says so."""
    lines = [
        f"# Proposed by `agentflan weights {where}` from measured learning speed, with 90 % intervals.",
        "# An entry for `corpus.transforms`, behind `converse`.",
        "- use: rebalance",
        "  mode: weigh",
    ]
    for name in CAPABILITIES:
        weight = proposal.weights.get(name)
        about = f"{weight.low:.2f} to {weight.high:.2f}" if weight else f"not proposed: {_why(proposal, name)}"
        lines.append(f"  {name}: {_short(weight.value if weight else 1.0)}  # {about}")
    shares = ", ".join(f"{name}: {_short(proposal.shares.get(name, 1.0))}" for name in CAPABILITIES)
    lines.append(f"# The same by leaving exchanges out: {{use: rebalance, mode: drop, {shares}}}")
    return "\n".join(lines) + "\n"


def preset_block(name: str) -> str:
    """A preset as the same block; one with a share above 1 weighs, for nothing can be kept more than once."""
    shares = PRESETS[name]
    mode = "weigh" if max(shares.values()) > 1 else "drop"
    lines = [f"  {capability}: {_short(shares[capability])}" for capability in CAPABILITIES]
    return "\n".join(["- use: rebalance", f"  mode: {mode}", *lines]) + "\n"


def _measured_rows(measured: Mapping[str, Measured]) -> Iterator[Sequence[str]]:
    yield "capability", "tokens", "groups", "loss", "half-way at", "bend", "misfit", "last quarter"
    for name, one in measured.items():
        row = [name, f"{one.tokens:,}", f"{one.groups:,}", f"{one.first:.2f} to {one.last:.2f}"]
        if one.half and one.bend and one.misfit is not None and one.late is not None:
            half = f"{one.half.value:.1f} [{one.half.low:.1f}, {one.half.high:.1f}]"
            row += [half, f"{one.bend:.1f}", f"{one.misfit:.1%}", f"{one.late:.1%}"]
        yield [*row, *["-"] * (8 - len(row))]


def _proposed_rows(proposal: Proposal) -> Iterator[Sequence[str]]:
    yield "capability", "weight", "90 % interval", "drop share"
    for name in proposal.measured:
        weight = proposal.weights.get(name)
        if weight is None:
            yield name, "-", "not proposed", "-"
        else:
            interval = f"{weight.low:.2f} to {weight.high:.2f}"
            yield name, f"{weight.value:.2f}", interval, f"{proposal.shares[name]:.2f}"


def _doubts(proposal: Proposal) -> Iterator[str]:
    for name in CAPABILITIES:
        if name not in proposal.measured:
            yield f"{name}: no held-out token of it; it keeps 1."
        elif proposal.measured[name].doubt:
            yield f"{name}: {proposal.measured[name].doubt}. No weight is proposed; it keeps 1."
    if not proposal.slowest:
        yield "Fewer than two capabilities can be compared, so nothing is proposed and nothing written."
    elif proposal.measured[proposal.slowest].at_least:
        slowest = proposal.slowest
        yield f"{slowest} is slower than this run can show: the weights of the others are too high, if anything."
    for short, left in proposal.out_of_reach.items():
        yield f"{short}: `mode: drop` leaves {left:.0%} of its tokens at best; only `weigh` gets down to the weight."


def _why(proposal: Proposal, name: Capability) -> str:
    return proposal.measured[name].doubt if name in proposal.measured else "no held-out token of it"


def _short(weight: float) -> str:
    return f"{weight:.2f}".rstrip("0").rstrip(".")


def _table(rows: Sequence[Sequence[str]]) -> str:
    """The first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) if not place else cell.rjust(width) for place, (cell, width) in enumerate(cells))
        for cells in (zip(row, widths, strict=True) for row in rows)
    )


def _paragraph(text: str) -> str:
    return textwrap.fill(text, _WIDTH)


def _listed(title: str, sentences: Sequence[str]) -> str:
    return "\n".join([title, *(textwrap.fill(f"- {each}", _WIDTH, subsequent_indent="  ") for each in sentences)])
