"""The six tasks of AgentInstruct: how a row of each opens, where its worked example ends, and who reads its steps."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Message, Segment, ToolSpec
from agentflan.dialects.alfworld import Alfworld
from agentflan.dialects.database import Database
from agentflan.dialects.grammar.labels import TaskGrammar
from agentflan.dialects.knowledge_graph import KnowledgeGraph
from agentflan.dialects.mind2web import Mind2web
from agentflan.dialects.os import Os
from agentflan.dialects.webshop import Webshop
from agentflan.sources.shapes.turns import Turn


class Task(NamedTuple):
    name: str
    """Of the dialect."""
    grammar: TaskGrammar
    opening: str
    """How its first prompt begins."""
    mark: str = ""
    """How the turn with the real question begins, where the grammar of the row has such a turn."""
    ends_in_action: bool = False
    """Its last turn is an action by nature, and its row is finished with that."""


TASKS = {
    "os": Task("os", Os(), "You are an assistant that will act like", "Now, I will start a new problem in a new OS"),
    "db": Task("database", Database(), "I will ask you a question, then you should help me operate"),
    "kg": Task("knowledge_graph", KnowledgeGraph(), "You are an agent that answers questions", "A new question:"),
    "alfworld": Task("alfworld", Alfworld(), "Interact with a household", "Here is your task", ends_in_action=True),
    "webshop": Task("webshop", Webshop(), "You are web shopping", ends_in_action=True),
    "mind2web": Task("mind2web", Mind2web(), "'''\n<html", "'''\n<html", ends_in_action=True),
}
"""What the id of a row begins with -> its task."""

_PROBLEM = "Now, my problem is:"
NEW_PROBLEM = "My problem is:"


class Opening(NamedTuple):
    """A row without its prompt's example and its acknowledgement."""

    instruction: str
    query: str
    steps: int
    """Number of the first turn of the agent's own work."""


def task_of(name: str, turns: list[Turn]) -> Task:
    """By the row's id (`kg_164`), else by its prompt. Raises `Unreadable` for any other task."""
    task = TASKS.get(name.partition("_")[0])
    if task is None and turns:
        task = next((task for task in TASKS.values() if turns[0].text.lstrip().startswith(task.opening)), None)
    if task is None:
        raise Unreadable("unknown_task", name)
    return task


def opening(task: Task, turns: list[Turn]) -> Opening:
    """Cuts what stands before the real question: the structure of the text says where, else the loss flags.

    Flags: an example or acknowledgement has loss False. They come second, for a real step may be muted as well.
    """
    marked = _marked(turns, task.mark) if task.mark else []
    if task.name == "mind2web":
        return Opening("", turns[marked[-1]].text, marked[-1] + 1) if marked else _unclear("no_question", task)
    if task.name == "os":
        instruction, found, query = turns[0].text.partition(_PROBLEM)
        if not found:
            return _unclear("no_question", task)
        if marked:
            query = turns[marked[-1]].text.partition(NEW_PROBLEM)[2]
        return Opening(instruction.strip(), query.strip(), marked[-1] + 1 if marked else _trained(turns) or 1)
    if not (len(turns) > 1 and _acknowledges(task, turns[1])):
        return _unclear("no_acknowledgement", task)
    first = marked[-1] + 1 if marked else _trained(turns) or 3
    if first > len(turns):
        return _unclear("no_question", task)
    query = turns[first - 1].text.strip()
    for label in ("A new question:", "Question:") if task.name == "knowledge_graph" else ():
        query = query.removeprefix(label).strip()
    return Opening(turns[0].text.strip(), query, first)


def _marked(turns: list[Turn], mark: str) -> list[int]:
    """Numbers of the user's turns that begin with the mark."""
    return [number for number, turn in enumerate(turns) if turn.role == "user" and turn.text.startswith(mark)]


def _unclear(reason: str, task: Task) -> Opening:
    raise Unreadable(reason, task.name)


def _acknowledges(task: Task, turn: Turn) -> bool:
    """`Ok.` and the like: flagged as not trained, or plain talk in the task's grammar."""
    said = task.grammar.read((Message(role="assistant", segments=(Segment(text=turn.text),)),))
    return turn.role == "assistant" and (turn.loss is False or said.action == Answer(text=turn.text))


def _trained(turns: list[Turn]) -> int:
    """Number of the first trained turn after untrained ones; 0: the flags say nothing."""
    flags = [(number, turn.loss) for number, turn in enumerate(turns) if turn.role == "assistant"]
    if not any(loss is False for _, loss in flags):
        return 0
    return next((number for number, loss in flags if loss is not False), 0)


@lru_cache(maxsize=64)
def listed_functions(prompt: str) -> tuple[ToolSpec, ...]:
    """The functions of the knowledge graph's prompt: `1. name(parameter: type, ...) -> result`, then lines about it."""
    found: list[ToolSpec] = []
    for block in prompt.split("\n\n"):
        head, _, about = block.partition("\n")
        number, dot, signature = head.partition(". ")
        name, bracket, rest = signature.partition("(")
        if number.isdigit() and dot and bracket and name.isidentifier():
            names = [part.partition(":")[0].strip() for part in rest.partition(")")[0].split(",") if part.strip()]
            schema = {"type": "object", "properties": {key: {"type": "string"} for key in names}, "required": names}
            found.append(
                ToolSpec(name=name, description=about.strip(), parameters=msgspec.json.encode(schema).decode())
            )
    return tuple(found)
