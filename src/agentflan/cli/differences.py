"""A comparison of two models as a table for a terminal."""

from __future__ import annotations

from agentflan.cli.tables import table
from agentflan.evals.comparing.comparison import Comparison, Difference, Verdict

_HEAD = ("metric", "A", "B", "B - A", "95 % interval", "pairs", "B higher", "B lower", "p", "p (Holm)")
_TITLES: dict[Verdict, str] = {"better": "B is better", "worse": "B is worse", "not separable": "not separable"}


_FOOT = """\
p: McNemar's exact test, mid-p, on the pairs that differ. p (Holm): corrected for all metrics tested here, those by part
apart from the others; better and worse mean below 0.05. `-`: no mean over problems, its interval is not paired."""


def differences_table(found: Comparison, *, parts: bool) -> str:
    """What got better, worse, neither. `parts`: also every metric by part of the benchmark."""
    models = f"A = {found.models[0]}, B = {found.models[1]}"
    count = f"{found.pairs:,} pairs, {found.only_first:,} problems only in A, {found.only_second:,} only in B"
    lines = [f"{found.benchmark}: {models}; {count}"]
    if found.ungraded:
        lines.append(f"{found.ungraded:,} pairs left out: a reply was lost to the infrastructure")
    if found.settings_differ:
        lines.append(f"both graded by A's settings; they differ in {', '.join(found.settings_differ)}")
    for verdict, title in _TITLES.items():
        told = [each for each in found.differences if each.verdict == verdict and (parts or not each.by_part)]
        if told:
            lines += ["", title, table(_HEAD, [_row(each) for each in told])]
    hidden = [] if parts else [each.verdict for each in found.differences if each.by_part]
    if hidden:
        kinds = ", ".join(f"{hidden.count(verdict):,} {verdict}" for verdict in _TITLES)
        lines += ["", f"by part (--parts): {kinds}"]
    return "\n".join([*lines, "", _FOOT])


def _row(each: Difference) -> list[str]:
    numbers = [f"{each.first:.3f}", f"{each.second:.3f}", f"{each.difference:+.3f}"]
    interval = f"[{each.low:+.3f}, {each.high:+.3f}]"
    if not each.pairs:
        return [each.metric, *numbers, interval, "-", "-", "-", "-", "-"]
    counts = [f"{number:,}" for number in (each.pairs, each.higher, each.lower)]
    return [each.metric, *numbers, interval, *counts, _p(each.p), _p(each.p_holm)]


def _p(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if value >= 0.001 else "<0.001"
