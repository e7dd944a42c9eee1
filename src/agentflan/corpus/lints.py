"""What is wrong with a trajectory or a conversation that can be read: codes, and why each hurts training."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import msgspec

from agentflan.core.types import Answer, Conversation, ToolCall, Trajectory

LINTS = {
    "AF101": "call of a tool that was not offered: teaches to invent tools; `converse` drops the trajectory",
    "AF102": "arguments that are no JSON object, for a tool with a schema: kept as written and asked for as a whole",
    "AF103": "observation cut off by its source: kept, it is never trained",
    "AF104": "empty final answer: teaches silence; kept",
    "AF105": "a step without an action: an unfinished turn; `finished_only` drops the trajectory",
    "AF106": "a search that was told of its earlier failures: `no_restarts` drops the trajectory",
    "AF201": "nothing is trained in this conversation: it is skipped when tokens are made",
    "AF202": "the last assistant turn has no loss: the model never learns to end",
    "AF203": "two messages of one role in a row: Llama-2's chat form has no place for that",
}
"""Code -> what, why it hurts, and what the pipeline does."""

CUT_MARKS = ("...", "[truncated because the output is too long]", "[truncated..]")
"""How the sources mark what they cut: ToolBench at 1,024 characters, AgentBench's shell at 780."""


def lint(item: Trajectory | Conversation) -> Iterator[str]:
    """Codes of everything found, one for each place."""
    yield from _trajectory(item) if isinstance(item, Trajectory) else _conversation(item)


def _trajectory(item: Trajectory) -> Iterator[str]:
    if item.restarted:
        yield "AF106"
    offered = {tool.name for tool in item.tools}
    for step in item.steps:
        action = step.action
        if action is None:
            yield "AF105"
        elif isinstance(action, Answer):
            if not action.text.strip():
                yield "AF104"
        elif offered:
            if action.name not in offered:
                yield "AF101"
            if not item.dialect and not _is_object(action):
                yield "AF102"
        if step.observation and step.observation.rstrip('"}').endswith(CUT_MARKS):
            yield "AF103"


def _conversation(item: Conversation) -> Iterator[str]:
    replies = [message for message in item.messages if message.role == "assistant"]
    if not any(segment.loss for message in replies for segment in message.segments):
        yield "AF201"
    elif not any(segment.loss for segment in replies[-1].segments):
        yield "AF202"
    roles = [message.role for message in item.messages]
    yield from ("AF203" for before, after in pairwise(roles) if before == after)


def _is_object(call: ToolCall) -> bool:
    try:
        msgspec.json.decode(call.arguments or "{}", type=dict)
    except msgspec.DecodeError:
        return False
    return True
