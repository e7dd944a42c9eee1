"""ToolBench (arXiv 2307.16789): rows as toolllama was tuned on, and the answer trees that they were made of.

A toolllama row ends in one step of a path; `corpus/building/fold.py` folds the rows of a path into the longest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.literals import python_value
from agentflan.core.plugs import Plug
from agentflan.core.types import Dropped, ToolCall, ToolSpec, Trajectory
from agentflan.sources.shapes.api_lists import RawApi, tools_in_prompt, tools_of
from agentflan.sources.shapes.search_paths import RESTART, Said, path_of
from agentflan.sources.shapes.turns import RawTurn, decoded


class Toolbench(Plug, frozen=True):
    """A row or a tree -> one trajectory: the path that was chosen, its arguments and observations to the letter."""

    role: Literal["agent", "general"] = "agent"
    """Which share of the mix the rows belong to."""
    licence: str = "Apache-2.0"

    def pieces(self, row: bytes) -> Iterable[bytes]:
        """ToolEval's files are one object, query id -> the run that it judged."""
        if _JUDGED not in row:
            return (row,)
        try:
            runs = _RUNS.decode(row)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return (row,)
        return [bytes(run) for run in runs.values()] if "answer" not in runs else (row,)

    def __call__(self, row: bytes) -> Trajectory | Dropped:
        raw = decoded(_ROWS, row)
        if raw.answer is not None and raw.answer.answer_details is not None:
            return Dropped(reason="messages_cut", detail=(raw.query or "")[:80])
        restarted = False
        if raw.answer_generation is not None:
            paths = raw.answer_generation.train_messages or []
            if not paths:
                return Dropped(reason="no_path", detail="the search kept none of its paths")
            said: Iterable[Said] = _of_tree(max(paths, key=len))
            tools = tools_of(raw.answer_generation.function or [])
            # The list of each step holds its own restart turn; those of earlier steps can be gone from the last list.
            restarted = any((message.content or "").startswith(RESTART) for path in paths for message in path)
        elif raw.conversations:
            first = raw.conversations[0]
            prompted = first.name == "system"
            said = _of_row(raw.conversations[prompted:])
            tools = (tools_in_prompt(first.text) if prompted else None) or ()
        else:
            raise Unreadable("not_a_search", "it has neither `conversations` nor `answer_generation`")
        return self._trajectory(raw, said, tools, restarted)

    def _trajectory(
        self, raw: _Row, said: Iterable[Said], tools: tuple[ToolSpec, ...], restarted: bool
    ) -> Trajectory | Dropped:
        path = path_of(said)
        if not tools:
            # Calls of tools that nobody offered would teach just the hallucination that the method is against.
            return Dropped(reason="no_tool_list", detail=path.query[:80])
        return Trajectory(
            id="" if raw.id is None else str(raw.id),
            source="toolbench",
            query=path.query,
            steps=path.steps,
            kind=self.role,
            licence=self.licence,
            group=" ".join(path.query.lower().split()),
            tools=tools,
            ending=path.ending,
            restarted=restarted or path.restarted,
        )


class _Message(msgspec.Struct, frozen=True):
    """A message of an answer tree. StableToolBench has calls that are the text of a Python dictionary."""

    role: str = ""
    content: str | None = None
    function_call: dict[str, str | None] | str | None = None


class _Generation(msgspec.Struct, frozen=True):
    function: list[RawApi] | None = None
    train_messages: list[list[_Message]] | None = None


class _Judged(msgspec.Struct, frozen=True):
    """ToolEval's copy of a run, every message of it cut at 100 characters: no call can be read."""

    answer_details: list[msgspec.Raw] | None = None


class _Row(msgspec.Struct, frozen=True):
    query: str | None = None
    answer: _Judged | None = None
    id: str | int | None = None
    conversations: list[RawTurn] | None = None
    answer_generation: _Generation | None = None


_ROWS = msgspec.json.Decoder(_Row)
_RUNS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_JUDGED = b'"answer_details"'


def _of_tree(messages: list[_Message]) -> Iterator[Said]:
    for message in messages:
        if message.role != "system":  # the tools are beside the messages
            text = message.content or ""
            yield Said(
                message.role, _joined(text) if message.role == "assistant" else text, _call(message.function_call)
            )


def _call(raw: dict[str, str | None] | str | None) -> ToolCall | None:
    if raw is None:
        return None
    try:
        call = python_value(raw) if isinstance(raw, str) else raw
        return ToolCall(name=str(call["name"]), arguments=str(call.get("arguments") or ""))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable("call_broken", str(raw)[:80]) from error


def _of_row(turns: list[RawTurn]) -> Iterator[Said]:
    for turn in turns:
        yield _labelled(turn.text) if turn.name == "assistant" else Said(turn.name, turn.text)


def _labelled(text: str) -> Said:
    """`Thought:` blocks (one for each message that was merged), then the call; the last labels are the real ones."""
    head, called, arguments = text.rpartition("\nAction Input:")
    before, named, name = head.rpartition("\nAction:")
    if not (called and named):
        return Said("assistant", _joined(text))
    return Said("assistant", _joined(before), ToolCall(name=name.strip(), arguments=arguments.removeprefix(" ")))


def _joined(text: str) -> str:
    """The thoughts of a turn, one a line; without labels (models write some of their own) and without empty ones."""
    return "\n".join(block.strip() for block in f"\n{text}".split("\nThought:") if block.strip())
