"""The nouns of the house, all of them, without behaviour. Read this first.

rows --Source--> Trajectory --converse--> Conversation --Template--> Rendered --tokenise--> Tokens
Problem --Model--> Reply --Dialect.read--> Step --Benchmark--> Score
                                           Step --World--> Observation, and the next Reply, until an Episode is over
"""

from __future__ import annotations

from typing import Literal

import msgspec

Capability = Literal["format", "reasoning", "retrieval", "understanding"]
"""What a run of text trains (paper section 4.2): the form itself, the thought, the tool's name, its arguments."""

CAPABILITIES: tuple[Capability, ...] = ("format", "reasoning", "retrieval", "understanding")

Kind = Literal["agent", "general", "lesson", "negative"]
"""Which share of the corpus an item belongs to: trajectories, plain chat, format lessons, negative samples."""

Ending = Literal["answer", "gave_up", "open"]
"""How a trajectory stops: with what its source counts as an end, by giving up, or in mid-action."""


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What touches the disk: immutable, strict about its keys."""


class ToolSpec(Record, frozen=True):
    """A tool on offer."""

    name: str
    description: str = ""
    parameters: str = "{}"
    """A JSON object (JSON Schema and its dialects) as text: structs inferred from foreign schemas break."""


class ToolCall(Record, frozen=True, tag="call"):
    name: str
    arguments: str = ""
    """Exactly as written: JSON, Python, or free text such as `shelf 1`; nobody repairs it in place.

    Where a format itself spells calls in Python (Hermes, ToolACE, API-Bank), it is the JSON that means the same.
    """


class Answer(Record, frozen=True, tag="answer"):
    text: str


class Step(Record, frozen=True):
    """One turn of an agent: what it thought, what it did, what it then saw."""

    thought: str = ""
    """Empty when the data hold none, which is the normal case in ToolBench."""
    action: ToolCall | Answer | None = None
    """None: a thought without an action, which only a broken or unfinished turn has."""
    observation: str | None = None
    """What came back: a tool's output or, after an Answer, what the person said next. None: nothing followed."""
    loss: bool = True
    """False: shown, never trained (the source marked it so)."""
    together: bool = False
    """Called in the same turn as the step before; a dialect without parallel calls writes one after the other."""


class Trajectory(Record, frozen=True):
    """What an agent did for one query, free of any text format. Plain chat is one whose every action is an Answer."""

    id: str
    source: str
    """Name of the source plug."""
    query: str
    steps: tuple[Step, ...]
    kind: Kind = "agent"
    licence: str = ""
    origin_ids: tuple[str, ...] = ()
    """Ids of all rows this one was made of, its own first."""
    group: str = ""
    """Rows of one group never fall on both sides of the split into training and validation."""
    instruction: str = ""
    """The task's own system prompt, without worked examples. Empty: the dialect writes one."""
    tools: tuple[ToolSpec, ...] = ()
    dialect: str = ""
    """The grammar the rows were written in, where it is the task's own (os, database, ...); empty: any will do."""
    ending: Ending = "answer"
    restarted: bool = False
    """A ToolBench search that was told of its earlier failures (paper appendix B drops these)."""


class Segment(Record, frozen=True):
    """A run of text with one capability, one loss flag and one weight.

    A user segment with a capability is an elicit statement: it asks for what that capability produces.
    """

    text: str
    capability: Capability | None = None
    loss: bool = False
    weight: float = 1.0


class Message(Record, frozen=True):
    role: Literal["system", "user", "assistant"]
    segments: tuple[Segment, ...]


class Conversation(Record, frozen=True):
    """A trajectory as messages: what a template lays out and a model is tuned on. Roles alternate after the system."""

    id: str
    source: str
    messages: tuple[Message, ...]
    query: str = ""
    """The question alone, without the elicit statement that follows it in its message."""
    kind: Kind = "agent"
    licence: str = ""
    origin_ids: tuple[str, ...] = ()
    group: str = ""
    tools: tuple[ToolSpec, ...] = ()
    dialect: str = ""
    """What its agent's steps were written in; empty for plain chat, lessons and negatives.

    Of what is `native`, negatives among it, the tools are offered by the model's template, not in the system prompt.
    """


class Span(Record, frozen=True):
    """Characters [start, end) of a rendered text, in Unicode code points."""

    start: int
    end: int
    capability: Capability | None = None
    loss: bool = False
    weight: float = 1.0


class Rendered(Record, frozen=True):
    """A conversation as one text. The spans cover it without gap or overlap; BOS is the tokenizer's."""

    text: str
    spans: tuple[Span, ...]
    muted: int = 0
    """Replies that are only shown, though the corpus trains them: no prompt would ask for them in this text."""


class Dropped(Record, frozen=True):
    """An item that leaves on purpose; reasons are counted and kept beside the corpus."""

    reason: str
    """A short, countable name, such as `gave_up`."""
    detail: str = ""


class Quarantined(Record, frozen=True):
    """An item that could not be used because something is wrong with it; kept whole for a person to look at."""

    reason: str
    detail: str = ""


class Carries(Record, frozen=True):
    """What a format has room for, of all that a corpus can hold; what an export had to leave is counted by these names.

    A format that knows only whole messages refuses one that is trained in part: muted text is never trained.
    """

    spans: bool = False
    """Loss of a part of a message."""
    ends: bool = False
    """Loss of the end mark of a message whose last part alone is muted."""
    messages: bool = False
    """Loss of a whole message."""
    weights: bool = False
    capabilities: bool = False
    """Which run of text trains what."""
    tools: bool = False
    """Tools on offer as data of their own, not only as text of the system prompt."""
    thoughts: bool = False
    """A thought apart from what is said or done."""
    together: bool = False
    """Calls of one turn as such, not one after the other."""
    origin: bool = False
    """Id, source and licence of each row."""


class Request(Record, frozen=True):
    """What a transform asks of a language model, keyed by its digest in replies.jsonl."""

    purpose: str
    """What the reply is for, such as `refusal`; part of the digest, never sent."""
    messages: tuple[Message, ...]


Circumstance = Literal["tools_relevant", "tools_ordinary", "tools_irrelevant", "no_tools_relevant", "no_tools_ordinary"]
"""What a problem offers x what its query needs (paper section 4.3, and only irrelevant tools beside it)."""

CIRCUMSTANCES: tuple[Circumstance, ...] = (
    "tools_relevant",
    "tools_ordinary",
    "tools_irrelevant",
    "no_tools_relevant",
    "no_tools_ordinary",
)


class Problem(Record, frozen=True):
    """One question of a benchmark."""

    id: str
    messages: tuple[Message, ...]
    """The prompt; the reply is the assistant's next message."""
    query: str = ""
    """The task alone, where the last message of the prompt holds more than that; empty: it does not."""
    tools: tuple[ToolSpec, ...] = ()
    gold: tuple[Step, ...] = ()
    """Steps that count as right; written in `syntax`, the first of them is a reply with full marks."""
    solution: tuple[Step, ...] = ()
    """How an expert acts in the problem's world, step after step; empty where there is no world."""
    moves: tuple[Step, ...] = ()
    """Steps that mean something in the problem's world, for an agent that acts at random; never shown to a model."""
    reference: str = ""
    """What its benchmark grades by where steps cannot say it (several right values, a template), as JSON text."""
    part: str = ""
    """The part of its benchmark that it belongs to and is counted under: a category, a sub-task, a level."""
    max_tokens: int = 0
    """The most tokens of a reply, where the protocol says; 0: as many as the model is set to."""
    circumstance: Circumstance | None = None
    syntax: str = ""
    """Name of the dialect the prompt asks for; empty: plain text."""
    turn: int = 0
    """So many replies of this episode stand in the prompt, beside those of worked examples."""


class Reply(Record, frozen=True):
    """What a model said to a problem, or why it could not."""

    text: str
    fault: str = ""
    """Empty, or what kept a whole answer from coming. `infrastructure` may be gone the next time and is never graded;
    `context_overflow`, `content_filter` and `length` are final: graded by what text there is, and counted apart."""
    detail: str = ""
    """Which failure of the infrastructure, such as `timeout`."""
    tokens_in: int = 0
    tokens_out: int = 0
    """As counted by who is paid for them; 0 where nobody counts."""


class Observation(Record, frozen=True):
    """What a world shows at the start or after a step."""

    text: str
    reward: float = 0.0
    """How well the episode stands so far, between 0 and 1."""
    done: bool = False
    fault: Literal["", "invalid", "world"] = ""
    """`invalid`: the action means nothing in this world, which is as it was; the agent's fault, and it may go on.
    `world`: the world itself failed, which ends the episode, says nothing of the agent, and may be gone next time."""
    offers: tuple[Step, ...] = ()
    """All that can be done next, where the world says so: shown below the newest observation alone, never again."""


class Turn(Record, frozen=True):
    """One exchange of an episode."""

    reply: Reply
    step: Step
    """What the dialect read in the reply."""
    observation: Observation | None = None
    """None: there was no reply to act by."""


Ended = Literal["finished", "limit", "invalid", "tokens", "time", "model", "world", "unfinished"]
"""How an episode is over: the world said so; no steps were left, and at the last one the agent acted, or did nothing
that means anything here; no tokens or no time was left; the model, or the world, failed; or a run that was cut off has
not come back to it."""


class Episode(Record, frozen=True):
    """What came of one problem in its world."""

    turns: tuple[Turn, ...]
    ended: Ended
    fault: str = ""
    """Why model or world failed, as a Reply's; `infrastructure`, `world` and `unfinished` are never graded."""


class Score(Record, frozen=True):
    """One problem graded: metric -> value, only of the metrics the problem counts for."""

    problem: str
    values: dict[str, float]
