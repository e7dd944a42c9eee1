"""Calls in the model's own syntax: the tools, calls and outputs of a conversation stay data for the model's template.

    <think>
    {thought}
    </think>

    <tool_call>
    {"name": "forecast", "arguments": {"city": "Oslo"}}
    </tool_call>

So it looks in the corpus, where each part has a segment of its own; the template `model` hands the parts to the chat
template of a model folder, which writes them as its family does. A model's reply is read in the shapes of the families:
`<tool_call>` (Qwen, `docs/source/framework/function_call.md` of QwenLM/Qwen3; Hermes, README of
NousResearch/Hermes-Function-Calling), `[TOOL_CALLS]` (Mistral, mistralai/mistral-common) and a JSON object, alone or
behind `<|python_tag|>` (Llama-3, meta-llama/llama-models).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from agentflan.core.types import Answer, Step, ToolCall, ToolSpec
from agentflan.dialects.grammar.labels import Pieces, TaskGrammar

_THINK, _THOUGHT = "<think>", "</think>"
_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_TAGS = (_OPEN, "[TOOL_CALLS]", "<|python_tag|>")
_ENDS = (_CLOSE, "</s>", "<|eom_id|>", "<|eot_id|>", "<|im_end|>")
_JSON = json.JSONDecoder(strict=False)


class Native(TaskGrammar, frozen=True):
    def system(self, instruction: str, tools: Sequence[ToolSpec], key: str) -> str:
        """The instruction alone: the template offers the tools."""
        return instruction

    def pieces(self, step: Step) -> Pieces:
        pieces: Pieces = []
        if step.thought:
            pieces += [(f"{_THINK}\n", "format"), (step.thought, "reasoning"), (f"\n{_THOUGHT}\n\n", "format")]
        match step.action:
            case Answer(text=text):
                pieces.append((text, None))
            case ToolCall(name=name, arguments=arguments):
                pieces += [(f'{_OPEN}\n{{"name": "', "format"), (name, "retrieval"), ('"', "format")]
                if arguments:
                    pieces += [(', "arguments": ', "format"), (_spelled(arguments), "understanding")]
                pieces.append((f"}}\n{_CLOSE}", "format"))
        return pieces

    def parse(self, text: str) -> Step:
        """Text before a call that is no marked thought is one all the same: nothing else is said before acting."""
        thought, rest = _parted(text)
        at, tag = min(((at, tag) for tag in _TAGS if (at := rest.find(tag)) >= 0), default=(-1, ""))
        body = rest[at + len(tag) :] if tag else rest.strip()
        call = _call(body, whole=not tag)
        if call is None:
            return Step(thought=thought, action=Answer(text=rest) if rest or not thought else None)
        before = rest[:at].strip() if tag else ""
        return Step(thought="\n\n".join(filter(None, (thought, before))), action=call)


def _parted(text: str) -> tuple[str, str]:
    """Thought and what follows it. A prompt may have opened the thought already: then it is only closed here."""
    head, closed, rest = text.partition(_THOUGHT)
    opened = head.lstrip().startswith(_THINK)
    if not closed or (_THINK in head and not opened):
        return "", text
    thought = head.lstrip().removeprefix(_THINK)
    return thought.removeprefix("\n").removesuffix("\n"), rest.removeprefix("\n\n")


def _spelled(arguments: str) -> str:
    """A JSON object as it is; any other text as a JSON string."""
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        value = None
    return arguments if isinstance(value, dict) else json.dumps(arguments, ensure_ascii=False)


def _call(text: str, *, whole: bool) -> ToolCall | None:
    """The call that a JSON object, or the first of a list, makes; `whole`: only where the text is nothing besides."""
    text = text.lstrip()
    if text[:1] not in ("{", "["):
        return None
    try:
        value, end = _JSON.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    behind = text[end:].lstrip()
    if whole and behind and not behind.startswith(_ENDS):
        return None
    if isinstance(value, list):
        return _called(value[0], "", whole) if value and isinstance(value[0], dict) else None
    return _called(value, text[:end], whole)


def _called(value: dict[str, Any], text: str, whole: bool) -> ToolCall | None:
    """`text` spells the value, where that is known: arguments written in this dialect come back to the letter."""
    name, key = value.get("name"), next((key for key in ("arguments", "parameters") if key in value), None)
    if not isinstance(name, str) or not name or (whole and key is None):
        return None
    arguments = value[key] if key else ""
    head = f'{{"name": {json.dumps(name, ensure_ascii=False)}, "arguments": '
    if isinstance(arguments, str):
        return ToolCall(name=name, arguments=arguments)
    if text.startswith(head) and list(value) == ["name", "arguments"]:
        return ToolCall(name=name, arguments=text[len(head) : -1])
    return ToolCall(name=name, arguments=json.dumps(arguments, ensure_ascii=False))
