"""Loss per capability while training (paper section 3, figure 3): format falls faster than content, or it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from markupsafe import Markup

from agentflan.core.kinds import RunFolder
from agentflan.core.plugs import Plug
from agentflan.report.markup import breakable, join, legend, swatch, tag
from agentflan.report.palette import KINDS_OF_TEXT
from agentflan.report.plots import Curve, curves, dash
from agentflan.report.runs import Logged, arms, logged

CONTENT = ("reasoning", "retrieval", "understanding")

_Lines = dict[str, list[list[Logged]]]
"""Arm -> the log of each seed."""


class LossesPanel(Plug, frozen=True):
    """Arms overlaid by dash pattern, several seeds as their mean with a band from the smallest to the largest."""

    title: str = "Loss per capability"
    place: int = 40

    def __call__(self, runs: Sequence[RunFolder]) -> str:
        logs = {arm: [log for run in each if (log := logged(run))] for arm, each in arms(runs).items()}
        logs = {arm: seeds for arm, seeds in logs.items() if seeds}
        if not logs:
            return ""
        figures = list(_figures(logs))
        names = [join((swatch("ink", dash(style)), tag("span", breakable(arm)))) for style, arm in enumerate(logs)]
        text = "Strong lines: validation. Faint: training. Content: the mean of reasoning, retrieval, understanding."
        if any(len(seeds) > 1 for seeds in logs.values()):
            text += " Bands reach from the smallest to the largest seed."
        key = legend(*names) if len(names) > 1 else ""
        return join((tag("p", text, class_="note"), key, tag("div", *figures, class_="plots")))


def _figures(logs: _Lines) -> Iterator[Markup]:
    shown = [("content", "ink"), ("format", "format")]
    drawn = [curve for group, colour in shown for curve in _curves(logs, group, colour)]
    if len({curve.colour for curve in drawn}) == len(shown):
        key = legend(join((swatch("format"), "format")), join((swatch("ink"), "content")))
        yield _figure("Format against content", curves("loss-content", "loss of format against content", drawn), key)
    for name in KINDS_OF_TEXT:
        if drawn := list(_curves(logs, name, name)):
            yield _figure(name.capitalize(), curves(f"loss-{name}", f"loss of {name}", drawn))
    if weights := list(_weights(logs)):
        moved = dict.fromkeys(curve.colour for curve in weights)
        key = legend(*(join((swatch(name), name)) for name in moved))
        yield _figure("Weights, as they followed the validation", curves("loss-weights", "weights", weights), key)


def _weights(logs: _Lines) -> Iterator[Curve]:
    """Of runs whose weights follow the measured speed; each seed apart, for each went its own way."""
    for style, seeds in enumerate(logs.values()):
        for log in seeds:
            changes = [line for line in log if line.balance]
            for name in KINDS_OF_TEXT:
                points = {line.step: line.balance[name] for line in changes if name in line.balance}
                if points:
                    yield Curve(list(points), list(points.values()), name, style)


def _curves(logs: _Lines, group: str, colour: str) -> Iterator[Curve]:
    for style, seeds in enumerate(logs.values()):
        for faint in (True, False):
            points = [dict(_points(log, group, validation=not faint)) for log in seeds]
            steps = sorted({step for seed in points for step in seed})
            values = [[seed[step] for seed in points if step in seed] for step in steps]
            if not values:
                continue
            several = len(seeds) > 1 and not faint
            low = [min(each) for each in values] if several else ()
            high = [max(each) for each in values] if several else ()
            yield Curve(steps, [fmean(each) for each in values], colour, style, faint, low, high)


def _points(log: Sequence[Logged], group: str, *, validation: bool) -> Iterator[tuple[int, float]]:
    for line in log:
        losses = line.validation_loss_by_capability if validation else line.loss_by_capability
        value = _content(losses) if group == "content" else losses.get(group)
        if value is not None:
            yield line.step, value


def _content(losses: Mapping[str, float | None]) -> float | None:
    found = [value for name in CONTENT if (value := losses.get(name)) is not None]
    return fmean(found) if found else None


def _figure(title: str, plot: Markup, key: object = "") -> Markup:
    return tag("figure", tag("h4", title), plot, key)
