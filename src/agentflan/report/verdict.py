"""The head of the page: what was run, and what it showed, before anybody scrolls."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from agentflan.core.kinds import RunFolder
from agentflan.report.markup import Column, arm_name, breakable, count, join, share, table, tag
from agentflan.report.measured import Measured, Results, measured, results
from agentflan.report.palette import arm_colour
from agentflan.report.runs import arms, caveats, ledger, logged, token_ledger

HEADLINES = (
    ("over_call/tools_irrelevant", "over-call: only irrelevant tools offered", "lower is better"),
    ("over_call/no_tools_relevant", "over-call: no tools, the query asks for one", "lower is better"),
    ("over_call/tools_ordinary", "over-call: tools, an ordinary query", "lower is better"),
    ("right_tool", "right tool where one is due", "higher is better"),
    ("balanced", "balanced score", "higher is better"),
)
"""Metric of `agent_h`, what it says, which way is good."""


def verdict(runs: Sequence[RunFolder]) -> Markup:
    """Facts of the runs, one sentence and what it does not say, and the headline scores of every arm."""
    scored = results(runs)
    told = tag("div", _sentence(scored), _caveats(runs), class_="told")
    return join((tag("dl", *_facts(runs), class_="facts"), tag("div", told, _headlines(scored), class_="verdict")))


def _facts(runs: Sequence[RunFolder]) -> list[Markup]:
    by_arm = arms(runs)
    seeds = max(len(each) for each in by_arm.values())
    facts: list[tuple[str, object]] = [("arms", join((breakable(", ".join(by_arm)),)))] if len(by_arm) > 1 else []
    if seeds > 1:
        facts.append(("seeds", str(seeds)))
    books = [found for first, *_ in by_arm.values() if (found := ledger(first))]
    if books:
        facts.append(("rows read", _each([count(found.stages[0].into if found.stages else 0) for found in books])))
        facts.append(("conversations", _each([count(found.conversations) for found in books])))
    tokens = [kept.tokens for first, *_ in by_arm.values() if (kept := token_ledger(first))]
    texts = tokens or [found.characters for found in books]
    if texts:
        facts.append(("tokens" if tokens else "characters", _each([count(each.total) for each in texts])))
        facts.append(("of them trained", _each([share(each.trained, each.total, 0) for each in texts])))
    steps = [lines[-1].step for first, *_ in by_arm.values() if (lines := logged(first))]
    if steps:
        facts.append(("steps", _each([count(step) for step in steps])))
    return [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts]


def _each(values: Sequence[str]) -> str:
    """One value where all arms share it, otherwise theirs in turn."""
    return values[0] if len(set(values)) == 1 else " / ".join(values)


def _sentence(scored: dict[str, list[Results]]) -> Markup:
    def told(metric: str) -> str:
        found = {arm: measured(seeds, "agent_h", metric) for arm, seeds in scored.items()}
        parts = [f"{share(value.value, 1, 0)} ({arm})" for arm, value in found.items() if value]
        return " and ".join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else "".join(parts).partition(" (")[0]

    over, right = told("over_call/tools_irrelevant"), told("right_tool")
    if not (over and right):
        return Markup("")
    text = (
        f"Offered nothing but irrelevant tools, the model still acts as an agent in {over} of its replies. "
        f"Where a tool is due, it picks the right one in {right}."
    )
    return tag("p", text, class_="lead")


def _caveats(runs: Sequence[RunFolder]) -> Markup:
    said = caveats(runs)
    if not said:
        return Markup("")
    items = (tag("li", sentence) for sentence in said)
    return tag("details", tag("summary", "What this does not show"), tag("ul", *items), class_="caveats", open=True)


def _headlines(scored: dict[str, list[Results]]) -> Markup:
    rows = []
    for metric, says, better in HEADLINES:
        found = [measured(seeds, "agent_h", metric) for seeds in scored.values()]
        if any(found):
            rows.append([join((says, tag("small", better))), *(_figure(each) for each in found)])
    if not rows:
        return Markup("")
    heads = [arm_name(arm, arm_colour(index, len(scored))) for index, arm in enumerate(scored)]
    columns = [Column("Agent-H", text=True), *(Column(head) for head in heads)]
    return tag("div", table(columns, rows, "Headline scores of every arm"), class_="headlines")


def _figure(found: Measured | None) -> Markup:
    if not found:
        return Markup("–")
    return tag("span", f"{found.value:.2f}", tag("small", f"{found.low:.2f} – {found.high:.2f}"), class_="big")
