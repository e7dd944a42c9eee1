"""FireAct (arXiv 2310.05915): question answering with `search[..]` and `finish[..]`, by ReAct, CoT and Reflexion.

Three shapes: alpaca rows with the whole run in `output`, OpenAI's `messages`, and files of runs by question number.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, Step, ToolCall, ToolSpec, Trajectory
from agentflan.sources.shapes.made_steps import Failed, ending, failed
from agentflan.sources.shapes.react_text import Run, parsed, run_of
from agentflan.sources.shapes.turns import ROLES, RawTurn, Turn, decoded

SEARCH = ToolSpec(
    name="search",
    description="Searches the web and returns the answer box or the first snippet.",
    parameters='{"type":"object","properties":{"query":{"type":"string"}},"required":["query"]}',
)
"""The tool of all FireAct runs (section 4 of its paper); the rows themselves list none."""

_OVER = "Observation: Episode finished, reward = "
_QUESTION, _RESPONSE = "### Instruction:\n", "### Response:\n"


class Fireact(Plug, frozen=True):
    """A run -> a trajectory that ends in what it gave to `finish`."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to."""
    licence: str = "MIT"
    failed: Failed = "keep"
    """Runs whose answer was wrong: the published tuning data hold a few."""

    def pieces(self, row: bytes) -> Iterable[bytes]:
        """A file of runs is one object, question number -> run."""
        try:
            runs = [bytes(run) for run in _RUNS.decode(row).values()]
            first = _ROWS.decode(runs[0]) if runs else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return (row,)
        return (row,) if first is None or first.traj is None else runs

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        raw = decoded(_ROWS, row)
        run, said = _run(raw)
        names = {step.action.name.lower() for step in run.steps if isinstance(step.action, ToolCall)}
        # In a file of runs a model may have acted in any way; other rows with other tools are not FireAct's.
        if not run.actions or (raw.traj is None and names - {"search", "lookup"}):
            raise Unreadable("not_fireact", "its runs act by `search[..]` and `finish[..]`")
        if not run.query:
            return Dropped(reason="starts_with_reply")
        if self.failed == "drop" and failed(said.rpartition(_OVER)[2]):
            return Dropped(reason="failed", detail=run.query[:80])
        return Trajectory(
            id="",
            source="fireact",
            query=run.query,
            steps=run.steps,
            kind=self.role,
            licence=self.licence,
            tools=(SEARCH,),
            ending=ending(run.steps),
        )


class _Row(msgspec.Struct, frozen=True):
    instruction: str | None = None
    input: str | None = None
    output: str | None = None
    messages: list[RawTurn] | None = None
    traj: str | list[RawTurn] | None = None


_ROWS = msgspec.json.Decoder(_Row)
_RUNS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _run(raw: _Row) -> tuple[Run, str]:
    """The run, and the text that ends in what the benchmark said of it."""
    if isinstance(raw.traj, str):
        question, _, text = raw.traj.partition(_QUESTION)[2].partition(_RESPONSE)
        return _of_text(question, text), text
    if raw.output is not None and raw.instruction:
        return _of_text(f"{raw.instruction}\n{raw.input or ''}", raw.output), raw.output
    turns = raw.messages or raw.traj
    if not turns:
        raise Unreadable("not_fireact", "it has neither `output`, `messages` nor `traj`")
    if any(turn.role not in ("user", "assistant") for turn in turns):
        raise Unreadable("not_fireact", "its turns are of user and assistant")
    said = [Turn(ROLES[turn.name], turn.text, None) for turn in turns if not turn.text.startswith(_OVER)]
    return run_of(said), turns[-1].text


def _of_text(question: str, text: str) -> Run:
    """The choices of a question stand where the run should begin."""
    found = parsed(text)
    query = "\n".join(piece for piece in (question.strip(), found.before) if piece)
    if not query or not found.steps:
        raise Unreadable("not_fireact", "it has no question or no steps")
    return Run(query, tuple(_without_verdict(found.steps)), found.actions)


def _without_verdict(steps: tuple[Step, ...]) -> list[Step]:
    over = _OVER.removeprefix("Observation: ")
    return [
        msgspec.structs.replace(step, observation=None) if (step.observation or "").startswith(over) else step
        for step in steps
    ]
