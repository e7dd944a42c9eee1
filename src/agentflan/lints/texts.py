"""Lints of any text: terminal codes, who a model says it is, secrets, addresses, odd characters (AF3xx)."""

from __future__ import annotations

from collections.abc import Iterator

from agentflan.core.types import Answer, ToolCall, Trajectory
from agentflan.lints.finding import Finding
from agentflan.lints.identity import says_who
from agentflan.lints.secrets import emails_in, secrets_in
from agentflan.lints.signs import LOST, chinese_in, invisible_in


def in_texts(item: Trajectory) -> Iterator[Finding]:
    """Of a trajectory; Chinese script is looked for in rows that ask in another, once a row."""
    yield from in_text(item.query, "query")
    for number, step in enumerate(item.steps, 1):
        place = f"step {number}"
        if step.thought:
            yield from in_text(step.thought, place, says=True)
        if isinstance(step.action, ToolCall):
            yield from in_text(step.action.arguments, place)
        elif isinstance(step.action, Answer):
            yield from in_text(step.action.text, place, says=True)
        if step.observation:
            yield from in_text(step.observation, place)
    if not chinese_in(item.query):
        where = next((number for number, step in enumerate(item.steps, 1) if _chinese(step.action)), 0)
        if where:
            yield Finding("AF307", f"step {where}")


def in_text(text: str, place: str, *, says: bool = False) -> Iterator[Finding]:
    """`says`: these are the agent's own words."""
    if "\x1b" in text:
        yield Finding("AF301", place)
    if says and says_who(text):
        yield Finding("AF302", place)
    for _ in range(secrets_in(text)):
        yield Finding("AF303", place)
    for _ in range(emails_in(text)):
        yield Finding("AF304", place)
    if invisible_in(text):
        yield Finding("AF305", place)
    if LOST in text:
        yield Finding("AF306", place)


def _chinese(action: ToolCall | Answer | None) -> bool:
    return chinese_in(action.text if isinstance(action, Answer) else action.arguments if action else "")
