"""ToolAlpaca: an API in pieces, its functions, thoughts out of whole turns."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agentflan.core.errors import Unreadable
from agentflan.core.types import Dropped, ToolCall, Trajectory
from agentflan.sources.toolalpaca import DETAILS, Toolalpaca
from tests.sources.real_rows import need, tally
from tests.sources.samples.toolalpaca import ROW

RUN: dict[str, Any] = ROW["Instances"][0]


def read(run: dict[str, Any], **api: Any) -> Trajectory | Dropped:
    return Toolalpaca()(msgspec.json.encode({**ROW, **api, "Instances": [run]}))


def test_an_api_comes_in_a_piece_for_each_of_its_runs() -> None:
    whole = msgspec.json.encode({**ROW, "Instances": [RUN, {**RUN, "input": "And in Bergen?"}, {}]})
    pieces = list(Toolalpaca().pieces(whole))
    assert [getattr(Toolalpaca()(piece), "query", "") for piece in pieces] == [RUN["input"], "And in Bergen?", ""]
    with pytest.raises(Unreadable, match="several_runs"):
        Toolalpaca()(whole)
    for other in (b"[]", b"{}", msgspec.json.encode({**ROW, "Instances": []})):
        assert list(Toolalpaca().pieces(other)) == [other]


@pytest.mark.parametrize("documented", [ROW["Function_Description"], str(ROW["Function_Description"])])
def test_functions_are_read_from_an_object_or_its_text(documented: Any) -> None:
    found = read(RUN, Function_Description=documented)
    assert isinstance(found, Trajectory)
    assert [tool.name for tool in found.tools] == ["tellRain"]


def test_without_documentation_the_tools_are_those_called() -> None:
    for documented in (None, "no value", 7):
        found = read(RUN, Function_Description=documented)
        assert isinstance(found, Trajectory)
        assert [tool.name for tool in found.tools] == ["tellRain"]


def test_asking_for_details_is_on_offer_where_it_is_used() -> None:
    asks = [["getDetails", {"Question": "Where?"}, "ASSISTANT Thought: a\nASSISTANT Action: getDetails"], "Oslo"]
    found = read({**RUN, "intermediate_steps": [asks]})
    assert isinstance(found, Trajectory)
    assert found.tools[-1] == DETAILS
    assert (found.steps[0].thought, found.steps[0].action) == (
        "a",
        ToolCall(name="getDetails", arguments='{"Question":"Where?"}'),
    )


@pytest.mark.parametrize(
    ("run", "outcome"),
    [
        ({**RUN, "input": " "}, "no_question"),
        ({"input": "x", "output": ""}, "no_steps"),
    ],
)
def test_runs_without_a_question_or_steps_are_dropped(run: dict[str, Any], outcome: str) -> None:
    assert read(run) == Dropped(reason=outcome, detail="Rain")


def test_a_run_without_an_answer_is_open() -> None:
    found = read({**RUN, "output": None})
    assert isinstance(found, Trajectory)
    assert found.ending == "open"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"Name": "Rain"}, "not_toolalpaca"),
        ({"messages": []}, "wrong_shape"),
        ({**ROW, "Instances": [{**RUN, "intermediate_steps": ["x"]}]}, "step_broken"),
    ],
)
def test_what_cannot_be_read_says_why(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        Toolalpaca()(msgspec.json.encode(row))


def test_the_evaluation_file_holds_no_runs() -> None:
    counts = {path.name: tally(Toolalpaca(), path) for path in need("toolalpaca")}
    assert counts == {
        "ToolAlpaca7b.json": {"quarantined wrong_shape": 1},
        "eval_simulated.json": {"dropped no_runs": 10},
        "public_apis.json": {"quarantined wrong_shape": 1},
    }
