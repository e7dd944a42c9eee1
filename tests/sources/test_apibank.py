"""API-Bank: a file is a dialogue; outputs without the echo of their input; tools from the searcher."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentflan.core import kinds
from agentflan.core.errors import Unreadable
from agentflan.core.types import Dropped, Step, ToolCall, Trajectory
from agentflan.corpus.checking.check import check
from agentflan.corpus.files.rows import rows, shards
from agentflan.sources.apibank import Apibank
from tests.sources.real_rows import check_golden, need, tally

ASKED = {"role": "User", "text": "Wake me."}


def called(result: Any, **more: Any) -> dict[str, Any]:
    return {"role": "API", "api_name": "AddAlarm", "param_dict": {"hour": 6}, "result": result, **more}


def read(*turns: dict[str, Any]) -> Trajectory | Dropped:
    return Apibank()(msgspec.json.encode(turns))


@pytest.mark.parametrize(
    ("result", "seen"),
    [
        ({"input": {"hour": 6}, "output": "success", "exception": None}, "success"),
        ({"output": {"a": [1]}}, '{"a":[1]}'),
        ({"output": None, "exception": "too early"}, '{"output":null,"exception":"too early"}'),
        ("{'output': {'a': True}, 'exception': None}", '{"a":true}'),
        ("not a value", "not a value"),
        (None, "null"),
    ],
)
def test_an_output_is_seen_without_the_echo_of_its_input(result: Any, seen: str) -> None:
    found = read(ASKED, called(result))
    assert isinstance(found, Trajectory)
    action = ToolCall(name="AddAlarm", arguments='{"hour":6}')
    assert (found.steps, found.ending) == ((Step(action=action, observation=seen),), "open")


@pytest.mark.parametrize(
    ("written", "arguments"),
    [("{'hour':  6}", '{"hour":6}'), ('{"hour": 6}', '{"hour":6}'), ("hour is six", "hour is six")],
)
def test_arguments_that_are_text_are_pythons(written: str, arguments: str) -> None:
    found = read(ASKED, called("x", param_dict=written))
    assert isinstance(found, Trajectory)
    assert found.steps[0].action == ToolCall(name="AddAlarm", arguments=arguments)


def test_what_the_searcher_describes_is_on_offer() -> None:
    tool = {"name": "AddAlarm", "description": "Sets it.", "input_parameters": {"hour": {"type": "int"}}}
    search = called({"output": tool}, api_name="ToolSearcher", param_dict={"keywords": "alarm"})
    found = read(ASKED, search, called({"output": "success"}))
    assert isinstance(found, Trajectory)
    assert [(tool.name, tool.description) for tool in found.tools] == [("ToolSearcher", ""), ("AddAlarm", "Sets it.")]
    assert [step.together for step in found.steps] == [False, False]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"[]", "not_apibank"),
        (b'{"role": "User"}', "wrong_shape"),
        (b'[{"role": "user", "text": "Hi"}]', "wrong_shape"),
        (b'[{"role": "User", "text": "Hi"}, {"role": "API"}]', "call_broken"),
        (b'[{"role": "User"},', "broken_json"),
    ],
)
def test_other_rows_are_not_its_own(row: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        Apibank()(row)
    assert caught.value.reason == reason


def test_the_lines_of_a_file_are_one_row(tmp_path: Path) -> None:
    path = tmp_path / "dialogue.jsonl"
    turns = [ASKED, {"role": "AI", "text": "At six?"}]
    path.write_bytes(b"\n\n".join(msgspec.json.encode(turn) for turn in turns) + b"\n")
    source = Apibank()
    assert isinstance(source, kinds.WholeFile)
    found = [row for shard in shards(path, 1, source) for row in rows(shard, source)]
    assert [msgspec.json.decode(row) for row in found] == [turns]
    assert check(path).format == "apibank"
    path.write_bytes(b"")
    assert [row for shard in shards(path, 1, source) for row in rows(shard, source)] == [b"[]"]


def test_every_published_dialogue_is_read() -> None:
    counts = Counter[str]()
    for path in need("apibank"):
        counts.update(tally(Apibank(), path))
    assert counts == {"answer": 172, "open": 1, "quarantined not_apibank": 1}


def test_golden_rows_stay_as_they_were_checked() -> None:
    check_golden("apibank", Apibank())
