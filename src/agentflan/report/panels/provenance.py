"""Where it all comes from: versions, digests and the resolved recipe of every run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from markupsafe import Markup

from agentflan.core.kinds import RunFolder
from agentflan.core.plugs import Plug
from agentflan.corpus import manifest
from agentflan.report.markup import Column, breakable, count, join, table, tag
from agentflan.report.runs import label, logged, recipe_text


class ProvenancePanel(Plug, frozen=True):
    """The manifest and the recipe of every run, folded; versions that all runs share stand once."""

    title: str = "Provenance"
    place: int = 60

    def __call__(self, runs: Sequence[RunFolder]) -> str:
        manifests = [(run, manifest.load(run.folder)) for run in runs]
        same = all(found.versions == manifests[0][1].versions for _, found in manifests)
        parts = [_versions(manifests[0][1])] if manifests and same else []
        for run, found in manifests:
            own = [*([] if same else [_versions(found)]), *_parts(run, found)]
            heading = [tag("h3", label(run, runs))] if len(runs) > 1 else []
            parts += [*heading, *own] if own else []
        return join(parts)


def _versions(found: manifest.Manifest) -> Markup:
    return _facts(found.versions)


def _training(run: RunFolder) -> dict[str, str]:
    """How far and how fast it trained, by its own log; speeds are medians, which validation and saving do not move."""
    log = [line for line in logged(run) if line.loss is not None]
    if not log:
        return {}
    speeds = (
        ("tokens a second", [line.tokens_per_second for line in log], "{:,.0f}"),
        ("trained tokens a second", [line.trained_tokens_per_second for line in log], "{:,.0f}"),
        ("model FLOPs utilisation", [line.mfu for line in log], "{:.0%}"),
    )
    told = {"steps": count(log[-1].step), "tokens": count(log[-1].tokens)}
    for name, values, form in speeds:
        if known := [value for value in values if value is not None]:
            told[name] = form.format(median(known))
    return told


def _facts(told: Mapping[str, str]) -> Markup:
    each = (tag("div", tag("dt", name), tag("dd", said)) for name, said in told.items())
    return tag("dl", *each, class_="facts") if told else Markup("")


def _parts(run: RunFolder, found: manifest.Manifest) -> Iterator[Markup]:
    if training := _training(run):
        yield _facts(training)
    rows: list[list[object]]
    if found.inputs:
        rows = [[breakable(name), tag("code", digest)] for name, digest in found.inputs.items()]
        yield _folded("inputs", (Column("file", text=True), Column("sha256", text=True)), rows)
    if found.stages:
        rows = [[name, tag("code", stage.key), ", ".join(stage.outputs)] for name, stage in found.stages.items()]
        columns = (Column("stage", text=True), Column("made from", text=True), Column("wrote", text=True))
        yield _folded("stages", columns, rows)
    if found.files:
        rows = [[breakable(name), count(file.bytes), tag("code", file.sha256)] for name, file in found.files.items()]
        yield _folded("files", (Column("file", text=True), Column("bytes"), Column("sha256", text=True)), rows)
    if recipe := recipe_text(run.folder):
        yield tag("details", tag("summary", "recipe, resolved"), tag("pre", recipe), class_="more")


def _folded(name: str, columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> Markup:
    summary = tag("summary", f"{name} ({count(len(rows))})")
    return tag("details", summary, table(columns, rows, f"{name} of the run"), class_="more")
