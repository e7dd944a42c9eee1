"""Every file of real rows: what `check` says of it is committed; rows that a person read come out as they were read."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from agentflan.cli.main import run
from agentflan.core import plugs
from agentflan.core.types import ToolCall, Trajectory
from agentflan.corpus.checking.check import check
from agentflan.corpus.checking.recognise import File
from agentflan.corpus.files.reading import read
from agentflan.lints.find import lint, lint_row
from tests.sources.by_hand import BY_HAND, Read
from tests.sources.real_rows import FOLDER, GOLDEN

EXPECTED: dict[str, dict[str, Any]] = json.loads((GOLDEN / "checked.json").read_text(encoding="utf-8"))
"""A line for each file: format, kind, confidence, rows, usable, lints, reasons."""


@pytest.fixture(autouse=True)
def _there() -> None:
    if not FOLDER.is_dir():
        pytest.skip(f"the real rows are not at {FOLDER}")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_is_what_it_was_found_to_be(name: str) -> None:
    found = msgspec.to_builtins(check(FOLDER / name))
    assert {key: found[key] for key in EXPECTED[name]} == EXPECTED[name]
    assert found["usable"] + sum(found["reasons"].values()) == found["rows"]


@pytest.mark.parametrize("row", BY_HAND, ids=lambda row: f"{row.file.partition('/')[0]}-{row.row}")
def test_a_row_is_read_as_a_person_reads_it(row: Read) -> None:
    format = EXPECTED[row.file]["format"]
    source = plugs.load("source", format)
    raw = next(raw for number, raw in enumerate(File(FOLDER / row.file).rows(source)) if number == row.row)
    found = read(source, raw)
    if not isinstance(found, Trajectory):
        assert (found.reason, 0) == (row.ending, row.steps)
        return
    assert found.query.strip().startswith(row.query)
    assert len(found.steps) == row.steps
    assert tuple(step.action.name for step in found.steps if isinstance(step.action, ToolCall)) == row.calls
    assert found.ending == row.ending
    codes = {code for code, _ in (*lint(found), *lint_row(msgspec.json.decode(raw)))}
    assert row.wrong <= codes


def test_every_folder_of_trajectories_was_read_by_hand() -> None:
    trajectories = {
        name.partition("/")[0] for name, said in EXPECTED.items() if said["kind"] in ("trajectories", "chat")
    }
    assert trajectories <= {row.file.partition("/")[0] for row in BY_HAND}


def test_what_is_no_file_of_rows_gets_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    for path in [FOLDER / "agentbench" / "SOURCE.txt", *FOLDER.glob("toolbench_instructions/*acrosuite_oauther.json")]:
        assert run(["check", str(path)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
