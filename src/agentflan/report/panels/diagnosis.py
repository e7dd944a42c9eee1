"""The paper's three observations, measured without training (section 3): what `agentflan diagnose -o RUN` has left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from agentflan.core.kinds import RunFolder
from agentflan.core.plugs import Plug
from agentflan.core.types import CIRCUMSTANCES
from agentflan.report.diagnosis.record import CONTENT, Calls, Diagnosis, Interval, Losses, Mean, load
from agentflan.report.markup import Column, arm_name, breakable, count, join, legend, swatch, table, tag
from agentflan.report.palette import arm_colour
from agentflan.report.panels.scores import WORDS
from agentflan.report.plots import Dot, dots, marker_path
from agentflan.report.runs import label

_CLASSES = ("format", "content", *CONTENT, "chat")
_ORIGIN = {"corpus": "the corpus' own", "made_up": "made up"}


class _Told(NamedTuple):
    """One column: a run in one form."""

    name: str
    losses: Losses


class DiagnosisPanel(Plug, frozen=True):
    """Losses with their intervals, a column for each run and form; beside them the replies where no call is due."""

    title: str = "Diagnosis"
    place: int = 45

    def __call__(self, runs: Sequence[RunFolder]) -> str:
        found = [(label(run, runs), each) for run in runs if (each := load(run.folder))]
        if not found:
            return ""
        told = [_Told(_name(run, each.form, runs), each) for run, said in found for each in said.losses]
        note = "Mean loss of a token, in nats; content is reasoning, retrieval and understanding together. "
        note += "95 % intervals, those of losses by bootstrap over groups of conversations."
        chosen = [tag("li", _chosen(said)) for _, said in found]
        figures = tag("div", _losses(told), *_calls(found), class_="plots wide")
        return join((tag("p", note, class_="note"), tag("ul", *chosen, class_="note"), figures, _table(told)))


def _name(run: str, form: str, runs: Sequence[RunFolder]) -> str:
    words = form.replace("_", " ")
    return f"{run}, {words}" if len(runs) > 1 else words


def _chosen(said: Diagnosis) -> str:
    rows = "that training never saw" if said.rows == "held_out" else "in all"
    most = max(each.conversations for each in said.losses)
    return f"{said.model} on {said.corpus}: {count(most)} of {count(said.of)} conversations {rows}."


def _legend(names: Sequence[str]) -> Markup:
    """Nothing, where there is nothing to tell apart."""
    looks = (swatch(arm_colour(index, len(names)), marker=marker_path(index)) for index in range(len(names)))
    entries = [join((look, tag("span", breakable(name)))) for look, name in zip(looks, names, strict=True)]
    return legend(*entries) if len(names) > 1 else Markup("")


def _shown(told: Sequence[_Told]) -> list[str]:
    return [name for name in _CLASSES if any(name in each.losses.means for each in told)]


def _losses(told: Sequence[_Told]) -> Markup:
    rows = [
        [
            _dot(each.losses.means[name].loss, index, len(told))
            for index, each in enumerate(told)
            if name in each.losses.means
        ]
        for name in _shown(told)
    ]
    top = max(dot.high for row in rows for dot in row)
    plot = dots("diagnosis-losses", "loss of each class of tokens", _shown(told), rows, top=max(top, 1e-6))
    key = _legend([each.name for each in told])
    return tag("figure", tag("h4", "Loss"), plot, key, tag("figcaption", "Lower is learned better."))


def _dot(found: Interval, index: int, of: int) -> Dot:
    low, high = (found.value if edge is None else edge for edge in (found.low, found.high))
    return Dot(found.value, low, high, arm_colour(index, of), index)


def _table(told: Sequence[_Told]) -> Markup:
    columns = [Column("", text=True), *(_head(each.name, index, len(told)) for index, each in enumerate(told))]
    rows: list[list[object]] = [[name, *(_mean(each.losses.means.get(name)) for each in told)] for name in _shown(told)]
    if any(each.losses.gap for each in told):
        rows.append(["content less format", *(_number(each.losses.gap) for each in told)])
    return table(columns, rows, "Mean losses by class of token")


def _head(name: str, index: int, of: int) -> Column:
    return Column(arm_name(name, arm_colour(index, of)) if of > 1 else name)


def _mean(found: Mean | None) -> object:
    if found is None:
        return "–"
    words = f"{count(found.tokens)} tokens, {count(found.conversations)} conversations"
    return join((_number(found.loss), tag("small", words)))


def _number(found: Interval | None) -> object:
    if found is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{found.value:.3f}"
    return join((f"{found.value:.3f}", tag("small", f"{found.low:.3f} – {found.high:.3f}")))


def _calls(found: Sequence[tuple[str, Diagnosis]]) -> list[Markup]:
    """Over-calls by circumstance, the runs side by side."""
    asked = [(run, said.calls) for run, said in found if said.calls]
    if not asked:
        return []
    metrics = [("over_call", "over-call rate, the mean")]
    metrics += [(f"over_call/{where}", WORDS[where]) for where in CIRCUMSTANCES if where != "tools_relevant"]
    metrics.append(("miss/tools_relevant", "a call is due and missed"))
    shown = [(name, words) for name, words in metrics if any(name in calls.metrics for _, calls in asked)]
    rows = [
        [_share(calls, name, index, len(asked)) for index, (_, calls) in enumerate(asked) if name in calls.metrics]
        for name, _ in shown
    ]
    plot = dots("diagnosis-calls", "agent form where no call is due", [words for _, words in shown], rows)
    origins = dict.fromkeys(
        f"{count(calls.problems)} problems; queries that need a tool are {_ORIGIN[calls.queries]}, ordinary ones "
        f"{_ORIGIN[calls.ordinary]}"
        for _, calls in asked
    )
    key = _legend([run for run, _ in asked])
    caption = tag("figcaption", f"Lower is better. {'. '.join(origins)}.")
    return [tag("figure", tag("h4", "Agent form where no call is due"), plot, key, caption)]


def _share(calls: Calls, name: str, index: int, of: int) -> Dot:
    low, high = (calls.metrics[f"{name}_{edge}"] for edge in ("low", "high"))
    return Dot(calls.metrics[name], low, high, arm_colour(index, of), index)
