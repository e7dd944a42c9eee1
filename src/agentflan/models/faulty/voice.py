"""Replies without a model, to the questions that our transforms ask: the same words for the same question, always."""

from __future__ import annotations

import json
from collections.abc import Sequence

from agentflan.core.chance import coin, pick
from agentflan.core.types import Message

_REFUSALS = (
    "I'm sorry, I have no way to look that up from here. Shall I explain how you could find out yourself?",
    "That would take live data, which I don't have. I can tell you what I know in general.",
    "I can't do that for you myself, but I am glad to help you plan it.",
)
_THOUGHTS = (
    "What is known so far is not enough, so the next step is plain.",
    "I have what I need to go on, and this is the piece that is missing.",
    "Going by what came back, this is what the task calls for now.",
)
_OPENINGS = ("Please tell me:", "One more question:", "Let me ask you:", "Kindly say:")


def reply(messages: Sequence[Message]) -> str:
    """By what the system prompt wants: a JSON verdict, a JSON array of rewordings, a thought; else a plain refusal."""
    texts = ["".join(segment.text for segment in message.segments) for message in messages]
    wanted = texts[0] if messages[0].role == "system" else ""
    asked = texts[-1]
    if '"score"' in wanted:
        good = coin("verdict", asked) < 0.8
        return json.dumps({"score": 5 if good else 1, "reason": "It gets there." if good else "It goes astray."})
    if "JSON array" in wanted:
        lines = [line.partition(". ")[2] for line in asked.splitlines() if line.partition(". ")[0].isdigit()]
        return json.dumps([f"{pick(_OPENINGS, line)} {line}" for line in lines], ensure_ascii=False)
    return pick(_THOUGHTS if "thought" in wanted else _REFUSALS, asked)


def call(messages: Sequence[Message]) -> str:
    """A reply that calls a tool which nobody offered."""
    return '{"name": "find_anything", "arguments": {"query": "it"}}'


def form(messages: Sequence[Message]) -> str:
    """A reply in an agent's form."""
    return "Thought: I can answer this.\nFinal Answer: it is so"
