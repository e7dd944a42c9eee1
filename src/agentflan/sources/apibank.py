"""API-Bank (arXiv 2304.08244): a dialogue a file, one line for each turn of a user, the AI, or an API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Literal

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, ToolSpec, Trajectory
from agentflan.sources.shapes.call_texts import as_json, plain_value
from agentflan.sources.shapes.call_turns import Call, Said, kind_of, told
from agentflan.sources.shapes.made_steps import seen_tools
from agentflan.sources.shapes.turns import decoded

SEARCHER = "ToolSearcher"
"""The tool that finds tools: what it found was on offer from then on."""


class Apibank(Plug, frozen=True):
    """A dialogue -> a trajectory. What the AI says before it calls is the thought of that call.

    The tools are those that `ToolSearcher` describes, and those that are called: the files list none.
    """

    whole_file: ClassVar[bool] = True

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to."""
    licence: str = "MIT"

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        turns = decoded(_ROWS, row)
        if not any(turn.role != "API" for turn in turns):
            raise Unreadable("not_apibank", "nobody speaks")
        found = told([said for turn in turns for said in _said(turn)])
        if isinstance(found, Dropped):
            return found
        tools = tuple({tool.name: tool for tool in (*seen_tools(found.steps), *described(turns))}.values())
        return Trajectory(
            id="",
            source="apibank",
            query=found.query,
            steps=found.steps,
            kind=kind_of(self.role, tools, found.called),
            licence=self.licence,
            tools=tools,
            ending=found.ending,
        )


class Turn(msgspec.Struct, frozen=True):
    """One line of a file."""

    role: Literal["User", "AI", "API"]
    text: str | None = None
    api_name: str | None = None
    param_dict: dict[str, Any] | str | None = None
    result: Any = None


_ROWS = msgspec.json.Decoder(list[Turn])


def _said(turn: Turn) -> Iterator[Said]:
    if turn.role == "User":
        yield Said("user", turn.text or "")
    elif turn.role == "AI":
        yield Said("assistant", turn.text or "")
    else:
        if not turn.api_name:
            raise Unreadable("call_broken", "an API turn without `api_name`")
        given = plain(turn.param_dict)
        yield Said("assistant", "", (Call(turn.api_name, given if isinstance(given, str) else as_json(given or {})),))
        yield Said("tool", _output(turn.result))


def plain(written: Any) -> Any:
    """Some files keep arguments and results as the texts of Python dictionaries."""
    if not isinstance(written, str):
        return written
    try:
        return plain_value(written)
    except ValueError:
        return written


def _output(result: Any) -> str:
    """What the API gave back, without the echo of its input; what went wrong stays beside it."""
    value = plain(result)
    if not isinstance(value, dict) or "output" not in value:
        return result if isinstance(result, str) else as_json(result)
    output, fault = value["output"], value.get("exception")
    if fault:
        return as_json({"output": output, "exception": fault})
    return output if isinstance(output, str) else as_json(output)


def described(turns: Iterable[Turn]) -> Iterator[ToolSpec]:
    """The tools that `ToolSearcher` found in a dialogue."""
    for turn in turns:
        value = plain(turn.result) if turn.api_name == SEARCHER else None
        output = value.get("output") if isinstance(value, dict) else None
        for tool in output if isinstance(output, list) else [output]:
            if isinstance(tool, dict) and isinstance(tool.get("name"), str) and tool["name"]:
                yield ToolSpec(
                    name=tool["name"],
                    description=str(tool.get("description") or ""),
                    parameters=as_json({"type": "object", "properties": tool.get("input_parameters") or {}}),
                )
