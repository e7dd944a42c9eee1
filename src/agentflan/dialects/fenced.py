"""A whole step in one turn of chat: the thought, the announcement of a call, the call as a fenced Python dictionary.

    assistant: {thought} {announcement}
               ```python
               {'name': 'tool.function', 'parameters': {'city': 'Oslo'}}
               ```

Agent-FLAN's release has 30 % of its dialogue in this form (`toolbench_tflan_cot_30p`). An answer after a thought is
announced as well, where the release joins the two without a sign: so each can be told from the other again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from agentflan.core.chance import pick
from agentflan.core.plugs import Plug
from agentflan.core.types import Answer, Capability, Message, Segment, Step, ToolCall, ToolSpec
from agentflan.dialects.calls import literals
from agentflan.dialects.writing.languages import elicits
from agentflan.dialects.writing.listing import api_prompt

_OPEN, _CLOSE = "\n```python\n", "\n```"
_Pieces = list[tuple[str, Capability | None]]


class Fenced(Plug, frozen=True):
    language: str = "en"
    """Which file of wordings is used (`dialects/elicits/`)."""

    def system(self, instruction: str, tools: Sequence[ToolSpec], key: str) -> str:
        return api_prompt(instruction, tools, self.language)

    def write(self, step: Step, tools: Sequence[ToolSpec], key: str) -> tuple[Message, ...]:
        """One message. Raises `ValueError` for a thought alone, and for text that would be read as another step."""
        action = step.action
        if isinstance(action, ToolCall):
            pieces = self._call(step.thought, action, key)
        elif isinstance(action, Answer) and action.text:
            pieces = self._answer(step.thought, action.text, key)
        else:
            raise ValueError("a step without an action")
        text = "".join(piece for piece, _ in pieces)
        read = _parsed(text, self.language)
        if read.thought != step.thought or (read.action != action and isinstance(action, Answer)):
            raise ValueError("the text holds an announcement of its own")
        segments = tuple(Segment(text=text, capability=kind, loss=step.loss) for text, kind in pieces if text)
        return (Message(role="assistant", segments=segments),)

    def observe(self, observation: str) -> str:
        """As it is; a tool that gave nothing back says so, since a user message cannot be empty."""
        return observation or elicits(self.language)["empty"][0]

    def read(self, messages: Sequence[Message]) -> Step:
        """The last assistant message as a step; `loss` is not known from text and stays True.

        A dictionary's parameters come back as `json.dumps` spells them, text as it is.
        """
        replies = (message for message in reversed(messages) if message.role == "assistant")
        text = "".join(segment.text for segment in next(replies, Message(role="assistant", segments=())).segments)
        return _parsed(text, self.language)

    def _call(self, thought: str, call: ToolCall, key: str) -> _Pieces:
        if not call.name or call.name != call.name.strip() or "\n" in call.name:
            raise ValueError(f"no name to be announced: {call.name!r}")
        before, _, after = pick(elicits(self.language)["announcement"], key, "call").partition("{tool}")
        name, arguments = repr(call.name), _as_python(call.arguments)
        pieces: _Pieces = [(thought, "reasoning"), (f"{' ' if thought else ''}{before}", "format")]
        pieces += [
            (call.name, "retrieval"),
            (f"{after}{_OPEN}{{'name': {name[0]}", "format"),
            (name[1:-1], "retrieval"),
        ]
        if arguments:
            pieces += [(f"{name[-1]}, 'parameters': ", "format"), (arguments, "understanding"), ("}", "format")]
        else:
            pieces += [(f"{name[-1]}}}", "format")]
        return [*pieces, (_CLOSE, "format")]

    def _answer(self, thought: str, text: str, key: str) -> _Pieces:
        if not thought:
            return [(text, None)]
        wording = pick(elicits(self.language)["conclusion"], key, "answer")
        return [(thought, "reasoning"), (f" {wording}\n", "format"), (text, None)]


def without_announcement(text: str, name: str) -> str:
    """A thought without the sentence that announces the call of `name`, in whatever words it does so."""
    at = text.rfind(name) if name else -1
    if at < 0 or "\n\n" in text[at:]:
        return text
    start = max(text.rfind(mark, 0, at) for mark in (". ", "! ", "? ", "\n", '" '))
    return text[: start + 1].strip()


def _parsed(text: str, language: str) -> Step:
    call = _block(text)
    if call is not None:
        head = text[: text.rfind(_OPEN)] if _OPEN in text else ""
        return Step(thought=_thought(head, call.name, language), action=call)
    found = [(at, wording) for wording in elicits(language)["conclusion"] if (at := text.find(f" {wording}\n")) > 0]
    if not found:
        return Step(action=Answer(text=text))
    at, wording = min(found)
    answer = text[at + len(wording) + 2 :]
    return Step(thought=text[:at], action=Answer(text=answer)) if answer else Step(action=Answer(text=text))


def _block(text: str) -> ToolCall | None:
    """The call in the fenced block that ends a text."""
    body = text.rstrip()
    if not body.endswith(_CLOSE):
        return None
    body = body[: -len(_CLOSE)]
    _, opened, code = f"\n{body}".rpartition(_OPEN)
    held = literals.value(literals.parsed(code)) if opened and code.startswith("{") else None
    if not (isinstance(held, dict) and isinstance(held.get("name"), str) and held.keys() <= {"name", "parameters"}):
        return None
    given = held.get("parameters", "")
    try:
        return ToolCall(name=held["name"], arguments=given if isinstance(given, str) else json.dumps(given))
    except literals.FAILURES:  # a set, or another value that JSON has not
        return None


def _thought(head: str, name: str, language: str) -> str:
    for announced in _announced(name, language):
        if head == announced:
            return ""
        if head.endswith(f" {announced}"):
            return head[: -len(announced) - 1]
    return without_announcement(head, name)


def _announced(name: str, language: str) -> Iterator[str]:
    return (wording.replace("{tool}", name) for wording in elicits(language)["announcement"])


def _as_python(arguments: str) -> str:
    """A JSON object as Python writes it; any other text as a string, and an object with values that JSON has not."""
    if not arguments:
        return ""
    if arguments.lstrip().startswith("{") and "\\ud" not in arguments.lower():  # half a surrogate pair is no text
        try:
            value = json.loads(arguments)
            json.dumps(value, allow_nan=False)
            return repr(value)
        except (ValueError, RecursionError):
            pass
    return repr(arguments)
