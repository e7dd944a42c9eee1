"""ToolAlpaca (arXiv 2306.05301): an API a row, with the simulated runs of it in `Instances`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Answer, Dropped, Step, ToolCall, ToolSpec, Trajectory
from agentflan.sources.shapes.call_texts import arguments_of, as_json, plain_value
from agentflan.sources.shapes.made_steps import ending, seen_tools
from agentflan.sources.shapes.turns import decoded

DETAILS = ToolSpec(
    name="getDetails",
    description="Asks the user for what the request leaves out.",
    parameters='{"type":"object","properties":{"Question":{"type":"string"}},"required":["Question"]}',
)
"""On offer with every API and documented with none."""

_LABELS = ("ASSISTANT Thought:", "Thought:")
_ACTIONS = ("\nASSISTANT Action:", "\nAction:")
_NO_FUNCTION = "components"
"""What the documentation holds beside its functions: schemas they share."""


class Toolalpaca(Plug, frozen=True):
    """A run -> a trajectory with the functions of its API. An API without runs (the evaluation files) is dropped."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to."""
    licence: str = "Apache-2.0"

    def pieces(self, row: bytes) -> Iterable[bytes]:
        """An API -> a row for each of its runs."""
        try:
            raw = _ROWS.decode(row)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return (row,)
        if not raw.Instances:
            return (row,)
        return [msgspec.json.encode(msgspec.structs.replace(raw, Instances=[run])) for run in raw.Instances]

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        raw = decoded(_ROWS, row)
        if not (raw.Instances or raw.Instructions):
            raise Unreadable("not_toolalpaca", "it has neither `Instances` nor `Instructions`")
        if not raw.Instances:
            return Dropped(reason="no_runs", detail=raw.Name)
        if len(raw.Instances) > 1:
            raise Unreadable("several_runs", "`pieces` makes a row of each")
        run = raw.Instances[0]
        if not run.input or not run.input.strip():
            return Dropped(reason="no_question", detail=raw.Name)
        steps = tuple(_steps(run))
        if not steps:
            return Dropped(reason="no_steps", detail=raw.Name)
        return Trajectory(
            id="",
            source="toolalpaca",
            query=run.input.strip(),
            steps=steps,
            kind=self.role,
            licence=self.licence,
            tools=_tools(raw, steps),
            ending=ending(steps),
        )


class _Run(msgspec.Struct, frozen=True, omit_defaults=True):
    input: str | None = None
    output: str | None = None
    thought: str | None = msgspec.field(name="Final Thought", default=None)
    intermediate_steps: list[Any] | None = None


class _Row(msgspec.Struct, frozen=True, omit_defaults=True):
    Name: str
    Function_Description: Any = None
    NLDocumentation: str | None = None
    Instructions: list[Any] | None = None
    Instances: list[_Run] | None = None


_ROWS = msgspec.json.Decoder(_Row)


def _steps(run: _Run) -> Iterator[Step]:
    for each in run.intermediate_steps or []:
        match each:
            case [[str(name), given, *log], seen]:
                said = log[0] if log and isinstance(log[0], str) else ""
                yield Step(
                    thought=_thought(said),
                    action=ToolCall(name=name, arguments=arguments_of(given)),
                    observation=seen if isinstance(seen, str) else as_json(seen),
                )
            case _:
                raise Unreadable("step_broken", str(each)[:80])
    if run.output and run.output.strip():
        yield Step(thought=_thought(run.thought or ""), action=Answer(text=run.output.strip()))


def _thought(log: str) -> str:
    """What stands before the action; the log holds the whole turn."""
    for mark in _ACTIONS:
        log = f"\n{log}".partition(mark)[0]
    log = log.strip()
    for label in _LABELS:
        log = log.removeprefix(label).strip()
    return log


def _tools(raw: _Row, steps: tuple[Step, ...]) -> tuple[ToolSpec, ...]:
    documented = tuple(_functions(raw))
    asks = any(isinstance(step.action, ToolCall) and step.action.name == DETAILS.name for step in steps)
    return (*documented, DETAILS) if documented and asks else documented or seen_tools(steps)


def _functions(raw: _Row) -> Iterator[ToolSpec]:
    described = raw.Function_Description
    if isinstance(described, str):
        try:
            described = plain_value(described)
        except ValueError:
            return
    for name, about in described.items() if isinstance(described, dict) else ():
        if name != _NO_FUNCTION and isinstance(about, str):
            description, _, rest = about.partition("\nParameters:")
            yield ToolSpec(name=name, description=description.strip(), parameters=_schema(rest.partition("\n")[0]))


def _schema(text: str) -> str:
    """`{"key": "Required. string. What it is."}` as a schema."""
    try:
        value = plain_value(text.strip() or "{}")
    except ValueError:
        return "{}"
    if not isinstance(value, dict):
        return "{}"
    needed = [key for key, about in value.items() if str(about).startswith("Required")]
    properties = {key: {"type": "string", "description": str(about)} for key, about in value.items()}
    return as_json({"type": "object", "properties": properties, "required": needed})
