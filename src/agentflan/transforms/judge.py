"""Have a language model judge trajectories and drop the bad ones, with its reason. Place it before `converse`."""

from __future__ import annotations

from typing import Annotated

import msgspec

from agentflan.core.kinds import Item
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, Quarantined, Request, Trajectory
from agentflan.transforms.asking.prompts import request, told, unfenced

_TASK = """\
You check training data for assistants that use tools. Judge the trajectory below: does the assistant choose fitting \
tools, give them the right arguments, draw on what they return, and end with an answer that the results bear out? \
5 is flawless, 4 has blemishes, 3 gets there by detours, 2 fails in part, 1 fails or makes things up. \
Reply with one JSON object and nothing else: {"score": 1 to 5, "reason": "one sentence"}."""

Mark = Annotated[int, msgspec.Meta(ge=1, le=5)]


class _Verdict(msgspec.Struct, forbid_unknown_fields=True):
    score: Mark
    reason: str


class Judge(Plug, frozen=True):
    """One request for each agent's trajectory. Only with `replies: asked`. A verdict in no such form is quarantined."""

    least: Mark = 3
    """The lowest score that stays."""
    longest: Annotated[int, msgspec.Meta(ge=2)] = 24_000
    """Characters of a trajectory that the model is shown; of a longer one the first and the last half of them."""

    def requests(self, item: Item) -> tuple[Request, ...]:
        if not isinstance(item, Trajectory) or item.kind != "agent":
            return ()
        tools = ", ".join(tool.name for tool in item.tools) or "none"
        steps = "\n\n".join(f"Step {number}\n{told(step)}" for number, step in enumerate(item.steps, 1))
        matter = f"Task: {item.query}\nTools on offer: {tools}\n\n{steps}"
        return (request("verdict", _TASK, _shortened(matter, self.longest)),)

    def apply(self, item: Trajectory, replies: tuple[str, ...]) -> Trajectory | Dropped | Quarantined:
        try:
            verdict = msgspec.json.decode(unfenced(replies[0]), type=_Verdict)
        except (msgspec.DecodeError, UnicodeError):
            return Quarantined("no_verdict", replies[0][:200])
        if verdict.score < self.least:
            return Dropped("judged_bad", f"{verdict.score}: {verdict.reason[:200]}")
        return item


def _shortened(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"
