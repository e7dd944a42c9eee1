"""`agentflan list` tells what core.plugs would load, read from the files alone."""

from __future__ import annotations

import json

import msgspec
import pytest

from agentflan.cli.main import run
from agentflan.cli.plug_pages import plug_page
from agentflan.core.plugs import PACKAGES, find, names

PLUGS = [(kind, name) for kind in PACKAGES for name in names(kind)]


@pytest.mark.parametrize(("kind", "name"), PLUGS)
def test_a_page_tells_every_setting_of_the_record(kind: str, name: str) -> None:
    page = plug_page(kind, name)
    fields = msgspec.structs.fields(find(kind, name))
    assert page.about
    assert [each.name for each in page.settings] == [field.name for field in fields]
    assert [each.default is None for each in page.settings] == [field.required for field in fields]


def test_all_kinds_and_one_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list"]) == 0
    everything = capsys.readouterr().out
    assert all(f"{kind}:" in everything for kind in PACKAGES)
    assert run(["list", "dialect", "--json"]) == 0
    assert [plug["name"] for plug in json.loads(capsys.readouterr().out)["dialect"]] == list(names("dialect"))


def test_an_unknown_kind_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "dialects"]) == 2
    assert capsys.readouterr().err == "there is no kind of plug named 'dialects'; did you mean 'dialect'?\n"
