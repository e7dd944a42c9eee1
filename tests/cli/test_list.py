"""`agentflan list` tells what core.plugs would load, read from the files alone."""

from __future__ import annotations

import json

import msgspec
import pytest

from agentflan.cli.block_pages import BLOCKS, block_pages
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


@pytest.mark.parametrize(("block", "record"), BLOCKS.items())
def test_a_block_tells_every_key(block: str, record: type[msgspec.Struct]) -> None:
    pages = block_pages(block)
    assert all(page.about for page in pages)
    fields = msgspec.structs.fields(record)
    assert [(each.name, each.default is None) for each in pages[0].settings] == [
        (field.name, field.required) for field in fields
    ]


def test_blocks_inside_of_a_block_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "train", "--json"]) == 0
    pages = json.loads(capsys.readouterr().out)["train"]
    assert [page["name"] for page in pages] == [
        "train",
        "train.model",
        "train.model.scratch",
        "train.model.shape",
        "train.lora",
    ]
    assert "rank" in [setting["name"] for setting in pages[-1]["settings"]]


def test_all_kinds_and_one_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list"]) == 0
    everything = capsys.readouterr().out
    assert all(f"{kind}:" in everything for kind in [*PACKAGES, *BLOCKS])
    assert run(["list", "dialect", "--json"]) == 0
    assert [plug["name"] for plug in json.loads(capsys.readouterr().out)["dialect"]] == list(names("dialect"))


def test_an_unknown_kind_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["list", "dialects"]) == 2
    assert (
        capsys.readouterr().err == "there is no kind of plug and no block named 'dialects'; did you mean 'dialect'?\n"
    )
