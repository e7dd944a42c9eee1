"""The chat-aligned form (paper section 4.1): elicit statements of the user draw out thought, tool and arguments.

    user: {elicit: thought}     assistant: the thought
    user: {elicit: tool}        assistant: the tool's name
    user: {elicit: arguments}   assistant: the arguments
 or user: {elicit: names}       assistant: parameter, parameter
    user: {elicit: value}       assistant: the value, once for each parameter

An answer stands alone, or is asked for after a thought. Each elicit statement carries the capability it asks for
(none for an answer), which is all that `read` goes by.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from agentflan.core.chance import coin, pick
from agentflan.core.plugs import Plug
from agentflan.core.types import Answer, Capability, Message, Segment, Step, ToolCall, ToolSpec
from agentflan.dialects.writing.languages import elicits
from agentflan.dialects.writing.listing import Listing, api_prompt, signatures

_JSON_STARTS = frozenset("{[-0123456789tfnNI")


class Talk(Plug, frozen=True):
    listing: Listing = "full"
    """full: name, description, schema of each tool, as in the release; signature: `- name(parameter): description`."""
    by_value_share: float = 0.5
    """Share of the calls that are asked for by parameter names and value by value, where their arguments allow it."""
    language: str = "en"
    """Which file of wordings is used (`dialects/elicits/`)."""

    def system(self, instruction: str, tools: Sequence[ToolSpec], key: str) -> str:
        if not (tools and self.listing == "signature"):
            return api_prompt(instruction, tools, self.language)
        said = elicits(self.language)
        return f"{instruction or said['opening'][0]}\n\n{said['tools'][0]}\n{signatures(tools)}"

    def write(self, step: Step, tools: Sequence[ToolSpec], key: str) -> tuple[Message, ...]:
        """Raises `ValueError` for a step with nothing in it, an answer without text, a tool name with outer blanks."""
        written: list[Message] = []
        if step.thought:
            written += self._exchange("thought", "", "reasoning", step.thought, step.loss, key)
        action = step.action
        if isinstance(action, ToolCall):
            written += self._call(action, step.loss, key)
        elif isinstance(action, Answer):
            if not action.text:
                raise ValueError("an answer without text")
            if step.thought:
                written.append(self._elicit("answer", "", None, key))
            written.append(Message(role="assistant", segments=(Segment(text=action.text, loss=step.loss),)))
        if not written:
            raise ValueError("a step without thought and action")
        return tuple(written)

    def observe(self, observation: str) -> str:
        """As it is; a tool that gave nothing back says so, since a user message cannot be empty."""
        return observation or elicits(self.language)["empty"][0]

    def read(self, messages: Sequence[Message]) -> Step:
        """Pairs each reply with the elicit statement before it; a reply that nothing asked for is an Answer.

        One exchange about arguments holds them whole, to the letter. More are names, then the values in that order; the
        JSON is spelled anew, as `json.dumps` does without escapes; arguments spelled so come back to the letter.
        """
        thought, name, answer = "", "", None
        arguments: list[str] = []
        asked: Capability | None = None
        for message in messages:
            if message.role != "assistant":
                asked = message.segments[-1].capability if message.segments else None
                continue
            text = "".join(segment.text for segment in message.segments)
            if asked == "reasoning":
                thought = text
            elif asked == "retrieval":
                name = text.strip()
            elif asked == "understanding":
                arguments.append(text)
            else:
                answer = text
            asked = None
        if name or arguments:
            return Step(thought=thought, action=ToolCall(name=name, arguments=_joined(arguments)))
        return Step(thought=thought, action=None if answer is None else Answer(text=answer))

    def _call(self, call: ToolCall, loss: bool, key: str) -> list[Message]:
        if not call.name or call.name != call.name.strip():
            raise ValueError(f"no name to be asked for: {call.name!r}")
        written = self._exchange("tool", "", "retrieval", call.name, loss, key)
        parts = _parted(call.arguments) if coin(key, "by_value") < self.by_value_share else None
        if parts:
            names = ", ".join(name for name, _ in parts)
            written += self._exchange("names", call.name, "understanding", names, loss, key)
            for name, value in parts:
                written += self._exchange("value", name, "understanding", value, loss, key)
        elif call.arguments:
            written += self._exchange("arguments", call.name, "understanding", call.arguments, loss, key)
        return written

    def _exchange(self, kind: str, name: str, capability: Capability, text: str, loss: bool, key: str) -> list[Message]:
        reply = Segment(text=text, capability=capability, loss=loss)
        return [self._elicit(kind, name, capability, key), Message(role="assistant", segments=(reply,))]

    def _elicit(self, kind: str, name: str, capability: Capability | None, key: str) -> Message:
        return _asked(pick(elicits(self.language)[kind], key, kind, name), name, capability)


@lru_cache(maxsize=8192)  # a corpus asks the same again and again
def _asked(wording: str, name: str, capability: Capability | None) -> Message:
    text = wording.replace("{tool}", name).replace("{parameter}", name) if name else wording
    return Message(role="user", segments=(Segment(text=text, capability=capability),))


def _parted(arguments: str) -> list[tuple[str, str]] | None:
    """(name, value as text) of arguments that can be put together again from just these; None: ask for them whole.

    That needs a JSON object with at least one member whose names fit a comma-separated list, and values whose text is
    read back as the same value: the string "5" is not, nor is an empty one.
    """
    if not arguments.lstrip().startswith("{") or "\\ud" in arguments.lower():  # half a surrogate pair is no text
        return None
    try:
        values = json.loads(arguments)
    except (ValueError, RecursionError):
        return None
    parts = []
    for name, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if not name or name != name.strip() or "," in name or "\n" in name or not text:
            return None
        if isinstance(value, str) and not isinstance(_value(text), str):
            return None
        parts.append((name, text))
    return parts or None


def _joined(replies: Sequence[str]) -> str:
    if len(replies) < 2:
        return "".join(replies)
    names = [name.strip() for name in replies[0].split(",")]
    return json.dumps(dict(zip(names, map(_value, replies[1:]), strict=False)), ensure_ascii=False)


def _value(text: str) -> Any:
    """JSON other than a string as its value, all else as the text it is."""
    if text.lstrip()[:1] not in _JSON_STARTS:
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, str) else value
