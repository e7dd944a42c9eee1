"""What every source must hold: a golden row becomes a golden trajectory; every other row leaves with a reason."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentflan.core import plugs
from agentflan.core.errors import Unreadable
from agentflan.core.types import Dropped, Trajectory
from agentflan.corpus.checking.check import check
from agentflan.recipes.demo import agents, rows


def golden(name: str) -> tuple[Any, Trajectory]:
    """A row as it comes, and what it must become. A new source adds `tests/sources/samples/NAME.py`."""
    sample = import_module(f"tests.sources.samples.{name}")
    return sample.ROW, sample.EXPECTED


DEMONSTRATION = (
    lambda: agents.tasks(0, 5),
    lambda: rows.searches(0, 50),
    lambda: rows.chats(0, 50),
)


@pytest.mark.parametrize("name", plugs.names("source"))
def test_a_golden_row_becomes_its_golden_trajectory(name: str) -> None:
    row, expected = golden(name)
    found = plugs.load("source", name)(json.dumps(row).encode())
    assert isinstance(found, Trajectory)
    if found.tools:  # a schema is the same however it is spaced
        schemas = [json.loads(tool.parameters) for tool in found.tools]
        assert schemas == [json.loads(tool.parameters) for tool in expected.tools]
        expected = msgspec.structs.replace(expected, tools=found.tools)
    assert found == msgspec.structs.replace(expected, licence=found.licence)


@pytest.mark.parametrize("name", plugs.names("source"))
def test_check_knows_the_format_by_itself(name: str, tmp_path: Path) -> None:
    row = golden(name)[0]
    path = tmp_path / "rows.json"
    path.write_text("\n".join(map(json.dumps, row)) if isinstance(row, list) else json.dumps(row))
    assert check(path).format == name


@pytest.mark.parametrize("name", plugs.names("source"))
def test_no_row_goes_without_a_word(name: str) -> None:
    source = plugs.load("source", name)
    rows_of_all = [golden(other)[0] for other in plugs.names("source")]
    rows_of_all += [row for made in DEMONSTRATION for row in made()]
    for row in rows_of_all:
        reason, read = _outcome(source, row)
        assert read or reason.replace("_", "").isalpha()


def _outcome(source: Any, row: Any) -> tuple[str, bool]:
    try:
        outcome = source(json.dumps(row).encode())
    except Unreadable as error:
        return error.reason, False
    return ("", True) if isinstance(outcome, Trajectory) else (outcome.reason, False)


@given(
    name=st.sampled_from(plugs.names("source")),
    cut=st.integers(0, 400),
    junk=st.one_of(st.text(max_size=5), st.just('"'), st.just("\\ud800"), st.just("[[[[")),
)
def test_a_damaged_row_is_never_our_failure(name: str, cut: int, junk: str) -> None:
    text = json.dumps(golden(name)[0])
    damaged = text[:cut] + junk + text[cut + 3 :]
    try:
        outcome = plugs.load("source", name)(damaged.encode("utf-8", "surrogatepass"))
    except (Unreadable, msgspec.DecodeError, UnicodeDecodeError):
        return
    assert isinstance(outcome, (Trajectory, Dropped))


@pytest.mark.parametrize("name", plugs.names("source"))
def test_the_role_of_a_source_is_a_setting(name: str) -> None:
    source = plugs.load("source", {"use": name, "role": "general"})
    found = source(json.dumps(golden(name)[0]).encode())
    assert isinstance(found, Trajectory)
    assert found.kind == "general"
