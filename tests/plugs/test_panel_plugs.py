"""What every panel must do: show a complete run, say nothing of an empty one, let nothing in a run become markup."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentflan.core import plugs
from agentflan.core.kinds import Panel
from agentflan.report.runs import run_folders
from tests.report.example_run import write_arms, write_run
from tests.report.html_text import Page

PANELS = plugs.names("panel")


def panel(name: str) -> Panel:
    loaded: Panel = plugs.load("panel", name)
    return loaded


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "one")
    write_run(folder / "hostile", hostile=True)
    write_arms(folder / "arms", seeds=2)
    (folder / "empty" / "corpus").mkdir(parents=True)
    return folder


@pytest.mark.parametrize("name", PANELS)
@pytest.mark.parametrize("which", ["one", "arms"])
def test_shows_a_complete_run_as_whole_html(name: str, which: str, runs: Path) -> None:
    html = panel(name)(run_folders(runs / which))
    assert len(Page(html).text) > 50
    assert html == panel(name)(run_folders(runs / which))


@pytest.mark.parametrize("name", PANELS)
def test_has_nothing_to_say_of_an_empty_run(name: str, runs: Path) -> None:
    assert panel(name)(run_folders(runs / "empty")) == ""


@pytest.mark.parametrize("name", PANELS)
def test_nothing_in_a_run_becomes_markup(name: str, runs: Path) -> None:
    page = Page(panel(name)(run_folders(runs / "hostile")))
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert not [key for key, _ in page.attributes if key.startswith("on") or key in ("src", "srcset")]


def test_panels_stand_in_places_of_their_own() -> None:
    places = [panel(name).place for name in PANELS]
    assert len(set(places)) == len(places)
    assert all(panel(name).title for name in PANELS)
