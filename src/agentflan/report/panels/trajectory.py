"""One trajectory before and after: the steps as they came, and the conversation that is trained, with its loss map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from markupsafe import Markup

from agentflan.core.kinds import RunFolder
from agentflan.core.plugs import Plug
from agentflan.core.types import Answer, Conversation, Step, ToolCall, Trajectory
from agentflan.corpus.store.parquet import conversations, trajectories
from agentflan.report.lossmap import as_html, key_html
from agentflan.report.markup import join, tag
from agentflan.report.runs import label

_FORMS = ("Aligned to chat", "Left in ReAct form", "A negative sample")
_ENOUGH = 600
"""Characters from which an example shows something; the shortest above it is taken."""


class _Example(NamedTuple):
    before: Trajectory | None
    after: Conversation


class TrajectoryPanel(Plug, frozen=True):
    """Chosen by rule from the first run that has the most forms: the richest in capabilities, then the shortest."""

    title: str = "Before and after"
    place: int = 30
    look_at: int = 4_000
    """Conversations of the corpus that an example is chosen from."""

    def __call__(self, runs: Sequence[RunFolder]) -> str:
        chosen = [(run, self._examples(run)) for run in runs]
        run, examples = max(chosen, key=lambda entry: len(entry[1]), default=(None, {}))
        if run is None or not examples:
            return ""
        note = "The row as it was read, and the conversation that it became."
        if len(runs) > 1:
            note += f" Taken from {label(run, runs)}."
        parts: list[object] = [tag("p", note, class_="note"), key_html()]
        for form, example in examples.items():
            pair = tag("div", _before(example), _after(example.after), class_="pair")
            if form == next(iter(examples)):
                parts += [tag("h3", form), pair]
            else:
                parts.append(tag("details", tag("summary", form), pair, class_="more"))
        return join(parts)

    def _examples(self, run: RunFolder) -> dict[str, _Example]:
        best: dict[str, Conversation] = {}
        if any((run.folder / "corpus").glob("part-*.parquet")):
            for item in islice(conversations(run.folder / "corpus"), self.look_at):
                form = _form(item)
                if form and (form not in best or _rank(item) < _rank(best[form])):
                    best[form] = item
        before = _origins(run, best.values())
        return {form: _Example(before.get(best[form].id), best[form]) for form in _FORMS if form in best}


def _form(item: Conversation) -> str:
    """Which of the three an item can stand for; empty for none."""
    if item.kind == "negative":
        return _FORMS[2]
    spoken = [message for message in item.messages if message.role == "assistant"]
    if item.kind != "agent" or not spoken:
        return ""
    if any(part.capability for message in item.messages if message.role == "user" for part in message.segments):
        return _FORMS[0]
    return _FORMS[1] if any(part.capability for message in spoken for part in message.segments) else ""


def _rank(item: Conversation) -> tuple[int, bool, int, str]:
    """Smaller is better: many capabilities trained, long enough, short, and the id to settle ties."""
    segments = [part for message in item.messages for part in message.segments]
    trained = {part.capability for part in segments if part.loss}
    length = sum(len(part.text) for part in segments)
    return -len(trained), length < _ENOUGH, length, item.id


def _origins(run: RunFolder, chosen: Iterable[Conversation]) -> dict[str, Trajectory]:
    """Conversation id -> the trajectory it was made of."""
    folder = run.folder / "trajectories"
    wanted = {row: item.id for item in chosen for row in (*item.origin_ids, item.id)}
    found: dict[str, Trajectory] = {}
    if wanted and any(folder.glob("part-*.parquet")):
        for trajectory in trajectories(folder):
            if trajectory.id in wanted:
                found[wanted[trajectory.id]] = trajectory
            if len(found) == len(set(wanted.values())):
                break
    return found


def _before(example: _Example) -> Markup:
    trajectory = example.before
    if trajectory is None:
        note = tag("p", "The recipe wrote it: it has no row of its own.", class_="note")
        return tag("div", tag("h4", "As it came"), note)
    offered = ", ".join(tool.name for tool in trajectory.tools) or "none"
    head = tag("dl", *_pair("source", trajectory.source), *_pair("tools", offered), *_pair("query", trajectory.query))
    steps = (tag("div", tag("dl", *_step(step)), class_="message") for step in trajectory.steps)
    return tag("div", tag("h4", "As it came"), tag("div", tag("div", head, class_="message"), *steps, class_="steps"))


def _after(item: Conversation) -> Markup:
    return tag("div", tag("h4", "As it is trained"), as_html(item), tag("p", tag("small", f"id {item.id}")))


def _step(step: Step) -> list[Markup]:
    shown = _pair("thought", step.thought)
    if isinstance(step.action, ToolCall):
        shown += [*_pair("action", step.action.name), *_pair("arguments", step.action.arguments)]
    elif isinstance(step.action, Answer):
        shown += _pair("answer", step.action.text)
    if step.observation is not None:
        shown += _pair("observation", step.observation)
    return shown


def _pair(name: str, text: str) -> list[Markup]:
    shown = tag("dd", text, class_="text") if text else tag("dd", "none", class_="text none")
    return [tag("dt", name), shown]
