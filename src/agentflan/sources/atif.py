"""ATIF, the Agent Trajectory Interchange Format of Harbor and Terminal-Bench (RFC 0001, v1.0 to v1.7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from agentflan.core.chat import definition
from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, Trajectory
from agentflan.sources.shapes.call_texts import arguments_of, as_json, object_of
from agentflan.sources.shapes.call_turns import Call, Said, kind_of, retold, told
from agentflan.sources.shapes.made_steps import seen_tools
from agentflan.sources.shapes.tool_lists import tools_of
from agentflan.sources.shapes.turns import decoded

VERSION = "ATIF-v1.7"
"""What is written; all versions are read."""


class Atif(Plug, frozen=True):
    """A recorded session -> a trajectory; a step's calls come together, each with the result that names it.

    Steps copied from an earlier session for context are shown and not trained, as the format asks for.
    """

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to."""
    licence: str = "unstated"

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        raw = decoded(_ROWS, row)
        if not raw.schema_version.startswith("ATIF"):
            raise Unreadable("not_atif", raw.schema_version[:40])
        found = told(list(_said(raw.steps)))
        if isinstance(found, Dropped):
            return found
        tools = tools_of(raw.agent.tool_definitions) if raw.agent else ()
        tools = tools or seen_tools(found.steps)
        return Trajectory(
            id=raw.trajectory_id or raw.session_id or "",
            source="atif",
            query=found.query,
            steps=found.steps,
            kind=kind_of(self.role, tools, found.called),
            licence=self.licence,
            instruction=found.instruction,
            tools=tools,
            ending=found.ending,
        )


def session(item: Trajectory) -> dict[str, Any]:
    """The session that the source reads as this trajectory, as v1.7 has it. Raises `ValueError` as `retold` does.

    Arguments are objects here (`object_of`); who the agent was nobody knows any more, so it has the source's name.
    """
    steps: list[dict[str, Any]] = []
    for said in retold(item.instruction, item.query, item.steps):
        if said.role == "tool":
            results = steps[-1].setdefault("observation", {"results": []})["results"]
            results.append({"source_call_id": said.id, "content": said.text})
        else:
            steps.append({"step_id": len(steps) + 1, **_spelled(said)})
    agent: dict[str, Any] = {"name": item.source, "version": "unknown"}
    if item.tools:
        agent["tool_definitions"] = [definition(tool) for tool in item.tools]
    extra = {"source": item.source, "licence": item.licence, "kind": item.kind}
    return {
        "schema_version": VERSION,
        "session_id": item.id,
        "trajectory_id": item.id,
        "agent": agent,
        "steps": steps,
        "extra": extra,
    }


def _spelled(said: Said) -> dict[str, Any]:
    if said.role != "assistant":
        return {"source": said.role, "message": said.text}
    step: dict[str, Any] = {"source": "agent", "message": said.text}
    if said.thought:
        step["reasoning_content"] = said.thought
    if said.calls:
        step["tool_calls"] = [
            {"tool_call_id": call.id, "function_name": call.name, "arguments": object_of(call.arguments)}
            for call in said.calls
        ]
    if not said.loss:
        step["is_copied_context"] = True
    return step


class _Call(msgspec.Struct, frozen=True):
    function_name: str
    arguments: Any = None
    tool_call_id: str | None = None


class _Result(msgspec.Struct, frozen=True):
    source_call_id: str | None = None
    content: Any = None


class _Observation(msgspec.Struct, frozen=True):
    results: list[_Result] | None = None


class _Step(msgspec.Struct, frozen=True):
    source: Literal["system", "user", "agent"]
    message: Any = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None
    observation: _Observation | None = None
    is_copied_context: bool | None = None


class _Agent(msgspec.Struct, frozen=True):
    tool_definitions: Any = None


class _Row(msgspec.Struct, frozen=True):
    schema_version: str
    steps: list[_Step]
    session_id: str | None = None
    trajectory_id: str | None = None
    agent: _Agent | None = None


_ROWS = msgspec.json.Decoder(_Row)


def _said(steps: list[_Step]) -> Iterator[Said]:
    begun = False
    for step in steps:
        results = (step.observation.results if step.observation else None) or []
        if step.source == "agent":
            calls = tuple(
                Call(call.function_name, arguments_of(call.arguments), call.tool_call_id or "")
                for call in step.tool_calls or []
            )
            loss = not step.is_copied_context
            yield Said("assistant", _text(step.message), calls, (step.reasoning_content or "").strip(), loss=loss)
            for result in results:
                yield Said("tool" if calls else "user", _text(result.content), id=result.source_call_id or "")
        elif step.source == "system" and not begun:
            yield Said("system", _text(step.message))
        else:  # what a harness tells in mid-session is seen like any other observation
            begun = True
            yield Said("user", "\n".join(text for text in (_text(step.message), *_told(results)) if text))


def _told(results: list[_Result]) -> list[str]:
    return [_text(result.content) for result in results]


def _text(content: Any) -> str:
    """Text as it is; the text of a list of parts (v1.6), where pictures leave their type."""
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        return as_json(content)
    return "\n".join(_part(part) for part in content)


def _part(part: Any) -> str:
    if not isinstance(part, dict):
        return str(part)
    return str(part["text"]) if isinstance(part.get("text"), str) else f"[{part.get('type', 'part')}]"
