"""Talk with tool calls as steps, and back: one state machine for every format whose turns are a person's, an agent's, a
tool's.

    user(question) -> ( assistant(thought, call+) tool(output)*  |  assistant(answer) user(reply) )*

An output finds its call by id, then by the tool's name, then by order among the calls of the last turn.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import islice
from typing import Literal, NamedTuple

import msgspec

from agentflan.core.errors import Unreadable
from agentflan.core.types import Answer, Dropped, Ending, Kind, Step, ToolCall, ToolSpec

Speaker = Literal["system", "user", "assistant", "tool"]


class Call(NamedTuple):
    name: str
    arguments: str
    id: str = ""
    """Empty: the format has none, and outputs come in order."""


class Said(NamedTuple):
    """One message, whatever its format called its parts."""

    role: Speaker
    text: str
    calls: tuple[Call, ...] = ()
    thought: str = ""
    """What the format keeps apart as a thought; `<think>` in the text is found without it."""
    id: str = ""
    """Of the call that this is the output of."""
    name: str = ""
    """Of the tool that this is the output of."""
    loss: bool = True


class Told(NamedTuple):
    """What a row tells."""

    instruction: str
    query: str
    steps: tuple[Step, ...]
    ending: Ending
    called: bool
    """Whether any tool was called."""


class _Draft(msgspec.Struct):
    """A step while its row is read. Texts are gathered and joined at the end: a row can hold any number of them."""

    thoughts: list[str]
    replies: list[str]
    """What it says; none beside a call."""
    call: ToolCall | None
    loss: bool
    together: bool = False
    seen: list[str] = msgspec.field(default_factory=list)
    """What came back."""

    def step(self) -> Step:
        return Step(
            thought="\n".join(self.thoughts),
            action=self.call or (Answer(text="\n".join(self.replies)) if self.replies else None),
            observation="\n".join(self.seen) if self.seen else None,
            loss=self.loss,
            together=self.together,
        )


def told(messages: Sequence[Said]) -> Told | Dropped:
    """Dropped: there is nothing to learn from. Raises `Unreadable` for an order of messages that no talk has."""
    end = len(messages)
    while end and messages[end - 1].role == "user":
        end -= 1  # a question that nobody answered
    walk = _Walk()
    for said in messages[:end]:
        if said.role == "system":
            walk.system(said.text)
        elif said.role == "user":
            walk.user(said.text)
        elif said.role == "assistant":
            walk.assistant(said)
        else:
            walk.tool(said)
    fault = walk.fault()
    return Dropped(reason=fault) if fault else walk.told()


def retold(instruction: str, query: str, steps: Sequence[Step]) -> list[Said]:
    """The messages that `told` makes these steps of; every call has an id of its own.

    What a person said to the last answer is left out, for nobody replies to it. Raises `ValueError` for what no such
    talk has: a thought that nothing follows in its turn, a turn of which only some calls are trained.
    """
    messages = [Said("system", instruction)] if instruction else []
    messages.append(Said("user", query))
    calls = 0
    for turn in _turns(steps):
        first, ends = turn[0], turn[-1] is steps[-1]
        if first.action is None:
            raise ValueError("a thought that nothing follows")
        if len({step.loss for step in turn}) > 1:
            raise ValueError("a turn of which only some calls are trained")
        thought = "\n".join(step.thought for step in turn if step.thought)
        if isinstance(first.action, Answer):
            messages.append(Said("assistant", first.action.text, thought=thought, loss=first.loss))
            if first.observation is not None and not ends:
                messages.append(Said("user", first.observation))
            continue
        made = tuple(
            Call(step.action.name, step.action.arguments, f"call_{calls + number}")
            for number, step in enumerate(turn, 1)
            if isinstance(step.action, ToolCall)
        )
        calls += len(made)
        messages.append(Said("assistant", "", made, thought, loss=first.loss))
        for step, call in zip(turn, made, strict=True):
            if step.observation is not None or not ends:
                messages.append(Said("tool", step.observation or "", id=call.id, name=call.name))
    return messages


def _turns(steps: Sequence[Step]) -> list[list[Step]]:
    """Steps that were taken in one turn: calls together."""
    turns: list[list[Step]] = []
    for step in steps:
        joins = step.together and isinstance(step.action, ToolCall)
        if joins and turns and isinstance(turns[-1][0].action, ToolCall):
            turns[-1].append(step)
        else:
            turns.append([step])
    return turns


def kind_of(role: Kind, tools: tuple[ToolSpec, ...], called: bool) -> Kind:
    """The share of the mix: rows without a tool and without a call are plain talk, whatever their source is for."""
    return role if tools or called else "general"


class _Walk:
    def __init__(self) -> None:
        self.instruction: list[str] = []
        self.query: list[str] = []
        self.drafts: list[_Draft] = []
        self.waiting: OrderedDict[int, _Draft] = OrderedDict()
        """Calls of the last turn without an output yet, by number. A plain dict is slow to find its first after many
        that were taken out."""
        self.by_id: dict[str, _Draft] = {}
        self.starts_with_reply = self.empty_turn = False

    def system(self, text: str) -> None:
        if self.query or self.drafts:
            raise Unreadable("system_turn_inside", text[:80])
        self.instruction.append(text.strip())

    def user(self, text: str) -> None:
        (self.drafts[-1].seen if self.drafts else self.query).append(text)

    def assistant(self, said: Said) -> None:
        self.starts_with_reply |= not self.query
        self.waiting = OrderedDict()
        draft = self.drafts[-1] if self.drafts else None
        if draft is None or draft.call or draft.seen:
            draft = _Draft([], [], None, said.loss)
            self.drafts.append(draft)
        # else the turn goes on: exports cut a long one in several, or talk and then its call
        draft.loss = draft.loss and said.loss
        thought, text = _thought(said)
        if thought:
            draft.thoughts.append(thought)
        if said.calls:
            draft.thoughts += [reply.strip() for reply in (*draft.replies, text) if reply.strip()]
            draft.replies = []
            self._calls(draft, said.calls)
        elif text.strip():
            draft.replies.append(text)
        elif not thought:
            self.empty_turn = True

    def _calls(self, first: _Draft, calls: tuple[Call, ...]) -> None:
        by_id: dict[str, _Draft] = {}
        for number, call in enumerate(calls):
            draft = _Draft([], [], None, first.loss, together=True) if number else first
            draft.call = ToolCall(name=call.name, arguments=call.arguments)
            self.waiting[number] = draft
            if call.id:
                by_id.setdefault(call.id, draft)  # the same id twice in a turn: outputs come in order
            if number:
                self.drafts.append(draft)
        self.by_id.update(by_id)

    def tool(self, said: Said) -> None:
        draft = self.by_id.pop(said.id, None) if said.id else None
        if draft is None and len(self.waiting) > 1 and not said.id and not said.name:
            outputs = _several(said.text, len(self.waiting))
            for waiting, output in zip(self.waiting.values(), outputs, strict=False):
                waiting.seen.append(output)
            if outputs:
                self.waiting = OrderedDict()
                return
        if draft is None and self.waiting:
            draft = self.waiting.pop(self._next(said.name))
        elif draft is not None:
            number = next((key for key, one in islice(self.waiting.items(), _NEAR) if one is draft), None)
            if number is not None:
                del self.waiting[number]
        elif self.drafts and self.drafts[-1].call:
            draft = self.drafts[-1]  # one output more than there are calls
        if draft is None:
            raise Unreadable("observation_without_call", said.text[:80])
        draft.seen.append(said.text)

    def _next(self, name: str) -> int:
        """Number of the waiting call that an output without an id belongs to."""
        near = islice(self.waiting.items(), _NEAR)
        named = (number for number, draft in near if name and draft.call and draft.call.name == name)
        return next(named, next(iter(self.waiting)))

    def fault(self) -> str:
        if self.starts_with_reply:
            return "starts_with_reply"
        if not self.drafts:
            return "no_reply"
        return "empty_turn" if self.empty_turn or not any(text.strip() for text in self.query) else ""

    def told(self) -> Told:
        steps = tuple(draft.step() for draft in self.drafts)
        return Told(
            instruction="\n\n".join(text for text in self.instruction if text),
            query="\n".join(self.query),
            steps=steps,
            ending="answer" if isinstance(steps[-1].action, Answer) else "open",
            called=any(draft.call for draft in self.drafts),
        )


_NEAR = 64
"""So many of the waiting calls are looked at for the one that an output belongs to."""


def _thought(said: Said) -> tuple[str, str]:
    """(thought, the rest) of a turn; the end mark alone will do, for some templates write the first one themselves."""
    head, closed, rest = said.text.partition("</think>")
    before, opened, inside = head.partition("<think>")
    if not closed and not (opened and not before.strip()):
        return said.thought, said.text
    if opened and before.strip():  # the mark is quoted inside an answer
        return said.thought, said.text
    found = (inside if opened else head).strip()
    return "\n".join(thought for thought in (said.thought, found) if thought), rest.lstrip()


def _several(text: str, count: int) -> list[str]:
    """The outputs of parallel calls that one turn holds as a JSON list, each to the letter; none if it is no such."""
    if not text.lstrip().startswith("["):
        return []
    try:
        found = msgspec.json.decode(text, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return []
    return [bytes(one).decode() for one in found] if len(found) == count else []
