"""A task and its matter as a request, a trajectory's steps in plain words, and the JSON in a reply."""

from __future__ import annotations

from agentflan.core.types import Answer, Message, Request, Segment, Step, ToolCall


def request(purpose: str, task: str, matter: str) -> Request:
    """The task as the system prompt, what it is about as the user's message."""
    system = Message(role="system", segments=(Segment(text=task),))
    return Request(purpose=purpose, messages=(system, Message(role="user", segments=(Segment(text=matter),))))


def told(step: Step) -> str:
    """All of a step, a line for each part that it has."""
    parts = [f"thinks: {step.thought}"] if step.thought else []
    if step.action is not None:
        parts.append(done(step.action))
    if step.observation is not None:
        parts.append(f"sees: {step.observation}")
    return "\n".join(parts)


def done(action: ToolCall | Answer) -> str:
    if isinstance(action, Answer):
        return f"answers: {action.text}"
    return f"calls {action.name} with {action.arguments or 'no arguments'}"


def unfenced(reply: str) -> str:
    """The JSON in a reply: models like to put it into a Markdown block."""
    return reply.strip().removeprefix("```json").removeprefix("```").removesuffix("```").strip()
