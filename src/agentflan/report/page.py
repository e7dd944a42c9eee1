"""The report: one self-contained page that opens offline. A panel is a file of `panels/`; the page only sets them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from agentflan.core import plugs
from agentflan.core.kinds import Panel
from agentflan.corpus.building.frames import save
from agentflan.report.markup import visible
from agentflan.report.palette import KINDS_OF_TEXT, variables
from agentflan.report.runs import run_folders
from agentflan.report.verdict import verdict

_HERE = files("agentflan.report")


class Section(NamedTuple):
    """One panel as it stands on the page."""

    anchor: str
    title: str
    body: Markup


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Writes report.html for a run folder, or for a folder of them side by side; returns where it is.

    Raises `Mistake` where `folder` holds no run or a file of a run is damaged. The page appears whole or not at all.
    """
    runs = run_folders(folder)
    panels: list[tuple[str, Panel]] = [(name, plugs.load("panel", name)) for name in plugs.names("panel")]
    panels.sort(key=lambda entry: (entry[1].place, entry[0]))
    drawn = ((name, panel.title, panel(runs)) for name, panel in panels)
    sections = [Section(name, title, Markup(html)) for name, title, html in drawn if html]
    out = out or folder / "report.html"
    write_page(out, title=folder.resolve().name, head=verdict(runs), sections=sections)
    return out


def write_page(out: Path, *, title: str, head: Markup, sections: Sequence[Section]) -> None:
    """One page with its styles inside. Control characters become visible, so no text can hide or reorder another."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((_HERE / "page.html.j2").read_text("utf-8"))
    html = template.render(title=title, head=head, sections=sections, style=Markup(_style()))
    out.parent.mkdir(parents=True, exist_ok=True)
    save(out, [visible(html).encode()])


def _style() -> str:
    chips = [f".c-{name}{{--c:var(--{name});--tint:var(--{name}-tint)}}" for name in KINDS_OF_TEXT]
    return variables() + "\n".join(chips) + "\n" + (_HERE / "style.css").read_text("utf-8")
