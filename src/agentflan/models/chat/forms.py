"""The two forms of an OpenAI-compatible interface: messages in and a message out, or text in and its continuation out.

Each says where it is asked, what is sent for a problem, and what reply an answer with status 200 holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from agentflan.core.chat import NATIVE, definition, said, turns
from agentflan.core.errors import Mistake
from agentflan.core.kinds import Calling, Template
from agentflan.core.types import Conversation, Problem, Reply
from agentflan.models.chat.wire import Failure

_FAULTS = {"length": "length", "content_filter": "content_filter"}
"""Why a server stopped -> the fault of the reply."""


class Form(Protocol):
    """What `Http.post` must know; `Chat` and `Raw` also write the request of a problem."""

    @property
    def path(self) -> str:
        """What follows the interface's URL."""

    def reply(self, content: bytes) -> Reply | Failure: ...


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Function(msgspec.Struct):
    name: str
    arguments: str | dict[str, Any] | None = None
    """JSON as text; some servers send the object itself."""


class _Call(msgspec.Struct):
    function: _Function


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    """What the model says where it declines, beside a content of null."""
    tool_calls: tuple[_Call, ...] | None = None


class _Said(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Went(msgspec.Struct):
    text: str
    finish_reason: str | None = None


class _ChatCompletion(msgspec.Struct):
    choices: tuple[_Said, ...]
    usage: _Usage | None = None


class _Completion(msgspec.Struct):
    choices: tuple[_Went, ...]
    usage: _Usage | None = None


class Chat(NamedTuple):
    """Messages; the server lays them out. Calls that it has read out of the reply become text again."""

    path: str = "/chat/completions"

    def body(self, problem: Problem, settings: Mapping[str, Any]) -> bytes:
        """Tools are sent where the prompt leaves them to the model's template; elsewhere the system prompt lists them.

        `core.chat.said` holds arguments as objects, which templates take; the interface wants them as text.
        """
        messages = said(turns(problem.messages, problem.syntax))
        for call in (call for message in messages for call in message.get("tool_calls", ())):
            call["function"]["arguments"] = msgspec.json.encode(call["function"]["arguments"]).decode()
        native = problem.syntax == NATIVE and problem.tools
        tools = {"tools": [definition(tool) for tool in problem.tools]} if native else {}
        return msgspec.json.encode({**settings, "messages": messages, **tools})

    def reply(self, content: bytes) -> Reply | Failure:
        """The text; behind it, each call as `<tool_call>{"name": ..., "arguments": ...}</tool_call>` on a line."""
        found = decoded(content, _ChatCompletion)
        if isinstance(found, Failure):
            return found
        message, reason = found.choices[0].message, found.choices[0].finish_reason
        calls = [_written(call.function) for call in message.tool_calls or ()]
        text = message.content if message.content is not None else message.refusal
        if text is None and not calls and reason not in _FAULTS:
            return Failure("no_content")
        return _reply("\n".join([*([text] if text else []), *calls]), reason, found.usage)


class Raw(NamedTuple):
    """The text that a template lays out, role marks and all; the reply goes up to the template's end mark."""

    template: Template
    path: str = "/completions"

    def body(self, problem: Problem, settings: Mapping[str, Any]) -> bytes:
        if problem.syntax == NATIVE and problem.tools and not isinstance(self.template, Calling):
            name = type(self.template).__name__.lower()
            mend = "ask without `template`, or in another syntax"
            raise Mistake(f"the template {name} has no syntax for tools", where=problem.id, mend=mend)
        shown = Conversation(
            id=problem.id, source="", messages=problem.messages, tools=problem.tools, dialect=problem.syntax
        )
        asked = {"prompt": self.template.prompt(shown), "stop": [self.template.stop]}
        return msgspec.json.encode({**settings, **asked})

    def reply(self, content: bytes) -> Reply | Failure:
        """Without the blank that stands between the last role mark and the first word."""
        found = decoded(content, _Completion)
        if isinstance(found, Failure):
            return found
        text, stop, _ = found.choices[0].text.removeprefix(" ").partition(self.template.stop)
        return _reply(text, None if stop else found.choices[0].finish_reason, found.usage)


def decoded(content: bytes, kind: type[Any]) -> Any:
    """A completion with at least one choice, or the failure that it is instead."""
    try:
        found = msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError:
        return Failure("wrong_schema")
    except RecursionError:
        return Failure("too_deep")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Failure("html" if content.lstrip()[:1] == b"<" else "cut_json")
    return found if found.choices else Failure("no_choice")


def _reply(text: str, reason: str | None, usage: _Usage | None) -> Reply:
    used = usage or _Usage()
    fault = _FAULTS.get(reason or "", "")
    return Reply(text=text, fault=fault, tokens_in=used.prompt_tokens, tokens_out=used.completion_tokens)


def _written(call: _Function) -> str:
    """As the dialect `native` writes a call. Arguments that are no JSON stay what they are: a text."""
    arguments: Any = call.arguments if call.arguments is not None else {}
    if isinstance(arguments, str):
        try:
            msgspec.json.decode(arguments)
            arguments = msgspec.Raw(arguments.encode())
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            pass
    said = msgspec.json.encode({"name": call.name, "arguments": arguments}).decode()
    return f"<tool_call>{said}</tool_call>"
