"""SWE-agent (arXiv 2405.15793) runs as Nebius published them: `nebius/SWE-agent-trajectories`.

Every turn of the agent is words and one fenced command: of the interface (`open`, `edit`, `submit`, ...) or of bash.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, ToolSpec, Trajectory
from agentflan.sources.shapes.call_turns import Call, Said, told
from agentflan.sources.shapes.made_steps import Failed
from agentflan.sources.shapes.turns import decoded

FENCE = "```"
BASH = ToolSpec(
    name="bash",
    description="Runs a command in the shell of the repository.",
    parameters='{"type":"object","properties":{"command":{"type":"string"}},"required":["command"]}',
)
_LISTED = "\nCOMMANDS:"


class SweAgent(Plug, frozen=True):
    """A run -> a trajectory; commands that the system prompt documents are tools, all others are bash's."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to."""
    licence: str = "CC-BY-4.0"
    failed: Failed = "drop"
    """Runs whose patch did not pass the tests: most of the published ones."""

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        raw = decoded(_ROWS, row)
        if not raw.trajectory:
            raise Unreadable("not_swe_agent", "its trajectory has no turns")
        if self.failed == "drop" and raw.target is False:
            return Dropped(reason="failed", detail=raw.instance_id)
        prompt = next((turn.system_prompt or "" for turn in raw.trajectory if turn.role == "system"), "")
        commands = _commands(prompt)
        names = frozenset(tool.name for tool in commands)
        found = told(list(_said(raw.trajectory, names)))
        if isinstance(found, Dropped):
            return found
        last = found.steps[-1].action
        submitted = getattr(last, "name", "") == "submit" or (raw.exit_status or "").startswith("submitted")
        return Trajectory(
            id=raw.instance_id,
            source="swe_agent",
            query=found.query,
            steps=found.steps,
            kind=self.role,
            licence=self.licence,
            group=raw.instance_id.rpartition("_")[0],
            instruction=prompt.strip(),
            tools=(*commands, BASH),
            ending="answer" if submitted else "open",
        )


class _Turn(msgspec.Struct, frozen=True):
    role: Literal["system", "user", "ai"]
    text: str | None = None
    system_prompt: str | None = None
    mask: bool | None = None


class _Row(msgspec.Struct, frozen=True):
    instance_id: str
    trajectory: list[_Turn]
    target: bool | None = None
    exit_status: str | None = None


_ROWS = msgspec.json.Decoder(_Row)


def _said(turns: list[_Turn], commands: frozenset[str]) -> Iterator[Said]:
    called = False
    for turn in turns:
        text = turn.text or ""
        if turn.role == "user":
            yield Said("tool" if called else "user", text)
            called = False
        elif turn.role == "ai":
            before, block = _fenced(text)
            call = (_call(block, commands),) if block else ()
            called = bool(call)
            yield Said("assistant", before if call else text, call, loss=turn.mask is not False)


def _fenced(text: str) -> tuple[str, str]:
    """(words, the last fenced block): earlier blocks are talk. A block without an end runs to the end."""
    head, closed, _ = text.rstrip().rpartition(FENCE)
    before, opened, block = head.rpartition(FENCE)
    if not closed:
        return text, ""
    if not opened:
        before, block = head, text.rstrip()[len(head) + len(FENCE) :]
    _, _, body = block.partition("\n")
    return before.strip(), body.strip("\n")


def _call(block: str, commands: frozenset[str]) -> Call:
    """A multi-line command keeps its lines: `edit 1:2\\n..\\nend_of_edit`."""
    name = block.split(None, 1)[0] if block.split(None, 1) else ""
    if name not in commands:
        return Call(BASH.name, block)
    return Call(name, block.partition(name)[2].removeprefix(" "))


@lru_cache(maxsize=16)
def _commands(prompt: str) -> tuple[ToolSpec, ...]:
    """The commands that the prompt documents: `name:`, then `docstring:`, and `- key (type) [required]: about`."""
    found: list[ToolSpec] = []
    name = about = ""
    keys: dict[str, tuple[str, bool]] = {}
    for line in (*prompt.partition(_LISTED)[2].split("\n"), "end:"):
        text = line.strip()
        if line == text and text.endswith(":") and text[:-1].isidentifier():
            if about:
                found.append(_spec(name, about, keys))
            name, about, keys = text[:-1], "", {}
        elif name and text.startswith("docstring:"):
            about = text.partition(":")[2].strip()
        elif name and text.startswith("- ") and " [" in text:
            key, _, rest = text[2:].partition(" (")
            keys[key] = (rest.partition(")")[0], "[required]" in rest)
    return tuple(found)


def _spec(name: str, about: str, keys: dict[str, tuple[str, bool]]) -> ToolSpec:
    schema = {
        "type": "object",
        "properties": {key: {"type": kind} for key, (kind, _) in keys.items()},
        "required": [key for key, (_, needed) in keys.items() if needed],
    }
    return ToolSpec(name=name, description=about, parameters=msgspec.json.encode(schema).decode())
