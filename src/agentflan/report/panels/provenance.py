"""Where it all comes from: versions, digests and the resolved recipe of every run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from agentflan.core.kinds import RunFolder
from agentflan.core.plugs import Plug
from agentflan.corpus import manifest
from agentflan.report.markup import Column, breakable, count, join, table, tag
from agentflan.report.runs import label, recipe_text


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
    versions = (tag("div", tag("dt", name), tag("dd", version)) for name, version in found.versions.items())
    return tag("dl", *versions, class_="facts") if found.versions else Markup("")


def _parts(run: RunFolder, found: manifest.Manifest) -> Iterator[Markup]:
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
