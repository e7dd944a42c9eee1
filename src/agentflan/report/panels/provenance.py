"""Where it all comes from: versions, digests and the resolved recipe of every run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from agentflan.core.kinds import RunFolder
from agentflan.core.plugs import Plug
from agentflan.report.markup import Column, join, table, tag
from agentflan.report.runs import label, manifest


class ProvenancePanel(Plug, frozen=True):
    """The manifest as it stands in the run, and the recipe, folded."""

    title: str = "Provenance"
    place: int = 60

    def __call__(self, runs: Sequence[RunFolder]) -> str:
        shown = [(run, list(_parts(run))) for run in runs]
        return join(part for run, parts in shown if parts for part in (tag("h3", label(run, runs)), *parts))


def _parts(run: RunFolder) -> Iterator[Markup]:
    found = manifest(run)
    if found:
        plain = {key: value for key, value in found.items() if not isinstance(value, Mapping | list)}
        if plain:
            yield _table("manifest", plain)
        for key, value in found.items():
            if isinstance(value, Mapping | list) and value:
                inner = _table(key, dict(_flat(value)))
                yield tag("details", tag("summary", f"{key} ({len(value)})"), inner, class_="more")
    recipe = run.folder / "recipe.yaml"
    if recipe.is_file():
        text = recipe.read_text("utf-8", errors="replace")
        yield tag("details", tag("summary", "recipe, resolved"), tag("pre", text), class_="more")


def _table(name: str, values: Mapping[str, Any]) -> Markup:
    rows = ((key, tag("code", value)) for key, value in values.items())
    return table((Column("what", text=True), Column("value", text=True)), rows, f"{name} of the run")


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its dotted path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flat(inner, f"{path}[{index}]")
    else:
        yield path, value
