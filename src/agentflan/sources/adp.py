"""The Agent Data Protocol (arXiv 2510.24702): standardised trajectories, lists of observations and actions.

An action is of a function (`api_action`), of code (`code_action`) or of words (`message_action`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from agentflan.core.chat import definition
from agentflan.core.errors import Unreadable
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, ToolSpec, Trajectory
from agentflan.sources.shapes.agent_tasks import NEW_PROBLEM, TASKS
from agentflan.sources.shapes.call_texts import arguments_of, object_in, object_of
from agentflan.sources.shapes.call_turns import Call, Said, kind_of, retold, told
from agentflan.sources.shapes.made_steps import seen_tools
from agentflan.sources.shapes.tool_lists import list_in, tools_of
from agentflan.sources.shapes.turns import decoded

VERSION = "1.2.0"
"""Of the schema that is written; trajectories without a version are read as well."""
_LANGUAGES = frozenset({"bash", "sh", "shell", "python", "python3", "sql", "mysql", "javascript", "java", "cpp"})
"""Names of calls whose text is code."""


class Adp(Plug, frozen=True):
    """A standardised trajectory -> ours. Code is a call of its language; `description` is the thought.

    Tools are those that our own export keeps in `details`, that a system prompt lists, else those that are called. A
    trajectory that starts with a picture is dropped: nothing here can see.
    """

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to."""
    licence: str = "varies by data set"

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        raw = decoded(_ROWS, row)
        items = raw.content
        if not items or any(item.kind not in _KINDS for item in items):
            raise Unreadable("not_adp", "its items are no observations and actions of the protocol")
        if any(item.kind == "image_observation" for item in items):
            return Dropped(reason="needs_pictures")
        told_first, items = _opening(items)
        found = told(list(_said(items)))
        if isinstance(found, Dropped):
            return found
        listed: tuple[ToolSpec, ...] = tools_of(raw.details.get("tools")) or list_in(found.instruction)
        tools = listed or seen_tools(found.steps)
        return Trajectory(
            id="" if raw.id is None else str(raw.id),
            source="adp",
            query=found.query,
            steps=found.steps,
            kind=kind_of(self.role, tools, found.called),
            licence=self.licence,
            instruction=told_first or ("" if found.instruction.startswith(_DECLARED) else found.instruction),
            tools=tools,
            ending=found.ending,
        )


def standardised(item: Trajectory) -> dict[str, Any]:
    """The trajectory of schema 1.2.0 that the source reads as this one. Raises `ValueError` as `retold` does.

    The protocol has a schema of tools for a whole data set only, so they are kept in `details`.
    """
    apart = [msgspec.structs.replace(step, together=False) for step in item.steps]
    messages = retold(item.instruction, item.query, apart)
    content = [_spelled(said, last=number == len(messages)) for number, said in enumerate(messages, 1)]
    details: dict[str, Any] = {"source": item.source, "licence": item.licence, "kind": item.kind}
    row = {"schema_version": VERSION, "id": item.id, "content": content}
    if item.tools:
        called = [action["function"] for action in content if action["class_"] == "api_action"]
        row["available_apis"] = list(dict.fromkeys([*(tool.name for tool in item.tools), *called]))
        details["tools"] = [definition(tool) for tool in item.tools]
    return {**row, "details": details}


def _spelled(said: Said, *, last: bool) -> dict[str, Any]:
    if said.role != "assistant":
        name = "system" if said.role == "system" else said.name or None
        source = "user" if said.role == "user" else "environment"
        return {"class_": "text_observation", "content": said.text, "name": name, "source": source}
    if said.calls:
        if not said.loss:
            raise ValueError("a call that is shown and not trained")
        return {**_action(said.calls[0]), "description": said.thought or None}
    if not said.loss:
        text = "\n".join(text for text in (said.thought, said.text) if text)
        return {"class_": "text_observation", "content": text, "name": None, "source": "agent"}
    text = f"<finish> {said.text} </finish>" if last else said.text
    return {"class_": "message_action", "content": text, "description": said.thought or None}


def _action(call: Call) -> dict[str, Any]:
    if call.name in _LANGUAGES and object_in(call.arguments) is None:
        return {"class_": "code_action", "language": call.name, "content": call.arguments}
    return {"class_": "api_action", "function": call.name, "kwargs": object_of(call.arguments)}


class _Item(msgspec.Struct, frozen=True):
    kind: str = msgspec.field(name="class_")
    content: str | None = None
    source: str | None = None
    name: str | None = None
    function: str | None = None
    kwargs: Any = None
    language: str | None = None
    description: str | None = None
    axtree: str | None = None
    html: str | None = None
    url: str | None = None


class _Row(msgspec.Struct, frozen=True):
    content: list[_Item]
    id: str | int | None = None
    details: dict[str, Any] = {}


_ROWS = msgspec.json.Decoder(_Row)
_KINDS = frozenset(
    {"text_observation", "web_observation", "image_observation", "api_action", "code_action", "message_action"}
)
_DECLARED = "<|im_system|>tool_declare"
"""A system prompt that does nothing but list the tools, as Kimi's template lays it out."""


def _opening(items: list[_Item]) -> tuple[str, list[_Item]]:
    """(instruction, items from the task on) of AgentTuning's rows, which open with an instruction and its `Ok.`, or
    with a worked example; of all others the items as they are."""
    first = items[0].content or ""
    task = next((task for task in TASKS.values() if first.startswith(task.opening)), TASKS["os"])
    asked = [number for number, item in enumerate(items) if item.content and item.source == "user"]
    marked = [number for number in asked[1:] if task.mark and (items[number].content or "").startswith(task.mark)]
    if task.name == "os":  # its converter left the instruction out, but for the form of an answer
        if not marked:
            return "", items
        query = (items[marked[-1]].content or "").partition(NEW_PROBLEM)[2].strip()
        asks = msgspec.structs.replace(items[marked[-1]], content=query)
        return first.partition("\n\n")[2].strip(), [asks, *items[marked[-1] + 1 :]]
    start = marked[-1] if marked else 2 if 2 in asked else 0
    return (first.strip(), items[start:]) if start else ("", items)


def _said(items: list[_Item]) -> Iterator[Said]:
    called = begun = False
    for item in items:
        thought = (item.description or "").strip()
        if item.kind == "api_action":
            yield Said("assistant", "", (Call(item.function or "", arguments_of(item.kwargs)),), thought)
            called = True
        elif item.kind == "code_action":
            yield Said("assistant", "", (Call(item.language or "code", item.content or ""),), thought)
            called = True
        elif item.kind == "message_action":
            yield _message(item.content or "", thought)
            called = False
        elif item.source == "agent":  # an acknowledgement that its converter took for an observation
            yield Said("assistant", item.content or "", loss=False)
            called = False
        elif item.name == "system" and not begun:
            yield Said("system", item.content or "")
        else:
            name = item.name if item.source == "environment" else None
            yield Said("tool" if called else "user", _seen(item), name=name or "")
            begun = True


def _message(content: str, thought: str) -> Said:
    """The protocol puts `<finish>` around the last message; its description is the answer where no words are inside."""
    text = content.strip()
    if text.startswith("<finish>") and text.endswith("</finish>"):
        text = text.removeprefix("<finish>").removesuffix("</finish>").strip()
    return Said("assistant", text, thought=thought) if text else Said("assistant", thought)


def _seen(item: _Item) -> str:
    return item.content or item.axtree or item.html or item.url or ""
